"""Whether Anaconda can make the disk layout that a kickstart asks for, whatever its disk is.

It ends at each of these after minutes: they are from its code for layouts (pyanaconda's
modules/storage/partitioning/custom, kickstart.py until EL 7), from what it checks of a layout that
is made (a root, a boot loader that can read /boot), and from blivet.
"""

import re
from collections.abc import Iterator
from typing import Any

from pykickstart.version import F14, F18, F37, RHEL8

from builder.kickstart.lying import lies_encrypted
from builder.kickstart.members import members_made, names_used_once
from builder.kickstart.parsed import Parsed, error, warning
from builder.model.kickstart import LintFinding

_LARGEST_EXTENT = 16 << 20
"""KiB; LVM takes powers of two up to it."""
_FILE_SYSTEMS = re.compile(
    r"ext[234]|xfs|vfat|efi|swap|tmpfs|btrfs|biosboot|prepboot|appleboot|macefi|hfs\+?|lvmpv"
    r"|mdmember|raid|luks|stratis|f2fs|gfs2|jfs|nilfs2|ntfs|reiserfs|.* .*"
)
"""What blivet makes, or finds and keeps; some have names of several words."""
_NOT_STARTED = ("vfat", "efi", "swap", "tmpfs", "biosboot", "lvmpv", "ntfs", "f2fs", "jfs")
_PLACES = re.compile(r"/|$|swap$|(?:pv|btrfs)\.|[nN]one$")
_PLACES_OF_VOLUMES = re.compile(r"/|$|swap$")
"""Where something is mounted, or what it is instead; of volumes none but a pool is nowhere."""
_MEMBER = re.compile(r"(?:raid|pv|btrfs)\.")
_LAID_OUT = ("partition", "logvol", "raid", "btrfs", "mount")


class _Layout:
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


def layout_made(parsed: Parsed) -> Iterator[LintFinding]:
    """A layout must hold together: what is missing may be in no part that nobody has read."""
    if not parsed.complete or parsed.unclear("part", "volgroup", *_LAID_OUT):
        return
    layout = _Layout(parsed.handler)
    if parsed.seen(*_LAID_OUT, "reqpart") and "/" not in layout.points:
        yield error("no / is laid out, and Anaconda wants one")
    yield from _twice(layout)
    yield from members_made(layout.handler)
    yield from names_used_once(layout.handler)
    yield from _groups(layout)
    yield from _pools(layout)
    yield from _parts(layout)
    yield from _passphrases(parsed, layout)
    yield from _boots(parsed, layout)
    yield from _read_by_grub(parsed, layout)
    yield from _started(parsed, layout)


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


def _twice(layout: _Layout) -> Iterator[LintFinding]:
    known = set[str]()
    for each in (*layout.parts, *layout.raids):
        if each.mountpoint in known:
            yield error(f"{each.mountpoint} is made twice", each.lineno)
        known.update([each.mountpoint] if _MEMBER.match(each.mountpoint) else [])


def _groups(layout: _Layout) -> Iterator[LintFinding]:
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


def _extents(layout: _Layout) -> Iterator[LintFinding]:
    """A new volume of a size has one extent at least; those that grow, or are shares, may."""
    extents = {each.vgname: int(each.pesize or 0) for each in layout.groups if not each.preexist}
    for each in layout.volumes:
        shared = each.grow or each.percent or each.preexist or getattr(each, "thin_volume", False)
        extent = extents.get(each.vgname, 0)
        if each.size and not shared and each.size << 10 < extent:
            said = f"{each.size} MiB are less than an extent of {each.vgname}: {extent} KiB"
            yield error(said, each.lineno)


def _pools(layout: _Layout) -> Iterator[LintFinding]:
    known = set[tuple[str, str]]()
    for each in layout.volumes:
        if getattr(each, "thin_pool", False):
            known.add((each.vgname, each.name))
        elif getattr(each, "thin_volume", False) and (each.vgname, each.pool_name) not in known:
            said = f"no logvol --thinpool before this line makes {each.pool_name} in {each.vgname}"
            yield error(said, each.lineno)


def _parts(layout: _Layout) -> Iterator[LintFinding]:
    for each in layout.parts:
        if not each.format and not each.onPart:
            yield error("--noformat needs --onpart", each.lineno)
    yield from _places(layout)
    for each in (layout.handler.autopart, *layout.all):
        fstype = getattr(each, "fstype", "")
        if fstype and not _FILE_SYSTEMS.fullmatch(fstype):
            yield warning(f"{fstype} is no file system that Anaconda makes", each.lineno)


def _places(layout: _Layout) -> Iterator[LintFinding]:
    volumes = [each for each in layout.volumes if not getattr(each, "thin_pool", False)]
    kinds = [(_PLACES_OF_VOLUMES, volumes), (_PLACES, [*layout.raids, *layout.btrfs])]
    for place, made in kinds:
        for each in (each for each in made if not place.match(each.mountpoint)):
            yield error(f"{each.mountpoint} is no place to mount: one begins with /", each.lineno)
    for each in (each for each in layout.raids if each.format and not each.preexist):
        if each.mountpoint.lower() == "none":
            yield error("none is no place to mount: one begins with /", each.lineno)


def _passphrases(parsed: Parsed, layout: _Layout) -> Iterator[LintFinding]:
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


def _boots(parsed: Parsed, layout: _Layout) -> Iterator[LintFinding]:
    """Anaconda lets its boot loaders read /boot from partitions, RAID and btrfs, in clear.

    GRUB 2 was let read LVM as well, for some years after EL 6; no longer in EL 8.
    """
    boot = parsed.handler.bootloader
    added = getattr(getattr(parsed.handler, "reqpart", None), "addBoot", False)
    # Without the command Anaconda installs one, whatever pykickstart says of it. systemd-boot
    # reads kernels from where firmware reads it.
    none = boot.seen and (boot.location == "none" or getattr(boot, "disabled", False))
    none = none or getattr(boot, "sdboot", False)
    if none or added or parsed.unclear("bootloader", "reqpart"):
        return
    point = "/boot" if "/boot" in layout.points else "/"
    beside = "" if point == "/boot" else ": add /boot"
    for each in (each for each in (*layout.all, *layout.btrfs) if each.mountpoint == point):
        if lies_encrypted(parsed.handler, each):
            said = f"{point} is encrypted, and Anaconda lets no boot loader start from it"
            yield error(said + beside, each.lineno)
        elif hasattr(each, "vgname") and not F14 <= parsed.handler.version < RHEL8:
            said = f"{point} is on LVM, and Anaconda lets no boot loader start from it"
            yield error(said + beside, each.lineno)


def _read_by_grub(parsed: Parsed, layout: _Layout) -> Iterator[LintFinding]:
    """Anaconda lets GRUB 2 start from Linux's own file systems alone: ext, xfs, btrfs."""
    boot = parsed.handler.bootloader
    none = boot.seen and (boot.location == "none" or getattr(boot, "disabled", False))
    other = none or getattr(boot, "extlinux", False) or getattr(boot, "sdboot", False)
    added = getattr(getattr(parsed.handler, "reqpart", None), "addBoot", False)
    if parsed.handler.version < F18 or other or added or parsed.unclear("bootloader", "reqpart"):
        return
    point = "/boot" if "/boot" in layout.points else "/"
    for each in layout.all:
        if each.mountpoint == point and each.format and each.fstype in _NOT_STARTED:
            said = f"{point} is {each.fstype}, and Anaconda lets GRUB 2 start from ext, xfs, btrfs"
            yield error(said, each.lineno)


def _started(parsed: Parsed, layout: _Layout) -> Iterator[LintFinding]:
    """What firmware starts from is laid out by autopart and reqpart, else by the kickstart alone.

    Anaconda labels disks as GPT for BIOS as well since Fedora 37, EL 10.
    """
    handler = parsed.handler
    boot, version = handler.bootloader, handler.version
    none = boot.seen and (boot.location == "none" or getattr(boot, "disabled", False))
    if none or not layout.parts or parsed.seen("autopart", "reqpart") or version < F18:
        return
    other = getattr(boot, "extlinux", False) or getattr(boot, "sdboot", False)
    label = getattr(handler.clearpart, "disklabel", "") or ("gpt" if version >= F37 else "")
    kinds = {each.fstype for each in layout.parts} | layout.points
    hybrid = parsed.firmware == "hybrid"
    if parsed.firmware in {"uefi", "hybrid"} and "/boot/efi" not in kinds:
        yield error("no part /boot/efi, and UEFI starts from one: reqpart makes it as well")
    bios = hybrid or (parsed.firmware == "bios" and label == "gpt")
    if bios and not kinds & {"biosboot"} and not other:
        yield error("no part biosboot, and BIOS starts from one on GPT: reqpart makes it as well")
