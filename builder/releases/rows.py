"""Rows of a catalogue as they are written, made whole: what they extend, what stands for what."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from builder.errors import ConfigError, suggest

Row = dict[str, Any]
STANDS_FOR = ("version", "major", "minor", "arch")
"""What may be written in braces."""
FILLED = (
    "title",
    "volume_id",
    "other_volume_ids",
    "osinfo",
    "urls",
    "checksums",
    "repositories",
    "media",
)
"""Keys in which {version} and its kin stand for something."""
OF_ROWS = ("extends", "older")
"""Keys of a row that a release has not: what it extends; and what comes on top of it for a minor
version before its own, such as the vault's repositories."""
_FIELD = re.compile(rf"{{({'|'.join(STANDS_FOR)})}}")


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one file."""

    source: str
    """The file's path, or the name of one of ours."""
    own: bool = True
    """Whether it is the user's."""
    rows: dict[str, Row] = {}
    flaws: dict[str, str] = {}
    """Rows that cannot be used, and why, as sentences."""
    flaw: str = ""
    """Why the whole file cannot be read."""


class Layers(tuple[Layer, ...]):
    """Files of rows; the first that has a name counts. There may be thousands of them."""

    @cached_property
    def homes(self) -> Mapping[str, Sequence[int]]:
        """The numbers of the layers in which each name is, also where it cannot be used."""
        found: dict[str, list[int]] = {}
        for number, layer in enumerate(self):
            for name in layer.rows.keys() | layer.flaws:
                found.setdefault(name, []).append(number)
        return found

    def having(self, name: str) -> list[Layer]:
        """Return the layers that have a row of that name."""
        found = (self[number] for number in self.homes.get(name, ()))
        return [layer for layer in found if name in layer.rows]


class Place(msgspec.Struct, frozen=True):
    """Where a row is: the layer's number, and its name."""

    layer: int
    name: str


def whole(place: Place, layers: Layers, families: Mapping[str, Row]) -> Row:
    """Return a row with all that it extends, itself on top, and the name of its family.

    The first layer that has a row counts; one that extends its own name extends the row of later
    layers. Tables are joined key by key, anything else is replaced. Raises ConfigError for a row
    that extends none, itself or something that is not there.
    """
    return _whole(layers[place.layer].rows[place.name], place, layers, families)


def extended(place: Place, layers: Layers, families: Mapping[str, Row]) -> Row:
    """Return all that a row extends, without itself; see `whole`."""
    row = layers[place.layer].rows[place.name]
    return _whole({key: row[key] for key in ("extends",) if key in row}, place, layers, families)


def _whole(row: Row, place: Place, layers: Layers, families: Mapping[str, Row]) -> Row:
    seen = [place]
    while (base := _base(row, seen[-1], layers, families)) not in families:
        found = _found(base, seen, layers, families)
        below = layers[found.layer].rows[found.name]
        row = joined(below, row) | {"extends": below.get("extends")}
        seen.append(found)
    kin = [each.name for each in seen if each.name != place.name]
    row = joined(families[base], row) | {"family": base, "name": place.name, "kin": kin}
    return {key: value for key, value in row.items() if key != "extends"}


def _base(row: Row, place: Place, layers: Layers, families: Mapping[str, Row]) -> str:
    base = row.get("extends")
    if not isinstance(base, str):
        raise ConfigError(
            f"{layers[place.layer].source}: {place.name} does not say what it extends.",
            hint=f'Write extends = "el9" there: {", ".join(sorted(families))}, or a release.',
        )
    return base


def _found(base: str, seen: Sequence[Place], layers: Layers, families: Mapping[str, Row]) -> Place:
    at = seen[-1]
    first = at.layer + 1 if base == at.name else 0
    place = located(base, layers, first=first)
    if place in seen or (place is None and base == at.name):
        loop = " extends ".join([*(each.name for each in seen), base])
        raise ConfigError(
            f"{layers[seen[0].layer].source}: {seen[0].name} extends itself: {loop}.",
            hint="One of them must extend a family, or a release of ours.",
        )
    if place is None:
        raise ConfigError(
            f"{layers[at.layer].source}: {at.name} extends {base!r}, "
            "which is neither a family nor a release.",
            hint=suggest(base, {*families, *layers.homes}),
        )
    return place


def located(name: str, layers: Layers, *, first: int = 0) -> Place | None:
    """Return where a row is, in the layers from `first` on; None where it is in none.

    Raises ConfigError where it cannot be used.
    """
    number = next((each for each in layers.homes.get(name, ()) if each >= first), None)
    if number is None:
        return None
    if name in layers[number].flaws:
        raise ConfigError(layers[number].flaws[name], hint="Mend that file, or remove it.")
    return Place(number, name)


def joined(below: Row, above: Row) -> Row:
    """Join two rows, tables key by key."""
    row = dict(below)
    for key, value in above.items():
        old = row.get(key)
        row[key] = (
            joined(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return row


def filled(row: Row) -> Row:
    """Put the version and the architecture where the row has {version}, {minor} and so on."""
    version = str(row.get("version", ""))
    major, _, minor = version.partition(".")
    values = {"version": version, "major": major, "minor": minor, "arch": row.get("arch", "x86_64")}
    return row | {key: _filled(row[key], values) for key in FILLED if key in row}


def _filled(value: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401  # as TOML has it
    if isinstance(value, str):
        return _FIELD.sub(lambda found: str(values[found[1]]), value)
    if isinstance(value, list):
        return [_filled(each, values) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, values) for key, each in value.items()}
    return value
