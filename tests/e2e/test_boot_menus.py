"""Media whose menus lie elsewhere, booted as far as the kickstart, by the firmware in question."""

from collections.abc import Callable
from pathlib import Path

import pytest
from test_boot_paths import NONCE, REPORT_AND_STOP, SILENT, Way, installed

from builder import config, process
from builder.media.edits import Edits
from builder.media.remaster import remaster
from builder.rehearsal.make import make
from tests.booting import Firmware

_LABEL = "Builder Rehearsal 7"
_IMAGE = "images/efiboot.img"
_GRUB = """\
set default=1
set timeout=30
set timeout_style=hidden
search --no-floppy --set=root -l 'Builder Rehearsal 7'
menuentry 'Install' {
	linux /images/pxeboot/vmlinuz \\
		inst.stage2=hd:LABEL=Builder\\x20Rehearsal\\x207 mitigations=off \\
		no_timer_check quiet
	initrd /images/pxeboot/initrd.img
}
menuentry 'Disk' {
	exit
}
"""
_STUB = """\
search --no-floppy --file --set=root /.discinfo
if [ -f ($root)/none.cfg ]; then
	configfile ($root)/none.cfg
fi
configfile ($root)/boot/menus/real.cfg
"""


@pytest.fixture(scope="module")
def tree(place: Path) -> Path:
    """Return the tree of an EL 7 medium, to be changed and put back."""
    cache = config.load().cache / "rehearsal"
    iso = make(place / "el7.iso", cache=cache, layout="el7", monitor=SILENT)
    folder = place / "tree"
    process.run(["xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/", folder])
    process.run(["chmod", "-R", "u+w", folder])
    iso.unlink()
    return folder


def _isolinux(tree: Path, to: str, name: str = "isolinux.cfg") -> str:
    (tree / to).parent.mkdir(parents=True, exist_ok=True)
    (tree / "isolinux").rename(tree / to)
    (tree / to / "isolinux.cfg").rename(tree / to / name)
    return to


def _boot_isolinux(tree: Path) -> str:
    return _isolinux(tree, "boot/isolinux")


def _syslinux(tree: Path) -> str:
    return _isolinux(tree, "syslinux", "syslinux.cfg")


def _menu(tree: Path, text: str) -> None:
    """Give both copies of GRUB's menu the text."""
    (tree / "EFI/BOOT/grub.cfg").write_text(text)
    menu = tree / "EFI/BOOT/grub.cfg"
    process.run(["mcopy", "-o", "-i", tree / _IMAGE, menu, "::EFI/BOOT/grub.cfg"])


def _continued(tree: Path) -> str:
    _menu(tree, _GRUB)
    return "isolinux"


def _stub(tree: Path) -> str:
    (tree / "boot/menus").mkdir(parents=True)
    (tree / "boot/menus/real.cfg").write_text(_GRUB)
    _menu(tree, _STUB)
    return "isolinux"


@pytest.mark.parametrize(
    ("change", "firmware"),
    [
        (_boot_isolinux, "bios"),
        (_syslinux, "bios"),
        (_continued, "uefi"),
        (_stub, "uefi"),
    ],
)
def test_menu_elsewhere(
    change: Callable[[Path], str], firmware: Firmware, tree: Path, tmp_path: Path
) -> None:
    copy, iso = tmp_path / "tree", tmp_path / "medium.iso"
    process.run(["cp", "-al", tree, copy])  # what is written is unlinked first, or written anew
    for path in ("EFI/BOOT/grub.cfg", _IMAGE):
        content = (copy / path).read_bytes()
        (copy / path).unlink()
        (copy / path).write_bytes(content)
    folder = change(copy)
    process.run(
        [
            "xorriso", "-as", "mkisofs", "-quiet", "-o", iso, "-V", _LABEL, "-R", "-J",
            "-joliet-long", "-b", f"{folder}/isolinux.bin", "-c", f"{folder}/boot.cat",
            "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table",
            "-eltorito-alt-boot", "-e", _IMAGE, "-no-emul-boot", copy,
        ]
    )  # fmt: skip
    edits = Edits(kickstart=REPORT_AND_STOP, firmware=firmware)
    made = remaster(iso, edits, output=tmp_path / "unattended.iso", monitor=SILENT)
    said = installed(made.path, Way(layout="el7", firmware=firmware, plug="cd"), tmp_path)
    for done in (iso, made.path):
        done.unlink()
    assert NONCE in said
