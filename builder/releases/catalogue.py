"""The catalogue: releases by name, from releases.toml beside this file."""

import functools
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from builder.errors import ConfigError, UsageError, suggest
from builder.model.release import Medium, Release

_FILE = Path(__file__).with_name("releases.toml")


def find(name: str) -> Release:
    """Return the release called `name`; UsageError with the nearest name if there is none."""
    releases = _catalogue()
    if name not in releases:
        raise UsageError(f"There is no release {name!r}.", hint=suggest(name, releases))
    return releases[name]


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


def parse(text: str, *, source: str) -> dict[str, Release]:
    """Read a catalogue; ConfigError for what is not TOML, unknown, ill-typed or contradictory.

    A name that occurs twice is refused by TOML itself.
    """
    try:
        rows = msgspec.convert(tomllib.loads(text), dict[str, dict[str, Any]])
        releases = {
            name: msgspec.convert({**row, "name": name}, Release) for name, row in rows.items()
        }
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(
            f"{source} is wrong: {error}.", hint="Compare with the rows that work."
        ) from error
    for release in releases.values():
        _check(release, source)
    return releases


def _check(release: Release, source: str) -> None:
    if release.default_medium not in release.media:
        raise ConfigError(
            f"{source}: {release.name} names the default medium {release.default_medium!r}, "
            "which it does not have.",
            hint=suggest(release.default_medium, release.media),
        )
    unverified = [name for name, medium in release.media.items() if not medium.sha256]
    if unverified and not release.made_here:
        raise ConfigError(
            f"{source}: {release.name} has no sha256 for {', '.join(unverified)}.",
            hint="Only a medium that is made here can do without.",
        )


@functools.cache
def _catalogue() -> dict[str, Release]:
    return parse(_FILE.read_text(encoding="utf-8"), source=_FILE.name)
