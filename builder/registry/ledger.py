"""What can be done to a ledger: values in, values out."""

from collections.abc import Collection
from typing import Literal

from msgspec.structs import replace

from builder.model.ledger import CANDIDATE, Change, Ledger


def order(version: str) -> tuple[int, int]:
    """Return what versions sort by: 20261123.10 comes after 20261123.9."""
    day, _, number = version.partition(".")
    return int(day), int(number)


def publish(ledger: Ledger, version: str, *, when: str) -> Ledger:
    """Note a version, once, and move the channel `candidate` to it unless that is ahead."""
    if version in ledger.published:
        return ledger
    before = ledger.channels.get(CANDIDATE, "")
    if before and order(before) > order(version):
        return _noted(ledger, Change(when=when, what="publish", after=version))
    change = Change(when=when, what="publish", channel=CANDIDATE, before=before, after=version)
    return _noted(ledger, change)


def promote(ledger: Ledger, version: str, *, channel: str, when: str) -> Ledger:
    """Point the channel to the version."""
    before = ledger.channels.get(channel, "")
    if before == version:
        return ledger
    change = Change(when=when, what="promote", channel=channel, before=before, after=version)
    return _noted(ledger, change)


def previous(ledger: Ledger, channel: str, *, there: Collection[str]) -> str:
    """Return what the channel had before, of the versions that are `there` and not revoked.

    Empty if there is nothing of the kind. A rollback takes back what came since that version, so
    that the next one goes further back.
    """
    past, now = _past(ledger, channel), ledger.channels.get(channel, "")
    good = (each for each in reversed(past) if each in there and each not in ledger.revoked)
    return next((each for each in good if each != now), "")


def rollback(ledger: Ledger, channel: str, *, there: Collection[str], when: str) -> Ledger:
    """Point the channel to what it had before; without that it ends."""
    change = Change(
        when=when,
        what="rollback",
        channel=channel,
        before=ledger.channels.get(channel, ""),
        after=previous(ledger, channel, there=there),
    )
    return _noted(ledger, change)


def revoke(
    ledger: Ledger, version: str, *, reason: str, there: Collection[str], when: str
) -> Ledger:
    """Mark the version, and roll back the channels that point to it."""
    if version in ledger.revoked:
        return ledger
    marked = replace(ledger, revoked={**ledger.revoked, version: reason})
    return _leave(marked, version, "revoke", reason=reason, there=there, when=when)


def delete(ledger: Ledger, version: str, *, there: Collection[str], when: str) -> Ledger:
    """Note that the version goes, and roll back the channels that point to it."""
    if version in ledger.deleted:
        return ledger
    remaining = [each for each in there if each != version]
    return _leave(ledger, version, "delete", reason="", there=remaining, when=when)


def _leave(
    ledger: Ledger,
    version: str,
    what: Literal["revoke", "delete"],
    *,
    reason: str,
    there: Collection[str],
    when: str,
) -> Ledger:
    ledger = _noted(ledger, Change(when=when, what=what, before=version, reason=reason))
    for channel in ledger.pointing(version):
        ledger = rollback(ledger, channel, there=there, when=when)
    return ledger


def _noted(ledger: Ledger, change: Change) -> Ledger:
    channels = dict(ledger.channels)
    if change.channel and change.after:
        channels[change.channel] = change.after
    else:
        channels.pop(change.channel, None)
    return replace(ledger, channels=channels, history=(*ledger.history, change))


def _past(ledger: Ledger, channel: str) -> list[str]:
    """Return what the channel had, oldest first, without what rollbacks took back."""
    past: list[str] = []
    for change in (each for each in ledger.history if each.channel == channel):
        if change.what != "rollback":
            past.append(change.after)
        while past and change.what == "rollback" and past[-1] != change.after:
            past.pop()
    return past
