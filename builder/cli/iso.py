"""`builder iso`: installer media."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.burn import burn
from builder.cli.context import Context, Json, context
from builder.cli.output import size, table, to_json
from builder.cli.remaster import remaster
from builder.errors import MediaError, UsageError

if TYPE_CHECKING:
    from builder.model.media import IsoFacts
    from builder.model.release import Medium
    from builder.model.storage import Pool

app = typer.Typer(no_args_is_help=True, help="Installer media: download, check, remaster, burn.")
app.command()(remaster)
app.command()(burn)

File = Annotated[Path, typer.Argument(metavar="FILE", help="An ISO.")]


@app.command("list")
def list_(ctx: typer.Context, json: Json = False) -> None:
    """List the ISOs in the iso pool."""
    from builder import files
    from builder.host import pools

    shared = context(ctx)
    folder = pools.folder(shared.settings, "iso_pool", monitor=shared.monitor)
    found = {path.name: _facts(path) for path in files.inside(folder) if path.name.endswith(".iso")}
    rows = [
        (name, size(facts.size), facts.volume_id, _words(facts.product, facts.version))
        if facts
        else (name, "", "damaged", "")
        for name, facts in found.items()
    ]
    header = ("FILE", "SIZE", "VOLUME ID", "PRODUCT")
    typer.echo(to_json(found) if json else table(header, rows))


@app.command()
def inspect(file: File, json: Json = False) -> None:
    """Show what an ISO is and how it boots."""
    from builder.media.inspect import inspect as look

    facts = look(file)
    boots = [f"{each.platform}: {each.path or '(hidden)'}" for each in facts.boot_entries]
    rows = [
        ("volume id", facts.volume_id),
        ("size", size(facts.size)),
        ("product", _words(facts.product, facts.version, facts.arch)),
        ("layout", facts.layout),
        ("boots", ", ".join(boots) or "nothing"),
        ("as a disk", ", ".join(facts.partitions) or "no partitions"),
        ("menus", ", ".join(facts.boot_configs) or "none"),
        ("names", ", ".join(facts.names)),
        ("media check", "a sum is there" if facts.media_check else "no sum"),
        ("stage 2", facts.stage2 or "none"),
    ]
    typer.echo(to_json(facts) if json else table(("FILE", file.name), rows))


def _words(*words: str) -> str:
    return " ".join(filter(None, words))


@app.command()
def verify(
    ctx: typer.Context,
    file: File,
    usb: Annotated[bool, typer.Option("--usb-check", help="It must boot as a disk too.")] = False,
) -> None:
    """Check everything that a boot and an installation from an ISO rely on; exit 5 if it is wrong.

    An ISO that has the name of one in the catalogue must have its sha256 as well.
    """
    from builder import files
    from builder.iso import views
    from builder.iso.source import opened
    from builder.iso.survey import survey
    from builder.media import check, menu_check, second_reader, stage

    monitor = context(ctx).monitor
    with opened(file) as source:
        medium = survey(source)
        found = [*check.problems(medium), *(check.usb_problems(medium) if usb else ())]
        found += second_reader.problems(file, medium)
        media_check = check.media_check(medium)
        foreign = " and ".join(views.foreign(medium))
        notices = [*check.notices(medium), *(each.sentence for each in menu_check.silent(medium))]
    known = _known(file.name, context(ctx))
    if known is not None:
        digest = files.sha256(file, monitor=monitor)
        stage.verify(file.name, digest, known.sha256)
        typer.echo(f"sha256       {digest}, as in the catalogue")
    typer.echo(f"media check  {media_check}")
    if foreign:
        typer.echo(f"notice       Linux may mount it as {foreign}, which is not checked.")
    for each in notices:
        typer.echo(f"notice       {each}")
    for problem in found:
        typer.echo(f"problem      {problem}")
    if found or media_check == "fails":
        raise MediaError(f"{file.name} is not right.", hint="Get it again, or remaster it again.")
    typer.echo(f"{file.name} is right.")


@app.command()
def fetch(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A release.")],
    medium: Annotated[str, typer.Option(metavar="M", help="One of the release's media.")] = "",
) -> None:
    """Download a release's ISO into the iso pool, resuming what an earlier try left."""
    from builder.media.fetch import fetch as download
    from builder.model.media import Download
    from builder.releases.catalogue import find_medium

    monitor = context(ctx).monitor
    release = context(ctx).library.release(name)
    wanted = find_medium(release, medium)
    with _iso_pool(context(ctx)) as pool, monitor.step(f"Fetching {wanted.file}"):
        source = Download(urls=release.urls, medium=wanted)
        typer.echo(download(source, cache=pool.path, monitor=monitor))


@app.command()
def add(
    ctx: typer.Context,
    file: File,
    allow_unverified: Annotated[
        bool, typer.Option("--allow-unverified", help="Take it whatever its checksum.")
    ] = False,
) -> None:
    """Put an ISO into the iso pool, checked against the catalogue's sha256."""
    from builder.media.stage import stage, suitable

    monitor = context(ctx).monitor
    suitable(file)  # first of all: pools are made for what may go into them
    expected = None if allow_unverified else _expected(file.name, context(ctx))
    with _iso_pool(context(ctx)) as pool, monitor.step(f"Staging {file.name}"):
        staged = stage(file, pool=pool, expected_sha256=expected, volume_id=None, monitor=monitor)
    typer.echo(staged.path)


@contextmanager
def _iso_pool(here: Context) -> "Iterator[Pool]":
    from builder.host import pools
    from builder.host.libvirtd import opened
    from builder.virt.pools import notice

    with opened(here.settings.uri, monitor=here.monitor) as connection:
        pool = pools.made(connection, here.settings, "iso_pool")
        yield pool
        notice(connection, pool.name)


def _facts(path: Path) -> "IsoFacts | None":
    from builder.media.inspect import inspect as look

    try:
        return look(path)
    except MediaError:
        return None


def _known(name: str, here: Context) -> "Medium | None":
    """Return the catalogue's row of the ISO that has this name."""
    media = (
        medium
        for release in here.library.releases(monitor=here.monitor)
        for medium in release.media.values()
    )
    return next((each for each in media if each.file == name and each.sha256), None)


def _expected(name: str, here: Context) -> str:
    known = _known(name, here)
    if known is None:
        raise UsageError(
            f"The catalogue has no sha256 of {name}.",
            hint="Give the file its publisher's name, or use `builder iso verify`; "
            "`builder iso add FILE --allow-unverified` takes it as it is.",
        )
    return known.sha256
