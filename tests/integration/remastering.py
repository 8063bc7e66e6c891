"""Remaster small media, and look at the results with the field's own tools."""

import re
import subprocess
from pathlib import Path

import small_media

from builder.iso.source import opened
from builder.iso.survey import survey
from builder.media import check
from builder.media.edits import Edits
from builder.media.inspect import inspect
from builder.media.remaster import remaster
from builder.model.media import InstallMedia
from builder.monitor import SilentMonitor

KICKSTART = "# Grüße\ntext\npoweroff\n" * 300
WISHES = Edits(kickstart=KICKSTART)
_MENUS = ("EFI/BOOT/grub.cfg", "isolinux/isolinux.cfg", "boot/grub2/grub.cfg")
_MAY_CHANGE = {*_MENUS, "boot.cat", "images/efiboot.img", "images/macboot.img"}


def change(
    iso: Path, edits: Edits = WISHES, *, output: Path | None = None, overlay: bool = False
) -> InstallMedia:
    """Remaster the ISO; without an output, beside it."""
    output = output or iso.with_name(f"{iso.stem}-remastered.iso")
    monitor = SilentMonitor()
    return remaster(iso, edits, output=output, overlay=overlay, monitor=monitor)


def problems(iso: Path) -> tuple[str, ...]:
    """Return what our own check has against the ISO."""
    with opened(iso) as source:
        return check.problems(survey(source))


def boot_images(iso: Path) -> dict[str, int]:
    """Return the El Torito images' paths and sectors by xorriso's word; hidden ones by platform."""
    report = small_media.call("xorriso", "-indev", iso, "-report_el_torito", "plain")
    paths = dict(re.findall(r"El Torito img path :\s+(\d+)\s+(\S+)", report))
    found = re.findall(r"El Torito boot img :\s+(\d+)\s+(\S+)\s.*\s(\d+)$", report, re.M)
    return {paths.get(number, platform): int(sector) for number, platform, sector in found}


def system_area(iso: Path) -> str:
    """Return xorriso's report of the boot code and partition tables."""
    return small_media.call("xorriso", "-indev", iso, "-report_system_area", "plain")


def gpt_problems(iso: Path) -> list[str]:
    """Return what sgdisk has against the partition tables; isohybrid's overlap is on purpose."""
    # It exits with 2 for those. A "caution" is about the parity of a size, and no problem.
    done = subprocess.run(["sgdisk", "-v", iso], capture_output=True, text=True, check=False)
    return re.findall(r"^(?:Problem.*|Warning.*|Identified.*|No problems)", done.stdout, re.M)


def shown(iso: Path, path: str, names: str = "-R") -> str:
    """Return a file of the ISO by isoinfo's word."""
    return small_media.call("isoinfo", names, "-i", iso, "-x", path)


def efi_menus(iso: Path) -> list[str]:
    """Return the menus inside the EFI boot images, by mtools' word."""
    sectors = [each.lba for each in inspect(iso).boot_entries if each.platform == "uefi"]
    return [
        small_media.call("mtype", "-i", f"{iso}@@{sector * 2048}", "::/EFI/BOOT/grub.cfg")
        for sector in sectors
    ]


def menus(iso: Path) -> list[str]:
    """Return all menus, those inside the EFI boot images last."""
    found = [shown(iso, f"/{path}") for path in _MENUS]
    return [*filter(None, found), *efi_menus(iso)]


def judge(original: Path, result: Path, folder: Path, kickstart: str = KICKSTART) -> set[str]:
    """Let everybody read the result; return which files are not the original's any more."""
    assert problems(result) == ()
    before, after = extracted(original, folder / "before"), extracted(result, folder / "after")
    assert after.keys() == before.keys() | {"ks.cfg"}
    assert small_media.digests(result, folder / "bsdtar") == after
    for names in ("-R", "-J"):
        listing = ["isoinfo", names, "-f", "-i"]
        old, new = (set(small_media.call(*listing, iso).split()) for iso in (original, result))
        assert new == old | {"/ks.cfg"}
        assert shown(result, "/ks.cfg", names) == kickstart
    assert gpt_problems(result) == gpt_problems(original)
    assert boot_images(result).keys() == boot_images(original).keys()
    assert set(efi_menus(result)) == {shown(result, "/EFI/BOOT/grub.cfg")}
    changed = {path for path in before if after[path] != before[path]}
    assert changed <= _MAY_CHANGE
    return changed


def extracted(iso: Path, folder: Path) -> dict[str, str]:
    """Extract with xorriso into a new folder, and return every file's sha256 by its path."""
    small_media.call("xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/", folder)
    small_media.call("chmod", "-R", "u+w", folder)
    return small_media.tree_digests(folder)
