"""The catalogue: releases by name, from the tables beside this file and the user's own."""

import functools
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from builder.errors import BuilderError, ConfigError, UsageError, suggest
from builder.model.release import Medium, Release
from builder.paths.reading import parse_toml
from builder.releases import minors, rules
from builder.releases.rows import OF_ROWS, Layer, Layers, Place, Row, filled, located, whole

_HERE = Path(__file__).parent
_MINOR = re.compile(r"(.+)\.([0-9]{1,4})")
_ANY_CPU = "Haswell-noTSX"
"""Runs every release of ours, if slowly."""


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """What can be installed: a value, made where settings are read."""

    layers: Layers
    families: Mapping[str, Row]
    digests: Mapping[str, Row]
    """Of ISOs that never change, by the names of their files."""

    def find(self, name: str) -> Release:
        """Return the release called `name`, which may be a minor version of one: rocky9.6.

        Raises UsageError with the nearest name if there is none, ConfigError where its row is
        wrong.
        """
        place = located(name, self.layers)
        if place is not None:
            return self._release(place, self._row(place))
        found = _MINOR.fullmatch(name)
        base = located(found[1], self.layers) if found else None
        if found and base is not None:
            return self._minor(base, found[2])
        if name in self.families:
            raise UsageError(
                f"{name} is a family of releases, not one of them.",
                hint=f"Name one: {', '.join(self._members(name))}.",
            )
        flawed = " ".join(self.flaws)
        near = suggest(name, self.names())
        raise UsageError(f"There is no release {name!r}.", hint=f"{near} {flawed}".strip())

    @property
    def flaws(self) -> tuple[str, ...]:
        """Why files of the user's cannot be read."""
        return tuple(layer.flaw for layer in self.layers if layer.flaw)

    def names(self) -> tuple[str, ...]:
        """Return the names of all rows, in people's order, also of those that are wrong."""
        return tuple(sorted(self.layers.homes, key=_natural))

    def knows(self, name: str) -> bool:
        """Tell whether it is a row's name, or may be meant as that of a minor version of one."""
        found = _MINOR.fullmatch(name)
        return not {name, found[1] if found else name}.isdisjoint(self.layers.homes)

    def minors(self, name: str) -> tuple[str, ...]:
        """Return the names of a release's minor versions, oldest first."""
        found = self.find(name)
        return minors.names(found) if self.layers.having(name) else ()

    def source(self, name: str) -> Layer:
        """Return the layer that has the row `name`, or that of which it is a minor version."""
        return (self.layers.having(name) or self.layers.having(name.rpartition(".")[0]))[0]

    def replaced(self, name: str) -> Layer | None:
        """Return the layer whose row of that name does not count, as the user has another."""
        return next(iter(self.layers.having(name)[1:]), None)

    def _members(self, family: str) -> list[str]:
        whole_rows = (self._whole(name) for name in self.names())
        return [row["name"] for row in whole_rows if row and row["family"] == family]

    def _whole(self, name: str) -> Row:
        try:
            place = located(name, self.layers)
            return whole(place, self.layers, self.families) if place else {}
        except ConfigError:  # of another row than those that are asked for
            return {}

    def least_cpu(self, name: str) -> str:
        """Return the smallest CPU model of the release of a template that was once made.

        Its row may be gone since, or on another host.
        """
        try:
            return self.find(name).emulated_cpu
        except BuilderError:
            return _ANY_CPU

    def _minor(self, place: Place, number: str) -> Release:
        row = self._row(place)
        return self._release(place, minors.row_of(row, self._release(place, row), number))

    def _row(self, place: Place) -> Row:
        """Return a row, whole; one that holds a release at an older minor version has ended."""
        row = whole(place, self.layers, self.families)
        newest = self._newest(place) if row.get("minors") else None
        if newest is None or "end_of_life" in self.layers[place.layer].rows[place.name]:
            return row
        last = whole(newest, self.layers, self.families)
        return minors.outdated(row, last.get("version"))

    def _newest(self, place: Place) -> Place | None:
        """Return the row that a row of the user's takes the place of, or is a minor version of."""
        found = _MINOR.fullmatch(place.name)
        for name in (place.name, *((found[1],) if found else ())):
            last = self.layers.homes.get(name, (place.layer,))[-1]
            if Place(last, name) != place and name in self.layers[last].rows:
                return Place(last, name)
        return None

    def _release(self, place: Place, row: Row) -> Release:
        source = self.layers[place.layer].source
        for wrong in rules.of_name(place.name, self.families):
            raise ConfigError(f"{source}: {wrong.text}", hint=wrong.hint)
        return release(row, self.digests, source=source)


def release(row: Row, digests: Mapping[str, Row], *, source: str) -> Release:
    """Return the release of a row that is whole. Raises ConfigError for what is wrong with it."""
    row = filled({key: value for key, value in row.items() if key not in OF_ROWS})
    hint = f"`builder release check {shlex.quote(source)}` shows every mistake of it."
    try:
        row["media"] = {
            key: _with_digest(medium, digests) for key, medium in row.get("media", {}).items()
        }
        found = msgspec.convert(row, Release)
    except (msgspec.ValidationError, AttributeError) as error:
        raise ConfigError(f"{source}: {row['name']} is wrong: {error}.", hint=hint) from error
    if found.default_medium not in found.media:
        raise ConfigError(
            f"{source}: {found.name} names the default medium {found.default_medium!r}, "
            "which it does not have.",
            hint=suggest(found.default_medium, found.media),
        )
    return found


def _with_digest(medium: object, digests: Mapping[str, Row]) -> object:
    """Return a medium with the digest of its file's name, unless it gives one itself."""
    if isinstance(medium, dict) and "sha256" not in medium:
        return digests.get(str(medium.get("file")), {}) | medium
    return medium


def find_medium(release: Release, name: str = "") -> Medium:
    """Return a medium of `release`, its default one for ""; UsageError for an unknown name."""
    chosen = name or release.default_medium
    if chosen not in release.media:
        raise UsageError(
            f"{release.name} has no medium {chosen!r}.", hint=suggest(chosen, release.media)
        )
    return release.media[chosen]


def layer(text: str, *, source: str, own: bool = True) -> Layer:
    """Read a file of rows. Raises ConfigError for what is not TOML, or holds no tables.

    A name that occurs twice is refused by TOML itself.
    """
    tables = parse_toml(text, source=source)
    odd = next((key for key, value in tables.items() if not isinstance(value, dict)), None)
    if odd is not None:
        raise ConfigError(
            f"{source}: {odd} is in no table.", hint="A release is a table: [corp9], then its keys."
        )
    return Layer(source=source, own=own, rows=tables)


@functools.cache
def shipped() -> Catalogue:
    """Return the catalogue of ours alone: what the user adds, settings know of."""
    return Catalogue(
        layers=Layers([_ours("releases.toml")]),
        families=_ours("families.toml").rows,
        digests=_ours("digests.toml").rows,
    )


def _ours(name: str) -> Layer:
    return layer((_HERE / name).read_text(encoding="utf-8"), source=name, own=False)


def with_own(layers: Sequence[Layer]) -> Catalogue:
    """Return the catalogue with the user's own files before ours."""
    ours = shipped()
    return msgspec.structs.replace(ours, layers=Layers([*layers, *ours.layers]))


def find(name: str) -> Release:
    """Return a release of ours; for tests, since it knows none of the user's."""
    return shipped().find(name)


def names() -> tuple[str, ...]:
    """Return the names of ours; for tests, since it knows none of the user's."""
    return shipped().names()


def _natural(name: str) -> list[tuple[int, str]]:
    """Order names as people do: rocky9 before rocky10."""
    parts = re.findall(r"\d+|\D+", name)
    return [(int(part) if part.isdecimal() else 0, part) for part in parts]
