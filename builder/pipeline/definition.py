"""Pipelines: which templates to build, as TOML files that people edit."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

import builder
from builder.errors import ConfigError, UsageError, suggest
from builder.kickstart.library import Library
from builder.monitor import Monitor
from builder.paths.reading import is_file, is_plain, parse_toml, read_text
from builder.pipeline import findings, matrix, sections
from builder.pipeline.findings import Finding
from builder.pipeline.job import Job, Pipeline
from builder.pipeline.rows import KEYS, Asked, job
from builder.releases import lines
from builder.releases.lines import Path as Place
from builder.releases.rows import Row
from builder.releases.shape import Wrong, table

_PACKAGE = Path(builder.__file__).parent
YOURS = Path("pipelines")
"""Where people have theirs: `init` writes one there."""


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What a file comes to."""

    findings: tuple[Finding, ...] = ()
    pipeline: Pipeline | None = None
    """None where there are findings."""


def folder() -> Path:
    """Return the folder of the pipelines that come with us."""
    shipped = _PACKAGE / "data" / "pipelines"
    # A checkout has no builder/data: hatchling makes it when it packs the wheel.
    return shipped if shipped.is_dir() else _PACKAGE.parent / "pipelines"


def available(library: Library, *, monitor: Monitor) -> tuple[Pipeline, ...]:
    """Load the pipelines that come with us, by name, then those in the folder `pipelines` here.

    A warning tells why one cannot be read: what ours name may be the user's own, too, a profile or
    the variables.
    """
    paths = sorted(folder().glob("*.toml"))
    if YOURS.resolve() != folder().resolve():
        paths += sorted(each for each in YOURS.glob("*.toml") if is_plain(each))
    found = []
    for path in paths:
        try:
            found.append(load(path, library))
        except ConfigError as error:
            monitor.tell("warning", error.message)
    return tuple(found)


def called(pipeline: Pipeline) -> str:
    """Return what people call a pipeline of `available`: ours by its name, theirs by its path."""
    ours = pipeline.source.parent == folder()
    return pipeline.name if ours else str(pipeline.source)


def find(name: str) -> Path:
    """Return the file that `name` means: a path, or the name of a pipeline that comes with us."""
    if is_file(Path(name)):
        return Path(name)
    if "/" in name:
        raise UsageError(f"There is no file {name}.", hint="`builder pipeline list` shows ours.")
    known = {path.stem: path for path in folder().glob("*.toml")}
    wanted = name.removesuffix(".toml")
    if wanted not in known:
        places = (Path(f"{wanted}.toml"), YOURS / f"{wanted}.toml")
        yours = next((each for each in places if is_file(each)), None)
        hint = f"Give yours by its path: {yours}." if yours else suggest(wanted, known)
        raise UsageError(f"There is no pipeline {name!r}.", hint=hint)
    return known[wanted]


def load(path: Path, library: Library) -> Pipeline:
    """Read a pipeline file; see `parse`. Raises ConfigError also for one that cannot be read."""
    text = read_text(path, hint="A pipeline is a text file.")
    return parse(text, library, path=path)


def examined(path: Path, library: Library, *, source: str) -> Examined:
    """Read a pipeline file, and find all that is wrong with it, also that it cannot be read."""
    try:
        text = read_text(path, hint="A pipeline is a text file.")
    except ConfigError as error:
        return Examined(findings=(findings.unreadable(error, source),))
    return examine(text, library, path=path, source=source)


def parse(text: str, library: Library, *, path: Path) -> Pipeline:
    """Read a pipeline. Raises ConfigError for its first mistake; see `examine`."""
    found = examine(text, library, path=path, source=path.name)
    if found.pipeline is None:
        raise findings.error(found.findings)
    return found.pipeline


def examine(text: str, library: Library, *, path: Path, source: str) -> Examined:
    """Read a pipeline: its sections, [defaults], [[build]] tables and those of [matrix].

    Paths in it are relative to the file's folder. All that is wrong is found, by lines, but that
    names and combinations are looked at only where keys and types are right.
    """
    try:
        rows = parse_toml(text, source=source)
    except ConfigError as error:
        return Examined(findings=(findings.unreadable(error, source),))
    wrong: list[Wrong] = []
    said = sections.examine(rows, folder=path.parent, wrong=wrong)
    jobs = _jobs(rows, library, path.parent, wrong)
    if said is None or wrong:
        return Examined(findings=_by_line(wrong, source, text))
    values = {key: getattr(said, key) for key in sections.SECTIONS}
    made = Pipeline(name=path.stem, title=said.title, source=path, jobs=tuple(jobs), **values)
    return Examined(pipeline=made)


def _by_line(wrong: Sequence[Wrong], source: str, text: str) -> tuple[Finding, ...]:
    at = lines.lines(text)
    found = [findings.located(each, source=source, at=at) for each in wrong]
    once = {(each.line, each.key, each.text): each for each in reversed(found)}
    return tuple(sorted(reversed(once.values()), key=lambda each: (not each.line, each.line)))


def _jobs(rows: Row, library: Library, folder: Path, wrong: list[Wrong]) -> list[Job]:
    """Return the jobs of a file, in its order; what is wrong with them goes to `wrong`."""
    found: list[Wrong] = []
    defaults = _shaped(rows.get("defaults", {}), ("defaults",), found)
    every = (each for key in rows if key in _SEVERAL for each in _SEVERAL[key](rows[key], found))
    asked = [*islice(every, matrix.MOST + 1)]
    wrong += found
    if not asked and not found:
        wrong.append(Wrong((), "It builds nothing.", "Add a table [[build]] or [matrix]."))
    if len(asked) > matrix.MOST:
        text = f"It builds more than {matrix.MOST} images."
        wrong.append(Wrong((), text, "Make two pipelines of it."))
    if found or len(asked) > matrix.MOST:
        return []
    jobs, homes = [], dict[str, Place]()
    for each in asked:
        made = job(each, defaults, library, folder=folder, wrong=wrong)
        if made is None:
            continue
        if made.name in homes:
            wrong.append(_twice(made.name, homes[made.name], each.path))
        homes.setdefault(made.name, each.path)
        jobs.append(made)
    return jobs


def _twice(name: str, first: Place, path: Place) -> Wrong:
    home = findings.table(first)[0]
    again = " twice." if first == path else f", as {home} does."
    return Wrong(
        path,
        f"It makes the template {name}{again}",
        "Its name comes from release, medium, kickstart, profile, firmware, secure_boot, tpm and "
        "label: vary one of them.",
    )


def _shaped(value: object, path: Place, wrong: list[Wrong]) -> Row:
    if not isinstance(value, dict):
        wrong.append(Wrong(path, "It must be a table."))
        return {}
    return table(value, KEYS, path, wrong)


def _of_builds(value: object, wrong: list[Wrong]) -> Iterator[Asked]:
    if not isinstance(value, list):
        wrong.append(Wrong(("build",), "It must be tables, each under [[build]]."))
        return
    for number, each in enumerate(value):
        path = ("build", str(number))
        yield Asked(path, _shaped(each, path, wrong))


def _of_matrices(value: object, wrong: list[Wrong]) -> Iterator[Asked]:
    several = value if isinstance(value, list) else [value]
    for number, each in enumerate(several):
        path = ("matrix", str(number)) if value is several else ("matrix",)
        if isinstance(each, dict):
            yield from matrix.combinations(each, path, wrong)
        else:
            wrong.append(Wrong(path, "It must be a table."))


_SEVERAL = {"build": _of_builds, "matrix": _of_matrices}
"""Tables that say what is built, and how they are read."""
