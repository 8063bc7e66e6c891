"""Which menu GRUB comes to, and which entry it starts by itself."""

import pytest

from builder.media import grub_menu
from builder.media.grub_menu import Menu
from builder.media.grub_run import Run
from builder.media.grub_state import Place, State

_ENTRIES = "menuentry 'one' --id first {\n a\n}\nmenuentry two {\n b\n}\nsubmenu more {\n c\n}\n"


class _Files:
    label = "CentOS 7 x86_64"
    uuid = "2026-01-02-03-04-05-06"

    def __init__(self, **texts: str) -> None:
        self._texts = {name.replace("__", "/"): text for name, text in texts.items()}

    def text(self, place: Place) -> str | None:
        return self._texts.get(f"{place[0]}{place[1]}")

    def exists(self, place: Place) -> bool:
        return self.text(place) is not None

    def folder(self, place: Place) -> bool:
        return any(each.startswith(f"{place[0]}{place[1]}/") for each in self._texts)


def _menus(text: str, files: _Files | None = None) -> tuple[Menu, ...]:
    state = State(values={"root": "image", "prefix": "(image)/EFI/BOOT"})
    return Run(files or _Files()).menu(text, ("image", "/grub.cfg"), state)


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
    pytest.param(
        "load_env -f (hd0)/x\nset default=${saved_entry}\nset timeout=1\n", None, id="saved"
    ),
    pytest.param("if sometimes; then set default=1; fi\nset timeout=1\n", None, id="in some cases"),
    pytest.param("if true; then set default=1; fi\nset timeout=1\n", "two", id="in every case"),
    pytest.param("if false; then set default=1; fi\nset timeout=1\n", "one", id="in no case"),
    pytest.param("function f {\n set default=1\n}\nset timeout=1\nf\n", "two", id="a function"),
    pytest.param("function f {\n set default=1\n}\nset timeout=1\n", "one", id="not called"),
    pytest.param(
        "if sometimes; then\nmenuentry zero {\n a\n}\nfi\nset default=1\nset timeout=1\n",
        None,
        id="an entry that may be there",
    ),
]


@pytest.mark.parametrize(("head", "title"), _STARTED)
def test_started(head: str, title: str | None) -> None:
    found = _menus(head + _ENTRIES)
    assert {(each.trouble, grub_menu.waits(each)) for each in found} == {("", "")}
    titles = {(entry := grub_menu.started(each)) and entry.title for each in found}
    assert titles == {title} or (title is None and len(titles) > 1)


@pytest.mark.parametrize(
    "head",
    [
        "",
        "set timeout=5\nconfigfile /none\nunset timeout",
        "set timeout=-1",
        "set timeout=x",
        "set timeout=$t",
    ],
)
def test_waits(head: str) -> None:
    (menu,) = _menus(f"{head}\n{_ENTRIES}")
    assert "wait" in grub_menu.waits(menu)


def test_a_menu_may_wait_in_some_cases() -> None:
    found = _menus(f"set timeout=5\nif sometimes; then unset timeout; fi\n{_ENTRIES}")
    assert sorted(map(grub_menu.waits, found)) == ["", "waits for a key"]


def test_what_is_not_exported_stays_behind() -> None:
    files = _Files(image__a=f"set default=$d\nset timeout=$t\n{_ENTRIES}")
    (menu,) = _menus("set timeout=5\nset d=1\nset t=9\nexport d\nconfigfile /a\n", files)
    entry = grub_menu.started(menu)
    assert (entry and entry.title) == "two"
    assert grub_menu.waits(menu) == "waits for a key"


_RETURNING = "r=before\nreturn\nr=after\n"
_SETTLED = [
    # What GRUB 2.06 says, by its own output on a serial line.
    ("if [ $u = 1 ]; then r=y; else r=n; fi", "y"),
    ('if [ "$u" = 1 ]; then r=y; else r=n; fi', "n"),
    ("if [ -n $u ]; then r=y; else r=n; fi", "y"),
    ('if [ -z "$u" -a -n x ]; then r=y; else r=n; fi', "y"),
    ("if [ a = a -o b = c -a c = d ]; then r=y; else r=n; fi", "y"),
    ("if [ a = b -o c = c ]; then r=y; else r=n; fi", "y"),
    ("if [ ! -f /none ]; then r=y; else r=n; fi", "y"),
    ("if ! [ a = b ]; then r=y; else r=n; fi", "y"),
    ("if [ ]; then r=y; else r=n; fi", "y"),
    ('if [ ! "" ]; then r=y; else r=n; fi', "y"),
    ("if [ a = a b ]; then r=y; else r=n; fi", "y"),
    ("if [ a = b ; then r=y; else r=n; fi", "n"),
    ("if [ ( a = b ) -o ( c = c ) ]; then r=y; else r=n; fi", "y"),
    ("if [ 010 -eq 8 ]; then r=y; else r=n; fi", "y"),
    ("if [ x -eq 0 ]; then r=y; else r=n; fi", "y"),
    ("set t=-1; if [ $t -lt 0 ]; then r=y; else r=n; fi", "y"),
    ("if [ -f /dir ]; then r=y; else r=n; fi", "n"),
    ("if [ -d /dir -a -e /dir ]; then r=y; else r=n; fi", "y"),
    ("if [ -f file ]; then r=y; else r=n; fi", "n"),
    ("if [ -s /empty ]; then r=y; else r=n; fi", "n"),
    ('if [ "$grub_platform" = efi ]; then r=e; elif [ $grub_platform = pc ]; then r=p; fi', "p"),
    ("for x in a b c; do r=$r$x; done", "abc"),
    ("for x in a b c; do if [ $x = b ]; then continue; fi; r=$r$x; done", "ac"),
    ("for x in a b c; do if [ $x = b ]; then break; fi; r=$r$x; done", "a"),
    ("for a in $none; do r=x; done; r=$r$?", "0"),
    ('until [ "$j" = aa ]; do j=a$j; done; r=$j', "aa"),
    ('while [ -z "$w" ]; do w=1; r=$r.; done', "."),
    ("false; r=$?", "1"),
    ("[ a = b ]; r=$?", "1"),
    ("if [ a = b ]; then true; fi; r=$?", "0"),
    ('function f {\n r="$1-$2-$#"\n}\nf a "b c"', "a-b c-2"),
    ("function f {\n r=$r$1\n shift\n r=$r$1\n}\nf a b", "ab"),
    ("function f {\n return 1\n}\nif f; then r=y; else r=n; fi", "n"),
    ('set a = b; r="[$a]"', "[]"),
    ('set a=b c=d; r="[$a][$c]"', "[b][]"),
    ('v="x y"; set r=$v', "x"),
    ('v="x y"; for k in $v; do r=$r.$k; done', ".x.y"),
    ("search --no-floppy -l 'CentOS 7 x86_64' --set=r", "iso"),
    ("search --no-floppy --set r --label CentOS\\ 7\\ x86_64", "iso"),
    ("search -s r -l 'CentOS 7 x86_64'", "iso"),
    ("search -nl 'CentOS 7 x86_64' --set=r --hint-bios=hd0", "iso"),
    ("search -l 'CentOS 7 x86_64'", ""),
    ("search 'CentOS 7 x86_64' --set=r", ""),
    ("search --set=r --label 'centos 7 x86_64'", ""),
    ("search --set=r --label ''; r=$r$?", "1"),
    ("search --set=r --fs-label 'CentOS 7 x86_64'", ""),
    ("search --set=r --fs-uuid 2026-01-02-03-04-05-06", "iso"),
    ("search --set=r --fs-uuid 1234-ABCD", ""),
    ("search.fs_label 'CentOS 7 x86_64' r", "iso"),
    ("search.fs_label 'CentOS 7 x86_64'", ""),
    ("search --set=r --hint hd0,msdos1 --file /one", "iso"),
    ("search --set=r --file one", ""),
    ("load_env; r=$?", "1"),
    ("load_env -f (iso)/env; r=$saved_entry", "two"),
    ("load_env -f (iso)/env other; r=$saved_entry$other", "o=1"),
    ("load_env -f (iso)/one; r=$?", "1"),
    ("if loadfont /none; then r=y; else r=n; fi", "n"),
    ("if cmp /file /file; then r=y; else r=n; fi", "y"),
    ("if keystatus --shift; then r=y; else r=n; fi", "n"),
    ("insmod none; r=$?", "0"),
    ("source /none; r=$?", "0"),
    ("source /inc; r=$incl", "INC"),
    ("r=a; break; r=b; return; r=$r$?", "b0"),
    ("source /returning; r=$r", "after"),
    ("r=old; export r; configfile /inc; r=$r$incl", "old"),
]


@pytest.mark.parametrize(("text", "expected"), _SETTLED)
def test_settled(text: str, expected: str) -> None:
    held = {"iso__one": "", "image__file": "x", "image__empty": "", "image__dir/a": ""}
    block = "# GRUB Environment Block\nsaved_entry=two\nother=o=1\n####"
    files = _Files(**held, iso__env=block, image__inc="incl=INC\n", image__returning=_RETURNING)
    values: dict[str, str | None] = {"root": "image", "grub_platform": "pc", "prefix": "(image)"}
    run = Run(files)
    (state,) = run.script(text, ("image", ""), State(values=values))
    assert (state.get("r"), run.found) == (expected, [])


def test_both_ways_are_told() -> None:
    run = Run(_Files())
    text = "if terminal_output gfxterm; then r=y; else r=n; fi"
    found = run.script(text, ("image", ""), State(values={}))
    assert {each.get("r") for each in found} == {"y", "n"}


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
        "if sometimes; then configfile /b; else configfile /c; fi", ["/b", "/c"], id="either"
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
    pytest.param("read t\nset timeout=$t", "waits for a key", id="a question"),
    pytest.param("while true; do\nfoo\ndone", "goes in circles", id="a loop"),
    pytest.param("if a && b; then c; fi", "has &&", id="what is no GRUB's"),
    pytest.param("if [[ a = a ]]; then c; fi", "has a [[", id="of another shell"),
    pytest.param("{ a; }", "has a brace", id="no block"),
    pytest.param("set r=a$ b", "has a $", id="no variable"),
    pytest.param('set r="a$"', "has a $", id="no variable in quotes"),
    pytest.param("a || b", "has ||", id="nor this"),
    pytest.param("for x in $(a); do b; done", "has a", id="nor that"),
    pytest.param("configfile /again", "goes in circles", id="circles"),
    pytest.param("function f {\n f\n}\nf\n", "goes in circles", id="a function in circles"),
]


@pytest.mark.parametrize(("text", "trouble"), _TROUBLES)
def test_trouble(text: str, trouble: str) -> None:
    found = _menus(text, _Files(image__again="configfile /again"))
    assert trouble in found[-1].trouble
