"""What commands share that remove old records: how much stays, and what is printed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from builder.cli.output import size, table, to_json
from builder.errors import HostError

if TYPE_CHECKING:
    from builder.record.retention import Retention

MOST = 100_000
FailureDays = Annotated[
    int,
    typer.Option(
        "--keep-failures",
        metavar="DAYS",
        min=0,
        max=MOST,
        help="Failures of the last so many days stay.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell.")]


class Pruned(Protocol):
    """A record, and what became of it."""

    @property
    def size(self) -> int: ...
    @property
    def kept(self) -> tuple[str, ...]: ...
    @property
    def error(self) -> str: ...


def rule(keep: int, failure_days: int) -> "Retention":
    """Return how much stays."""
    from builder.record.retention import Retention

    return Retention(keep=keep, failure_days=failure_days)


def tell(
    header: Sequence[str],
    found: Sequence[tuple[Sequence[str], Pruned]],
    *,
    dry_run: bool,
    json: bool,
) -> None:
    """Print what became of records, each behind a row of its own, and what that has freed.

    Raises HostError when some could not be removed.
    """
    records = [record for _row, record in found]
    rows = [(*row, size(each.size), _fate(each, dry_run=dry_run)) for row, each in found]
    typer.echo(to_json(records) if json else table((*header, "SIZE", "WHAT AND WHY"), rows))
    if not json:
        typer.echo(_freed(records, dry_run=dry_run))
    if failed := sum(bool(each.error) for each in records):
        raise HostError(
            f"{failed} of {len(records)} records could not be looked at or removed.",
            hint="The list says why of each: mend that, then prune again.",
        )


def _fate(record: Pruned, *, dry_run: bool) -> str:
    if record.error:
        return f"not removed: {record.error}"
    if record.kept:
        return f"stays: {'; '.join(record.kept)}"
    return "would go" if dry_run else "gone"


def _freed(records: Sequence[Pruned], *, dry_run: bool) -> str:
    if not records:
        return "There are no records."
    going = [each for each in records if not (each.kept or each.error)]
    verb = "would go" if dry_run else "gone"
    freed = size(sum(each.size for each in going))
    return f"{len(going)} of {len(records)} {verb}, {freed}{'' if dry_run else ' freed'}."
