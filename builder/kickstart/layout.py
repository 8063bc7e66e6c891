"""Whether Anaconda can make the disk layout that a kickstart asks for, whatever its disk is.

It ends at each of these after minutes: they are from its code for layouts (pyanaconda's
modules/storage/partitioning/custom, kickstart.py until EL 7), from what it checks of a layout that
is made (a root, a boot loader that can read /boot), and from blivet.
"""

import re
from collections.abc import Iterator

from pykickstart.constants import CLEARPART_TYPE_ALL
from pykickstart.version import F18

from builder.kickstart.lying import Layout
from builder.kickstart.members import members_made, names_used_once
from builder.kickstart.mounting import mounted
from builder.kickstart.parsed import Parsed, error, warning
from builder.kickstart.starting import started
from builder.model.kickstart import LintFinding

_LARGEST_EXTENT = 16 << 20
"""KiB; LVM takes powers of two up to it."""
_EXTENT = 4096
"""KiB, where none is asked for."""
_FILE_SYSTEMS = re.compile(
    r"ext[234]|xfs|vfat|efi|swap|tmpfs|btrfs|biosboot|prepboot|appleboot|macefi|hfs\+?|lvmpv"
    r"|mdmember|raid|luks|stratis|f2fs|gfs2|jfs|nilfs2|ntfs|reiserfs|.* .*"
)
"""What blivet makes, or finds and keeps; some have names of several words."""
_MEMBER = re.compile(r"(?:raid|pv|btrfs)\.")
_LAID_OUT = ("partition", "logvol", "raid", "btrfs", "mount")


def layout_made(parsed: Parsed) -> Iterator[LintFinding]:
    """A layout must hold together: what is missing may be in no part that nobody has read."""
    if not parsed.complete or parsed.unclear("part", "volgroup", *_LAID_OUT):
        return
    layout = Layout(parsed.handler)
    if parsed.seen(*_LAID_OUT, "reqpart") and "/" not in layout.points:
        yield error("no / is laid out, and Anaconda wants one")
    yield from _twice(layout)
    yield from members_made(layout.handler)
    yield from names_used_once(layout.handler)
    yield from _groups(layout)
    yield from _pools(layout)
    yield from _parts(layout)
    yield from _cleared(layout)
    yield from mounted(parsed, layout)
    yield from _passphrases(parsed, layout)
    yield from started(parsed, layout)


def loader_taken(parsed: Parsed) -> Iterator[LintFinding]:
    """Anaconda does not read on where its GRUB 2 (EL 7, Fedora 18) cannot do what it is told."""
    boot = parsed.handler.bootloader
    other = getattr(boot, "extlinux", False) or getattr(boot, "sdboot", False)
    if parsed.handler.version < F18 or other or parsed.unclear("bootloader"):
        return
    if boot.location == "partition":
        yield error("GRUB 2 is not installed into a partition: use --location=mbr", boot.lineno)
    # What is still to be filled in has braces.
    if boot.password and boot.isCrypted and not re.match(r"grub\.pbkdf2\.|.*\{", boot.password):
        said = "GRUB 2 takes no hash but its own, which begins with grub.pbkdf2."
        yield error(said, boot.lineno)


def _twice(layout: Layout) -> Iterator[LintFinding]:
    known = set[str]()
    for each in (*layout.parts, *layout.raids):
        if each.mountpoint in known:
            yield error(f"{each.mountpoint} is made twice", each.lineno)
        known.update([each.mountpoint] if _MEMBER.match(each.mountpoint) else [])


def _groups(layout: Layout) -> Iterator[LintFinding]:
    known = {each.vgname for each in layout.groups}
    for each in layout.groups:
        size = int(each.pesize or 0)
        if size & (size - 1) or not 0 <= size <= _LARGEST_EXTENT:
            yield error(f"--pesize={size} is no power of two", each.lineno)
    for each in layout.volumes:
        # One that is used as it is may be in a group of a disk that was there before.
        if each.vgname not in known and each.format and not each.preexist:
            yield error(f"no volgroup makes {each.vgname}", each.lineno)
    # EL 6 had an extent of its own where none is asked for.
    if layout.handler.version >= F18:
        yield from _extents(layout)


def _extents(layout: Layout) -> Iterator[LintFinding]:
    """A new volume of a size has one extent at least; those that grow, or are shares, may."""
    made = (each for each in layout.groups if not each.preexist)
    extents = {each.vgname: int(each.pesize or _EXTENT) for each in made}
    for each in layout.volumes:
        shared = each.grow or each.percent or each.preexist or getattr(each, "thin_volume", False)
        extent = extents.get(each.vgname, 0)
        if each.size and not shared and each.size << 10 < extent:
            said = f"{each.size} MiB are less than an extent of {each.vgname}: {extent} KiB"
            yield error(said, each.lineno)


def _pools(layout: Layout) -> Iterator[LintFinding]:
    """A group that was there before may have its pools."""
    known = set[tuple[str, str]]()
    new = {each.vgname for each in layout.groups if each.format and not each.preexist}
    for each in (each for each in layout.volumes if each.vgname in new):
        if getattr(each, "thin_pool", False):
            known.add((each.vgname, each.name))
        elif getattr(each, "thin_volume", False) and (each.vgname, each.pool_name) not in known:
            said = f"no logvol --thinpool before this line makes {each.pool_name} in {each.vgname}"
            yield error(said, each.lineno)


def _parts(layout: Layout) -> Iterator[LintFinding]:
    for each in layout.parts:
        if not each.format and not each.onPart:
            yield error("--noformat needs --onpart", each.lineno)
    # A pool has no file system, whatever is said: Anaconda itself writes "None".
    made = (each for each in layout.all if not getattr(each, "thin_pool", False))
    for each in (layout.handler.autopart, *made):
        fstype = getattr(each, "fstype", "")
        if fstype and not _FILE_SYSTEMS.fullmatch(fstype):
            yield warning(f"{fstype} is no file system that Anaconda makes", each.lineno)


def _cleared(layout: Layout) -> Iterator[LintFinding]:
    """Disks are cleared first: no partition of theirs is left to be used."""
    clear = layout.handler.clearpart
    if clear.type != CLEARPART_TYPE_ALL or clear.drives:
        return
    for each in (each for each in layout.parts if each.onPart):
        yield error(f"clearpart --all removes {each.onPart} first", each.lineno)


def _passphrases(parsed: Parsed, layout: Layout) -> Iterator[LintFinding]:
    """What has no passphrase of its own is encrypted with the first that was there before it.

    Without one the installer asks. It makes partitions, then RAID, then volumes.
    --escrowcert keeps a copy of the passphrase, and gives none.
    """
    volumes = (parsed.handler.autopart, *layout.all)
    for each in volumes:
        if getattr(each, "passphrase", ""):
            return
        if getattr(each, "encrypted", False):
            later = any(getattr(one, "passphrase", "") for one in volumes)
            said = f"--encrypted and no --passphrase{' yet' * later}: the installer asks for one"
            yield error(said, each.lineno)
            return
