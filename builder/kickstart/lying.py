"""What in a layout lies on what else: members of RAID, of volume groups and of btrfs."""

from collections.abc import Iterator
from typing import Any


def lies_encrypted(handler: Any, device: Any) -> bool:  # noqa: ANN401  # pykickstart has no types
    """Tell whether a device or anything below it is encrypted; blivet does not part the two."""
    waiting, seen = [device], list[Any]()
    while waiting:
        each = waiting.pop()
        if getattr(each, "encrypted", False):
            return True
        if not any(each is one for one in seen):
            seen.append(each)
            waiting += _below(handler, each)
    return False


def _below(handler: Any, device: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield what a device lies on directly, as far as this kickstart makes it."""
    volumes = getattr(getattr(handler, "btrfs", None), "btrfsList", [])
    names = {*(getattr(device, "members", None) or ()), *(getattr(device, "devices", None) or ())}
    # A subvolume names what it is in by its label.
    labels = {each.removeprefix("LABEL=") for each in names if getattr(device, "subvol", False)}
    yield from (each for each in volumes if each.label and each.label in labels)
    group = getattr(device, "vgname", "")
    for each in (each for each in handler.volgroup.vgList if group and each.vgname == group):
        names.update(each.physvols or ())
    made = (*handler.partition.partitions, *handler.raid.raidList)
    yield from (each for each in made if each.mountpoint in names)
