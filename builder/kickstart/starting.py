"""Whether what starts a machine can read what a layout gives it: firmware, then a boot loader."""

from collections.abc import Iterator
from typing import Any

from pykickstart.version import F14, F18, F37, F43, RHEL6, RHEL8

from builder.kickstart.lying import Layout, lies_encrypted
from builder.kickstart.parsed import Parsed, error
from builder.model.kickstart import LintFinding

_EXT = ("ext2", "ext3", "ext4")
_READ = {"GRUB": _EXT, "extlinux": _EXT, "GRUB 2": (*_EXT, "xfs", "btrfs")}
"""What Anaconda lets each start from; GRUB is that of EL 6."""
_NAMES = {_EXT: "ext", _READ["GRUB 2"]: "ext, xfs, btrfs"}
_BIOSBOOT = {"biosboot", "BIOS Boot"}
_SMALLEST_ESP = 50
"""MiB that Anaconda wants at least."""


def started(parsed: Parsed, layout: Layout) -> Iterator[LintFinding]:
    """What is started from must be there, and be read."""
    loader = _loader(parsed)
    if not loader:
        return
    added = getattr(getattr(parsed.handler, "reqpart", None), "addBoot", False)
    # What is laid out for /boot takes the place of what reqpart has made.
    made = added and "/boot" not in layout.points
    # systemd-boot reads kernels from where firmware reads it.
    if loader != "systemd-boot" and not made and not parsed.unclear("bootloader", "reqpart"):
        yield from _boots(layout, loader)
    if parsed.handler.version >= F18:
        yield from _fits(parsed, loader)
        yield from _laid_out(parsed, layout)
        yield from _esp(parsed, layout)


def _loader(parsed: Parsed) -> str:
    """Return what Anaconda installs; empty for nothing.

    Without the command it installs one, whatever pykickstart says of it.
    """
    boot, version = parsed.handler.bootloader, parsed.handler.version
    if boot.seen and (boot.location == "none" or getattr(boot, "disabled", False)):
        return ""
    if getattr(boot, "sdboot", False):
        return "systemd-boot"
    if getattr(boot, "extlinux", False):
        return "extlinux"
    return "GRUB 2" if version >= F18 else "GRUB"


def _boots(layout: Layout, loader: str) -> Iterator[LintFinding]:
    """Anaconda lets its boot loaders read /boot from partitions, RAID and btrfs, in clear."""
    point = "/boot" if "/boot" in layout.points else "/"
    beside = "" if point == "/boot" else ": add /boot"
    for each in layout.at(point):
        if lies_encrypted(layout.handler, each):
            said = f"{point} is encrypted, and Anaconda lets no boot loader start from it"
            yield error(said + beside, each.lineno)
        elif hasattr(each, "vgname") and not _reads_volume(layout, loader, each):
            kind = "a thin volume" if getattr(each, "thin_volume", False) else "LVM"
            said = f"{point} is on {kind}, and Anaconda lets no boot loader start from it"
            yield error(said + beside, each.lineno)
        else:
            yield from _read_by(layout, loader, each)


def _reads_volume(layout: Layout, loader: str, volume: Any) -> bool:  # noqa: ANN401
    """GRUB 2 was let read LVM for some years after EL 6, but no pool; no longer in EL 8."""
    thin = getattr(volume, "thin_volume", False)
    return F14 <= layout.handler.version < RHEL8 and loader != "extlinux" and not thin


def _read_by(layout: Layout, loader: str, device: Any) -> Iterator[LintFinding]:  # noqa: ANN401
    fstype = getattr(device, "fstype", "")
    version, point = layout.handler.version, device.mountpoint
    if loader == "GRUB" and not RHEL6 <= version < F14:
        return  # what those before and after EL 6 took nobody has looked up
    level = str(getattr(device, "level", "") or "")
    if level and loader == "extlinux":
        yield error(f"{point} is on RAID, and extlinux starts from none", device.lineno)
    elif level not in ("", "RAID1") and loader == "GRUB":
        yield error(f"{point} is on {level}, and GRUB starts from RAID1 alone", device.lineno)
    elif fstype and fstype not in _READ[loader] and device.format:
        lets = f"Anaconda lets {loader} start from {_NAMES[_READ[loader]]}"
        yield error(f"{point} is {fstype}, and {lets}", device.lineno)


def _fits(parsed: Parsed, loader: str) -> Iterator[LintFinding]:
    firmware, line = parsed.firmware, parsed.handler.bootloader.lineno
    if loader == "systemd-boot" and firmware in {"bios", "hybrid"}:
        yield error("systemd-boot starts by UEFI alone, and this guest has a BIOS", line)
    if loader == "extlinux" and firmware in {"uefi", "hybrid"}:
        yield error("extlinux starts by a BIOS alone, and this guest has UEFI", line)


def _laid_out(parsed: Parsed, layout: Layout) -> Iterator[LintFinding]:
    """What firmware starts from is laid out by autopart and reqpart, else by the kickstart alone.

    Anaconda labels disks as GPT for BIOS as well since Fedora 37, EL 10; a disk whose partitions
    are there already has a label. Since Fedora 43 it wants GPT below /boot/efi.
    """
    handler = parsed.handler
    if not layout.parts or parsed.seen("autopart", "reqpart"):
        return
    kinds = {each.fstype for each in layout.parts} | layout.points
    if parsed.firmware in {"uefi", "hybrid"} and "/boot/efi" not in kinds:
        yield error("no part /boot/efi, and UEFI starts from one: reqpart makes it as well")
    newest = "gpt" if handler.version >= F37 else ""
    label = getattr(handler.clearpart, "disklabel", "") or newest
    there = any(each.onPart for each in layout.parts)
    # A hybrid image is installed by UEFI, which labels its disk as GPT.
    bios = parsed.firmware == "hybrid" or (parsed.firmware == "bios" and label == "gpt")
    if bios and not kinds & _BIOSBOOT and not there:
        yield error("no part biosboot, and BIOS starts from one on GPT: reqpart makes it as well")
    if handler.version >= F43 and label == "msdos" and "/boot/efi" in kinds:
        line = handler.clearpart.lineno
        yield error("this installer takes /boot/efi on GPT alone: --disklabel=gpt", line)


def _esp(parsed: Parsed, layout: Layout) -> Iterator[LintFinding]:
    """Firmware knows partitions; it takes a mirror's member for one, its metadata at the end."""
    if parsed.firmware not in {"uefi", "hybrid"}:
        return
    for each in layout.at("/boot/efi"):
        level = str(getattr(each, "level", "") or "RAID1")
        if lies_encrypted(layout.handler, each):
            yield error("/boot/efi is encrypted, and UEFI reads it in clear", each.lineno)
        elif hasattr(each, "vgname"):
            yield error("/boot/efi is on LVM, and UEFI reads partitions", each.lineno)
        elif level != "RAID1":
            yield error(f"/boot/efi is on {level}, and Anaconda takes RAID1 alone", each.lineno)
        # What RAID gives nobody knows before its members are made.
        elif 0 < (getattr(each, "size", 0) or 0) < _SMALLEST_ESP and not each.grow:
            yield error(f"/boot/efi has less than {_SMALLEST_ESP} MiB", each.lineno)
