"""`builder iso`: installer media."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import Context, context
from builder.cli.output import size, table, to_json
from builder.errors import ConfigError, MediaError, UsageError

if TYPE_CHECKING:
    from builder.model.media import IsoFacts, StagedIso
    from builder.model.release import Medium, Release
    from builder.model.storage import Pool

app = typer.Typer(no_args_is_help=True, help="Installer media: download, check, remaster.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="An ISO.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(ctx: typer.Context, json: Json = False) -> None:
    """List the ISOs in the iso pool."""
    with _iso_pool(context(ctx)) as pool:
        found = {path.name: _facts(path) for path in sorted(pool.path.glob("*.iso"))}
    if json:
        typer.echo(to_json(found))
        return
    rows = [
        (name, size(facts.size), facts.volume_id, f"{facts.product} {facts.version}")
        if facts
        else (name, "", "damaged", "")
        for name, facts in found.items()
    ]
    typer.echo(table(("FILE", "SIZE", "VOLUME ID", "PRODUCT"), rows))


@app.command()
def inspect(file: File, json: Json = False) -> None:
    """Show what an ISO is and how it boots."""
    from builder.iso.inspect import inspect as look

    facts = look(file)
    if json:
        typer.echo(to_json(facts))
        return
    boots = [f"{each.platform}: {each.path or '(hidden)'}" for each in facts.boot_entries]
    rows = [
        ("volume id", facts.volume_id),
        ("size", size(facts.size)),
        ("product", f"{facts.product} {facts.version} {facts.arch}"),
        ("layout", facts.layout),
        ("boots", ", ".join(boots) or "nothing"),
        ("menus", ", ".join(facts.boot_configs) or "none"),
        ("stage 2", facts.stage2 or "none"),
    ]
    typer.echo(table(("FILE", file.name), rows))


@app.command()
def verify(ctx: typer.Context, file: File) -> None:
    """Compare an ISO with the catalogue's sha256; exit 5 if it is damaged or another one."""
    from builder.iso import files, stage
    from builder.iso.inspect import inspect as look

    release, medium = _known(file.name)
    look(file)
    found = files.sha256(file, monitor=context(ctx).monitor)
    stage.verify(file.name, found, medium.sha256)
    typer.echo(f"{file.name}: {release.title}, sha256 {found} is right")


@app.command()
def fetch(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A release.")],
    medium: Annotated[str, typer.Option(metavar="M", help="One of the release's media.")] = "",
) -> None:
    """Download a release's ISO into the iso pool, resuming what an earlier try left."""
    from builder.iso.fetch import fetch as download
    from builder.releases import catalogue

    monitor = context(ctx).monitor
    release = catalogue.find(name)
    wanted = catalogue.find_medium(release, medium)
    with _iso_pool(context(ctx)) as pool, monitor.step(f"Fetching {wanted.file}"):
        typer.echo(download(release, wanted, cache=pool.path, monitor=monitor))


@app.command()
def add(
    ctx: typer.Context,
    file: File,
    allow_unverified: Annotated[
        bool, typer.Option("--allow-unverified", help="Take it whatever its checksum.")
    ] = False,
) -> None:
    """Put an ISO into the iso pool, checked against the catalogue's sha256."""
    from builder.iso.stage import stage

    monitor = context(ctx).monitor
    expected = None if allow_unverified else _known(file.name)[1].sha256
    with _iso_pool(context(ctx)) as pool, monitor.step(f"Staging {file.name}"):
        staged = stage(file, pool=pool, expected_sha256=expected, volume_id=None, monitor=monitor)
    typer.echo(staged.path)


@app.command()
def remaster(
    ctx: typer.Context,
    file: File,
    kickstart: Annotated[Path, typer.Option("--kickstart", "-k", metavar="KS")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT")],
    append: Annotated[str, typer.Option(metavar="ARGS", help="More kernel arguments.")] = "",
) -> None:
    """Write an ISO that installs by itself with the kickstart KS."""
    from builder.iso import cmdline
    from builder.iso.prepare import Wishes
    from builder.iso.remaster import remaster as change

    monitor = context(ctx).monitor
    text = _text(kickstart)
    if output.exists() and file.exists() and output.samefile(file):
        raise UsageError(f"{output} is the ISO to read.", hint="Give another name with -o.")
    with monitor.step(f"Remastering {file.name}"):
        wishes = Wishes(kickstart=text, append=cmdline.split(append))
        media = change(_as_staged(file), wishes, output=output, monitor=monitor)
    typer.echo(f"{media.path}: {size(media.size)}, boots by itself into {media.kickstart_path}")


@contextmanager
def _iso_pool(here: Context) -> "Iterator[Pool]":
    from builder.storage import pools
    from builder.virt.connection import connect

    with connect(here.settings.uri) as connection:
        yield pools.init(connection, here.settings)[0]


def _facts(path: Path) -> "IsoFacts | None":
    from builder.iso.inspect import inspect as look

    try:
        return look(path)
    except MediaError:
        return None


def _known(name: str) -> "tuple[Release, Medium]":
    from builder.releases import catalogue

    for release in map(catalogue.find, catalogue.names()):
        for medium in release.media.values():
            if medium.file == name and medium.sha256:
                return release, medium
    raise UsageError(
        f"The catalogue has no sha256 of {name}.",
        hint="Give the file its publisher's name, or use `builder iso inspect`; "
        "`builder iso add --allow-unverified` takes it as it is.",
    )


def _as_staged(path: Path) -> "StagedIso":
    from builder.iso.inspect import inspect as look
    from builder.model.media import StagedIso

    facts = look(path)
    return StagedIso(
        pool="", volume=path.name, path=path, sha256="", size=facts.size, volume_id=facts.volume_id
    )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(
            f"Cannot read {path}: {error.strerror}.", hint="Give the path of a kickstart."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text in UTF-8.", hint="Give a kickstart.") from error
