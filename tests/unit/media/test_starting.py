"""Which entry of the real boot files of CentOS starts, before and after an edit."""

from pathlib import Path

import pytest

from builder.media import bootloader, grub_menu, syslinux_menu
from builder.media.grub_run import Run
from builder.media.grub_state import Place, State
from builder.media.unattended import TITLE, Unattended, plainest

_MEDIA = Path(__file__).parents[4] / "shared" / "facts" / "media"
_GOLDEN = Path(__file__).parents[2] / "golden" / "boot"
_MENUS = [
    (_GOLDEN / "el7-grub.cfg", "CentOS 7 x86_64"),
    (_GOLDEN / "el10-grub.cfg", "CentOS-Stream-10-BaseOS-x86_64"),
    (_MEDIA / "centos7-2009/EFI/BOOT/grub.cfg", "CentOS 7 x86_64"),
    (_MEDIA / "centos8-8.2.2004/EFI/BOOT/grub.cfg", "CentOS-8-2-2004-x86_64-dvd"),
    (_MEDIA / "centos-stream-10/EFI/BOOT/grub.cfg", "CentOS-Stream-10-BaseOS-x86_64"),
    (_MEDIA / "centos-stream-10/boot/grub2/grub.cfg", "CentOS-Stream-10-BaseOS-x86_64"),
]
_ISOLINUX = [
    (_GOLDEN / "el7-isolinux.cfg", "CentOS 7 x86_64"),
    (_MEDIA / "centos7-2009/isolinux/isolinux.cfg", "CentOS 7 x86_64"),
    (_MEDIA / "centos8-8.2.2004/isolinux/isolinux.cfg", "CentOS-8-2-2004-x86_64-dvd"),
]


_PLACE = ("image", "")
_STATE = State(values={"root": "image"})


class _Volume:
    uuid = ""

    def __init__(self, label: str) -> None:
        self.label = label

    def text(self, place: Place) -> str | None:
        del place
        return None

    def exists(self, place: Place) -> bool:
        return place[0] == "iso"

    def folder(self, place: Place) -> bool:
        return place[0] == "iso"


def _real(path: Path) -> str:
    if not path.exists():
        pytest.skip(f"the real boot files are not beside this repository: {path}")
    return path.read_text()


@pytest.mark.parametrize(("path", "label"), _MENUS)
def test_grub(path: Path, label: str) -> None:
    original = _real(path)
    (before,) = Run(_Volume(label)).menu(original, _PLACE, _STATE)
    checking = grub_menu.started(before)
    assert checking is not None
    assert "media" in (checking.title or "").lower() or "check" in (checking.title or "").lower()
    edited = bootloader.edit("grub.cfg", original, Unattended(label=label))
    (after,) = Run(_Volume(label)).menu(edited, _PLACE, _STATE)
    ours = grub_menu.started(after)
    assert ours is not None
    assert ours.title == TITLE
    assert grub_menu.waits(after) == ""
    (loaded,) = Run(_Volume(label)).body(ours, after.state)
    assert [each.kind for each in loaded.loads] == ["linux", "initrd"]
    assert loaded.loads[0].files == (("iso", "/images/pxeboot/vmlinuz"),)
    assert Unattended(label=label).kickstart in (loaded.loads[0].arguments or ())


@pytest.mark.parametrize(("path", "label"), _ISOLINUX)
def test_isolinux(path: Path, label: str) -> None:
    original = _real(path)
    before = syslinux_menu.started("isolinux/isolinux.cfg", {"isolinux/isolinux.cfg": original}.get)
    assert not isinstance(before, str)
    assert "rd.live.check" in before.arguments
    edited = bootloader.edit("isolinux.cfg", original, Unattended(label=label))
    for text in (edited, edited.replace("\n", "\r\n")):
        after = syslinux_menu.started("isolinux/isolinux.cfg", {"isolinux/isolinux.cfg": text}.get)
        assert not isinstance(after, str)
        assert Unattended(label=label).kickstart in after.arguments.split()
        assert after.kernel == "isolinux/vmlinuz"


def test_an_edit_of_a_dos_file_starts_our_entry() -> None:
    menu = "DEFAULT vesamenu.c32\r\nLABEL a\r\n  KERNEL k\r\n  APPEND initrd=i x\r\n"
    edited = bootloader.edit("isolinux/isolinux.cfg", menu, Unattended(label="L"))
    found = syslinux_menu.started("isolinux/isolinux.cfg", {"isolinux/isolinux.cfg": edited}.get)
    assert not isinstance(found, str)
    assert "inst.ks=hd:LABEL=L:/ks.cfg" in found.arguments.split()


@pytest.mark.parametrize("default", ["linux text", "vmlinuz initrd=i", "linux"])
def test_a_default_with_arguments_is_replaced(default: str) -> None:
    menu = f"default {default}\nlabel linux\n  kernel k\n  append initrd=i x\n"
    edited = bootloader.edit("isolinux.cfg", menu, Unattended(label="L"))
    assert "default builder" in edited.splitlines()


_STAGES = [
    ("inst.stage2=hd:LABEL=OL-7.9x20Server.x86_64", r"inst.stage2=hd:LABEL=OL-7.9\x20Server"),
    ("inst.stage2=hd:CDLABEL=X:/a", r"inst.stage2=hd:CDLABEL=OL-7.9\x20Server:/a"),
    ("inst.stage2=http://x/y", "inst.stage2=http://x/y"),
    ("inst.repo=hd:LABEL=X:/", "inst.repo=hd:LABEL=X:/"),
]


@pytest.mark.parametrize(("given", "expected"), _STAGES)
def test_stage_2_is_on_this_volume(given: str, expected: str) -> None:
    entry = Unattended(label="OL-7.9 Server")
    assert entry.arguments((given,))[0] == expected
    assert entry.disarmed(f"{given} quiet") == f"{expected} quiet"


def test_live_entries_are_no_installers() -> None:
    live = ("root=live:CDLABEL=F", "rd.live.image", "quiet")
    assert plainest([live]) is None
    assert plainest([("rd.live.image",), ("root=live:x",), ("inst.stage2=x",)]) == 2
