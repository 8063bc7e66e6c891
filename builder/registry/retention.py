"""Which versions of a template stay, and why."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from builder.model.traces import mentioned
from builder.registry.ledger import CANDIDATE, Ledger


def needed(ledger: Ledger, *, there: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return why versions are still wanted by those who keep templates; `there` is oldest first."""
    served = [each for each in there if each not in ledger.revoked]
    though = ", though revoked" if ledger.revoked.keys() & there[-1:] else ""
    marks = {
        "it was published last": _by_sequence(there, ledger)[-1:],
        "it is the newest that is not revoked": served[-1:],
        f"it is the newest{though}": there[-1:],
    }
    marked = {version: (why,) for why, versions in marks.items() for version in versions}
    return {version: (*_pointing(version, ledger), *marked.get(version, ())) for version in there}


def _pointing(version: str, ledger: Ledger) -> Iterator[str]:
    return (f"the channel {each} points to it" for each in ledger.pointing(version))


def _by_sequence(versions: Iterable[str], ledger: Ledger) -> list[str]:
    """Return versions as they were published: after a clock was ahead, not as they are numbered."""
    place = {version: number for number, version in enumerate(ledger.sequence)}
    return sorted(versions, key=lambda each: place.get(each, -1))


def used(users: Collection[str]) -> tuple[str, ...]:
    """Return why a version must stay, whatever people say: its users."""
    return (f"{', '.join(users)} {'need' if len(users) > 1 else 'needs'} it",) if users else ()


def remedy(users: Iterable[str]) -> str:
    """Return what to do about those users."""
    builds = list(dict.fromkeys(filter(None, map(mentioned, users))))
    if not builds:
        return "Remove what needs it first."
    return (
        f"The build or check {builds[0]} is using it: it goes when that ends. If it was killed, "
        "`builder gc` tells what becomes of it."
    )


def perhaps(away: Iterable[str]) -> tuple[str, ...]:
    """Return why a version should stay while the pools of those names cannot be seen."""
    return tuple(f"images in the pool {each}, which is away, may need it" for each in away)


def judge(
    there: Sequence[str], ledger: Ledger, *, keep: int, users: Mapping[str, Collection[str]]
) -> dict[str, tuple[str, ...]]:
    """Return for each version, oldest first, why pruning keeps it; empty for those that go.

    Beside what `needed` and `used` say, the `keep` that were published last stay, revoked ones not
    counted, and what a rollback of a channel would go back to, except for `candidate`, which every
    night moves.
    """
    served = [each for each in _by_sequence(there, ledger) if each not in ledger.revoked]
    newest = frozenset(served[max(len(served) - keep, 0) :])
    wanted, back = needed(ledger, there=there), _ways_back(ledger, frozenset(there))
    return {
        version: (
            *wanted[version],
            *used(users.get(version, ())),
            *((f"the newest {keep} stay",) if version in newest else ()),
            *(f"a rollback of {each} goes back to it" for each in back.get(version, ())),
        )
        for version in there
    }


def _ways_back(ledger: Ledger, there: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for channel in sorted(each for each in ledger.channels if each != CANDIDATE):
        previous = ledger.previous(channel, there=there.__contains__)
        found.setdefault(previous, []).append(channel)
    return found
