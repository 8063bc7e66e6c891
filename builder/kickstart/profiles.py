"""Profiles: named variations of a release, one TOML file each."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from builder.errors import ConfigError, UsageError, suggest
from builder.kickstart.folders import folders
from builder.model.kickstart import Profile
from builder.model.release import Release


def find(name: str, *, release: Release, own: Path | None = None) -> Profile:
    """Return the profile `name`; UsageError when there is none, or none for `release`."""
    paths = _paths(own)
    if name not in paths:
        raise UsageError(f"There is no profile {name!r}.", hint=suggest(name, paths))
    profile = _read(paths[name])
    if profile.releases and release.name not in profile.releases:
        raise UsageError(
            f"The profile {name} is not for {release.name}.",
            hint=f"It is for {', '.join(profile.releases)}.",
        )
    return profile


def available(release: Release, *, own: Path | None = None) -> tuple[Profile, ...]:
    """Return the profiles that fit `release`, sorted by name."""
    every = (_read(path) for _name, path in sorted(_paths(own).items()))
    return tuple(each for each in every if not each.releases or release.name in each.releases)


def _paths(own: Path | None) -> dict[str, Path]:
    return {
        path.stem: path
        for folder in reversed(folders(own))
        for path in (folder / "profiles").glob("*.toml")
    }


def _read(path: Path) -> Profile:
    try:
        row: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        return msgspec.convert({**row, "name": path.stem}, Profile)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} is wrong: {error}.", hint="A profile has title, releases and [variables]."
        ) from error
