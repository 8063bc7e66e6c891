"""Boot menus, text to text."""

import re
from pathlib import Path

import pytest

from builder.errors import UsageError
from builder.media import bootloader, grub_menu, syslinux_menu
from builder.media.grub_run import Run
from builder.media.grub_state import Place, State
from builder.media.unattended import TITLE, Unattended
from tests.values import Golden

_GOLDEN = Path(__file__).parents[2] / "golden" / "boot"
_MEDIA = Path(__file__).parents[4] / "shared" / "facts" / "media"
_EL7 = Unattended(label="CentOS 7 x86_64")
_EL10 = Unattended(label="CentOS-Stream-10-BaseOS-x86_64")
_MENUS = [
    ("el7-isolinux", "isolinux/isolinux.cfg", _EL7),
    ("el7-grub", "EFI/BOOT/grub.cfg", _EL7),
    ("el10-grub", "boot/grub2/grub.cfg", _EL10),
]
_REAL = [
    ("centos7-2009", "CentOS 7 x86_64", "isolinux/isolinux.cfg"),
    ("centos7-2009", "CentOS 7 x86_64", "EFI/BOOT/grub.cfg"),
    ("centos8-8.2.2004", "CentOS-8-2-2004-x86_64-dvd", "isolinux/isolinux.cfg"),
    ("centos8-8.2.2004", "CentOS-8-2-2004-x86_64-dvd", "EFI/BOOT/grub.cfg"),
    ("centos-stream-10", "CentOS-Stream-10-BaseOS-x86_64", "EFI/BOOT/grub.cfg"),
    ("centos-stream-10", "CentOS-Stream-10-BaseOS-x86_64", "boot/grub2/grub.cfg"),
]


@pytest.mark.parametrize(("name", "path", "entry"), _MENUS)
def test_edited_menu(name: str, path: str, entry: Unattended, golden: Golden) -> None:
    original = (_GOLDEN / f"{name}.cfg").read_text()
    golden(f"boot/{name}-edited.cfg", bootloader.edit(path, original, entry))


@pytest.mark.parametrize(("name", "path", "entry"), _MENUS)
def test_edit_of_an_edited_menu_equals_one_edit(name: str, path: str, entry: Unattended) -> None:
    original = (_GOLDEN / f"{name}.cfg").read_text()
    once = bootloader.edit(path, original, entry)
    other = Unattended(label="Other label", kickstart_path="/x.ks", extra=("nomodeset", "ip=dhcp"))
    assert bootloader.edit(path, once, entry) == once
    assert bootloader.edit(path, bootloader.edit(path, original, other), entry) == once


@pytest.mark.parametrize(("medium", "label", "path"), _REAL)
def test_real_menu(medium: str, label: str, path: str) -> None:
    """Our entry is added and is the default; of the rest only the one with the media check goes."""
    file = _MEDIA / medium / path
    if not file.exists():
        pytest.skip(f"the real boot files are not beside this repository: {file}")
    original, entry = file.read_text(), Unattended(label=label)
    edited = bootloader.edit(path, original, entry)
    assert _commands(edited)[0] == _unattended(_commands(original)[0], entry.kickstart)
    assert _commands(edited)[1:] == [
        command for command in _commands(original) if "rd.live.check" not in command
    ]
    ours = {line for line in edited.splitlines() if line not in original.splitlines()}
    assert ours == {*_settings(path), *(line for line in ours if _belongs_to_entries(line))}


def _commands(menu: str) -> list[str]:
    """Return the lines that start an installer, stripped, in their order."""
    return [found.strip() for found in re.findall(r"^\s*(?:append|linux)\S* .*", menu, re.M)]


def _unattended(plain: str, kickstart: str) -> str:
    return plain.replace(" quiet", f" {kickstart} console=tty0 console=ttyS0,115200n8")


def _settings(path: str) -> set[str]:
    return {"timeout 1"} if "isolinux" in path else {'set default="0"', "set timeout=1"}


def _belongs_to_entries(line: str) -> bool:
    return TITLE in line or line == "label builder" or bool(_commands(line))


_ISOLINUX = [
    pytest.param("default linux\nprompt 1\ntimeout 0\n", "default builder", id="label default"),
    pytest.param("prompt 1\n", "prompt 0", id="prompt"),
    pytest.param("ui menu.c32\n", "timeout 1", id="a menu without time-out"),
    pytest.param("", "default builder", id="no default"),
    pytest.param("TIMEOUT 300\n", "timeout 1", id="upper case"),
    pytest.param("timeout\t300\n", "timeout 1", id="tab"),
]


@pytest.mark.parametrize(("head", "expected"), _ISOLINUX)
def test_isolinux_takes_our_entry_at_once(head: str, expected: str) -> None:
    menu = f"{head}label linux\n  kernel vmlinuz\n  append initrd=initrd.img inst.stage2=x\n"
    edited = bootloader.edit("isolinux.cfg", menu, _EL7)
    assert expected in edited.splitlines()
    assert "timeout 1" in edited.splitlines()
    assert bootloader.edit("isolinux.cfg", edited, _EL7) == edited


def test_isolinux_drops_another_time_out_target() -> None:
    menu = "ontimeout local\nlabel a\n  kernel k\n  append initrd=i\n"
    assert "ontimeout" not in bootloader.edit("isolinux.cfg", menu, _EL7)


def test_isolinux_keeps_an_initrd_directive() -> None:
    menu = "label a\n  linux k\n  initrd i\n  append inst.stage2=x\n"
    edited = bootloader.edit("isolinux.cfg", menu, _EL7)
    assert "  linux k\n  initrd i\n  append inst.stage2=x inst.ks=" in edited


_GRUB = [
    pytest.param("", id="no settings"),
    pytest.param("set default=0\nset timeout=-1\n", id="waits for ever"),
    pytest.param("default=2\ntimeout=5\n", id="without set"),
    pytest.param("if true; then\n  set timeout=9\nfi\n", id="in a condition"),
]


@pytest.mark.parametrize("head", _GRUB)
def test_grub_takes_our_entry_at_once(head: str) -> None:
    menu = f"{head}menuentry 'a' {{\n linux /k inst.stage2=x\n initrd /i\n}}\n"
    edited = bootloader.edit("grub.cfg", menu, _EL7)
    settings = [
        line.strip() for line in edited.splitlines() if "default=" in line or "timeout=" in line
    ]
    # Those in a condition are not enough: it may not hold.
    assert set(settings) == {'set default="0"', "set timeout=1"}
    assert re.findall("menuentry '(.*)'", edited) == [TITLE, "a"]
    assert bootloader.edit("grub.cfg", edited, _EL7) == edited


def test_earlier_kickstarts_go_from_every_entry() -> None:
    menu = (
        "menuentry 'a' {\n linuxefi /k inst.stage2=x ks=cdrom:/ks.cfg quiet\n initrdefi /i\n}\n"
        "submenu 'b' {\nmenuentry 'c' {\n linuxefi /k inst.ks=http://h/k y\n initrdefi /i\n}\n}\n"
    )
    edited = bootloader.edit("grub.cfg", menu, _EL7)
    assert re.findall(r"\S*ks=\S+", edited) == [_EL7.kickstart]


_UNTOUCHED = [
    pytest.param("grub.cfg", "menuentry 'disk' {\n chainloader +1\n}\n", id="no kernel"),
    pytest.param("grub.cfg", "search --file /x --set=root\nconfigfile /x\n", id="a forwarder"),
    pytest.param("grub.cfg", "menuentry 'r' {\n linux /k rescue\n initrd /i\n}\n", id="rescue"),
    pytest.param("isolinux.cfg", "label memtest\n  kernel memtest\n", id="memtest"),
    pytest.param("isolinux.cfg", "", id="empty"),
]


@pytest.mark.parametrize(("path", "menu"), _UNTOUCHED)
def test_menu_without_an_installer_stays(path: str, menu: str) -> None:
    assert bootloader.edit(path, menu, _EL7) == menu


def test_extra_arguments_replace_those_of_the_same_key() -> None:
    entry = Unattended(label="L", extra=("inst.stage2=hd:LABEL=M", "console=ttyS1", "nomodeset"))
    arguments = entry.arguments(("initrd=i", "inst.stage2=x", "quiet"))
    assert arguments == ("initrd=i", "inst.ks=hd:LABEL=L:/ks.cfg", *entry.extra)


@pytest.mark.parametrize(
    "argument",
    ["a;reboot", "$x", "a b", "{", "}", "a|b", "x'y", "inst.ks=x", "ks", "a\nb", "", "a#b"],
)
def test_dangerous_extra_arguments_are_refused(argument: str) -> None:
    with pytest.raises(UsageError, match="cannot be added"):
        Unattended(label="L", extra=(argument,))


@pytest.mark.parametrize(
    "argument", ["nomodeset", "ip=dhcp", "a.b-c=/x,y:z", r"l=a\x20b", 'dyndbg="file a +p"']
)
def test_plain_extra_arguments_are_taken(argument: str) -> None:
    assert Unattended(label="L", extra=(argument,)).extra == (argument,)


def test_bytes_that_are_no_text_survive() -> None:
    menu = b"# \xff\xfe\nlabel a\n  kernel k\n  append initrd=i\n"
    assert b"# \xff\xfe\n" in bootloader.edit_content("isolinux.cfg", menu, _EL7)


@pytest.mark.parametrize(
    ("without", "extra", "left"),
    [
        ((), (), "console=tty0 console=ttyS0,115200n8"),
        (("console",), (), ""),
        (("console",), ("console=ttyS1",), "console=ttyS1"),
    ],
)
def test_our_consoles_can_be_removed(
    without: tuple[str, ...], extra: tuple[str, ...], left: str
) -> None:
    entry = Unattended(label="X", without=without, extra=extra)
    assert " ".join(entry.arguments(("initrd=a", "console=ttyS9"))[2:]) == left


@pytest.mark.parametrize("key", ["inst.ks", "ks=x"])
def test_the_kickstart_cannot_be_removed(key: str) -> None:
    with pytest.raises(UsageError, match="cannot be removed: it names the kickstart"):
        Unattended(label="X", without=(key,))


_SPREAD = [
    "menuentry 'a' { linux /k inst.stage2=x; initrd /i }\n",
    "menuentry 'a' { linux /k inst.stage2=x; initrd /i; }; menuentry b { true }\n",
    "menuentry b { exit; } ; menuentry 'a' { linux /k inst.stage2=x; initrd /i; } ; true\n",
    "menuentry 'a # b {' { # c }\n linux /k inst.stage2=x\n initrd /i\n} # d\n",
    "menuentry 'a' \\\n --class b {\n linux /k inst.stage2=x\n initrd /i\n}\n",
    "set 'timeout=-1'\nset \"default=1\"\nmenuentry a { linux /k inst.stage2=x; initrd /i }\n",
    "menuentry 'a' --class x {\n linux /k inst.stage2=x # quiet\n initrd /i # { }\n}\n",
    'menuentry "a \\"b\\" c" {\n linux /k inst.stage2=x\n initrd /i\n}\n',
    "menuentry Install\\ it --id i {\n linux /k inst.stage2=x\n initrd /i\n}\n",
    "menuentry --class x 'a' {\n linux /k inst.stage2=x\n initrd /i\n}\n",
    "if true; then\nmenuentry a {\n linux /k inst.stage2=x\n initrd /i\n}\nfi\n",
    "if true; then set default=1; set timeout=-1; fi\n"
    "menuentry a {\n linux /k inst.stage2=x\n initrd /i\n}\n",
    "set superusers=root\npassword root x\nmenuentry a {\n linux /k inst.stage2=x\n initrd /i\n}\n",
    "set superusers=root\nmenuentry a --hotkey=i --users root --class x {\n"
    " linux /k inst.stage2=x\n initrd /i\n}\n",
    "set superusers=root\nmenuentry a --users='root me' --unrestricted {\n"
    " linux /k inst.stage2=x\n initrd /i\n}\n",
    "submenu more {\n menuentry a {\n  linux /k inst.stage2=x\n  initrd /i\n }\n}\n",
    "set default='a>b'\nload_env\nset default=$saved_entry\nset fallback=1\n"
    "menuentry a {\n linux /k inst.stage2=x\n initrd /i\n}\n",
]


@pytest.mark.parametrize("menu", _SPREAD)
def test_grub_starts_ours_of_menus_in_other_forms(menu: str) -> None:
    edited = bootloader.edit("grub.cfg", menu, _EL7)
    assert bootloader.edit("grub.cfg", edited, _EL7) == edited
    state = State(values={"root": "iso", "prefix": "(iso)/x"})
    for found in Run(_Everything()).menu(edited, ("iso", "/grub.cfg"), state):
        assert (found.trouble, grub_menu.waits(found)) == ("", "")
        entry = grub_menu.started(found)
        assert entry is not None
        assert (entry.title, grub_menu.asks(found, entry)) == (TITLE, False)
        for after in Run(_Everything()).body(entry, found.state):
            assert [each.kind for each in after.loads] == ["linux", "initrd"]
            assert _EL7.kickstart in (after.loads[0].arguments or ())


class _Everything:
    label, uuid = "CentOS 7 x86_64", ""

    def text(self, place: Place) -> str | None:
        return None if place[1].endswith("grubenv") else "x"

    def exists(self, place: Place) -> bool:
        return bool(place[0])

    def folder(self, place: Place) -> bool:
        return not place[0]


def test_arguments_that_all_entries_of_isolinux_have() -> None:
    menu = "append initrd=i inst.stage2=x\nlabel a\n  kernel k\nlabel b\n kernel k\n append -\n"
    edited = bootloader.edit("isolinux.cfg", menu, _EL7)
    found = syslinux_menu.started("isolinux.cfg", {"isolinux.cfg": edited}.get)
    assert not isinstance(found, str)
    assert found.arguments.split()[:3] == ["initrd=i", "inst.stage2=x", _EL7.kickstart]
