"""`builder kickstart`: list, render and lint kickstarts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from builder.cli.output import table, to_json
from builder.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from builder.model.kickstart import Kickstart

app = typer.Typer(no_args_is_help=True, help="Kickstarts: templates, profiles, the linter.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="A release.")]
ProfileOption = Annotated[str, typer.Option("--profile", "-p", metavar="P")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set a variable; lists take commas."),
]
Firmware = Annotated[Literal["bios", "uefi"], typer.Option()]
Medium = Annotated[str, typer.Option(metavar="M", help="One of the release's media.")]
OwnFolder = Annotated[
    Path | None, typer.Option("--kickstarts", metavar="DIR", help="Your folder, searched first.")
]


@app.command("list")
def list_(
    own: OwnFolder = None,
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the releases' kickstarts, their syntax and the profiles that fit."""
    from builder.kickstart import profiles
    from builder.releases import catalogue

    releases = [catalogue.find(name) for name in catalogue.names()]
    fitting = {
        release.name: [profile.name for profile in profiles.available(release, own=own)]
        for release in releases
    }
    rows = [(each.name, each.kickstart, each.syntax, fitting[each.name]) for each in releases]
    if json:
        keys = ("release", "kickstart", "syntax", "profiles")
        typer.echo(to_json([dict(zip(keys, row, strict=True)) for row in rows]))
        return
    lines = [(*row[:3], " ".join(row[3])) for row in rows]
    typer.echo(table(("RELEASE", "KICKSTART", "SYNTAX", "PROFILES"), lines))


@app.command()
def render(
    name: Name,
    profile: ProfileOption = "minimal",
    set_: SetOption = None,
    medium: Medium = "",
    firmware: Firmware = "bios",
    own: OwnFolder = None,
) -> None:
    """Print the kickstart of a release as an installer would get it."""
    kickstart = _render(
        name, profile=profile, settings=set_ or [], medium=medium, firmware=firmware, own=own
    )
    typer.echo(kickstart.text, nl=False)


@app.command()
def lint(
    name: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A file, or a release.")],
    syntax: Annotated[str, typer.Option(metavar="V", help="Such as RHEL7, for a file.")] = "RHEL7",
    profile: ProfileOption = "minimal",
    set_: SetOption = None,
    own: OwnFolder = None,
) -> None:
    """Check a kickstart: print findings as file:line: severity: text; exit 6 for errors."""
    from builder.kickstart import lint as linter
    from builder.model.kickstart import Kickstart

    if Path(name).exists() and not Path(name).is_dir():
        kickstart = Kickstart(source=name, syntax=syntax, text=_read(Path(name)))
    elif "/" in name or name.endswith((".ks", ".cfg")):
        raise UsageError(f"There is no file {name}.", hint="Give a file, or a release's name.")
    else:
        kickstart = _render(name, profile=profile, settings=set_ or [], own=own)
    findings = linter.lint(kickstart)
    for finding in findings:
        typer.echo(linter.show(finding, source=kickstart.source))
    linter.check(kickstart, findings)


def assignments(texts: list[str]) -> dict[str, str]:
    """Split what --set gave at the first =; UsageError for what has none."""
    for text in texts:
        if "=" not in text:
            raise UsageError(f"--set {text} has no value.", hint="Write --set NAME=VALUE.")
    return dict(text.split("=", 1) for text in texts)


def _render(
    name: str,
    *,
    profile: str,
    settings: list[str],
    medium: str = "",
    firmware: Literal["bios", "uefi"] = "bios",
    own: Path | None = None,
) -> "Kickstart":
    from builder.kickstart import profiles, secrets
    from builder.kickstart.render import render as fill_in
    from builder.model.kickstart import RenderOptions
    from builder.releases import catalogue

    release = catalogue.find(name)
    options = RenderOptions(
        medium=medium,
        firmware=firmware,
        variables=assignments(settings),
        secrets=secrets.collect(release.name),
    )
    return fill_in(release, profiles.find(profile, release=release, own=own), options, own=own)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"Cannot read {path}: {error}.", hint="A kickstart is a text file in UTF-8."
        ) from error
