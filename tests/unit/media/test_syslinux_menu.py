"""What isolinux starts when nobody presses a key."""

import pytest
from msgspec.structs import replace

from builder.media import syslinux_menu
from builder.media.syslinux_menu import Entry

_LABELS = """\
label one
  kernel k1
  append initrd=i1 a
label two
  menu default
  linux /k2
  initrd i2
  append b "c d"
label disk
  localboot 0xffff
label menu
  kernel vesamenu.c32
"""


def _started(text: str, **others: str) -> Entry | str:
    texts = {"isolinux/isolinux.cfg": text}
    texts |= {name.replace("__", "/"): other for name, other in others.items()}
    return syslinux_menu.started("isolinux/isolinux.cfg", texts.get)


_ONE = ("isolinux/k1", ("isolinux/i1",), "initrd=i1 a")
_TWO = ("k2", ("isolinux/i2",), 'b "c d"')
_STARTED = [
    pytest.param("default vesamenu.c32\ntimeout 600\n", _TWO, id="a menu's default"),
    pytest.param("DEFAULT vesamenu.c32\r\nTIMEOUT\t600\r\n", _TWO, id="of DOS"),
    pytest.param("ui menu.c32\ntimeout 1\ndefault one\n", _ONE, id="the default of ui"),
    pytest.param("default one\n", _ONE, id="no menu, at once"),
    pytest.param("default one\nprompt 1\ntimeout 1\n", _ONE, id="a prompt that ends"),
    pytest.param("default one x y\n", (*_ONE[:2], "initrd=i1 a x y"), id="with arguments"),
    pytest.param("append z\ndefault two\n", _TWO, id="its own append"),
]


@pytest.mark.parametrize(("head", "expected"), _STARTED)
def test_started(head: str, expected: tuple[str, tuple[str, ...], str]) -> None:
    kernel, initrd, arguments = expected
    wanted = Entry(kernel=kernel, initrd=initrd, arguments=arguments)
    found = _started(head + _LABELS)
    assert isinstance(found, Entry)
    assert replace(found, module="") == wanted


_NOT = [
    pytest.param("default vesamenu.c32\n", "waits for a key", id="a menu without time-out"),
    pytest.param("default vesamenu.c32\ntimeout 0\n", "waits for a key", id="no time-out"),
    pytest.param("default one\nprompt 1\n", "waits for a key", id="a prompt"),
    pytest.param("default one\nontimeout two\n", "something else", id="another at the end"),
    pytest.param("default disk\n", "'disk', which is no installer", id="the disk"),
    pytest.param("default menu\n", "'menu', which is no installer", id="another menu"),
    pytest.param("default none\n", "'none', which is none of its entries", id="none"),
    pytest.param("menu start\nui menu.c32\ntimeout 1\n", "another menu", id="another menu first"),
    pytest.param("default menu.c32 o.cfg\ntimeout 1\n", "another menu by", id="another's menu"),
    pytest.param("ui menu.c32 o.cfg\ntimeout 1\n", "another menu by", id="another's menu by ui"),
    pytest.param("implicit 0\ndefault menu.c32\ntimeout 1\n", "may not start", id="no module"),
    pytest.param("", "starts nothing", id="nothing"),
]


@pytest.mark.parametrize(("head", "reason"), _NOT)
def test_not_started(head: str, reason: str) -> None:
    found = _started(head + _LABELS)
    assert isinstance(found, str)
    assert reason in found


def test_a_global_append_is_for_entries_without_one() -> None:
    found = _started("default a\nappend initrd=i g\nlabel a\n  kernel k\n")
    assert isinstance(found, Entry)
    assert found.arguments == "initrd=i g"
    found = _started("default a\nappend initrd=i g\nlabel a\n  kernel k\n  append -\n")
    assert isinstance(found, Entry)
    assert found.arguments == ""


def test_included_files_stand_in_their_place() -> None:
    others = {"isolinux__more.cfg": _LABELS, "boot.cfg": "timeout 0\n"}
    found = _started("default vesamenu.c32\ntimeout 5\ninclude more.cfg\n", **others)
    assert isinstance(found, Entry)
    assert found.kernel == "k2"
    text = "default vesamenu.c32\ntimeout 5\nMENU INCLUDE /boot.cfg\ninclude more.cfg\n"
    assert _started(text, **others) == "waits for a key"
    assert _started("include isolinux.cfg\n") == "goes in circles"


def test_help_is_no_menu() -> None:
    text = "default a\nlabel a\n  text help\n  timeout 0\n  label b\n  endtext\n  kernel k\n"
    found = _started(text)
    assert isinstance(found, Entry)
    assert found.kernel == "isolinux/k"


def test_the_order_of_the_search() -> None:
    found = list(syslinux_menu.search_order())
    assert found[:2] == ["boot/isolinux/isolinux.cfg", "boot/isolinux/syslinux.cfg"]
    assert found[2] == "isolinux/isolinux.cfg"
    assert found[-2:] == ["isolinux.cfg", "syslinux.cfg"]


def test_what_menu_include_names_is_for_modules_alone() -> None:
    others = {"isolinux__more.cfg": _LABELS}
    assert isinstance(_started("menu include more.cfg\nui menu.c32\ntimeout 1\n", **others), Entry)
    found = _started("menu include more.cfg\ndefault one\n", **others)
    assert found == "starts 'one', which is none of its entries"
