"""Check an ISO: everything that a firmware, a kernel or an installer relies on."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from builder.iso import implant, partitions, path_table, tree
from builder.iso.source import SECTOR
from builder.iso.survey import Survey
from builder.iso.tree import Directory, Tree
from builder.media import cmdline, inspect

_LABEL = re.compile(
    r"\b(?P<key>[\w.]+)=(?:hd|cdrom):(?:CD)?LABEL=(?P<label>[^\s:]+):?(?P<path>\S*)"
)
_SEARCH = re.compile(r"""^[ \t]*search\s.*(?:-l|--label)[\s=]+(["']?)(?P<label>.+?)\1\s*$""", re.M)


def problems(medium: Survey) -> tuple[str, ...]:
    """Return what is wrong, in whole sentences; nothing for an ISO that is right."""
    return (
        *(problem for each in medium.trees for problem in _tree_problems(medium, each)),
        *_image_problems(medium),
        *partitions.problems(medium.source),
        *_menu_problems(medium),
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


def _tree_problems(medium: Survey, where: Tree) -> Iterator[str]:
    end = min(where.base + where.descriptor.space, medium.source.size // SECTOR)
    parents = {where.descriptor.root.extent: where.descriptor.root.extent}
    for directory in tree.walk(medium.source, where):
        place = f"{where.title}: the directory at sector {where.base + directory.extent}"
        if where.base + directory.listing.reach > end:
            yield f"{place} names contents behind the end of the volume."
        if not directory.listing.ordered:
            yield f"{place}: the entries are not sorted."
        itself, parent = (each.extent for each in directory.listing.records[:2])
        # xorriso lets every Joliet directory be its own parent; nobody looks.
        known = {parents[directory.extent], itself if where.descriptor.joliet else -1}
        if itself != directory.extent or parent not in known:
            yield f"{place} does not know where it or its parent is."
        parents.update((each.extent, directory.extent) for each in directory.listing.directories)
    yield from _path_table_problems(medium, where, parents)


def _path_table_problems(medium: Survey, where: Tree, parents: dict[int, int]) -> Iterator[str]:
    for big in (False, True):
        entries = path_table.read(medium.source, where.descriptor, big=big)
        if {each.extent: each.parent for each in entries} != parents:
            yield f"{where.title}: a path table does not agree with the directories."


def _image_problems(medium: Survey) -> Iterator[str]:
    for image in medium.images:
        if (image.sector + 1) * SECTOR > medium.source.size:
            yield f"The boot image for {image.platform} is behind the end of the image."


def menu_texts(medium: Survey) -> Iterator[tuple[str, str]]:
    """Yield every boot menu of the medium with its path; "efi:" begins those in EFI images."""
    for path in inspect.menus(medium):
        yield path, (medium.text(path) or b"").decode("utf-8", "replace")
    for system, file in inspect.efi_menus(medium.source, medium):
        yield f"efi:{file.path}", system.read(file).decode("utf-8", "replace")


def _menu_problems(medium: Survey) -> Iterator[str]:
    escaped = cmdline.escape_label(medium.volume_id)
    summed = implant.cleared(medium.source) is not None
    for path, text in menu_texts(medium):
        labels = {found["label"] for found in _LABEL.finditer(text)} - {escaped}
        labels |= {found["label"] for found in _SEARCH.finditer(text)} - {medium.volume_id}
        for label in sorted(labels):
            yield f"{path} names the volume {label!r}; this one is {medium.volume_id!r}."
        for found in _LABEL.finditer(text):
            yield from _kickstart_problems(medium, path, found)
        if not summed and "rd.live.check" in text:
            yield f"{path} offers a media check, and the ISO has no sum to pass it."


def _kickstart_problems(medium: Survey, path: str, found: re.Match[str]) -> Iterator[str]:
    wanted = found["path"].lstrip("/") or "ks.cfg"
    if found["key"] in {"inst.ks", "ks"}:
        for each in medium.trees:
            if tree.Finder(medium.source, each).find(wanted) is None:
                yield f"{path} names the kickstart /{wanted}, which is not there ({each.title})."


def usb_problems(medium: Survey) -> Iterator[str]:
    """Yield why an ISO would not boot as a disk, such as a USB stick."""
    area = medium.source.read(0, 512)
    if area[510:512] != b"\x55\xaa":
        yield "It has no master boot record: it boots as a CD only."
        return
    if not any(area[:440]):
        yield "Its master boot record has no boot code for BIOS."
    starts = {each.start for each in medium.partitions}
    for image in medium.efi_images:
        if image.sector * partitions.PER_SECTOR not in starts:
            yield "No partition holds the boot image for UEFI."
