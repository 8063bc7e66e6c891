"""What a layout is made of, and what lies on what: members of RAID, volume groups and btrfs."""

from collections.abc import Iterator
from typing import Any


class Layout:
    """What commands lay out, whichever the syntax knows."""

    def __init__(self, handler: Any) -> None:  # noqa: ANN401  # pykickstart has no types
        self.handler = handler
        self.parts: list[Any] = handler.partition.partitions
        self.raids: list[Any] = handler.raid.raidList
        self.groups: list[Any] = handler.volgroup.vgList
        self.volumes: list[Any] = handler.logvol.lvList
        self.btrfs: list[Any] = getattr(getattr(handler, "btrfs", None), "btrfsList", [])
        mounts = getattr(getattr(handler, "mount", None), "mount_points", [])
        self.points = {each.mountpoint for each in (*self.all, *self.btrfs)}
        self.points.update(each.mount_point for each in mounts)

    @property
    def all(self) -> tuple[Any, ...]:
        """Return what may be encrypted, in the order in which it is made."""
        return (*self.parts, *self.raids, *self.volumes)

    def at(self, point: str) -> list[Any]:
        """Return what is mounted somewhere."""
        return [each for each in (*self.all, *self.btrfs) if each.mountpoint == point]


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
