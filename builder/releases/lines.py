"""On which line of a TOML file each table and key is, which tomllib does not say.

The file is one that tomllib has read: nothing here looks for mistakes. A table of several, such as
[[many]], has its number in the path, from 0 on, as it has in tomllib's list.
"""

import re
from collections.abc import Mapping

Path = tuple[str, ...]
_PART = r"""(?:"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_STATEMENT = re.compile(
    rf"[ \t]*(?:(?P<many>\[)?\[[ \t]*(?P<table>{_KEY})[ \t]*\]|(?P<key>{_KEY})[ \t]*=)"
)
_VALUE = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'{3}.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|.',
    re.DOTALL,
)


def lines(text: str) -> dict[Path, int]:
    """Return the line, from 1 on, of each table's header and each key, by its path."""
    found: dict[Path, int] = {}
    last: dict[Path, int] = {}
    table: Path = ()
    at, line = 0, 1
    while at < len(text):
        statement = _STATEMENT.match(text, at)
        if statement and statement["table"]:
            table = _numbered(_path(statement["table"]), last, new=bool(statement["many"]))
            _note(found, (), table, line)
        elif statement:
            _note(found, table, _path(statement["key"]), line)
        end = _end(text, statement.end() if statement else at)
        line += text.count("\n", at, end)
        at = end
    return found


def line_of(path: Path, known: Mapping[Path, int]) -> int:
    """Return the line of what has the path, or of the nearest table that holds it; 0 for none."""
    nearest = next((path[:end] for end in range(len(path), 0, -1) if path[:end] in known), None)
    return known[nearest] if nearest is not None else 0


def _numbered(header: Path, last: dict[Path, int], *, new: bool) -> Path:
    """Return a header's path with the numbers of tables in it; `last` has those that are begun."""
    path: Path = ()
    for place, part in enumerate(header, start=1):
        path = (*path, part)
        if new and place == len(header):
            last[path] = last.get(path, -1) + 1
        if path in last:
            path = (*path, str(last[path]))
    return path


def _note(found: dict[Path, int], table: Path, key: Path, line: int) -> None:
    for end in range(1, len(key) + 1):
        found.setdefault(table + key[:end], line)


def _path(text: str) -> Path:
    return tuple(each.strip("\"'") for each in re.findall(_PART, text))


def _end(text: str, at: int) -> int:
    """Return where the line ends on which a value ends that begins at `at`."""
    depth = 0
    while at < len(text):
        token = _VALUE.match(text, at)
        word = token[0] if token else text[at]
        at += len(word)
        depth += (word in "[{") - (word in "]}")
        if word == "\n" and depth <= 0:
            break
    return at
