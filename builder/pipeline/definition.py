"""Pipelines: which templates to build, as TOML files that people edit."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

import builder
from builder.errors import ConfigError, UsageError, suggest
from builder.kickstart.library import Library
from builder.model.release import Positive
from builder.monitor import Monitor
from builder.paths.reading import as_path, is_file, parse_toml, read_text
from builder.pipeline.job import Job, Limits, Pipeline
from builder.recipes.order import Request, refuse_contradictions, resolve
from builder.recipes.unused import refuse_idle, usable

_PACKAGE = Path(builder.__file__).parent

_YOURS = ("{}.toml", "pipelines/{}.toml")
"""Where somebody who gives a mere name may have the file: here, or where `init` wrote one."""

_T = TypeVar("_T", bound=msgspec.Struct)


_OF_A_BUILD = "`builder build --help` says what each option takes; keys have their names."
_OF_AN_ISO = {"sha256", "allow_unverified"}
_OF_A_FILE = (
    "title is a text, parallel a number from 1 on, [defaults] a table, and each [[build]] one."
)


class _File(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    parallel: Positive = 1
    defaults: dict[str, Any] = {}
    build: list[dict[str, Any]] = []


def folder() -> Path:
    """Return the folder of the pipelines that come with us."""
    shipped = _PACKAGE / "data" / "pipelines"
    # A checkout has no builder/data: hatchling makes it when it packs the wheel.
    return shipped if shipped.is_dir() else _PACKAGE.parent / "pipelines"


def available(library: Library, *, monitor: Monitor) -> tuple[Pipeline, ...]:
    """Load the pipelines that come with us, by name; a warning tells why one cannot be read.

    What they name may be the user's own: a profile, or the variables.
    """
    found = []
    for path in sorted(folder().glob("*.toml")):
        try:
            found.append(load(path, library))
        except ConfigError as error:
            monitor.tell("warning", error.message)
    return tuple(found)


def find(name: str) -> Path:
    """Return the file that `name` means: a path, or the name of a pipeline that comes with us."""
    if is_file(Path(name)):
        return Path(name)
    if "/" in name:
        raise UsageError(f"There is no file {name}.", hint="`builder pipeline list` shows ours.")
    known = {path.stem: path for path in folder().glob("*.toml")}
    wanted = name.removesuffix(".toml")
    if wanted not in known:
        yours = next((each for each in _YOURS if is_file(Path(each.format(wanted)))), None)
        hint = (
            f"Give yours by its path: {yours.format(wanted)}." if yours else suggest(wanted, known)
        )
        raise UsageError(f"There is no pipeline {name!r}.", hint=hint)
    return known[wanted]


def load(path: Path, library: Library) -> Pipeline:
    """Read a pipeline file; see `parse`. Raises ConfigError also for one that cannot be read."""
    text = read_text(path, hint="A pipeline is a text file.")
    return parse(text, library, path=path)


def parse(text: str, library: Library, *, path: Path) -> Pipeline:
    """Read a pipeline: title, parallel, [defaults], and [[build]] tables whose keys are Request's.

    Paths in it are relative to the file's folder; `variables` add to those of the defaults, of
    which a build with a plain kickstart of its own gets those that it can use.
    Raises ConfigError for what is not TOML, unknown, ill-typed, or builds a template twice.
    """
    rows = parse_toml(text, source=path.name)
    file = _convert(rows, _File, where=path.name, folder=path.parent)
    # On their own first, so that a mistake is reported where it is.
    defaults = {"release": "", **file.defaults}
    base = _convert(defaults, Request, where=f"{path.name}, [defaults]", folder=path.parent)
    jobs = []
    for number, row in enumerate(file.build, start=1):
        where = f"{path.name}, [[build]] {number}"
        asked = _with_defaults(row, file.defaults)
        request = _convert(asked, Request, where=where, folder=path.parent)
        own = request.kickstart if "kickstart" in row else None
        variables = {**usable(base.variables, own), **request.variables}
        jobs.append(_job(replace(request, variables=variables), library, where=where))
    _check_names([job.name for job in jobs], source=path.name)
    return Pipeline(
        name=path.stem,
        title=file.title,
        source=path,
        limits=Limits(parallel=file.parallel),
        jobs=tuple(jobs),
    )


def _with_defaults(row: Mapping[str, object], defaults: Mapping[str, object]) -> dict[str, object]:
    """Return a [[build]] table with the defaults, but for variables.

    A password that is for all is for those whose kickstart can use one, and what is said of ISOs at
    hand for those that have one. How an ISO is to be verified a table says alone, if it does.
    """
    idle = {"variables"}
    if not str(row.get("kickstart", ".j2")).endswith(".j2"):
        idle.add("root_password_file")
    if "iso" not in row and "iso" not in defaults:
        idle |= _OF_AN_ISO
    if _OF_AN_ISO & row.keys():
        idle |= _OF_AN_ISO
    return {**{key: defaults[key] for key in defaults if key not in idle}, **row}


def _convert(row: Mapping[str, object], kind: type[_T], *, where: str, folder: Path) -> _T:
    for key in row:
        if key not in kind.__struct_fields__:
            hint = suggest(key, kind.__struct_fields__)
            raise ConfigError(f"{where}: there is no key {key!r}.", hint=hint)
    try:
        return msgspec.convert(row, kind, dec_hook=partial(as_path, folder=folder))
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"{where}: {error}.",
            hint=_OF_A_BUILD if kind is Request else _OF_A_FILE,
        ) from error


def _job(request: Request, library: Library, *, where: str) -> Job:
    """Name the job and check the names in it; its files are looked for when it is built."""
    names = replace(request, iso=None, sha256="", allow_unverified=False, root_password_file=None)
    try:
        refuse_contradictions(request)
        order = resolve(names, library, environ={})
        password = request.root_password_file is not None
        refuse_idle(request.kickstart, request.variables, order.profile, root_password=password)
    except (ConfigError, UsageError) as error:
        raise ConfigError(f"{where}: {error.message}", hint=error.hint) from error
    return Job(name=order.name, medium=order.variant, request=request)


def _check_names(names: Sequence[str], *, source: str) -> None:
    if not names:
        raise ConfigError(f"{source} builds nothing.", hint="Add a [[build]] table.")
    for number, name in enumerate(names, start=1):
        first = names.index(name) + 1
        if first != number:
            raise ConfigError(
                f"{source}: [[build]] {first} and {number} both make the template {name}.",
                hint="Its name comes from release, medium, kickstart, profile, firmware, "
                "secure_boot and tpm: vary one of them.",
            )
