"""`builder iso`: installer media."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import iso_pool
from builder.cli.burn import burn
from builder.cli.context import Context, Json, context
from builder.cli.output import size, table, to_json
from builder.cli.remaster import remaster
from builder.errors import MediaError

if TYPE_CHECKING:
    from builder.model.release import Medium

app = typer.Typer(no_args_is_help=True, help="Installer media: download, check, remaster, burn.")
app.command("list")(iso_pool.list_)
app.command()(iso_pool.fetch)
app.command()(iso_pool.add)
app.command()(iso_pool.remove)
app.command()(remaster)
app.command()(burn)

File = Annotated[Path, typer.Argument(metavar="FILE", help="An ISO.")]


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
    elif told := _vouched(file, context(ctx)):
        typer.echo(f"sha256       {told}")
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


def _known(name: str, here: Context) -> "Medium | None":
    """Return the catalogue's row of the ISO that has this name."""
    media = (
        medium
        for release in here.library.releases(monitor=here.monitor)
        for medium in release.media.values()
    )
    return next((each for each in media if each.file == name and each.sha256), None)


def _vouched(file: Path, here: Context) -> str:
    """Return who vouched for what a file holds, whatever it is called now.

    Nobody, where it has the name of one that we have verified; else an empty text.
    """
    from builder import files
    from builder.record import vouchers

    known = vouchers.known(here.settings.state)
    if not known:
        return ""
    digest = files.sha256(file, monitor=here.monitor)
    told = next((str(each.voucher) for each in known if each.sha256 == digest), "")
    named = any(each.file == file.name for each in known)
    return f"{digest}, {told or 'nobody vouches for it'}" if told or named else ""
