"""GRUB's command search: which device has a label or a file."""

from collections.abc import Sequence

from builder.media.grub_menu import Files
from builder.media.grub_values import UNKNOWN, Values

_KINDS = {
    "-l": "label", "--label": "label", "--fs-label": "label", "search.fs_label": "label",
    "-f": "file", "--file": "file", "search.file": "file",
    "-u": "uuid", "--fs-uuid": "uuid", "search.fs_uuid": "uuid",
}  # fmt: skip
COMMANDS = {"search", *(each for each in _KINDS if each.startswith("search"))}


def searched(words: Sequence[str | None], files: Files) -> tuple[str, Values]:
    """Return which variable a search sets, and to what: to nothing where it finds no device."""
    kind = next((_KINDS[each] for each in words if each in _KINDS), "label")
    given = [each for each in words[1:] if each is None or not each.startswith("-")]
    options = [each for each in words if each and each.startswith(("--set=", "-s="))]
    variable = (options[0] or "").partition("=")[2] if options else "root"
    if not options and len(given) > 1 and words[0] != "search":
        variable = given[1] or "root"  # search.file FILE VARIABLE
    name = given[0] if given else None
    return variable, UNKNOWN if name is None else _devices(kind, name, files)


def _devices(kind: str, name: str, files: Files) -> Values:
    if kind == "label":
        return frozenset({"iso"} if name == files.label else ())
    if kind == "uuid":
        return UNKNOWN
    return frozenset(each for each in ("iso", "image") if files.exists((each, name)))
