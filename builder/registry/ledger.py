"""What happened to the versions of one template: channels, revocations and the history of both.

A ledger is a value: what is done to it makes another one.
"""

from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

import msgspec
from msgspec.structs import replace

from builder.model.text import rfc3339
from builder.paths import targets
from builder.registry.reading import Versioned

CHANNEL = r"^[a-z][a-z0-9-]{0,30}\Z"
VERSION = targets.VERSION
LATEST = "latest"
"""Means the newest version that is not revoked; no channel may be called so."""
CANDIDATE = "candidate"
"""The channel that every published version gets."""
STABLE = "stable"

There = Callable[[str], object]
"""Returns something true for a version whose files are in the store pool."""
_Channel = Annotated[str, msgspec.Meta(pattern=CHANNEL)]
_Version = Annotated[str, msgspec.Meta(pattern=rf"^{VERSION}\Z")]
_Maybe = Annotated[str, msgspec.Meta(pattern=rf"^({VERSION})?\Z")]


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a history."""

    when: str
    """RFC 3339, UTC."""
    what: Literal["publish", "promote", "rollback", "revoke", "delete"]
    channel: str = ""
    """Empty when no channel moved."""
    before: _Maybe = msgspec.field(default="", name="from")
    """What the channel pointed to, or the version that was revoked or deleted."""
    after: _Maybe = msgspec.field(default="", name="to")
    """What the channel points to, or the version that was published."""
    reason: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for what a version is missing in."""
        named = {"publish": self.after, "delete": self.before}
        if named.get(self.what) == "":
            raise ValueError(f"a line of the history names no version: {self.what}")


class Ledger(Versioned, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it, as NAME.channels.json in the store pool."""

    name: str
    channels: dict[_Channel, _Version] = msgspec.field(default_factory=dict)
    revoked: dict[_Version, str] = msgspec.field(default_factory=dict)
    """Each with its reason."""
    history: tuple[Change, ...] = ()
    """Oldest first. It outlives versions, so that none is given twice."""

    @property
    def published(self) -> Set[str]:
        """Every version that there ever was."""
        return set(self.sequence)

    @property
    def sequence(self) -> tuple[str, ...]:
        """Every version that there ever was, in the order in which they were published."""
        return tuple(each.after for each in self.history if each.what == "publish")

    @property
    def deleted(self) -> Set[str]:
        """Versions that were told to go."""
        return {each.before for each in self.history if each.what == "delete"}

    @property
    def owed(self) -> Set[str]:
        """Versions that should be there."""
        return self.published - self.deleted

    def pointing(self, version: str) -> tuple[str, ...]:
        """Return the channels that point to the version, by name."""
        return tuple(sorted(name for name, each in self.channels.items() if each == version))

    def publish(self, version: str, *, when: str) -> Self:
        """Note a version, once, and move the channel `candidate` to it unless that is ahead."""
        return self.note({version: when})

    def note(self, versions: Mapping[str, str]) -> Self:
        """Publish all of them, in that order, each with the time when."""
        published, changes = self.published, list[Change]()
        before = self.channels.get(CANDIDATE, "")
        for version, when in versions.items():
            if version in published:
                continue
            change = Change(when=when, what="publish", after=version)
            if not before or order(before) < order(version):
                change = replace(change, channel=CANDIDATE, before=before)
                before = version
            changes.append(change)
        return self._noted(*changes)

    def promote(self, version: str, *, channel: str, when: str) -> Self:
        """Point the channel to the version."""
        before = self.channels.get(channel, "")
        if before == version:
            return self
        return self._noted(
            Change(when=when, what="promote", channel=channel, before=before, after=version)
        )

    def previous(self, channel: str, *, there: There) -> str:
        """Return what the channel had before, of the versions that are there and not revoked.

        Empty if there is nothing of the kind. A rollback takes back what came since that version,
        so that the next one goes further back.
        """
        rest = {self.channels.get(channel, ""), *self.revoked}
        past = (each for each in reversed(self._past(channel)) if each not in rest)
        return next(filter(there, past), "")

    def rollback(self, channel: str, *, there: There, when: str) -> Self:
        """Point the channel to what it had before; without that it ends."""
        before, after = self.channels.get(channel, ""), self.previous(channel, there=there)
        return self._noted(
            Change(when=when, what="rollback", channel=channel, before=before, after=after)
        )

    def end(self, channel: str, *, when: str) -> Self:
        """Take the channel away, and all that a rollback of it would go back to."""
        before = self.channels.get(channel, "")
        why = "the channel was deleted"
        return self._noted(
            Change(when=when, what="rollback", channel=channel, before=before, reason=why)
        )

    def revoke(self, version: str, *, reason: str, there: There, when: str) -> Self:
        """Mark the version, and roll back the channels that point to it."""
        if version in self.revoked:
            return self
        return self._leave(Change(when=when, what="revoke", before=version, reason=reason), there)

    def delete(self, version: str, *, there: There, when: str) -> Self:
        """Note that the version goes, and roll back the channels that point to it."""
        if version in self.deleted:
            return self
        change = Change(when=when, what="delete", before=version)
        return self._leave(change, lambda each: each != version and there(each))

    def _leave(self, change: Change, there: There) -> Self:
        ledger = self._noted(change)
        for channel in self.pointing(change.before):
            ledger = ledger.rollback(channel, there=there, when=change.when)
        return ledger

    def _noted(self, *changes: Change) -> Self:
        channels, revoked = dict(self.channels), dict(self.revoked)
        for change in changes:
            if change.channel and change.after:
                channels[change.channel] = change.after
            else:
                channels.pop(change.channel, None)
            if change.what == "revoke":
                revoked[change.before] = change.reason
        history = (*self.history, *changes)
        return replace(self, channels=channels, revoked=revoked, history=history)

    def _past(self, channel: str) -> list[str]:
        """Return what the channel had, oldest first, without what rollbacks took back."""
        past: list[str] = []
        for change in (each for each in self.history if each.channel == channel):
            if change.what != "rollback":
                past.append(change.after)
            while past and change.what == "rollback" and past[-1] != change.after:
                past.pop()
        return past


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A channel that points to another version now; either may be empty: it began, or ended."""

    name: str
    channel: str
    before: str
    after: str
    near: str = ""
    """What may have been meant by a channel that is new."""


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is not served any more, and the channels that went back because of it."""

    name: str
    version: str
    reason: str
    moved: tuple[Moved, ...]


def moved(before: Ledger, after: Ledger, channel: str) -> Moved:
    """Return what a channel pointed to, and points to."""
    was, now = before.channels.get(channel, ""), after.channels.get(channel, "")
    return Moved(name=after.name, channel=channel, before=was, after=now)


def order(version: str) -> tuple[int, int]:
    """Return what versions sort by: 20261123.10 comes after 20261123.9."""
    day, _, number = version.partition(".")
    return int(day), int(number)


def now() -> str:
    """Return the time as ledgers have it."""
    return rfc3339(datetime.now(UTC))
