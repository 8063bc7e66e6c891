"""What is wrong with a file of releases: all of it, with lines and hints."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

import msgspec
from msgspec.structs import replace

from builder.errors import ConfigError, suggest
from builder.model.release import MOST_MIB
from builder.releases import lines, rules
from builder.releases.catalogue import Catalogue, layer, release
from builder.releases.lines import Path
from builder.releases.rows import (
    FILLED,
    STANDS_FOR,
    Layer,
    Layers,
    Place,
    Row,
    extended,
    filled,
    joined,
)
from builder.releases.shape import NO_KEYS, Wrong, examine, missing

_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)")
_FIELD = re.compile(r"{(\w*)}")
_ASSUMED: Row = {
    "title": "x",
    "version": "0.0",
    "syntax": "RHEL9",
    "volume_id": "x",
    "osinfo": "http://x/x",
    "memory_mib": MOST_MIB,
    "disk_gib": 1,
    "default_medium": "",
    "kickstart": "x",
    "media": {},
}
"""What stands for keys that are missing or wrong, so that the others can be judged."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A mistake in a file of releases."""

    source: str
    line: int
    """0 where it is of no line."""
    table: str = ""
    key: str = ""
    text: str
    hint: str = ""


def shown(finding: Finding) -> str:
    """Return a finding as a line: FILE:LINE: [table] key: what is wrong. What to do."""
    table = f"[{finding.table}] " if finding.table else ""
    key = f"{finding.key}: " if finding.key else ""
    place = f"{finding.source}:{finding.line}: " if finding.line else f"{finding.source}: "
    return f"{place}{table}{key}{finding.text} {finding.hint}".rstrip()


def check(text: str, *, source: str, known: Catalogue, words: rules.Words) -> tuple[Finding, ...]:
    """Return all mistakes of a file, by their lines.

    `known` is the catalogue that it is or will be a part of, `words` are what its rows may name.
    """
    try:
        own = layer(text, source=source)
    except ConfigError as error:
        return (_unreadable(error, source),)
    at = lines.lines(text)
    # Ours go by the names of their files alone, which are nobody's where the user is.
    here = [each for each in known.layers if each.own and _same(each.source, source)]
    others = (each for each in known.layers if all(each is not one for one in here))
    judged = replace(known, layers=Layers([own, *others]))
    found = [
        _finding(source, name, each, at)
        for name, row in own.rows.items()
        for each in (*_twice(name, here), *_of_row(name, row, judged, words))
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda each: each.line))


def _twice(name: str, here: Sequence[Layer]) -> Iterator[Wrong]:
    """Yield what the folder of the file has against a name, as far as the file can be read."""
    for each in here:
        if name in each.flaws and not each.flaw:
            yield Wrong((), each.flaws[name], "Take one of them away.")


def _same(one: str, other: str) -> bool:
    return FilePath(one).resolve() == FilePath(other).resolve()


def _unreadable(error: ConfigError, source: str) -> Finding:
    where = _AT_LINE.search(error.message)
    text = _AT_LINE.sub("", error.message)
    # The file's name is before each finding already.
    text = text.removeprefix(f"{source}: ").replace(f"{source} ", "This file ", 1)
    line = int(where[1]) if where else 0
    return Finding(source=source, line=line, text=text, hint=error.hint)


def _finding(source: str, name: str, wrong: Wrong, at: Mapping[Path, int]) -> Finding:
    *tables, key = (name, *wrong.path)
    if not wrong.path:
        tables, key = [name], ""
    return Finding(
        source=source,
        line=lines.line_of((name, *wrong.path), at),
        table=".".join(each if re.fullmatch(r"[\w-]+", each) else f'"{each}"' for each in tables),
        key=key,
        text=wrong.text,
        hint=wrong.hint,
    )


def _of_row(name: str, row: Row, known: Catalogue, words: rules.Words) -> Iterator[Wrong]:
    yield from rules.of_name(name, known.families)
    base, wrong = _base(name, known)
    yield from wrong
    spelt, odd = _spelt(row)
    yield from odd
    whole_row = joined(base, row)
    values = {key: whole_row[key] for key in ("version", "arch") if _is_text(whole_row.get(key))}
    own, ill = examine(filled(values | spelt))
    yield from ill
    if not wrong:
        yield from missing(whole_row)
    below, ill = examine(
        {key: value for key, value in filled(base | values).items() if key not in NO_KEYS}
    )
    for each in ill[:1]:
        text = f"What it extends is wrong: {'.'.join(each.path)}: {each.text}"
        yield Wrong(("extends",), text, each.hint)
    yield from _judged(name, joined(below, own), known, words)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _base(name: str, known: Catalogue) -> tuple[Row, list[Wrong]]:
    """Return all that a row extends, and what is wrong with that."""
    try:
        return extended(Place(0, name), known.layers, known.families), []
    except ConfigError as error:
        text = error.message.removeprefix(f"{known.layers[0].source}: ")
        return {}, [Wrong(("extends",), text, error.hint)]


def _spelt(row: Row) -> tuple[Row, list[Wrong]]:
    """Return a row in which nothing unknown stands in braces, and what that was."""
    odd: list[Wrong] = []
    return {key: _plain(value, (key,), odd) for key, value in row.items()}, odd


def _plain(value: Any, path: Path, odd: list[Wrong]) -> Any:  # noqa: ANN401  # as TOML has it
    if isinstance(value, dict):
        return {key: _plain(each, (*path, key), odd) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, path, odd) for each in value]
    if not isinstance(value, str) or path[0] not in (*FILLED, "older"):
        return value
    known = (*STANDS_FOR, "file") if path[-2:] == ("checksums", "file") else STANDS_FOR
    for word in _FIELD.findall(value):
        if word not in known:
            hint = suggest(word, known)
            odd.append(Wrong(path, f"Nothing is known that {{{word}}} stands for.", hint))
    return _FIELD.sub(lambda found: found[0] if found[1] in known else f"x{found[1]}", value)


def _judged(name: str, row: Row, known: Catalogue, words: rules.Words) -> Iterator[Wrong]:
    """Yield what rules have against a row whose shape is right, as far as it goes."""
    media = {key: {"file": "x.iso"} | each for key, each in row.get("media", {}).items()}
    checksums = row.get("checksums")
    if checksums is not None and "file" not in checksums:
        row = row | {"checksums": None}
    assumed = _ASSUMED | {"family": "x"} | row | {"media": media, "name": name}
    first = next(iter(media), "")
    named = row.get("default_medium", first)
    if "media" in row and named not in media:
        hint = suggest(named, media, none="A release has a medium at least.")
        yield Wrong(("default_medium",), f"There is no medium {named!r} here.", hint)
    assumed |= {
        "media": media or {"x": {"file": "x.iso"}},
        "default_medium": named if named in media else first or "x",
    }
    if "kickstart" not in row:
        assumed |= {"kickstart": next(iter(words.kickstarts), "x")}
    found = release(assumed, known.digests, source="x")
    yield from rules.of_release(found, words)
