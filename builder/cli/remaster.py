"""`builder iso remaster`: an ISO that installs by itself."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import Replace, context, written
from builder.cli.output import size, table
from builder.errors import UsageError
from builder.monitor import Monitor
from builder.paths.reading import read_text

if TYPE_CHECKING:
    from builder.iso.patch import IsoPatch
    from builder.media.edits import Edits


def remaster(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An installer ISO.")],
    *,
    kickstart: Annotated[Path, typer.Option("--kickstart", "-k", metavar="KS")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", parser=written, help="The ISO to write."),
    ] = None,
    overlay: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT",
            parser=written,
            help="Write a qcow2 overlay on FILE instead: a megabyte.",
        ),
    ] = None,
    oemdrv: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT",
            parser=written,
            help="Write a small second ISO labelled OEMDRV instead.",
        ),
    ] = None,
    add: Annotated[
        list[str],
        typer.Option(metavar="SRC:DEST", help="Put a file or folder on the ISO as DEST."),
    ] = [],  # noqa: B006  # typer copies it
    append: Annotated[str, typer.Option(metavar="ARGS", help="More kernel arguments.")] = "",
    remove: Annotated[
        str, typer.Option(metavar="ARGS", help="Kernel arguments to do without.")
    ] = "",
    volume_id: Annotated[str, typer.Option(metavar="ID", help="Give it another label.")] = "",
    implant_md5: Annotated[
        bool, typer.Option("--implant-md5", help="Make the installer's media check pass.")
    ] = False,
    usb_check: Annotated[
        bool, typer.Option("--usb-check", help="Fail unless the result boots as a disk too.")
    ] = False,
    force: Replace = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be written where.")
    ] = False,
) -> None:
    """Write an ISO that installs by itself with the kickstart KS.

    Nothing of FILE is rewritten: a clone of it gets the kickstart and its boot menus changed.
    """
    from builder.iso import dates
    from builder.media import cmdline
    from builder.media.edits import Edits
    from builder.media.remaster import planned

    edits = Edits(
        kickstart=read_text(kickstart, pipes=True),
        append=cmdline.split(append),
        remove=cmdline.split(remove),
        add=tuple(map(_pair, add)),
        volume_id=volume_id,
        implant_md5=implant_md5,
        usb=usb_check,
        when=dates.epoch(os.environ),
    )
    if dry_run:
        typer.echo(_shown(planned(file, edits)))
        return
    named = [each for each in (output, overlay, oemdrv) if each is not None]
    if len(named) != 1:
        what = "Say one thing to write" if named else "Say what to write"
        raise UsageError(f"{what}.", hint="One of -o OUT, --overlay OUT, --oemdrv OUT.")
    target, monitor = _target(named[0], (file, kickstart), force=force), context(ctx).monitor
    with monitor.step(f"Remastering {file.name}"):
        if oemdrv is None:
            _remaster(file, edits, target, overlay=overlay is not None, monitor=monitor)
        else:
            _second_medium(file, edits, target)


def _target(named: Path, read: Iterable[Path], *, force: bool) -> Path:
    from builder.paths import targets

    for each in read:
        if targets.same(named, each):
            raise UsageError(f"{named} is to be read.", hint="Give OUT another name.")
    return targets.target(named, force=force)


def _remaster(file: Path, edits: "Edits", output: Path, *, overlay: bool, monitor: Monitor) -> None:
    from builder.media.remaster import remaster as change

    media = change(file, edits, output=output, overlay=overlay, monitor=monitor)
    own = media.path.stat().st_size  # an overlay is less than what a guest sees
    typer.echo(f"{media.path}: {size(own)}, boots by itself into {media.kickstart_path}")


def _second_medium(file: Path, edits: "Edits", output: Path) -> None:
    from builder.iso import dates
    from builder.iso.source import opened
    from builder.iso.survey import survey
    from builder.media import oemdrv

    with opened(file) as source:
        own = dates.from_record(survey(source).primary.descriptor.root.raw[18:25])
    oemdrv.make(edits.kickstart, output, when=edits.when or own)
    typer.echo(f"{output}: attach it beside {file.name}, whose installer reads /ks.cfg from it")


def _shown(patch: "IsoPatch") -> str:
    rows = [(str(each.at), str(each.length), each.title) for each in patch.writes]
    summary = f"{size(patch.fresh)} to write, {size(patch.size)} in all"
    return f"{table(('OFFSET', 'BYTES', 'WHAT'), rows)}\n{summary}"


def _pair(text: str) -> tuple[Path, str]:
    source, colon, destination = text.rpartition(":")
    if not colon or not source or not destination:
        raise UsageError(f"{text!r} is no SRC:DEST.", hint="Such as --add ./repo:repo.")
    return Path(source), destination
