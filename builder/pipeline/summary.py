"""What a run came to, for people; machines get the outcomes as they are."""

from collections.abc import Sequence

from builder.errors import BatchError, HostError
from builder.model.text import duration, unbroken
from builder.record.runs import Outcome, Run

HEADER = ("TEMPLATE", "RESULT", "VERSION", "TIME", "")


def rows(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """Return one row for each outcome, to be laid out under HEADER."""
    return [
        (each.name, each.result, each.version or "-", duration(each.seconds), _detail(each))
        for each in outcomes
    ]


def check(outcomes: Sequence[Outcome]) -> None:
    """Raise BatchError, naming them, when any failed."""
    failed = [each for each in outcomes if each.result == "failed"]
    if failed:
        shown = ", ".join(each.name for each in failed if each.folder)
        evidence = f", `builder builds show NAME` the evidence of {shown}" if shown else ""
        raise BatchError(
            f"{len(failed)} of {len(outcomes)} builds failed: "
            f"{', '.join(each.name for each in failed)}.",
            hint=f"The table has the reason of each{evidence}.",
        )


def check_rest(run: Run) -> None:
    """Raise HostError when something failed after the builds, which are as they should be."""
    if run.trouble:
        raise HostError(
            f"All builds are well, but not what follows them: {run.trouble[0]}",
            hint=f"The warnings above tell of all {len(run.trouble)}." if run.trouble[1:] else "",
        )


def _detail(outcome: Outcome) -> str:
    tries = f" ({outcome.attempts} attempts)" if outcome.attempts > 1 else ""
    if outcome.result == "failed":
        return unbroken(f"{outcome.error} {outcome.hint}{tries}")
    why = f" ({unbroken(outcome.reason)})" if outcome.reason else ""
    return f"{outcome.path}{why}{tries}"
