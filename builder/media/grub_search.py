"""GRUB's command search: which device has a label, a UUID or a file (commands/search_wrap.c)."""

import msgspec

from builder.media.grub_menu import Files

_FLAGS = {
    "-l": "label", "--label": "label",
    "-f": "file", "--file": "file",
    "-u": "uuid", "--fs-uuid": "uuid",
    "-n": "", "--no-floppy": "", "--efidisk-only": "", "--root-dev-only": "",
}  # fmt: skip
_HINTS = {
    "-h",
    "--hint",
    "--hint-ieee1275",
    "--hint-bios",
    "--hint-baremetal",
    "--hint-efi",
    "--hint-arc",
}
_SHORT = {"search.fs_label": "label", "search.file": "file", "search.fs_uuid": "uuid"}
COMMANDS = {"search", *_SHORT}
"""The names of the command; the ones with a dot are modules on their own."""


class Search(msgspec.Struct, frozen=True):
    """What is searched, and the variable that names the device then; "" for none."""

    kind: str
    name: str
    variable: str


def search(name: str, arguments: tuple[str, ...]) -> Search | None:
    """Return what a command searches; None for one that GRUB refuses."""
    if name in _SHORT:
        if not arguments:
            return None
        return Search(_SHORT[name], *(*arguments, "")[:2])
    kinds: set[str] = set()
    names: list[str] = []
    variable, rest = "", _single(arguments)
    while rest:
        word = rest.pop(0)
        option, equals, value = word.partition("=")
        if word in _FLAGS:
            kinds.add(_FLAGS[word])
        elif option in {"-s", "--set"}:
            variable = value if equals else _following(rest) or "root"
        elif word == "--":
            names, rest = [*names, *rest], []
        elif option in _HINTS:
            value = value if equals or not rest else rest.pop(0)
        elif word.startswith("-") and word != "-":
            return None
        else:
            names.append(word)
    kind = next((each for each in ("label", "uuid", "file") if each in kinds), "")
    return Search(kind, names[0], variable) if kind and names else None


def _single(arguments: tuple[str, ...]) -> list[str]:
    """Take short options apart that are written as one: -nf."""
    found: list[str] = []
    for each in arguments:
        several = len(each) > 1 and each[0] == "-" != each[1]
        found += [f"-{letter}" for letter in each[1:]] if several else [each]
    return found


def _following(rest: list[str]) -> str:
    """Take the next word, if that is no option."""
    return rest.pop(0) if rest and not (rest[0].startswith("-") and len(rest[0]) > 1) else ""


def devices(wanted: Search, files: Files) -> tuple[str, ...]:
    """Return the devices that it may find first; none where there is no such."""
    if wanted.kind == "label":
        return ("iso",) if wanted.name == files.label else ()
    if wanted.kind == "uuid":
        return ("iso",) if wanted.name.lower() == files.uuid.lower() else ()
    return tuple(each for each in ("iso", "image") if _has(wanted.name, each, files))


def _has(name: str, device: str, files: Files) -> bool:
    return name.startswith("/") and files.exists((device, name))
