"""Profiles: named variations of a release, one TOML file each."""

import os
import tomllib
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

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
        profile = msgspec.convert({**row, "name": path.stem}, Profile, dec_hook=_path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} is wrong: {error}.",
            hint="A profile has title, releases, checks and [variables].",
        ) from error
    return replace(profile, checks=tuple(_check(path, each) for each in profile.checks))


def _path(kind: type[Any], value: object) -> object:
    if kind is Path and not isinstance(value, str):
        raise ValueError("checks are paths")
    return Path(str(value)) if kind is Path else value  # a variable's, checked later


def _check(profile: Path, check: Path) -> Path:
    """Return the full path: checks are named from the folder that holds profiles/."""
    found = (profile.parent.parent / check).resolve()
    if not found.is_file() or not (found.suffix == ".py" or os.access(found, os.X_OK)):
        raise ConfigError(
            f"{profile}: the check {check} is no program and no Python file.",
            hint=f"It is looked for as {found}; make it executable.",
        )
    return found
