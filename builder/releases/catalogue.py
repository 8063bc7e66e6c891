"""The catalogue: releases by name, from the tables beside this file."""

import functools
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from builder.errors import ConfigError, UsageError, suggest
from builder.model.release import Medium, Release
from builder.releases.rows import Row, filled, whole

_HERE = Path(__file__).parent
_MINOR = re.compile(r"(.+\d)\.(\d{1,2})")


def find(name: str) -> Release:
    """Return the release called `name`, which may be a minor version of one: rocky9.6.

    Raises UsageError with the nearest name if there is none.
    """
    releases = _catalogue()
    if name in releases:
        return releases[name]
    found = _MINOR.fullmatch(name)
    if found and found[1] in releases and releases[found[1]].minors:
        return _minor(found[1], found[2])
    raise UsageError(f"There is no release {name!r}.", hint=suggest(name, releases))


def names() -> tuple[str, ...]:
    """Return the names of all releases, sorted."""
    return tuple(sorted(_catalogue()))


def find_medium(release: Release, name: str = "") -> Medium:
    """Return a medium of `release`, its default one for ""; UsageError for an unknown name."""
    chosen = name or release.default_medium
    if chosen not in release.media:
        raise UsageError(
            f"{release.name} has no medium {chosen!r}.", hint=suggest(chosen, release.media)
        )
    return release.media[chosen]


def parse(
    text: str,
    *,
    source: str,
    families: Mapping[str, Row],
    digests: Mapping[str, Row],
) -> dict[str, Release]:
    """Read a catalogue; ConfigError for what is not TOML, unknown, ill-typed or contradictory.

    A name that occurs twice is refused by TOML itself.
    """
    rows = _rows(text, source)
    return {
        name: _release(whole(name, rows, families, source=source), digests, source=source)
        for name in rows
    }


def _rows(text: str, source: str) -> dict[str, Row]:
    try:
        return msgspec.convert(tomllib.loads(text), dict[str, dict[str, Any]])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise _wrong(source, error) from error


def _release(row: Row, digests: Mapping[str, Row], *, source: str) -> Release:
    row = filled(row)
    for key, medium in row.get("media", {}).items():
        if isinstance(medium, dict) and medium.get("file") in digests:
            row["media"][key] = digests[medium["file"]] | medium
    try:
        release = msgspec.convert(row, Release)
    except msgspec.ValidationError as error:
        raise _wrong(f"{source}: {row['name']}", error) from error
    if release.default_medium not in release.media:
        raise ConfigError(
            f"{source}: {release.name} names the default medium {release.default_medium!r}, "
            "which it does not have.",
            hint=suggest(release.default_medium, release.media),
        )
    return release


def _wrong(place: str, error: Exception) -> ConfigError:
    return ConfigError(f"{place} is wrong: {error}.", hint="Compare with the rows that work.")


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@functools.cache
def _families() -> dict[str, Row]:
    return _rows(_read("families.toml"), "families.toml")


@functools.cache
def _digests() -> dict[str, Row]:
    return _rows(_read("digests.toml"), "digests.toml")


@functools.cache
def _catalogue() -> dict[str, Release]:
    source = "releases.toml"
    return parse(_read(source), source=source, families=_families(), digests=_digests())


def _minor(name: str, minor: str) -> Release:
    source = "releases.toml"
    row = whole(name, _rows(_read(source), source), _families(), source=source)
    major = str(row["version"]).partition(".")[0]
    changed = row | {"name": f"{name}.{minor}", "version": f"{major}.{minor}"}
    return _release(changed, _digests(), source=source)
