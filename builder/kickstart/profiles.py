"""Profiles: named variations of a release, one TOML file each."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from builder import files
from builder.errors import ConfigError, UsageError, explained, suggest
from builder.kickstart.texts import below
from builder.model.kickstart import CheckFile, Checks, Profile
from builder.model.release import Release
from builder.monitor import Monitor
from builder.paths.reading import is_file, is_plain, read_data, read_toml

_FOLDER = "`kickstarts` in builder.toml, or BUILDER_KICKSTARTS, names the folder."
_LARGEST = 16 << 20
"""Bytes of all files of a profile's checks: they go along with the order of a build."""


def find(
    folders: Sequence[Path],
    name: str,
    *,
    release: Release,
    families: Collection[str] = (),
    media: Callable[[], Collection[str]] | None = None,
) -> Profile:
    """Return the profile `name`; UsageError when there is none, or none for `release`.

    Raises ConfigError if it has variables for a family that is none of `families`, or for a medium
    that is neither one of the release's nor of `media`, which takes longer to ask.
    """
    paths = _paths(folders)
    if name not in paths:
        raise UsageError(f"There is no profile {name!r}.", hint=suggest(name, paths))
    profile = _read(paths[name])
    if not profile.fits(release):
        raise UsageError(
            f"The profile {name} is not for {release.name}.",
            hint=f"It is for {', '.join(profile.releases)}.",
        )
    for family in profile.family if families else ():
        if family not in families:
            raise ConfigError(
                f"{paths[name]}: there is no family {family!r}.", hint=suggest(family, families)
            )
    others = profile.medium.keys() - release.media.keys()
    if others and media and (unknown := sorted(others - set(known := media()))):
        raise ConfigError(
            f"{paths[name]}: no release has a medium {unknown[0]!r}.",
            hint=suggest(unknown[0], known),
        )
    return profile


def available(folders: Sequence[Path], *, monitor: Monitor) -> tuple[Profile, ...]:
    """Return all profiles, sorted by name; what is wrong with others is told as a warning."""
    found = []
    for _name, path in sorted(_paths(folders).items()):
        try:
            found.append(_read(path))
        except ConfigError as error:
            monitor.tell("warning", error.message)
    return tuple(found)


def checks(folders: Sequence[Path], profile: Profile) -> Checks:
    """Return the profile's checks, with the files that they may read.

    Those are what is in the folder that holds profiles/, and all of those of its folders in which
    there is a check: testinfra's conftest.py, what a script sources. Of a check that is elsewhere
    it is what is beside it. Raises ConfigError for files that are too many or cannot be read.
    """
    if not profile.checks:
        return Checks()
    path = _paths(folders)[profile.name]
    programs = [_path(path, check) for check in profile.checks]
    own = path.parent.parent.resolve()
    root = Path(os.path.commonpath([own, *(each.parent for each in programs)]))
    with explained(f"Cannot read what is beside the checks of {path}", error_class=ConfigError):
        files = {file for each in programs for file in _readable(each, own)}
        carried = _carried(sorted(files), root, profile=path)
    return Checks(
        programs=tuple(each.relative_to(root).as_posix() for each in programs), files=carried
    )


def _readable(program: Path, own: Path) -> Iterator[Path]:
    yield program
    if own not in program.parents:
        beside = [path for path in program.parent.iterdir() if is_plain(path)]
        # Not all of /usr/bin: a program from there has its own.
        if sum(path.stat().st_size for path in beside) <= _LARGEST:
            yield from beside
        return
    yield from (path for path in own.iterdir() if is_plain(path))
    inside = program.relative_to(own).parts
    if len(inside) > 1:
        yield from (path for path in below(own / inside[0]) if "__pycache__" not in path.parts)


def _carried(files: Sequence[Path], root: Path, *, profile: Path) -> dict[str, CheckFile]:
    size, carried = 0, {}
    for path in files:
        size += path.stat().st_size
        if size > _LARGEST or not str(path).isprintable():
            raise ConfigError(
                f"{profile}: its checks may read {path}, which cannot go along: "
                f"{'it is too large' if size > _LARGEST else 'its name is no text'}.",
                hint=f"Put them into a folder of their own, {_LARGEST >> 20} MiB at most.",
            )
        carried[path.relative_to(root).as_posix()] = _check_file(path)
    return carried


def _check_file(path: Path) -> CheckFile:
    content = read_data(path, limit=_LARGEST, hint="It is beside a check of a profile.")
    return CheckFile(content=content, executable=os.access(path, os.X_OK))


def _paths(folders: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in reversed(folders):
        inside = files.inside(folder / "profiles", hint=_FOLDER, error_class=ConfigError)
        found |= {path.stem: path for path in inside if path.suffix == ".toml" and _may_be(path)}
    return found


def _may_be(path: Path) -> bool:
    """Tell whether it is a file, or cannot be looked at, as whoever names it is told."""
    try:
        return is_file(path)
    except ConfigError:
        return True


def _refuse_unknown(path: Path, keys: Iterable[str]) -> None:
    for key in keys:
        if key not in Profile.__struct_fields__:
            hint = suggest(key, {*Profile.__struct_fields__} - {"name"})
            raise ConfigError(f"{path}: there is no key {key!r}.", hint=hint)


def _read(path: Path) -> Profile:
    try:
        rows = read_toml(path, hint="Mend that profile, or remove it.")
        _refuse_unknown(path, rows)
        profile = msgspec.convert({**rows, "name": path.stem}, Profile)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"{path} is wrong: {error}.",
            hint="A profile has title, releases, checks, [variables], [family.NAME.variables] and "
            "[medium.NAME.variables].",
        ) from error
    for each in profile.checks:
        _refuse(path, each)
    return profile


def _refuse(profile: Path, check: str) -> None:
    """Raise ConfigError for a check that is none."""
    found = _path(profile, check)
    if not is_file(found) or not (found.suffix == ".py" or os.access(found, os.X_OK)):
        raise ConfigError(
            f"{profile}: the check {check} is no program and no Python file.",
            hint=f"It is looked for as {found}; make it executable.",
        )


def _path(profile: Path, check: str) -> Path:
    """Return the full path: checks are named from the folder that holds profiles/."""
    try:
        return (profile.parent.parent / check).resolve()
    except (RuntimeError, ValueError) as error:  # links in a circle; a NUL
        raise ConfigError(
            f"{profile}: the check {check!r} cannot be a file.", hint="Mend its path."
        ) from error
