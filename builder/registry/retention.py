"""Which versions of a template stay, and why."""

from collections.abc import Collection, Mapping, Sequence

from builder.registry.ledger import CANDIDATE, Ledger


def needed(version: str, ledger: Ledger, *, there: Sequence[str]) -> tuple[str, ...]:
    """Return why a version is still wanted by those who keep templates; `there` is oldest first."""
    reasons = [f"the channel {each} points to it" for each in ledger.pointing(version)]
    served = [each for each in there if each not in ledger.revoked]
    if version == there[-1]:
        reasons.append("it is the newest")
    elif served and version == served[-1]:
        reasons.append("it is the newest that is not revoked")
    return tuple(reasons)


def used(users: Collection[str]) -> tuple[str, ...]:
    """Return why a version must stay, whatever people say: its users."""
    return (f"{', '.join(users)} {'need' if len(users) > 1 else 'needs'} it",) if users else ()


def judge(
    there: Sequence[str], ledger: Ledger, *, keep: int, users: Mapping[str, Collection[str]]
) -> dict[str, tuple[str, ...]]:
    """Return for each version, oldest first, why pruning keeps it; empty for those that go.

    Beside what `needed` and `used` say, the `keep` newest stay, revoked ones not counted, and what
    a rollback of a channel would go back to, except for `candidate`, which every night moves.
    """
    served = [each for each in there if each not in ledger.revoked]
    newest = served[max(len(served) - keep, 0) :]
    back = _ways_back(ledger, there)
    return {
        version: (
            *needed(version, ledger, there=there),
            *used(users.get(version, ())),
            *((f"the newest {keep} stay",) if version in newest else ()),
            *(f"a rollback of {each} goes back to it" for each in back.get(version, ())),
        )
        for version in there
    }


def _ways_back(ledger: Ledger, there: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for channel in sorted(each for each in ledger.channels if each != CANDIDATE):
        previous = ledger.previous(channel, there=there.__contains__)
        found.setdefault(previous, []).append(channel)
    return found
