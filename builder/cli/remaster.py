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

if TYPE_CHECKING:
    from datetime import datetime

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
            help="Write a qcow2 overlay on FILE instead: a few MiB.",
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

    named = {"-o": output, "--overlay": overlay, "--oemdrv": oemdrv}
    kind, target = _target(named, (file, kickstart), force=force, needed=not dry_run)
    edits = Edits(
        kickstart=_checked(kickstart, file, monitor=context(ctx).monitor),
        append=cmdline.split(append),
        remove=cmdline.split(remove),
        add=tuple(map(_pair, add)),
        volume_id=volume_id,
        implant_md5=implant_md5,
        usb=usb_check,
        when=dates.epoch(os.environ),
    )
    if kind == "--oemdrv":
        _refuse_idle(edits)
    if dry_run:
        typer.echo(_planned(file, edits, kind, monitor=context(ctx).monitor))
        return
    monitor = context(ctx).monitor
    with monitor.step(f"Remastering {file.name}"):
        if kind == "--oemdrv":
            _second_medium(file, edits, target)
        else:
            _remaster(file, edits, target, overlay=kind == "--overlay", monitor=monitor)


def _checked(kickstart: Path, file: Path, *, monitor: Monitor) -> str:
    """Return the kickstart's text, if the medium's installer can read it; tell what else is odd."""
    from builder.kickstart import lint
    from builder.kickstart.reading import read
    from builder.kickstart.syntaxes import named_by, of_medium
    from builder.media.inspect import product
    from builder.model.kickstart import Kickstart

    if kickstart.suffix == ".j2":
        raise UsageError(
            f"{kickstart} is a template, which no installer reads.",
            hint="`builder build RELEASE --kickstart FILE` fills one in; a medium wants it plain.",
        )
    text = read(kickstart)
    named = product(file)
    syntax = of_medium(*named) or named_by(text)
    if not syntax:
        what = f"installs {' '.join(named)}" if all(named) else "does not say what it installs"
        monitor.tell("warning", f"{file} {what}: {kickstart} is not checked.")
        return text
    asked = Kickstart(source=str(kickstart), syntax=syntax, text=text)
    findings = lint.lint_for_others(asked)
    for each in (each for each in findings if each.severity == "warning"):
        monitor.tell("warning", lint.show(each, source=asked.source))
    lint.check(asked, findings)
    return text


def _target(
    options: dict[str, Path | None], read: Iterable[Path], *, force: bool, needed: bool
) -> tuple[str, Path]:
    """Return the option that says what to write, and where; "-o" and . if that is not needed."""
    from builder.paths import targets

    named = [(option, path) for option, path in options.items() if path is not None]
    if len(named) > 1 or (needed and not named):
        what = "Say one thing to write" if named else "Say what to write"
        raise UsageError(f"{what}.", hint="One of -o OUT, --overlay OUT, --oemdrv OUT.")
    if not named:
        return "-o", Path()
    option, path = named[0]
    for each in read:
        if targets.same(path, each):
            raise UsageError(f"{path} is to be read.", hint="Give OUT another name.")
    return option, targets.target(path, force=force)


def _refuse_idle(edits: "Edits") -> None:
    """Raise UsageError for what --oemdrv, which leaves the ISO as it is, would not do."""
    given = {
        "--add": edits.add,
        "--append": edits.append,
        "--remove": edits.remove,
        "--volume-id": edits.volume_id,
        "--implant-md5": edits.implant_md5,
        "--usb-check": edits.usb,
    }
    idle = [option for option, value in given.items() if value]
    if idle:
        raise UsageError(
            f"--oemdrv leaves the ISO as it is: {' and '.join(idle)} would change nothing.",
            hint="Write an ISO with -o OUT instead, or leave that out.",
        )


def _remaster(file: Path, edits: "Edits", output: Path, *, overlay: bool, monitor: Monitor) -> None:
    from builder.media.remaster import remaster as change

    media = change(file, edits, output=output, overlay=overlay, monitor=monitor)
    own = media.path.stat().st_size  # an overlay is less than what a guest sees
    typer.echo(f"{media.path}: {size(own)}, boots by itself into {media.kickstart_path}")
    if any(media.added):
        typer.echo(_added(*media.added))


def _added(files: int, folders: int) -> str:
    words = [
        f"{number} {word}{'s' * (number != 1)}"
        for number, word in ((files, "file"), (folders, "folder"))
        if number
    ]
    return f"added: {', '.join(words)}"


def _second_medium(file: Path, edits: "Edits", output: Path) -> None:
    from builder.media import oemdrv

    date = _date(file)
    oemdrv.make(edits.kickstart, output, when=edits.when or date)
    typer.echo(f"{output}: attach it beside {file.name}, whose installer reads /ks.cfg from it")


def _date(file: Path) -> "datetime":
    """Return the date of an ISO's root. Raises MediaError for what is no installer's ISO."""
    from builder.iso import dates
    from builder.iso.source import opened
    from builder.iso.survey import survey
    from builder.media.edits import refuse_live
    from builder.media.routes import routes

    with opened(file) as source:
        medium = survey(source)
        refuse_live(medium, routes(medium))
        return dates.from_record(medium.primary.descriptor.root.raw[18:25])


def _planned(file: Path, edits: "Edits", kind: str, *, monitor: Monitor) -> str:
    from builder.media.remaster import planned

    if kind == "--oemdrv":
        date = _date(file)
        return f"a small ISO labelled OEMDRV with /ks.cfg, dated {edits.when or date:%F}"
    patch = planned(file, edits, overlay=kind == "--overlay", monitor=monitor)
    rows = [(str(each.at), str(each.length), each.title) for each in patch.writes]
    summary = f"{size(patch.fresh)} to write, {size(patch.size)} in all"
    return f"{table(('OFFSET', 'BYTES', 'WHAT'), rows)}\n{summary}"


def _pair(text: str) -> tuple[Path, str]:
    source, colon, destination = text.rpartition(":")
    if not colon or not source or not destination:
        raise UsageError(f"{text!r} is no SRC:DEST.", hint="Such as --add ./repo:repo.")
    return Path(source), destination
