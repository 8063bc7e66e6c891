"""How people name a template: NAME, NAME@VERSION, NAME@CHANNEL, NAME@latest."""

import re
import shlex
from collections.abc import Sequence

import msgspec

from builder.errors import TemplateError, UsageError, suggest
from builder.model.text import ended
from builder.registry.ledger import LATEST, VERSION, Ledger

_NAME = re.compile(r"[^/\0]{1,200}")
"""What a file may be called, with what comes after it."""
_NONE_SERVED = "All of its versions are revoked: build it again."


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """A reference, taken apart."""

    name: str
    which: str = LATEST
    """A version, a channel, or "latest"."""

    def version(self, ledger: Ledger) -> str:
        """Return the version that is meant; empty for a channel that does not exist."""
        exact = re.fullmatch(VERSION, self.which)
        return self.which if exact else ledger.channels.get(self.which, "")


def parse(word: str) -> Reference:
    """Take a reference apart. Raises UsageError when it cannot be one."""
    name, separator, which = word.partition("@")
    if not _NAME.fullmatch(name) or (separator and not which) or "@" in which:
        raise UsageError(
            f"{word!r} names no template.",
            hint="NAME, NAME@VERSION, NAME@CHANNEL or NAME@latest, such as centos7@stable.",
        )
    return Reference(name=name, which=which or LATEST)


def missing(wanted: Reference, ledger: Ledger, there: Sequence[str]) -> UsageError | TemplateError:
    """Return what to say when nothing is there that a reference could mean."""
    name, which, version = wanted.name, wanted.which, wanted.version(ledger)
    served = [each for each in there if each not in ledger.revoked]
    if not version:
        words = {*ledger.channels, *([LATEST] if served else []), *served}
        hint = suggest(which, words, none=_NONE_SERVED)
        return UsageError(f"{name} has no channel {which!r}.", hint=hint)
    if version != which:
        return TemplateError(
            f"{name}@{which} is {version}, whose files are not in the store pool.",
            hint=f"`builder template rollback {shlex.quote(name)} --channel {which}` goes back to "
            "another.",
        )
    was = " any more" if version in ledger.published else ""
    hint = suggest(version, served, none=_NONE_SERVED)
    return UsageError(f"{name} has no version {version}{was}.", hint=hint)


def revoked(version: str, ledger: Ledger, there: Sequence[str]) -> TemplateError:
    """Return what to say of a version that is not served any more."""
    served = [each for each in there if each not in ledger.revoked]
    instead = f"The newest that is not is {ledger.name}@{served[-1]}." if served else ""
    return TemplateError(
        f"{ledger.name} {version} is revoked: {ended(ledger.revoked[version])}",
        hint=instead or _NONE_SERVED,
    )
