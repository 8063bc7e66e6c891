"""An installer medium that was read: its trees, what it boots, and how a disk sees it."""

import struct

import msgspec

from builder.errors import MediaError
from builder.iso import eltorito, partitions, tree
from builder.iso.descriptors import FIRST_DESCRIPTOR
from builder.iso.eltorito import BootImage
from builder.iso.partitions import PER_SECTOR, Partition
from builder.iso.source import AGAIN, SECTOR, Source, damaged
from builder.iso.tree import Finder, Found, Tree

_LARGEST_TEXT = 1 << 20  # bytes
_QCOW2 = b"QFI\xfb"


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a change of the medium has to keep consistent."""

    source: Source
    trees: tuple[Tree, ...]
    images: tuple[BootImage, ...]
    partitions: tuple[Partition, ...]
    finders: tuple[Finder, ...]
    """Of the trees, in their order: each reads a directory once, however often somebody asks."""

    @property
    def primary(self) -> Tree:
        """The tree that every reader knows."""
        return self.trees[0]

    @property
    def volume_id(self) -> str:
        """The label by which installers find the medium."""
        return self.primary.descriptor.volume_id

    @property
    def readable(self) -> tuple[Tree, ...]:
        """The trees of the volume as a CD has it, those with proper names first."""
        own = [each for each in self.trees if not each.base]
        return tuple(sorted(own, key=lambda each: (each.skip is None, not each.descriptor.joliet)))

    @property
    def efi_images(self) -> tuple[BootImage, ...]:
        """What UEFI firmware boots."""
        return tuple(each for each in self.images if each.platform == "uefi")

    def file(self, path: str) -> Found | None:
        """Return where a file is, by the first tree that knows it; None if there is none."""
        found = (self.finder(each).find(path) for each in self.readable)
        return next((each for each in found if each and not each.record.is_directory), None)

    def finder(self, where: Tree) -> Finder:
        """Return what finds paths in one of the trees."""
        return next(
            finder for each, finder in zip(self.trees, self.finders, strict=True) if each is where
        )

    def folder(self, path: str) -> bool:
        """Tell whether there is a folder; "" is the root."""
        found = (self.finder(each).find(path) for each in self.readable if path)
        return not path or any(each and each.record.is_directory for each in found)

    def text(self, path: str) -> bytes | None:
        """Return what a small file holds; None if there is none. Raises MediaError for others."""
        found = self.file(path)
        if found is None:
            return None
        if found.record.length > _LARGEST_TEXT:
            raise damaged(self.source, f"a text file in it has {found.record.length} bytes")
        return self.source.read(found.at, found.record.length)


def survey(source: Source) -> Survey:
    """Read an ISO. Raises MediaError for what is none, or a damaged one."""
    _check(source)
    found = partitions.partitions(source)
    trees = tree.trees(source, (0, *_other_volumes(source, found)))
    return Survey(
        source=source,
        trees=trees,
        images=eltorito.images(source),
        partitions=found,
        finders=tuple(Finder(source, each) for each in trees),
    )


def _other_volumes(source: Source, found: tuple[Partition, ...]) -> tuple[int, ...]:
    """Return where partitions begin that hold the ISO once more, with numbers of their own."""
    starts = {each.start // PER_SECTOR for each in found if each.start % PER_SECTOR == 0}
    return tuple(sorted(start for start in starts if start and _is_volume(source, start)))


def _is_volume(source: Source, start: int) -> bool:
    at = (start + FIRST_DESCRIPTOR) * SECTOR
    return at + SECTOR <= source.size and source.read(at, 6) == b"\x01CD001"


def _check(source: Source) -> None:
    """Raise MediaError unless a complete ISO 9660 image is there."""
    if source.read(0, min(source.size, len(_QCOW2))) == _QCOW2:
        raise MediaError(
            f"{source.name} is a qcow2, an overlay or a disk, and no ISO.",
            hint="`qemu-img convert -O raw FILE OUT.iso` makes an ISO of an overlay.",
        )
    content = b""
    if source.size >= (FIRST_DESCRIPTOR + 1) * SECTOR:
        content = source.read(FIRST_DESCRIPTOR * SECTOR, SECTOR)
    if content[1:6] in {b"BEA01", b"NSR02", b"NSR03"}:
        raise MediaError(
            f"{source.name} holds a UDF file system only, no ISO 9660.",
            hint="Installer media of the family are ISO 9660: get the original.",
        )
    if content[:6] != b"\x01CD001":
        raise MediaError(f"{source.name} is not an ISO 9660 image.", hint=AGAIN)
    volume = struct.unpack_from("<I", content, 80)[0] * SECTOR
    if volume > source.size:
        raise MediaError(
            f"{source.name} is truncated: {source.size} of {volume} bytes are there.", hint=AGAIN
        )
