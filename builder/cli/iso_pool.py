"""What is in the iso pool: commands of `builder iso`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import Context, Json, context
from builder.cli.output import size, table, to_json
from builder.errors import UsageError

if TYPE_CHECKING:
    from builder.media.obtain import Folders
    from builder.model.storage import Pool
    from builder.virt.connection import Connection


def list_(
    ctx: typer.Context,
    json: Json = False,
    here: Annotated[bool, typer.Option("--here", help="Only what is in the pool.")] = False,
) -> None:
    """List the catalogue's media and the ISOs in the iso pool side by side."""
    from builder.host import pools
    from builder.recipes import media

    shared = context(ctx)
    folder = pools.folder(shared.settings, "iso_pool", monitor=shared.monitor)
    releases = shared.library.releases(monitor=shared.monitor)
    rows = media.listing(releases, _folders(shared, folder), here=here)
    if json:
        typer.echo(to_json(rows))
        return
    header = ("FILE", "WHAT", "STATE", "SIZE", "AGE")
    typer.echo(
        table(
            header,
            [
                (
                    each.file,
                    each.what or each.volume_id,
                    each.state,
                    size(each.size) if each.size else "",
                    each.age,
                )
                for each in rows
            ],
        )
    )


def fetch(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A release.")],
    medium: Annotated[str, typer.Option(metavar="M", help="One of the release's media.")] = "",
    json: Json = False,
) -> None:
    """Download a release's ISO into the iso pool, resuming what an earlier try left.

    Its sha256 is the catalogue's, or that of the vendor's list, whose signature is checked.
    """
    from builder.media.obtain import obtain
    from builder.model.media import Download
    from builder.releases import catalogue

    shared = context(ctx)
    release = shared.library.release(name)
    wanted = catalogue.find_medium(release, medium)
    if release.made_here:
        raise UsageError(
            f"The ISO of {name} is made, and not downloaded.",
            hint="`builder rehearsal make` makes it.",
        )
    with _iso_pool(shared) as (_, pool), shared.monitor.step(f"Fetching {wanted.file}"):
        folders = _folders(shared, pool.path)
        found = obtain(Download.of(release, wanted), folders, monitor=shared.monitor)
    shared.monitor.tell("note", f"{found.path.name}: {found.voucher}")
    typer.echo(to_json(found) if json else found.path)


def add(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An ISO.")],
    sha256: Annotated[
        str, typer.Option(metavar="HEX", help="The sha256 that it must have, as its vendor says.")
    ] = "",
    allow_unverified: Annotated[
        bool, typer.Option("--allow-unverified", help="Take it whatever its checksum.")
    ] = False,
) -> None:
    """Put an ISO into the iso pool, recognised by its sha256 or by what it says of itself.

    It is checked against the catalogue, the vendor's list, or the sha256 that you give.
    """
    from builder.media.stage import suitable
    from builder.recipes import media_add
    from builder.recipes.at_hand import digest

    shared = context(ctx)
    suitable(file)  # first of all: pools are made for what may go into them
    if sha256 and allow_unverified:
        raise UsageError(
            "--sha256 and --allow-unverified contradict each other.", hint="Leave one out."
        )
    wish = media_add.Wish(sha256=digest(sha256), unverified=allow_unverified)
    releases = shared.library.releases(monitor=shared.monitor)
    with _iso_pool(shared) as (_, pool), shared.monitor.step(f"Staging {file.name}"):
        folders = _folders(shared, pool.path)
        added = media_add.add(
            file, releases, pool=pool, folders=folders, wish=wish, monitor=shared.monitor
        )
    shared.monitor.tell("note", f"{added.iso.volume}: {added.what}, {added.iso.voucher}")
    typer.echo(added.iso.path)


def remove(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A file of the iso pool.")],
) -> None:
    """Remove an ISO from the iso pool, unless a domain or an unfinished build uses it."""
    from builder.recipes import media

    shared = context(ctx)
    with _iso_pool(shared) as (connection, pool):
        path = media.remove(
            name, pool, connection=connection, settings=shared.settings, monitor=shared.monitor
        )
    typer.echo(f"Removed {path}.")


def _folders(shared: Context, pool: Path) -> "Folders":
    from builder.media.obtain import Folders

    return Folders(pool=pool, cache=shared.settings.cache, state=shared.settings.state)


@contextmanager
def _iso_pool(here: Context) -> "Iterator[tuple[Connection, Pool]]":
    from builder.host import pools
    from builder.host.libvirtd import opened
    from builder.virt.pools import notice

    with opened(here.settings.uri, monitor=here.monitor) as connection:
        pool = pools.made(connection, here.settings, "iso_pool")
        yield connection, pool
        notice(connection, pool.name)
