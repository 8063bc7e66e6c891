"""`builder release`: what can be installed."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder.cli.context import Context, Json, context
from builder.cli.output import table, to_json
from builder.errors import ConfigError, HostError

if TYPE_CHECKING:
    from builder.model.release import Checksums, Medium, Release
    from builder.releases.rows import Layer

app = typer.Typer(
    no_args_is_help=True, help="What can be installed, and until when it gets updates."
)

_LIFE = {"": "", "soon": " (soon)", "past": " (past)"}
_OURS = "builder"
"""Where rows are from that come with us."""
_SIGNED = {
    "": "nobody",
    "inline": "clear-signed",
    "sig": "a file beside it, .sig",
    "asc": "a file beside it, .asc",
}


@app.command("list")
def list_(ctx: typer.Context, *, json: Json = False) -> None:
    """List all releases: ours, and your own; what of them is in the iso pool; (past), (soon): their
    end of life is over, or within 90 days."""
    here = context(ctx)
    pool = _pool(here)
    found = [_row(release, here, pool) for release in here.library.releases(monitor=here.monitor)]
    if json:
        typer.echo(to_json(found))
        return
    header = ("NAME", "TITLE", "FAMILY", "VERSION", "MEDIA", "END OF LIFE", "IN THE POOL", "FROM")
    lines = [
        (
            each["name"],
            each["title"],
            each["family"],
            each["version"],
            " ".join(each["media"]),
            _end(each),
            " ".join(name for name, medium in each["media"].items() if medium["in_pool"]),
            _origin(each),
        )
        for each in found
    ]
    own = any(each["source"] != _OURS for each in found)
    typer.echo(table(header, lines) if own else table(header[:-1], [line[:-1] for line in lines]))


@app.command()
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A release, or a minor: rocky9.6.")],
    *,
    json: Json = False,
) -> None:
    """Show all that is known of a release."""
    from builder.releases.life import notice

    here = context(ctx)
    release = here.library.release(name)
    told = notice(release, date.today())
    if told:
        here.monitor.tell("warning", told)
    row = _row(release, here, _pool(here))
    minors = here.library.rows.minors(name)
    if json:
        from msgspec import to_builtins

        known = to_builtins(release)
        media = {medium: known["media"][medium] | row["media"][medium] for medium in row["media"]}
        typer.echo(to_json(known | row | {"media": media, "minors": minors}))
        return
    typer.echo(table(("", ""), list(_facts(release, row, minors))).lstrip("\n"))


_NO_ADDRESS = {
    True: "this machine: a build makes what is not in the pool, of the host's own packages",
    False: "no known address: get it from its vendor, then iso add, or build with --iso",
}


def _facts(release: "Release", row: dict[str, Any], minors: tuple[str, ...]) -> Iterable[Any]:
    yield "name", release.name
    yield "title", release.title
    yield "family", release.family
    if release.kin:
        yield "extends", ", ".join(release.kin)
    yield "version", release.version
    yield "architecture", release.arch
    yield "from", _origin(row)
    yield "end of life", _end(row) or "unknown"
    if minors:
        yield "minor versions", " ".join(minors)
    for name, medium in release.media.items():
        yield f"medium {name}", _medium(medium, row["media"][name], name == release.default_medium)
    for url in release.urls or (_NO_ADDRESS[release.made_here],):
        yield "ISOs from", url
    yield from _trust(release.checksums)
    yield "volume id", ", ".join((release.volume_id, *release.other_volume_ids))
    for name, url in release.repositories.items():
        yield f"repository {name}", url
    yield "kickstart", f"{release.kickstart}, {release.syntax}"
    yield "packages", " ".join(release.packages)
    yield "installer", " ".join(release.installer_args)
    yield "smallest CPU", release.emulated_cpu
    yield "guest", f"{release.memory_mib} MiB, {release.vcpus} processors, {release.disk_gib} GiB"
    yield "libosinfo", release.osinfo


def _medium(medium: "Medium", row: dict[str, Any], default: bool) -> str:
    words = [
        medium.file,
        "the default" if default else "",
        "without packages" if medium.network else "",
        f"sha256 {medium.sha256}" if medium.sha256 else "",
        "in the pool" if row["in_pool"] else "",
    ]
    return ", ".join(filter(None, words))


def _trust(checksums: "Checksums | None") -> Iterable[tuple[str, str]]:
    if checksums is None:
        return
    yield "checksums", checksums.file
    yield "signed by", ", ".join(checksums.keys) if checksums.signature else "nobody"
    if checksums.signature:
        yield "signature", _SIGNED[checksums.signature]
        yield "keys", ", ".join((*checksums.key_files, *checksums.key_urls))


@app.command()
def check(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of releases of your own.")],
    *,
    json: Json = False,
) -> None:
    """Check a file of releases: each mistake with file, line, table, key and hint; exit 3."""
    from builder.paths.reading import parse_toml, read_text
    from builder.releases import check as checker

    library = context(ctx).library
    text = read_text(file, pipes=True, hint="Check the path.")
    findings = checker.check(text, source=str(file), known=library.rows, words=library.words())
    if json:
        typer.echo(to_json(findings))
    for finding in () if json else findings:
        typer.echo(checker.shown(finding))
    if findings:
        many = "a mistake" if len(findings) == 1 else f"{len(findings)} mistakes"
        raise ConfigError(
            f"{file} has {many}.", hint="`builder release show rocky9` shows what a row comes to."
        )
    if not json:
        names = ", ".join(parse_toml(text, source=str(file))) or "it holds no release"
        typer.echo(f"{file} is right: {names}.")


def _row(release: "Release", here: Context, pool: frozenset[str]) -> dict[str, Any]:
    from builder.releases.life import state

    rows = here.library.rows
    layer = rows.source(release.name)
    media = {
        name: {"file": medium.file, "in_pool": medium.file in pool}
        for name, medium in release.media.items()
    }
    return {
        "name": release.name,
        "title": release.title,
        "family": release.family,
        "version": release.version,
        "end_of_life": release.end_of_life and str(release.end_of_life),
        "life": state(release, date.today()),
        "followed_by": release.followed_by,
        "media": media,
        "source": _whose(layer),
        "instead_of": _whose(replaced) if (replaced := rows.replaced(release.name)) else "",
    }


def _end(row: dict[str, Any]) -> str:
    """Return until when it gets updates; "" where nobody knows."""
    followed = row["followed_by"] and f"{row['followed_by']} is out"
    return f"{row['end_of_life'] or followed}{_LIFE[row['life']]}"


def _whose(layer: "Layer") -> str:
    return layer.source if layer.own else _OURS


def _origin(row: dict[str, Any]) -> str:
    replaced = row["instead_of"] and f", instead of that of {row['instead_of']}"
    return f"{row['source']}{replaced}"


def _pool(here: Context) -> frozenset[str]:
    """Return what is in the iso pool: names of files, and the catalogue's of those renamed there.

    Nothing where the pool is not there.
    """
    from builder.host import pools
    from builder.monitor import SilentMonitor
    from builder.record import vouchers

    try:
        folder = pools.folder(here.settings, "iso_pool", monitor=SilentMonitor())
        names = {path.name for path in folder.iterdir()}
    except (HostError, OSError):
        return frozenset()
    renamed = {each.asked for each in vouchers.known(here.settings.state) if each.file in names}
    return frozenset(names | renamed)
