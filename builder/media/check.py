"""Check an ISO: everything that a firmware, a kernel or an installer relies on."""

from collections import Counter
from collections.abc import Iterable, Iterator

from builder.iso import (
    boot_check,
    fat_check,
    implant,
    partition_check,
    partitions,
    tree,
    tree_check,
)
from builder.iso.survey import Survey
from builder.iso.tree import Directory
from builder.media import menu_check

_DATA = {"OEMDRV", "CIDATA"}
"""The names of volumes for an installer or cloud-init to read: nothing boots from them."""


def problems(medium: Survey, before: Survey | None = None) -> tuple[str, ...]:
    """Return what is wrong, in whole sentences; nothing for an ISO that is right.

    Of directories that are as in the medium `before`, the records are not read again.
    """
    return (
        *_tree_problems(medium, before),
        *boot_problems(medium),
        *partition_check.problems(medium.source),
        *boot_check.disk_problems(medium.source, medium.images),
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


def _tree_problems(medium: Survey, before: Survey | None) -> Iterator[str]:
    for number, each in enumerate(medium.trees):
        known = before and {
            old.extent: old.listing for old in tree.walk(before.source, before.trees[number])
        }
        yield from tree_check.problems(medium.source, each, known or {})


def boot_problems(medium: Survey) -> Iterator[str]:
    """Yield why firmware would not start what the medium boots from a CD."""
    if medium.volume_id.upper() not in _DATA:
        yield from boot_check.problems(medium.source, medium.images)
        yield from _hidden(medium)
        for image in medium.efi_images:
            yield from fat_check.problems(medium.source, image)


def _hidden(medium: Survey) -> Iterator[str]:
    """Yield which boot images nobody could change, for they are neither files nor partitions."""
    known = {each.start // partitions.PER_SECTOR for each in medium.partitions}
    for where in medium.trees:
        for directory in tree.walk(medium.source, where):
            known.update(where.base + each.extent for each in directory.listing.records[2:])
    for image in medium.images:
        if image.sector not in known:
            yield (
                f"Firmware boots for {image.platform} what is at sector {image.sector}, "
                "and no file or partition begins there."
            )


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
