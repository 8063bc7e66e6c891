"""Netplan's files, read as far as cards are concerned: mappings in YAML's block and flow styles."""

import re
from collections.abc import Iterator

_FLOW = re.compile(r"[{},]|\"[^\"]*\"|'[^']*'|[^{},\"']+")
_LARGEST = 1 << 18
_DEEPEST = 32
"""Levels of mappings; what is below is nothing that netplan knows."""
_COMMENT = re.compile(r"(?:^|\s)#.*$")

Path = tuple[str, ...]


def pinned(text: str, by_place: re.Pattern[str], mac: re.Pattern[str]) -> Iterator[str]:
    """Yield the keys and names that are those of one machine.

    A card's key is its name, unless `match` says by what it is found: then it is any word.
    """
    found = list(_leaves(text[:_LARGEST]))
    matched = {path[:-1] for path, _ in found if path[-1:] == ("match",)}
    matched |= {path[:-2] for path, _ in found if path[-2:-1] == ("match",)}
    for path, value in found:
        if path[-1] == "macaddress" and mac.fullmatch(value):
            yield "macaddress:"
        if path[-2:] == ("match", "name") and by_place.fullmatch(value):
            yield value
    keys = {path[:at] for path, _ in found for at in range(1, len(path) + 1)}
    settled = {path for path, value in found if value}
    for path in sorted(keys - settled - matched):
        if by_place.fullmatch(path[-1]):
            yield path[-1]


def _leaves(text: str) -> Iterator[tuple[Path, str]]:
    """Yield each key with all above it, and its value; empty where more keys or nothing follows."""
    above: list[tuple[int, str]] = []
    for line in (_COMMENT.sub("", each) for each in text.splitlines()):
        key, colon, value = line.partition(":")
        name = _bare(key)
        if not colon or not name or name.startswith("-"):
            continue
        indent = len(key) - len(key.lstrip())
        while above and above[-1][0] >= indent:
            above.pop()
        if len(above) == _DEEPEST:
            continue
        above.append((indent, name))
        path = tuple(each for _, each in above)
        value = value.strip()
        yield from _flow(path, value) if value.startswith("{") else [(path, _bare(value))]


def _flow(path: Path, value: str) -> Iterator[tuple[Path, str]]:
    """Yield the same of a mapping in braces."""
    yield path, ""
    above, key = [path], ""
    for part in map(str.strip, _FLOW.findall(value)):
        if len(above) > _DEEPEST:
            return
        if part == "{":
            above.append((*above[-1], key) if key else above[-1])
            key = ""
        elif part == "}":
            above, key = above[:-1] or [path], ""
        elif part == ",":
            key = ""
        elif key:
            yield (*above[-1], key), _bare(part)
        else:
            key, _, said = (_bare(each) for each in part.partition(":"))
            if key and (said or len(above) > 1):
                yield (*above[-1], key), said


def _bare(word: str) -> str:
    return word.strip().strip("\"'").strip()
