"""Check an ISO: everything that a firmware, a kernel or an installer relies on."""

from collections import Counter
from collections.abc import Iterable, Iterator

from builder.errors import MediaError
from builder.iso import (
    agreement,
    bios_loader,
    boot_check,
    descriptors,
    eltorito,
    fat,
    fat_check,
    implant,
    partition_check,
    partitions,
    tree,
    tree_check,
)
from builder.iso.eltorito import BootImage
from builder.iso.source import SECTOR, Source
from builder.iso.survey import Survey
from builder.iso.tree import Directory
from builder.media import inspect, menu_check

_DATA = {"OEMDRV", "CIDATA"}
"""The names of volumes for an installer or cloud-init to read: nothing boots from them."""

_EFI_IMAGE = "images/efiboot.img"
_LARGEST = 16 << 20  # bytes of an EFI program
_DESCRIPTORS = {1, 2, 3}
"""Types of volume descriptors: primary, supplementary, a partition's; El Torito's is a record."""


def problems(medium: Survey, before: Survey | None = None) -> tuple[str, ...]:
    """Return what is wrong, in whole sentences; nothing for an ISO that is right.

    Of directories that are as in the medium `before`, the records are not read again.
    """
    return (
        *tree_problems(medium, before),
        *boot_problems(medium),
        *_volume_problems(medium),
        *agreement.problems(medium.source, medium.trees),
        *partition_check.problems(medium.source, _booted(medium)),
        *boot_check.disk_problems(medium.source, medium.images),
        *_cut_off(medium),
        *_length_problems(medium),
        *menu_check.problems(medium),
    )


def media_check(medium: Survey) -> str:
    """Return what the media check of the installer would say; reads all of the ISO."""
    right = implant.right(medium.source)
    return "no sum" if right is None else "passes" if right else "fails"


def files(directories: Iterable[Directory]) -> Counter[tuple[bytes, int, int]]:
    """Return the identifier, extent and length of every file in the directories, counted."""
    found: Counter[tuple[bytes, int, int]] = Counter()
    for directory in directories:
        found.update(
            (each.identifier, each.extent, each.length)
            for each in directory.listing.records[2:]
            if not each.is_directory
        )
    return found


def tree_problems(medium: Survey, before: Survey | None) -> Iterator[str]:
    """Yield what keeps a kernel from the files, of directories that are not as `before`.

    The root has our kickstart: it is read again in any case.
    """
    for number, each in enumerate(medium.trees):
        root = each.descriptor.root.extent
        known = before and {
            old.extent: old.listing
            for old in tree.walk(before.source, before.trees[number])
            if old.extent != root
        }
        yield from tree_check.problems(medium.source, each, known or {})


def _volume_problems(medium: Survey) -> Iterator[str]:
    """Judge descriptors that lead to no tree, and volumes of partitions whose first one is lost."""
    source, label = medium.source, medium.volume_id
    for each in (where.descriptor for where in medium.trees):
        if each.joliet and not each.is_called(label):
            says = f"Joliet calls the volume {each.volume_id!r}, not {label!r}"
            yield f"{says}: Linux may go by that."
    for base in {each.base for each in medium.trees}:
        sector = 0
        for sector, content in descriptors.raw_descriptors(source, base):
            if not (content[0] in _DESCRIPTORS or eltorito.is_record(content)):
                yield f"Sector {sector} is a volume descriptor of a kind that nobody knows."
        end = source.read((sector + 1) * SECTOR, SECTOR)
        if end[6] != 1 or any(end[7:]):  # libarchive finds no ISO then
            yield f"What ends the volume descriptors, in sector {sector + 1}, is not empty."
    starts = {each.start // partitions.PER_SECTOR for each in medium.partitions}
    for start in starts - {each.base for each in medium.trees}:
        second = (start + descriptors.FIRST_DESCRIPTOR + 1) * SECTOR
        if second + SECTOR <= source.size and source.read(second + 1, 5) == b"CD001":
            yield f"A partition begins at sector {start} with a volume that has no beginning."


def _booted(medium: Survey) -> dict[int, int]:
    lengths = _lengths(medium)
    return {each.sector * SECTOR: lengths.get(each.sector, 0) for each in medium.images}


def _cut_off(medium: Survey) -> Iterator[str]:
    """Yield which partitions begin as a volume does, and end in it: Linux finds its label there.

    Those of a GPT have a sum, and xorriso lets them end before the volume's padding.
    """
    per = partitions.PER_SECTOR
    protected = partitions.is_protective(medium.source)

    def marks(part: partitions.Partition) -> bool:
        """Tell whether xorriso lets one block be the partition to boot, beside a GPT."""
        return protected and part.end == part.start + 1

    firsts = {each.base: each.descriptor for each in reversed(medium.trees)}
    ends = {base * per: (base + each.space) * per for base, each in firsts.items()}
    for each in medium.partitions:
        if each.table == "MBR" and each.end < ends.get(each.start, 0) and not marks(each):
            yield f"MBR partition {each.number} ends before the volume in it does."


def boot_problems(medium: Survey) -> Iterator[str]:
    """Yield why firmware would not start what the medium boots from a CD."""
    if medium.volume_id.upper() not in _DATA:
        yield from _stage2_problems(medium)
        yield from boot_check.problems(medium.source, medium.images)
        yield from fat_check.problems(medium.source, medium.efi_images)
        yield from (_unnamed(each) for each in _hidden(medium) if not _boots(medium, each))
        for each in medium.images:
            known = each.platform in {"bios", "uefi"}
            if not known and fat.claims(medium.source, each.sector * SECTOR):
                yield f"The boot image for {each.platform} is a FAT file system, as UEFI has it."


def _stage2_problems(medium: Survey) -> Iterator[str]:
    """Yield why an installer, which looks for its second stage by name, would not find it.

    Linux shows names in lower case where ISO 9660 itself has all there are.
    """
    lead = medium.readable[0]
    if lead.skip is not None or lead.descriptor.joliet:
        return
    known = [each for each in inspect.STAGE2 if medium.file(each)]
    if known and not any(map(str.islower, known)):
        yield (
            f"An installer looks for {known[0]}, and Linux shows it as {known[0].lower()}: "
            "the ISO has neither Rock Ridge nor Joliet."
        )


def notices(medium: Survey) -> tuple[str, ...]:
    """Return what a user may not know of a medium that is right, in whole sentences."""
    found = (_unnamed(each) for each in _hidden(medium) if _boots(medium, each))
    return (*found, *_stale(medium))


def _stale(medium: Survey) -> Iterator[str]:
    """Yield that the file that lorax calls UEFI's image has other programs than the image itself.

    Menus may differ: in the image they are ours.
    """
    found, images = medium.file(_EFI_IMAGE), [each.sector * SECTOR for each in medium.efi_images]
    if found is None or not images or found.at in images:
        return
    programs = _programs(medium.source, found.at)
    if not any(_programs(medium.source, at) == programs for at in images):
        yield f"{_EFI_IMAGE} is not what firmware boots: that is at sector {images[0] // SECTOR}."


def _programs(source: Source, at: int) -> dict[str, bytes] | None:
    try:
        system = fat.FileSystem(source, at)
        found = [each for each in system.files() if each.path.lower().endswith(".efi")]
        return {each.path.lower(): system.read(each, largest=_LARGEST) for each in found}
    except MediaError:
        return None


def _unnamed(image: BootImage) -> str:
    return (
        f"Firmware boots for {image.platform} what is at sector {image.sector}, "
        "and no file or partition begins there."
    )


def _boots(medium: Survey, image: BootImage) -> bool:
    """Tell whether an image is one by its contents, which the other checks then judge."""
    start = image.sector * SECTOR
    if image.platform == "uefi":
        return fat.claims(medium.source, start) or fat.is_hfs(medium.source, start)
    return boot_check.own_length(medium.source, image) is not None


def _hidden(medium: Survey) -> Iterator[BootImage]:
    """Yield the boot images that are neither files nor partitions: changed files miss those."""
    known = {each.start // partitions.PER_SECTOR for each in medium.partitions}
    known |= _lengths(medium).keys()
    yield from (each for each in medium.images if each.sector not in known)


def _lengths(medium: Survey) -> dict[int, int]:
    """Return the bytes of the files that are booted by the sectors at which they begin."""
    return {
        sector: length
        for where in medium.trees
        for directory in tree.walk(medium.source, where)
        for sector in {each.sector for each in medium.images}
        if (length := directory.listing.lengths.get(sector - where.base))
    }


def _length_problems(medium: Survey) -> Iterator[str]:
    """Yield which loaders are of another length than their files: xorriso would not mend those."""
    lengths = _lengths(medium)
    for image in medium.images:
        own = boot_check.own_length(medium.source, image)
        length = lengths.get(image.sector, own)
        if own and own != length:
            yield f"The boot image for {image.platform} has {length} bytes, and is told of {own}."


def usb_problems(medium: Survey) -> Iterator[str]:
    """Yield why an ISO would not boot as a disk, such as a USB stick."""
    area = medium.source.read(0, 512)
    if area[510:512] != b"\x55\xaa":
        yield "It has no master boot record: it boots as a CD only."
        return
    if not bios_loader.may_be_one(area):
        yield "Its master boot record has no boot code for BIOS."
    starts = {each.start for each in medium.partitions}
    blocks = {image.sector * partitions.PER_SECTOR for image in medium.efi_images}
    if blocks and not blocks & starts:
        yield "No partition holds the boot image for UEFI."
