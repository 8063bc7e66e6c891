"""builder kickstart: list, render and lint kickstarts."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import Context, Firmware, Json, Medium, Variables, context
from builder.cli.output import table, to_json
from builder.cli.streams import document
from builder.errors import UsageError, nearest
from builder.paths.reading import is_file

if TYPE_CHECKING:
    from builder.kickstart.library import Library
    from builder.model.kickstart import Kickstart, LintFinding
    from builder.recipes.order import Request

app = typer.Typer(no_args_is_help=True, help="Kickstarts: templates, profiles, the linter.")

_SYNTAX = "RHEL7"
"""Of files that do not say theirs."""

Profile = Annotated[str, typer.Option("--profile", "-p", help="Variation of the release.")]


@app.command("list")
def list_(ctx: typer.Context, *, json: Json = False) -> None:
    """List the releases' kickstarts, their syntax and the profiles that fit."""
    library = context(ctx).library
    profiles = library.profiles(monitor=context(ctx).monitor)
    rows = [
        (
            release.name,
            release.family,
            release.kickstart,
            release.syntax,
            [profile.name for profile in profiles if profile.fits(release)],
        )
        for release in library.releases(monitor=context(ctx).monitor)
    ]
    if json:
        keys = ("release", "family", "kickstart", "syntax", "profiles")
        typer.echo(to_json([dict(zip(keys, row, strict=True)) for row in rows]))
        return
    lines = [(*row[:4], " ".join(row[4])) for row in rows]
    typer.echo(table(("RELEASE", "FAMILY", "KICKSTART", "SYNTAX", "PROFILES"), lines))


@app.command()
def render(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Release, such as centos7.")],
    *,
    profile: Profile = "minimal",
    medium: Medium = "",
    firmware: Firmware = "bios",
    variables: Variables = None,
) -> None:
    """Print the kickstart of a release as its installer would get it."""
    from builder.recipes.order import Request, pairs

    request = Request(
        release=name,
        profile=profile,
        medium=medium,
        firmware=firmware,
        variables=pairs(variables or []),
    )
    document(_rendered(request, context(ctx)).text)


@app.command()
def lint(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="FILE|NAME", help="File, or release.")],
    *,
    syntax: Annotated[
        str,
        typer.Option(
            metavar="V", help="Of a file: RHEL7, F40, …  [default: its #version=, else RHEL7]"
        ),
    ] = "",
    profile: Profile = "minimal",
    medium: Medium = "",
    firmware: Firmware = "bios",
    variables: Variables = None,
    iso: Annotated[
        Path | None,
        typer.Option(help="ISO to look for the packages on.  [default: a release's in the pool]"),
    ] = None,
) -> None:
    """Check a kickstart: one finding a line, as file:line: severity: text; exit 6 for errors."""
    from builder.kickstart import lint as linter
    from builder.kickstart.wanted import wanted
    from builder.media.selection import missing
    from builder.recipes.order import Request, pairs

    at_hand = "/" in name or is_file(Path(name))
    _refuse_unused(ctx, name, at_hand=at_hand)
    said: tuple[LintFinding, ...] = ()
    if at_hand:
        kickstart, said = _read(name, syntax)
    else:
        request = Request(
            release=name,
            profile=profile,
            medium=medium,
            firmware=firmware,
            variables=pairs(variables or []),
        )
        kickstart = _rendered(request, context(ctx))
        iso = iso or _in_pool(request, context(ctx))
    findings = linter.lint(kickstart, at_hand=at_hand)
    if iso:
        findings = linter.by_line((*findings, *missing(wanted(kickstart), iso)))
    for finding in (*said, *findings):
        typer.echo(linter.show(finding, source=kickstart.source))
    linter.check(kickstart, findings)


def _read(name: str, syntax: str) -> "tuple[Kickstart, tuple[LintFinding, ...]]":
    """Return a file with its syntax, and what is to be said of that."""
    from builder.kickstart.reading import read
    from builder.kickstart.syntaxes import header
    from builder.model.kickstart import Kickstart

    text = read(Path(name))
    if name.endswith(".j2"):
        raise UsageError(
            f"{name} is a template, to be checked when it is filled in.",
            hint=f"`builder build RELEASE --kickstart {shlex.quote(name)} --dry-run` does both.",
        )
    own = None if syntax else header(text)
    syntax = own.syntax if own else syntax or _SYNTAX
    kickstart = Kickstart(source=name, syntax=syntax, text=text)
    return kickstart, own.findings if own else ()


def _refuse_unused(ctx: typer.Context, name: str, *, at_hand: bool) -> None:
    if not at_hand:
        _refuse_unknown(name, context(ctx).library)
    of_releases = ("profile", "medium", "firmware", "variables")
    for parameter in of_releases if at_hand else ("syntax",):
        source = ctx.get_parameter_source(parameter)
        if source is not None and source.name == "COMMANDLINE":
            option = "--set" if parameter == "variables" else f"--{parameter}"
            kind = "a file is linted as it is" if at_hand else "a release has a syntax of its own"
            raise UsageError(f"{option} is not for {name}: {kind}.", hint=f"Leave {option} out.")


def _refuse_unknown(name: str, library: "Library") -> None:
    if not library.rows.knows(name):
        releases = library.rows.names()
        near = nearest(name, [*releases, *(path.name for path in Path().glob("*.ks"))])
        known = f"Name a file by its path, or a release: {', '.join(releases)}."
        raise UsageError(f"There is no file and no release {name!r}.", hint=near or known)


def _in_pool(request: "Request", here: Context) -> Path | None:
    from builder.recipes.inputs import at_hand
    from builder.recipes.order import resolve

    settings = here.settings
    return at_hand(resolve(request, here.library), settings.iso_pool_path, settings.cache)


def _rendered(request: "Request", here: Context) -> "Kickstart":
    from builder.kickstart.render import render as fill_in
    from builder.recipes.order import resolve

    return fill_in(resolve(request, here.library))
