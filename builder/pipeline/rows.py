"""A row of a pipeline, [[build]] or a combination of [matrix], made a job."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path as FilePath
from typing import Any

import msgspec
from msgspec.structs import replace

from builder.errors import BuilderError, ConfigError, UsageError
from builder.kickstart import variables
from builder.kickstart.library import Library
from builder.model.build import BuildOrder, Rebuild
from builder.model.kickstart import Variable
from builder.paths.reading import as_path
from builder.pipeline.job import Count, Job
from builder.recipes.order import Request, refuse_contradictions, resolve
from builder.recipes.unused import refuse_idle, usable
from builder.releases import catalogue
from builder.releases.lines import Path
from builder.releases.rows import Row
from builder.releases.shape import Wrong, keys

_OF_JOBS: dict[str, Any] = {"rebuild": Rebuild, "max_age_days": Count}
"""What a row says of when it is built; all else is its Request."""
KEYS: dict[str, Any] = {**keys(Request), **_OF_JOBS}
NO_AXES = ("waive", *_OF_JOBS)
"""What all images of a matrix have in common."""
_OF_AN_ISO = {"sha256", "allow_unverified"}


class Asked(msgspec.Struct, frozen=True):
    """A row, and the table that it comes from."""

    path: Path
    row: Row
    varied: Row = {}
    """What of it is one of several values, in a matrix."""
    label: str = ""
    """What names get of the variables among these."""


def job(
    asked: Asked, defaults: Row, library: Library, *, folder: FilePath, wrong: list[Wrong]
) -> Job | None:
    """Return the job of a row whose shape is right; None where it cannot be, which `wrong` tells.

    Paths are seen from `folder`. `variables` add to those of the defaults, of which a build with a
    plain kickstart of its own gets those that it can use. Its files are looked for when it is
    built, but for the kickstart.
    """
    row = _with_defaults(asked.row, defaults)
    if "release" not in row:
        text = "The key release is missing; it is a text."
        wrong.append(Wrong(asked.path, text, "`builder release list` shows what there is."))
        return None
    if asked.label:
        row["label"] = "-".join(filter(None, (row.get("label", ""), asked.label)))
    asking = {key: row[key] for key in row if key not in _OF_JOBS}
    request = msgspec.convert(asking, Request, dec_hook=partial(as_path, folder=folder))
    own = request.kickstart if "kickstart" in asked.row else None
    given = {**usable(defaults.get("variables", {}), own), **request.variables}
    request = replace(request, variables=given)
    order = _resolved(request, library, _Place(asked, defaults), wrong)
    if order is None:
        return None
    return Job(
        name=order.name,
        medium=order.variant,
        request=request,
        **{key: row[key] for key in row if key in _OF_JOBS},
    )


class _Place(msgspec.Struct, frozen=True):
    """Where the keys of a row are."""

    asked: Asked
    defaults: Row

    def of(self, key: str, *more: str) -> Path:
        """Return the path of a key: its row's, or that of the defaults that it has it from."""
        for path, row in ((self.asked.path, self.asked.row), (("defaults",), self.defaults)):
            if key in row and (not more or more[0] in row[key]):
                return (*path, key, *more)
        return self.asked.path


def _with_defaults(row: Row, defaults: Row) -> Row:
    """Return a row with the defaults, but for variables.

    A password that is for all is for those whose kickstart can use one, and what is said of ISOs at
    hand for those that have one. How an ISO is to be verified a row says alone, if it does.
    """
    idle = {"variables"}
    if not str(row.get("kickstart", ".j2")).endswith(".j2"):
        idle.add("root_password_file")
    if "iso" not in row and "iso" not in defaults:
        idle |= _OF_AN_ISO
    if _OF_AN_ISO & row.keys():
        idle |= _OF_AN_ISO
    return {**{key: defaults[key] for key in defaults if key not in idle}, **row}


def _resolved(
    request: Request, library: Library, place: _Place, wrong: list[Wrong]
) -> BuildOrder | None:
    """Look up the names in a request."""
    names = replace(request, iso=None, sha256="", allow_unverified=False, root_password_file=None)
    key = "release"
    try:
        release = library.release(request.release)
        key = "medium"
        catalogue.find_medium(release, request.medium)
        key = "profile"
        profile = library.profile(request.profile, release)
        key = ""
        refuse_contradictions(request)
        password = request.root_password_file is not None
        refuse_idle(request.kickstart, request.variables, profile, root_password=password)
        order = resolve(names, library, environ={})
    except (ConfigError, UsageError) as error:
        hint = f"{error.hint} {_leave_out(place.asked.varied, key)}".strip()
        wrong.append(Wrong(place.of(key), error.message, hint))
        return None
    found = list(_of_variables(request.variables, order.kickstart.variables, place))
    wrong += found
    return None if found else order


def _leave_out(varied: Row, key: str) -> str:
    """Return a hint at how a combination that cannot be is left out of a matrix."""
    wanted = ("release", key) if key else [name for name in varied if "." not in name]
    if key == "release" or (key and key not in varied) or not varied:
        return ""
    pairs = ", ".join(f"{name} = {_toml(varied[name])}" for name in wanted if name in varied)
    return f"Or leave it out: exclude = [{{ {pairs} }}]."


def _toml(value: object) -> str:
    """Return a value as TOML has it, whose texts may be written as JSON's."""
    return msgspec.json.encode(value).decode()


def _of_variables(
    given: Mapping[str, str], known: Mapping[str, Variable], place: _Place
) -> list[Wrong]:
    """Return what is wrong with the variables that are given."""
    found = []
    for name, text in given.items():
        try:
            value = variables.convert(known, {name: text})
            variables.resolve(known, [(variables.COMMAND_LINE, value)])
        except BuilderError as error:
            said = error.message.removeprefix(f"{variables.COMMAND_LINE}: ")
            said = said.replace("there is", "There is", 1)
            found.append(Wrong(place.of("variables", name), said, error.hint))
    return found
