"""builder builds: what was built, how it went, and what the guest said."""

import os
import shlex
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from builder.cli.builds_prune import prune
from builder.cli.context import Json, context
from builder.cli.output import size, table, to_json
from builder.cli.streams import pour
from builder.config import Settings
from builder.errors import UsageError, explained
from builder.paths.reading import is_plain

if TYPE_CHECKING:
    from builder.record.builds import Build

app = typer.Typer(no_args_is_help=True, help="Builds, running and past.")

Word = Annotated[
    str,
    typer.Argument(
        metavar="BUILD", help="Its id or the beginning of it, its folder, or a template's newest."
    ),
]
Source = Literal["console", "virtio", "result", "clone-a", "clone-b"]


@app.command("list")
def list_(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Only this release's.")] = "",
    *,
    json: Json = False,
) -> None:
    """List the builds, newest first."""
    from builder.model.text import duration
    from builder.record.listing import builds

    shared = context(ctx)
    settings = shared.settings
    found = _asked(settings, *builds(settings.builds, name, monitor=shared.monitor))
    rows = [
        (
            each.record.build_id,
            each.record.name,
            each.state,
            _when(each),
            duration(each.seconds),
            each.result,
        )
        for each in found
    ]
    header = ("BUILD", "NAME", "STATE", "BEGAN (UTC)", "TOOK", "RESULT OR STEP")
    typer.echo(to_json([*map(_values, found)]) if json else table(header, rows))


@app.command()
def show(ctx: typer.Context, build: Word, *, json: Json = False) -> None:
    """Show what is known of a build; its dossier is written unless it is there and new."""
    from builder.model.text import duration, unbroken
    from builder.recipes import evidence

    settings = context(ctx).settings
    [found] = _asked(settings, _find(settings, build))
    dossier, parts = evidence.dossier(found), evidence.parts(found.folder)
    if not found.folder.exists():
        raise _gone(found)
    if json:
        typer.echo(to_json({**_values(found), "dossier": dossier, "steps": found.record.steps}))
        return
    code = found.record.exit_code
    facts = [
        ("build", found.record.build_id),
        ("name", found.record.name),
        ("state", found.state),
        ("step", found.record.step),
        ("error", unbroken(found.record.error)),
        ("hint", unbroken(found.record.hint) or ("" if found.record.error else _hint(found))),
        ("exit code", "" if code is None else str(code)),
        ("version", found.record.version),
        ("began", f"{_when(found)} UTC"),
        ("took", duration(found.seconds)),
        *((step.step, duration(step.seconds)) for step in found.record.steps),
        ("folder", str(found.folder)),
        *(("", f"{name}, {size(count)}") for name, count in parts),
        ("dossier", str(dossier or "")),
    ]
    typer.echo(table(("", ""), [fact for fact in facts if fact[1]]).lstrip("\n"))


@app.command()
def log(
    ctx: typer.Context,
    build: Word,
    *,
    source: Annotated[
        Source, typer.Option(help="Serial console, installer's log, reports, or a clone's console.")
    ] = "console",
    raw: Annotated[
        bool, typer.Option("--raw", help="As the guest wrote it, escape sequences and all.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the build has ended.")
    ] = False,
) -> None:
    """Print what the guest of a build wrote."""
    from builder.recipes import evidence
    from builder.record import logs

    found = _find(context(ctx).settings, build)
    path = found.folder / f"{source}.log"
    if not is_plain(path) and not (follow and found.state == "running"):
        raise _no_log(found.folder, source)
    pieces = logs.growing(path, partial(_goes_on, found.folder)) if follow else logs.chunks(path)
    pieces = _read(path, pieces)
    hide = evidence.hidden_of(found.folder)
    lines = (hide(f"{line}\n").encode() for line in logs.cleaned(pieces))
    _print(pieces if raw else lines)


app.command()(prune)


def _goes_on(folder: Path) -> bool:
    from builder.record.builds import RUNNING, load

    return (build := load(folder)) is not None and build.state == RUNNING


def _read(path: Path, pieces: Iterator[bytes]) -> Iterator[bytes]:
    with explained(f"Cannot read {path}", hint="Mend its permissions."):
        yield from pieces


def _print(chunks: Iterator[bytes]) -> None:
    try:
        for chunk in chunks:
            pour(chunk)
    except BrokenPipeError:
        # `| head` has read enough; Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _no_log(folder: Path, source: str) -> UsageError:
    there = [name for name in get_args(Source) if is_plain(folder / f"{name}.log")]
    hint = f"It has {', '.join(there)}." if there else "No guest of it has begun yet, or ever did."
    return UsageError(f"The build {folder.name} has no {source}.log.", hint=hint)


def _find(settings: Settings, word: str) -> "Build":
    from builder.host.strays import located
    from builder.record.listing import find

    return find(settings.builds, str(located(settings, word)))


def _asked(settings: Settings, *found: "Build") -> tuple["Build", ...]:
    """Tell of builds that have not ended, and that nobody is at, what becomes of them."""
    from builder.record.builds import OPEN

    if not any(each.state in OPEN for each in found):
        return found
    from builder.recipes.joining import standing  # libvirt, and every step's libraries

    return standing(found, uri=settings.uri)


def _hint(found: "Build") -> str:
    from builder.record.builds import ABANDONED, DETACHED

    guest = {ABANDONED: "Nobody is at it", DETACHED: "Its guest runs"}.get(found.state)
    attach = f"`builder attach {shlex.quote(found.record.build_id)}` goes on with it."
    return f"{guest}: {found.remedy or attach}" if guest else ""


def _gone(found: "Build") -> UsageError:
    return UsageError(
        f"There is no build {found.record.build_id} any more: it has just ended.",
        hint="One that finds nothing changed leaves no record: the template that it kept is in "
        f"`builder template list {shlex.quote(found.record.name)}`.",
    )


def _when(build: "Build") -> str:
    return f"{build.began:%Y-%m-%d %H:%M:%S}"


def _values(build: "Build") -> dict[str, object]:
    from builder.model.text import rfc3339

    return {
        "build_id": build.record.build_id,
        "name": build.record.name,
        "state": build.state,
        "began": rfc3339(build.began, "milliseconds"),
        "seconds": round(build.seconds, 1),
        "step": build.record.step,
        "error": build.record.error,
        "hint": build.record.hint,
        "exit_code": build.record.exit_code,
        "version": build.record.version,
        "folder": build.folder,
    }
