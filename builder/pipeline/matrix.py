"""[matrix]: lists of values, of which each combination is an image."""

import math
import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import msgspec

from builder.errors import suggest
from builder.model.build import LABEL, LABELS
from builder.pipeline.rows import KEYS, NO_AXES, Asked
from builder.releases.lines import Path
from builder.releases.rows import Row
from builder.releases.shape import Wrong, table

MOST = 1000
"""Images of a file: somebody has meant another matrix."""
_VARIABLES = "variables"
_FEWER = "Take values away, or leave a key out."


class _Axis(msgspec.Struct, frozen=True):
    """What differs: a key, or a kickstart variable; its values, and what names get of each."""

    path: Path
    values: dict[str, Any]
    """By labels; for keys that names know of by themselves these are numbers."""


def combinations(matrix: Row, path: Path, wrong: list[Wrong]) -> Iterator[Asked]:
    """Yield the rows of a matrix, as [[build]] tables would have them; nothing where it is wrong.

    The last key varies fastest.
    """
    mistakes: list[Wrong] = []
    axes = _axes(matrix, path, mistakes)
    size = math.prod(len(each.values) for each in axes)
    if size > MOST:
        text = f"It comes to {size} images; {MOST} are the most."
        mistakes.append(Wrong(path, text, _FEWER))
    wrong += mistakes
    if mistakes:
        return
    left_out = _excluded(matrix.get("exclude", []), axes, path, wrong)
    rows = [
        _asked(path, _row(matrix, axes, labels), axes, labels)
        for labels in product(*(each.values for each in axes))
        if not any(_matches(each, axes, labels) for each in left_out)
    ]
    if not rows:
        wrong.append(Wrong((*path, "exclude"), "It leaves out every image.", "Take one away."))
    yield from rows


def _axes(matrix: Row, path: Path, wrong: list[Wrong]) -> list[_Axis]:
    axes = []
    for key, value in matrix.items():
        here = (*path, key)
        if key == "exclude":
            continue
        if key == _VARIABLES:
            axes += _of_variables(value, here, wrong)
        elif key not in KEYS:
            hint = suggest(key, (*KEYS, "exclude"))
            wrong.append(Wrong(here, "There is no such key.", hint))
        elif key in NO_AXES or not isinstance(value, list):
            table({key: value}, KEYS, path, wrong)
        else:
            axes.append(_of_list(value, here, wrong))
    return axes


def _of_list(values: list[Any], path: Path, wrong: list[Wrong]) -> _Axis:
    for value in values:
        table({path[-1]: value}, KEYS, path[:-1], wrong)
    _judge(values, path, wrong)
    return _Axis(path[-1:], {str(number): value for number, value in enumerate(values)})


def _judge(values: list[Any], path: Path, wrong: list[Wrong]) -> None:
    """Tell of what a list of values cannot be."""
    if not values:
        wrong.append(Wrong(path, "It has no value.", "Give one at least, or leave the key out."))
    if len(values) > MOST:
        wrong.append(Wrong(path, f"It has {len(values)} values; {MOST} are the most.", _FEWER))
        return
    twice = next((each for number, each in enumerate(values) if each in values[:number]), None)
    if twice is not None:
        wrong.append(Wrong(path, f"It has {twice!r} twice.", "Take one of them away."))


def _of_variables(value: object, path: Path, wrong: list[Wrong]) -> list[_Axis]:
    """Return an axis for each variable: NAME = [values], or NAME = { label = value, … }."""
    if not isinstance(value, dict):
        wrong.append(Wrong(path, "It must be a table, of which each is a list of texts."))
        return []
    axes = []
    for name, each in value.items():
        here = (*path, name)
        values = each if isinstance(each, list) else [*each.values()] if _is(each, dict) else [each]
        for one in values:
            table({_VARIABLES: {name: one}}, KEYS, path[:-1], wrong)
        _judge(values, here, wrong)
        if not _is(each, str):
            axes.append(_Axis(("variables", name), _labelled(name, each, here, wrong)))
    return axes


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind)


def _labelled(name: str, values: object, path: Path, wrong: list[Wrong]) -> dict[str, Any]:
    """Return the values of a variable by what the names of their images get."""
    if isinstance(values, dict):
        for label in values:
            if not re.fullmatch(LABEL, label):
                text = f"{label!r} cannot be a part of a template's name."
                wrong.append(Wrong((*path, label), text, LABELS))
        return values
    found: dict[str, Any] = {}
    for value in values if isinstance(values, list) else []:
        label = _label(name, str(value))
        if label in found and found[label] != value:
            text = f"{found[label]!r} and {value!r} would give images one name, {label}."
            hint = f"Name them: {name} = {{ one = …, other = … }}."
            wrong.append(Wrong(path, text, hint))
        found[label] = value
    return found


def _label(name: str, value: str) -> str:
    """Return what the name of an image gets of a variable's value."""
    parts = re.findall("[a-z0-9]+", f"{name} {value}".lower())
    return "-".join([*parts, *([] if value else ["empty"])])[:60].strip("-")


def _row(matrix: Row, axes: list[_Axis], labels: tuple[str, ...]) -> Row:
    """Return the row of one combination."""
    row = {key: value for key, value in matrix.items() if key not in ("exclude", _VARIABLES)}
    variables = {k: v for k, v in matrix.get(_VARIABLES, {}).items() if isinstance(v, str)}
    for axis, label in zip(axes, labels, strict=True):
        if axis.path[0] == _VARIABLES:
            variables[axis.path[1]] = axis.values[label]
        else:
            row[axis.path[0]] = axis.values[label]
    if variables:
        row[_VARIABLES] = variables
    return row


def _asked(path: Path, row: Row, axes: list[_Axis], labels: tuple[str, ...]) -> Asked:
    pairs = [*zip(axes, labels, strict=True)]
    return Asked(
        path,
        row,
        varied={".".join(axis.path): axis.values[label] for axis, label in pairs},
        label="-".join(label for axis, label in pairs if axis.path[0] == _VARIABLES),
    )


_Match = Mapping[Path, tuple[Any, ...]]
"""The values of some axes."""


def _excluded(tables: object, axes: list[_Axis], path: Path, wrong: list[Wrong]) -> list[_Match]:
    """Return what is left out."""
    here = (*path, "exclude")
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        hint = 'Write exclude = [{ release = "rocky8", firmware = "uefi" }].'
        wrong.append(Wrong(here, "It must be a list of tables.", hint))
        return []
    if len(tables) > MOST:
        wrong.append(Wrong(here, f"It has {len(tables)} tables; {MOST} are the most."))
        return []
    found = []
    for number, each in enumerate(tables):
        place = (*here, str(number))
        if not each:
            wrong.append(Wrong(place, "It would leave out every image.", "Give it a key."))
        found.append(_wanted(each, axes, place, wrong))
    return found


def _wanted(row: Row, axes: list[_Axis], path: Path, wrong: list[Wrong]) -> _Match:
    """Return one table of `exclude`; of what the matrix does not have it can match nothing."""
    known = {axis.path: axis for axis in axes}
    found: dict[Path, tuple[Any, ...]] = {}
    for key, value in _flat(row):
        if key not in known:
            hint = suggest(".".join(key), [".".join(each) for each in known], none="It has none.")
            text = "It matches nothing: the matrix has no list of that."
            wrong.append(Wrong((*path, *key), text, hint))
            continue
        values = [*known[key].values.values()]
        wanted = value if isinstance(value, list) else [value]
        for each in (each for each in wanted if each not in values):
            hint = suggest(str(each), map(str, values))
            text = f"It matches nothing: the matrix has no {each!r} there."
            wrong.append(Wrong((*path, *key), text, hint))
        found[key] = tuple(wanted)
    return found


def _flat(row: Row) -> Iterator[tuple[Path, Any]]:
    for key, value in row.items():
        if key == _VARIABLES and isinstance(value, dict):
            yield from (((key, name), each) for name, each in value.items())
        else:
            yield (key,), value


def _matches(wanted: _Match, axes: list[_Axis], labels: tuple[str, ...]) -> bool:
    values = {axis.path: axis.values[label] for axis, label in zip(axes, labels, strict=True)}
    return bool(wanted) and all(values[path] in wanted[path] for path in wanted)
