"""What happened to the versions of one template: channels, revocations and the history of both."""

from collections.abc import Set
from typing import Annotated, Literal

import msgspec

CHANNEL = r"^[a-z][a-z0-9-]{0,30}$"
VERSION = r"^\d{8}\.\d+$"
LATEST = "latest"
"""Means the newest version that is not revoked; no channel may be called so."""
CANDIDATE = "candidate"
"""The channel that every published version gets."""
STABLE = "stable"

_Channel = Annotated[str, msgspec.Meta(pattern=CHANNEL)]
_Version = Annotated[str, msgspec.Meta(pattern=VERSION)]


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of a history."""

    when: str
    """RFC 3339, UTC."""
    what: Literal["publish", "promote", "rollback", "revoke", "delete"]
    channel: str = ""
    """Empty when no channel moved."""
    before: str = msgspec.field(default="", name="from")
    """What the channel pointed to, or the version that was revoked or deleted."""
    after: str = msgspec.field(default="", name="to")
    """What the channel points to, or the version that was published."""
    reason: str = ""


class Ledger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it, as NAME.channels.json in the store pool."""

    schema: Literal[1] = 1
    name: str
    channels: dict[_Channel, _Version] = {}
    revoked: dict[_Version, str] = {}
    """Each with its reason."""
    history: tuple[Change, ...] = ()
    """Oldest first. It outlives versions, so that none is given twice."""

    @property
    def published(self) -> Set[str]:
        """Every version that there ever was."""
        return {each.after for each in self.history if each.what == "publish"}

    @property
    def deleted(self) -> Set[str]:
        """Versions that were told to go."""
        return {each.before for each in self.history if each.what == "delete"}

    def pointing(self, version: str) -> tuple[str, ...]:
        """Return the channels that point to the version, by name."""
        return tuple(sorted(name for name, each in self.channels.items() if each == version))


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A channel that points to another version now; either may be empty: it began, or ended."""

    name: str
    channel: str
    before: str
    after: str


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is not served any more, and the channels that went back because of it."""

    name: str
    version: str
    reason: str
    moved: tuple[Moved, ...]
