"""A menu of isolinux or syslinux: what it starts when nobody presses a key.

As ldlinux and menu.c32 of Syslinux 4 to 6 read it (com32/elflink/ldlinux/readconfig.c,
com32/menu/readconfig.c): a keyword in any case and a value in each line, spaces around are nothing.
"""

import re
from collections.abc import Callable, Iterator
from posixpath import join, normpath

import msgspec

_DEEPEST = 8  # files that include each other
_MODULE = re.compile(r"\S+\.(?:c32|cbt)", re.IGNORECASE)
_INCLUDES = {"include", "menu include"}
# By their ends isolinux takes these for other things than kernels.
_NO_KERNEL = re.compile(r"\S+\.(?:c32|cbt|com|img|0|bin|bss|bs)", re.IGNORECASE)
_FOLDERS = ("boot/isolinux", "isolinux", "boot/syslinux", "syslinux", "")
_PARTS = {"kernel", "linux", "boot", "com32", "config", "localboot", "append", "initrd"}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What starts."""

    kernel: str
    """Its path from the root of the medium."""
    initrd: tuple[str, ...]
    arguments: str
    """The kernel's command line as the loader hands it on."""
    module: str = ""
    """The path of the module that shows the menu; "" for none."""


Texts = Callable[[str], str | None]
"""From a path to the text there, None if there is none."""


def search_order() -> Iterator[str]:
    """Yield where isolinux looks for its menu, the first that is there counts (iso9660.c)."""
    for folder in _FOLDERS:
        for name in ("isolinux.cfg", "syslinux.cfg"):
            yield join(folder, name)


def beside(name: str) -> Iterator[str]:
    """Yield where isolinux looks for a part of itself."""
    yield from (join(folder, name) for folder in _FOLDERS)


def started(path: str, texts: Texts) -> Entry | str:
    """Return what the menu at `path` starts by itself, or why it does not, to go on after that."""
    folder = path.rpartition("/")[0]
    try:
        menu = _read(path, texts, shown=False)
        if menu.shows():
            menu = _read(path, texts, shown=True)
    except RecursionError:
        return "goes in circles"
    waiting = menu.waits()
    if waiting:
        return waiting
    label = menu.chosen()
    if label is None:
        return "starts nothing by itself"
    return menu.entry(label, folder)


def _read(path: str, texts: Texts, *, shown: bool) -> "_Menu":
    """Read a menu: what MENU INCLUDE names is for the module that shows it alone."""
    menu = _Menu()
    known = _INCLUDES if shown else {"include"}
    for keyword, value in _lines(path, texts, folder=path.rpartition("/")[0], known=known):
        menu.take(keyword, value)
    return menu


def _lines(
    path: str, texts: Texts, *, folder: str, known: set[str], depth: int = 0
) -> Iterator[tuple[str, str]]:
    """Yield keywords and values, those of included files in their place; no help texts."""
    if depth > _DEEPEST:
        raise RecursionError
    in_help = False
    for line in (texts(path) or "").split("\n"):
        keyword, value = directive(line)
        if in_help:
            in_help = keyword != "endtext"
        elif keyword in known:
            # From the folder of the first menu: isolinux goes there once.
            file = _inside(folder, value.split(" ")[0])
            yield from _lines(file, texts, folder=folder, known=known, depth=depth + 1)
        else:
            in_help = (keyword, value.lower()) == ("text", "help")
            yield keyword, value


def included(path: str, texts: Texts) -> tuple[str, ...]:
    """Return the paths of the files that the menu at `path` includes, each once."""
    found: list[str] = []
    waiting = [path]
    while waiting:
        folder, text = path.rpartition("/")[0], texts(waiting.pop()) or ""
        named = [
            value for keyword, value in map(directive, text.split("\n")) if keyword in _INCLUDES
        ]
        new = {_inside(folder, each.split(" ")[0]) for each in named} - {path, *found}
        found += sorted(new)
        waiting += sorted(new)
    return tuple(found)


def directive(line: str) -> tuple[str, str]:
    """Return a line's keyword (lower case, "menu X" as one) and value."""
    keyword, _, value = re.sub(r"[\0-\x20]", " ", line).strip().partition(" ")
    if keyword.lower() == "menu":
        second, _, value = value.strip().partition(" ")
        keyword = f"menu {second}"
    return keyword.lower(), value.strip()


def is_module(command: str) -> bool:
    """Tell whether a command line starts a module, such as one that shows the menu."""
    return _MODULE.match(command) is not None


def _inside(folder: str, path: str) -> str:
    return normpath(join("/", folder, path)).lstrip("/")


class _Menu:
    def __init__(self) -> None:
        self._settings: dict[str, str] = {}
        self._labels: dict[str, dict[str, str]] = {}
        self._block: dict[str, str] = {}
        self._preferred = ""

    def take(self, keyword: str, value: str) -> None:
        if keyword == "label":
            self._block = {}
            self._labels.setdefault(value, self._block)
        elif keyword in {"menu begin", "menu end"}:
            self._block = {}
        elif keyword == "menu default":
            self._preferred = next(
                (name for name, each in self._labels.items() if each is self._block), ""
            )
        elif keyword in _PARTS and self._labels:
            self._part(keyword, value)
        elif keyword == "append":
            self._settings["append"] = value
        else:
            self._settings[keyword] = value

    def _part(self, keyword: str, value: str) -> None:
        if keyword in {"append", "initrd"}:
            self._block[keyword] = value
            return
        file, _, arguments = value.partition(" ")
        self._block.update({"type": keyword, "file": file, "more": arguments})

    def waits(self) -> str:
        timeout = self._settings.get("timeout", "0")
        ends = timeout.isdecimal() and int(timeout) > 0
        if self._settings.get("ontimeout"):
            return "starts something else when its time is over"
        if "menu start" in self._settings or "menu goto" in self._settings:
            return "begins with another menu"
        if self.shows() and " " in self._command().strip():
            return f"shows another menu by {self._command()!r}"
        if self.shows() and "ui" not in self._settings and self._settings.get("implicit") == "0":
            return f"may not start {self._command()!r}, as that is none of its entries"
        asks = self.shows() or self._settings.get("prompt", "0") != "0"
        return "waits for a key" if asks and not ends else ""

    def shows(self) -> bool:
        """Tell whether a module shows the menu."""
        default = self._settings.get("default", "")
        return "ui" in self._settings or (default not in self._labels and is_module(default))

    def _command(self) -> str:
        """Return what shows the menu: a module, and perhaps the files that it reads instead."""
        return self._settings.get("ui", self._settings.get("default", ""))

    def chosen(self) -> str | None:
        default = self._settings.get("default", "")
        if not self.shows():
            return default or None
        if "ui" in self._settings and default.split(" ")[0] in self._labels:
            return default
        return self._preferred or next(iter(self._labels), None)

    def entry(self, wanted: str, folder: str) -> Entry | str:
        """Return what a command line of the loader's starts: a label, and arguments perhaps."""
        name, _, more = (wanted, "", "") if wanted in self._labels else wanted.partition(" ")
        block = self._labels.get(name)
        if block is None:
            return f"starts {name!r}, which is none of its entries"
        other = block.get("type") == "kernel" and _NO_KERNEL.fullmatch(block["file"])
        if block.get("type") not in {"kernel", "linux"} or other:
            return f"starts {name!r}, which is no installer"
        append = block.get("append", self._settings.get("append", ""))
        line = " ".join(each for each in (block["more"], _given(append), more) if each)
        return Entry(
            kernel=_inside(folder, block["file"]),
            initrd=tuple(_inside(folder, each) for each in _initrds(block, line)),
            arguments=line,
            module=_inside(folder, self._command().split(" ")[0]) if self.shows() else "",
        )


def _given(append: str) -> str:
    return "" if append == "-" else append


def _initrds(block: dict[str, str], line: str) -> tuple[str, ...]:
    named = [block["initrd"]] if "initrd" in block else []
    named += [each[7:] for each in line.split(" ") if each.startswith("initrd=")]
    # The last one counts; what is in it is a list.
    return tuple(named[-1].split(",")) if named else ()
