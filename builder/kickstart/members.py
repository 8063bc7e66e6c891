"""Whether what a layout is put together from is there, of the right kind, and free."""

import re
from collections.abc import Iterator
from typing import Any

from builder.kickstart.parsed import error
from builder.model.kickstart import LintFinding

_FEWEST = {"RAID0": 2, "RAID1": 2, "RAID4": 3, "RAID5": 3, "RAID6": 4, "RAID10": 2}
_MEMBER = re.compile(r"(?:raid|pv|btrfs)\.")


def members_made(handler: Any) -> Iterator[LintFinding]:  # noqa: ANN401  # pykickstart has no types
    """Yield what is wrong with members: names of partitions that a disk has already are right."""
    made = {each.mountpoint for each in (*handler.partition.partitions, *handler.raid.raidList)}
    used = set[str]()
    for each, kind, names in _wanted(handler):
        for name in filter(_MEMBER.match, names):
            if name not in made:
                # A name of another kind may be anything's until something makes it.
                yield from [error(f"nothing makes {name}", each.lineno)] * name.startswith(kind)
            elif not name.startswith(kind):
                yield error(f"{name} is no {kind}…, and that is wanted here", each.lineno)
            elif name in used:
                yield error(f"{name} is in use already", each.lineno)
            used.add(name)
    yield from _fewest(handler)
    yield from _subvolumes(getattr(getattr(handler, "btrfs", None), "btrfsList", []))


def _wanted(handler: Any) -> Iterator[tuple[Any, str, list[str]]]:  # noqa: ANN401
    """Yield what is put together, the beginning of its members' names, and those."""
    yield from ((each, "raid.", each.members or []) for each in handler.raid.raidList)
    yield from ((each, "pv.", each.physvols or []) for each in handler.volgroup.vgList)
    volumes = getattr(getattr(handler, "btrfs", None), "btrfsList", [])
    # A subvolume may name its volume by the volume's members.
    made = (each for each in volumes if not each.subvol)
    yield from ((each, "btrfs.", each.devices or []) for each in made)


def _fewest(handler: Any) -> Iterator[LintFinding]:  # noqa: ANN401
    """Spares are none of the members that a level needs."""
    for each in (each for each in handler.raid.raidList if each.members and not each.preexist):
        fewest = _FEWEST.get(str(each.level), 0)
        spares = int(each.spares or 0)
        if len(each.members) - spares < fewest:
            beside = f" beside spares: {spares}" if spares else ""
            yield error(f"{each.level} needs {fewest} members at least{beside}", each.lineno)


def _subvolumes(volumes: list[Any]) -> Iterator[LintFinding]:
    """A subvolume names its volume by its label or a member, and comes after it.

    One of a volume that is there already is right: so nothing is said where none is made.
    """
    if any(each.preexist for each in volumes) or all(each.subvol for each in volumes):
        return
    known = set[str]()
    for each in volumes:
        names = each.devices or []
        for name in names if each.subvol else ():
            if name.removeprefix("LABEL=") not in known and not name.startswith(("UUID=", "/")):
                yield error(f"no btrfs before this line makes {name}", each.lineno)
        known.update([] if each.subvol else [each.label, *names])


def names_used_once(handler: Any) -> Iterator[LintFinding]:  # noqa: ANN401
    """pykickstart warns of what is made twice by a name; the installation ends there."""
    groups = [(each, "volgroup", each.vgname) for each in handler.volgroup.vgList]
    raids = [(each, "raid", str(each.device)) for each in handler.raid.raidList]
    volumes = [(each, "logvol", f"{each.vgname}/{each.name}") for each in handler.logvol.lvList]
    known = set[tuple[str, str]]()
    for each, kind, name in (*groups, *raids, *volumes):
        if each.preexist or not name or name.endswith("/"):
            continue
        if (kind, name) in known:
            shown = f"md{name}" if name.isdigit() else name
            yield error(f"{kind} {shown} is made twice", each.lineno)
        known.add((kind, name))
