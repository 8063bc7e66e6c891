"""Which menu GRUB comes to, and which entry it starts by itself."""

import pytest

from builder.media import grub_menu
from builder.media.grub_menu import Menu, Place
from builder.media.grub_run import Run
from builder.media.grub_values import Variables

_ENTRIES = "menuentry 'one' --id first {\n a\n}\nmenuentry two {\n b\n}\nsubmenu more {\n c\n}\n"


class _Files:
    label = "CentOS 7 x86_64"

    def __init__(self, **texts: str) -> None:
        self._texts = {name.replace("__", "/"): text for name, text in texts.items()}

    def text(self, place: Place) -> str | None:
        return self._texts.get(f"{place[0]}{place[1]}")

    def exists(self, place: Place) -> bool:
        return self.text(place) is not None


def _menus(text: str, files: _Files | None = None) -> tuple[Menu, ...]:
    variables = Variables(root="image", prefix="(image)/EFI/BOOT")
    return Run(files or _Files(), ("image", "/grub.cfg"), variables).menus(text)


_STARTED = [
    pytest.param("set timeout=5\n", "one", id="no default"),
    pytest.param("set default=1\nset timeout=5\n", "two", id="by number"),
    pytest.param('default="two"\ntimeout=5\n', "two", id="by title, without set"),
    pytest.param("set default=first\nset timeout=0\n", "one", id="by id"),
    pytest.param("set default=7\nset timeout=0\n", "one", id="a number too high"),
    pytest.param("set default=nothing\nset timeout=0\n", "one", id="a title that is not there"),
    pytest.param("set a=1\nset default=$a\nset timeout=1\n", "two", id="a variable"),
    pytest.param("set default=$a\nset timeout=1\n", "one", id="a variable that nobody set"),
    pytest.param("set default=2\nset timeout=1\n", None, id="a submenu"),
    pytest.param("set default='more>x'\nset timeout=1\n", None, id="inside a submenu"),
    pytest.param("load_env\nset default=${saved_entry}\nset timeout=1\n", None, id="saved"),
    pytest.param(
        "if [ $x = 1 ]; then set default=1; fi\nset timeout=1\n", None, id="in some cases"
    ),
    pytest.param("if true; then set default=1; fi\nset timeout=1\n", "two", id="in every case"),
    pytest.param("if false; then set default=1; fi\nset timeout=1\n", "one", id="in no case"),
    pytest.param("function f {\n set default=1\n}\nset timeout=1\nf\n", "two", id="a function"),
    pytest.param("function f {\n set default=1\n}\nset timeout=1\n", "one", id="not called"),
    pytest.param(
        "if [ $x = 1 ]; then\nmenuentry zero {\n a\n}\nfi\nset default=1\nset timeout=1\n",
        None,
        id="an entry that may be there",
    ),
]


@pytest.mark.parametrize(("head", "title"), _STARTED)
def test_started(head: str, title: str | None) -> None:
    (menu,) = _menus(head + _ENTRIES)
    assert (menu.trouble, grub_menu.waits(menu)) == ("", "")
    entry = grub_menu.started(menu)
    assert (entry and entry.title) == title


@pytest.mark.parametrize(
    "head",
    [
        "",
        "set timeout=-1",
        "set timeout=x",
        "set timeout=$t",
        "set timeout=5\nif [ $x = 1 ]; then unset timeout; fi",
        "read t\nset timeout=$t",
    ],
)
def test_waits(head: str) -> None:
    (menu,) = _menus(f"{head}\n{_ENTRIES}")
    assert "wait" in grub_menu.waits(menu)


_JUMPS = [
    pytest.param("configfile /b", ["/b"], id="a file"),
    pytest.param("set root=iso\nconfigfile /a", ["/a"], id="on another device"),
    pytest.param("search --set=root -l 'CentOS 7 x86_64'\nconfigfile /a", ["/a"], id="by label"),
    pytest.param("search --file --set=root /a\nconfigfile ($root)/a", ["/a"], id="by file"),
    pytest.param("search.fs_label CentOS\\ 7\\ x86_64 r\nconfigfile ($r)/a", ["/a"], id="early"),
    pytest.param("search -f /a --set=prefix\nnormal ($prefix)/a", ["/a"], id="normal"),
    pytest.param("set prefix=(image)\nnormal", ["/grub.cfg"], id="normal on its own"),
    pytest.param(f"configfile /none\n{_ENTRIES}", ["/grub.cfg"], id="one that is not there"),
    pytest.param("source /b", ["/grub.cfg"], id="entries of an included file"),
    pytest.param(
        "if [ -f /b ]; then configfile /b; else configfile /c; fi", ["/b"], id="one that is"
    ),
    pytest.param(
        "if [ $x = 1 ]; then configfile /b; else configfile /c; fi", ["/b", "/c"], id="either"
    ),
]


@pytest.mark.parametrize(("text", "paths"), _JUMPS)
def test_jumps(text: str, paths: list[str]) -> None:
    files = _Files(iso__a=_ENTRIES, image__b=_ENTRIES, image__c=_ENTRIES)
    if text.endswith("normal"):
        files = _Files(**{"image__grub.cfg": _ENTRIES})
    found = _menus(text, files)
    assert [each.place[1] for each in found] == paths
    assert {each.trouble for each in found} == {""}


_TROUBLES = [
    pytest.param("", "has no entries", id="nothing"),
    pytest.param("menuentry 'x {\n", "has a quotation", id="a quotation"),
    pytest.param("menuentry x {\n", "has a brace", id="a brace"),
    pytest.param("if true; then\n", "has an if", id="an if"),
    pytest.param("fi\n", "has a fi out of place", id="a fi"),
    pytest.param("linux /k\ninitrd /i\nboot\n", "goes on by boot", id="no menu"),
    pytest.param("configfile (hd0,1)/grub.cfg", "only the machine", id="a disk of the machine"),
    pytest.param("configfile /again", "goes in circles", id="circles"),
    pytest.param("function f {\n f\n}\nf\n", "goes in circles", id="a function in circles"),
]


@pytest.mark.parametrize(("text", "trouble"), _TROUBLES)
def test_trouble(text: str, trouble: str) -> None:
    found = _menus(text, _Files(image__again="configfile /again"))
    assert trouble in found[-1].trouble
