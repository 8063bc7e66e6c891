"""Whether a row has the shape of a release: its keys, and what each of them may be."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path as FilePath
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from builder.errors import nearest, suggest
from builder.model.release import (
    MOST_GIB,
    MOST_MIB,
    MOST_VCPUS,
    Digest,
    Disk,
    FileName,
    Fingerprint,
    Line,
    Memory,
    Positive,
    Processors,
    Release,
    Word,
)
from builder.paths.reading import as_path
from builder.releases.lines import Path
from builder.releases.rows import Row

NO_KEYS = ("name", "family", "kin", "followed_by")
"""What a release has of its table's name, of what it extends, and of newer versions."""
_SAID = 60
"""Characters that are shown of a value."""
_WORDS: tuple[tuple[Any, str], ...] = (
    (Digest, "a sha256, 64 hex digits in small letters"),
    (FileName, "the name of a file, without its folder"),
    (Fingerprint, "a fingerprint, 40 hex digits in capitals without spaces"),
    (Line, "a text of one line"),
    (Word, "a text without blanks"),
    (Positive, "a whole number, more than 0"),
    (Memory, f"a whole number from 1 to {MOST_MIB}"),
    (Processors, f"a whole number from 1 to {MOST_VCPUS}"),
    (Disk, f"a whole number from 1 to {MOST_GIB}"),
    (bool, "true or false"),
    (str, "a text"),
    (FilePath, "a path (without NUL)"),
    (date, "a date, such as 2030-05-31"),
)
_REASONS: tuple[tuple[Any, int, str], ...] = (
    (Memory, MOST_MIB, "It counts MiB; no installer needs more than a TiB."),
    (Processors, MOST_VCPUS, "KVM gives no guest more."),
    (Disk, MOST_GIB, "It counts GiB; the qcow2 that is installed to gets no larger."),
)


class Wrong(msgspec.Struct, frozen=True):
    """A mistake: where in the row, what, and what to do."""

    path: Path
    text: str
    hint: str = ""


def of_release() -> dict[str, Any]:
    """Return the keys that a row may have, and what each may be."""
    return {**_of_older(), "extends": str, "older": Release}


def _of_older() -> dict[str, Any]:
    return {key: kind for key, kind in keys(Release).items() if key not in NO_KEYS}


def examine(row: Row) -> tuple[Row, list[Wrong]]:
    """Return a row without what is wrong in it, and that."""
    wrong: list[Wrong] = []
    return table(row, of_release(), (), wrong), wrong


def missing(row: Row) -> Iterator[Wrong]:
    """Yield what a whole row lacks."""
    yield from absent(row, Release, ())
    for name, medium in _tables(row.get("media")):
        yield from absent(medium, get_args(keys(Release)["media"])[1], ("media", name))
    if isinstance(row.get("checksums"), dict):
        kind = _struct(keys(Release)["checksums"])
        yield from absent(row["checksums"], kind, ("checksums",))


def absent(row: Row, kind: Any, path: Path) -> Iterator[Wrong]:  # noqa: ANN401  # a struct's class
    """Yield what a table lacks that a struct wants."""
    for each in _fields(kind):
        if each.required and each.name not in {*NO_KEYS, *row}:
            text = f"The key {each.name} is missing; it is {wanted(each.type)}."
            yield Wrong((*path, each.name), text)


def _tables(value: object) -> list[tuple[str, Row]]:
    found = value.items() if isinstance(value, dict) else ()
    return [(name, each) for name, each in found if isinstance(each, dict)]


def table(value: Row, kinds: Mapping[str, Any], path: Path, wrong: list[Wrong]) -> Row:
    """Return a table without what is wrong in it, which it adds to `wrong`."""
    right: Row = {}
    for key, each in value.items():
        here = (*path, key)
        if key not in kinds:
            wrong.append(Wrong(here, "There is no such key.", _known(key, each, kinds)))
        elif (found := _value(each, kinds[key], here, wrong)) is not None:
            right[key] = found
    return right


def _known(key: str, value: object, kinds: Mapping[str, Any]) -> str:
    if key.isdecimal() and isinstance(value, dict):
        return f'A dot parts tables: write the name of a release in quotes, ["NAME.{key}"].'
    if key == "family":
        return 'Write extends = "el9".'
    return suggest(key, kinds)


def _value(value: object, kind: Any, path: Path, wrong: list[Wrong]) -> object:  # noqa: ANN401  # a type
    """Return a value without what is wrong in it, which it adds to `wrong`; None if all is."""
    inner = _struct(kind)
    many = get_origin(kind) is dict and (get_args(kind)[1] is str or _struct(get_args(kind)[1]))
    if not inner and not many:
        return _plain(value, kind, path, wrong)
    if not isinstance(value, dict):
        wrong.append(Wrong(path, f"It must be a table, not {_said(value)}."))
        return None
    if inner:
        return table(value, _of_older() if inner is Release else keys(inner), path, wrong)
    each = get_args(kind)[1]
    found = {key: _value(one, each, (*path, key), wrong) for key, one in value.items()}
    return {key: one for key, one in found.items() if one is not None}


def _plain(value: object, kind: Any, path: Path, wrong: list[Wrong]) -> object:  # noqa: ANN401  # a type
    try:
        msgspec.convert(value, kind, dec_hook=_taken)
    except msgspec.ValidationError:
        text = f"It must be {wanted(kind)}, not {_said(value)}."
        wrong.append(Wrong(path, text, _remedy(value, kind)))
        return None
    return value


def keys(kind: Any) -> dict[str, Any]:  # noqa: ANN401  # a struct's class
    """Return the fields of a struct with their types."""
    return {each.name: each.type for each in _fields(kind)}


def _taken(kind: Any, value: object) -> object:  # noqa: ANN401  # a type
    """Take what msgspec knows no type for: anything, or a path."""
    if kind is FilePath and value == "":
        raise ValueError("it would be the folder itself")
    return value if kind is object else as_path(kind, value)


_fields = cache(msgspec.structs.fields)  # which evaluates a class's annotations each time


def _struct(kind: Any) -> Any:  # noqa: ANN401  # a type
    """Return the struct that a type is, or may be beside None; None where it is none."""
    kinds = (kind, *get_args(kind)) if get_origin(kind) is not dict else ()
    found = (each for each in kinds if isinstance(each, type) and issubclass(each, msgspec.Struct))
    return next(found, None)


def wanted(kind: Any) -> str:  # noqa: ANN401  # a type
    """Return in words what a value of a type is."""
    for known, words in _WORDS:
        if kind == known or (
            known != Digest and known in get_args(kind) and type(None) in get_args(kind)
        ):
            return words
    if NoneType in get_args(kind):
        return wanted(get_args(kind)[0])
    if get_origin(kind) is Annotated:
        return _bounded(*get_args(kind)[:2])
    if get_origin(kind) is Literal:
        return f"one of {', '.join(repr(each) for each in get_args(kind))}"
    if get_origin(kind) is tuple:
        return f"a list, of which each is {wanted(get_args(kind)[0])}"
    return "a table, of which each is a text" if get_args(kind) == (str, str) else "a table"


def _bounded(kind: Any, meta: msgspec.Meta) -> str:  # noqa: ANN401  # a type
    """Return in words what a number is that has bounds."""
    most = "" if meta.le is None else f" to {meta.le}"
    if kind is int:
        least = meta.ge if meta.gt is None else meta.gt + 1
        return f"a whole number from {least}{most or ' on'}"
    return f"a number, more than {meta.gt}{f' and {meta.le} at most' if most else ''}"


def _said(value: object) -> str:
    text = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else repr(value)
    text = str(text)
    return text if len(text) <= _SAID else f"{text[:_SAID]}…"


def _remedy(value: object, kind: Any) -> str:  # noqa: ANN401  # a type
    for known, most, reason in _REASONS:
        if kind == known and isinstance(value, int) and value > most:
            return reason
    values = value if isinstance(value, list) else [value]
    texts = [each for each in values if isinstance(each, str)]
    plain = [re.sub(r"[\s:]", "", each) for each in texts]
    if kind == Digest and plain:
        return f"It has {len(plain[0])} digits: take all of what sha256sum prints."
    if Fingerprint in get_args(kind):
        right = [each.upper() for each in plain if re.fullmatch("[0-9A-Fa-f]{40}", each)]
        return f"Write {', '.join(right)}." if right else "gpg --show-keys FILE prints it."
    if get_origin(kind) is tuple and isinstance(value, str):
        return "Put it in square brackets."
    if texts and (words := _literals(kind)):
        return next(filter(None, (nearest(each, words) for each in texts if each not in words)), "")
    return _quotes(value, kind)


def _literals(kind: Any) -> tuple[str, ...]:  # noqa: ANN401  # a type
    """Return the words of a type that a text, or each of a list, must be one of."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    return next(filter(None, map(_literals, get_args(kind))), ())


def _quotes(value: object, kind: Any) -> str:  # noqa: ANN401  # a type
    """Return what to do with the quotes of a value where they are all that is wrong with it."""
    plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    dated = isinstance(value, date) and date not in get_args(kind)
    if dated or (plain is str and isinstance(value, int | float)):
        return "Put it in quotes."
    if plain not in (int, bool) or not isinstance(value, str):
        return ""
    try:
        msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        return ""
    return "Take the quotes away."
