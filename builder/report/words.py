"""What is said of outcomes, in words that are safe to print."""

from collections import Counter
from collections.abc import Iterable

from builder.model.package import PackageChange
from builder.model.text import plain, unbroken
from builder.record.runs import Outcome, Waiting
from builder.report.history import State

_LONGEST = 1200
"""Characters of an error: the dossier has it whole."""

STATES: dict[State, str] = {
    "published": "built",
    "unchanged": "kept",
    "failed": "failed",
    "skipped": "not run",
    "lost": "killed",
    "open": "not ended",
}


def told(text: str) -> str:
    """Return a text of a record in one line: it may be a guest's, and as long as it likes."""
    line = plain(unbroken(text), longest=_LONGEST + 1)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"


def count(number: int, word: str) -> str:
    """Return "1 image" or "2 images"."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def changed(outcome: Outcome) -> str:
    """Return how many packages have changed: "14 updated, 1 added"; nothing where none has."""
    kinds = tally(outcome.changes)
    return ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)


def tally(changes: Iterable[PackageChange]) -> dict[str, int]:
    """Count changes by their kinds."""
    kinds = Counter(map(_kind, changes))
    return {kind: kinds[kind] for kind in ("updated", "added", "removed")}


def waiting(found: Waiting | None) -> str:
    """Return what waits for an image: "14 updates, 3 important"; nothing where nobody asked."""
    if found is None:
        return ""
    if not found.updates:
        return "none"
    parts = [count(found.updates, "update")]
    if found.important:
        parts.append(f"{found.important} important")
    elif found.security:
        parts.append(f"{found.security} for security")
    return ", ".join(parts)


def _kind(change: PackageChange) -> str:
    if not change.before:
        return "added"
    return "updated" if change.after else "removed"
