"""What a kickstart wants of disks, held against the disk that a build's guest has.

How Anaconda takes such names is from its pyanaconda/kickstart.py and its bootloader module (EL 7 to
10): each disk of ignoredisk, clearpart, --boot-drive and --ondisk must be there, a glob or one of
the alternatives that | parts must match; of --driveorder it leaves out what is not.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from builder.kickstart.parsed import Parsed, error, warning
from builder.model.domain import BUILD_DISK
from builder.model.kickstart import LintFinding

_DISK = re.compile(
    r"(?:[hsv]d[a-z]{1,2}|xvd[a-z]{1,2}|nvme[0-9]+n[0-9]+|mmcblk[0-9]+|pmem[0-9]+|dasd[a-z]{1,2})"
)
"""Names of disks as kernels give them; by-id, multipath and what a %pre puts in may be anything."""
_PARTITION = re.compile(rf"({_DISK.pattern})p?[0-9]+")
_GLOB = re.compile(r"[*?\[]")
_MORE_DISKS = ("fcoe", "iscsi", "nvdimm", "nvmf", "zfcp")
"""Commands that bring disks which the machine itself has not."""
_UNLOCKED = re.compile(r"clevis|cryptenroll|luksAddKey|crypttab|rd\.luks\.key|keyscript")
"""What gives a system another way to its disks than somebody who types."""
_EDGE = 1
"""MiB of a disk that no partition gets: its table, before the first."""
_EXTENT = 4096
"""KiB that LVM allots at once, unless volgroup says otherwise."""


def disks_there(parsed: Parsed) -> Iterator[LintFinding]:
    """A build's guest has one disk, and Anaconda ends where one that is named is not there."""
    if parsed.seen(*_MORE_DISKS):
        return
    say = error if parsed.capacity else warning
    for line, named, spec in _named(parsed.handler):
        if not _may_match(spec):
            needless = named == "--driveorder"
            yield (warning if needless else say)(
                f"{named} names {spec}: the guest of a build has {BUILD_DISK} alone", line
            )


def _named(handler: Any) -> Iterator[tuple[int, str, str]]:  # noqa: ANN401  # no types there
    """Yield what names disks: its line, its option, the name."""
    ignore, clear, boot = handler.ignoredisk, handler.clearpart, handler.bootloader
    yield from ((ignore.lineno, "ignoredisk --only-use", each) for each in _of(ignore, "onlyuse"))
    yield from ((ignore.lineno, "ignoredisk --drives", each) for each in _of(ignore, "ignoredisk"))
    yield from ((clear.lineno, "clearpart --drives", each) for each in _of(clear, "drives"))
    if boot.location != "none" and not getattr(boot, "disabled", False):
        yield from ((boot.lineno, "--boot-drive", each) for each in [*_of(boot, "bootDrive")])
        yield from ((boot.lineno, "--driveorder", each) for each in _of(boot, "driveorder"))
    for each in _of(clear, "devices"):
        yield from ((clear.lineno, "clearpart --list", disk) for disk in _disk_of(each))
    for part in handler.partition.partitions:
        yield from ((part.lineno, "--ondisk", each) for each in _of(part, "disk"))
        yield from ((part.lineno, "--onpart", disk) for disk in _disk_of(part.onPart or ""))
    for line, named, name in _sources(handler):
        yield from ((line, named, disk) for disk in _disk_of(name))


def _sources(handler: Any) -> Iterator[tuple[int, str, str]]:  # noqa: ANN401
    """Yield what names partitions beside the layout: its line, its command, the name."""
    drive = handler.commands.get("harddrive")
    if getattr(drive, "seen", False):
        yield drive.lineno, "harddrive --partition", str(drive.partition or "")
    for each in getattr(getattr(handler, "mount", None), "mount_points", ()):
        yield each.lineno, "mount", str(each.device)
    for raid in handler.raid.raidList:
        yield from ((raid.lineno, "raid", str(each)) for each in raid.members or ())
    for group in handler.volgroup.vgList:
        yield from ((group.lineno, "volgroup", str(each)) for each in group.physvols or ())


def _disk_of(partition: str) -> list[str]:
    """Return the disk of a partition; its number is its maker's business, as a %pre may be."""
    found = _PARTITION.fullmatch(partition.removeprefix("/dev/"))
    return [found[1]] if found else []


def _of(command: Any, field: str) -> list[str]:  # noqa: ANN401
    value = getattr(command, field, None) or []
    return [value] if isinstance(value, str) else value


def _may_match(spec: str) -> bool:
    """Tell whether a name of a disk, or one of its alternatives, may be that of the guest's."""
    for each in spec.split("|"):
        name = each.removeprefix("/dev/")
        if fnmatchcase(BUILD_DISK, name):
            return True
        if "/" in name or not (_DISK.fullmatch(name) or _GLOB.search(name)):
            return True
        if _GLOB.search(name) and not _DISK.fullmatch(re.sub(r"\[[^]]*\]|[*?]", "a", name)):
            return True
    return False


def sizes_fit(parsed: Parsed) -> Iterator[LintFinding]:
    """Anaconda ends where the partitions do not fit, after minutes: their sizes are known before.

    A finding is at the line that is too much. What grows needs what it says at least.
    """
    if not parsed.capacity:
        return
    disk = parsed.capacity >> 20
    room = disk - _EDGE
    needed = 0
    for part in _made(parsed.handler):
        needed += part.size or 0
        if needed > room:
            yield error(f"partitions of {needed} MiB on a disk of {disk} MiB", part.lineno)
            return
    for name in dict.fromkeys(each.vgname for each in parsed.handler.logvol.lvList):
        yield from _volumes_fit(parsed.handler, name, room)


def _made(handler: Any) -> list[Any]:  # noqa: ANN401
    """Return the partitions that are made: a tmpfs needs no disk."""
    parts = handler.partition.partitions
    return [each for each in parts if not each.onPart and each.fstype != "tmpfs"]


def _volumes_fit(handler: Any, name: str, room: int) -> Iterator[LintFinding]:  # noqa: ANN401
    groups = [each for each in handler.volgroup.vgList if each.vgname == name]
    offered = _offered(handler, groups, room)
    # blivet allots whole extents, and never more than was asked for.
    extent = max([int(each.pesize or 0) for each in groups], default=0) or _EXTENT
    needed = 0
    for volume in (each for each in handler.logvol.lvList if each.vgname == name):
        # A thin volume takes of its pool only what is written.
        size = 0 if getattr(volume, "thin_volume", False) else volume.size or 0
        needed += size * 1024 // extent * extent // 1024
        if offered is not None and needed > offered:
            said = f"volumes of {needed} MiB in {name}, which gets {offered} MiB at most"
            yield error(said, volume.lineno)
            return


def _offered(handler: Any, groups: list[Any], room: int) -> int | None:  # noqa: ANN401
    """Return the MiB that a volume group can have; None where nobody knows, as with RAID."""
    members = [each for group in groups for each in group.physvols]
    parts = _made(handler)
    ours = [each for each in parts if each.mountpoint in members]
    if not members or len(ours) != len(set(members)):
        return None
    if any(each.grow and not each.maxSizeMB for each in ours):
        return room - sum(each.size or 0 for each in parts if each not in ours)
    return sum(max(each.size or 0, each.maxSizeMB or 0) for each in ours)


def unlocked(parsed: Parsed) -> Iterator[LintFinding]:
    """A clone of an encrypted disk waits for a passphrase, at each start and for ever.

    systemd asks for each device of /etc/crypttab, whatever lies on it. All clones share the key.
    """
    handler, say = parsed.handler, error if parsed.capacity else warning
    if not parsed.complete or _UNLOCKED.search(parsed.text):
        return
    volumes = (*handler.partition.partitions, *handler.logvol.lvList, *handler.raid.raidList)
    for each in (handler.autopart, *volumes):
        if getattr(each, "encrypted", False):
            yield say(
                "--encrypted, and nothing opens it: each start waits for a passphrase", each.lineno
            )
