"""Channels of templates: moved, rolled back, and versions that are revoked."""

import re
import shlex
from difflib import get_close_matches
from functools import partial

from msgspec.structs import replace

from builder.errors import UsageError, suggest
from builder.registry import ledger, reference
from builder.registry.ledger import Ledger, Moved, Revoked, There, moved, now
from builder.registry.registry import Registry

_NO_CHANNELS = "It has none: `builder template promote REF --to CHANNEL` makes one."


def promote(registry: Registry, word: str, *, to: str = ledger.STABLE) -> Moved:
    """Point the channel `to` to what the reference means; a name alone means its candidate.

    Raises UsageError for what does not exist and for a name that no channel can have,
    TemplateError for a revoked version.
    """
    if re.fullmatch(ledger.CHANNEL, to) is None or to == ledger.LATEST:
        raise UsageError(
            f"A channel cannot be called {to!r}.",
            hint="A small letter, then up to 30 small letters, digits and dashes; not latest.",
        )
    with registry.locked():
        template = registry.find(word if "@" in word else f"{word}@{ledger.CANDIDATE}")
        before = registry.known(template.name)
        after = before.promote(template.version, channel=to, when=now())
        registry.write(after)
    move = moved(before, after, to)
    return move if to in before.channels else replace(move, near=_near(to, before))


def _near(channel: str, known: Ledger) -> str:
    """Return the channel that may have been meant by a new one; empty for a name of its own."""
    names = sorted({*known.channels, ledger.STABLE} - {channel})
    return next(iter(get_close_matches(channel, names, n=1)), "")


def delete(registry: Registry, word: str) -> Moved:
    """Take a channel away, by NAME@CHANNEL; the version that it points to stays.

    Raises UsageError when there is no such channel, and for `candidate`, which the next build would
    make again.
    """
    wanted = reference.parse(word)
    with registry.locked():
        before = registry.known(wanted.name)
        if registry.newest(wanted.name) is None and not before.channels:
            raise registry.unknown(wanted.name)
        if "@" not in word:
            raise UsageError(f"Which channel of {word}?", hint=f"{word}@CHANNEL.")
        if wanted.which == ledger.CANDIDATE:
            raise UsageError(
                f"{word} cannot be deleted: each build points it to its template.",
                hint="`builder template revoke` takes a version out of all channels.",
            )
        if wanted.which not in before.channels:
            raise _no_channel(before, wanted.which)
        after = before.end(wanted.which, when=now())
        registry.write(after)
    return moved(before, after, wanted.which)


def rollback(registry: Registry, name: str, *, channel: str = ledger.STABLE) -> Moved:
    """Point the channel to what it had before, leaving out what is revoked or gone.

    Raises UsageError when it had nothing before, or when there is no such channel.
    """
    with registry.locked():
        if registry.newest(name) is None:
            raise registry.unknown(name)
        before, there = registry.known(name), partial(registry.template, name)
        _refuse_rollback(before, channel, there)
        after = before.rollback(channel, there=there, when=now())
        registry.write(after)
    return moved(before, after, channel)


def revoke(registry: Registry, word: str, *, reason: str) -> Revoked:
    """Never serve again what the reference means; channels that point to it are rolled back.

    A version that is revoked already stays so, for the first reason. Raises UsageError.
    """
    if not reason.strip():
        raise UsageError("A revocation needs a reason.", hint="Whoever asks for it will read it.")
    with registry.locked():
        wanted = reference.parse(word)
        before, there = registry.known(wanted.name), partial(registry.template, wanted.name)
        version = registry.meant(wanted, before).version
        after = before.revoke(version, reason=reason, there=there, when=now())
        registry.write(after)
    return Revoked(
        name=wanted.name,
        version=version,
        reason=after.revoked[version],
        moved=tuple(moved(before, after, each) for each in before.pointing(version)),
    )


def _refuse_rollback(old: Ledger, channel: str, there: There) -> None:
    if channel not in old.channels:
        raise _no_channel(old, channel)
    if not old.previous(channel, there=there):
        word = f"{old.name}@VERSION"
        raise UsageError(
            f"{old.name}@{channel} had nothing else before that is still served.",
            hint=f"`builder template promote {shlex.quote(word)} --to {channel}` names another.",
        )


def _no_channel(known: Ledger, channel: str) -> UsageError:
    return UsageError(
        f"{known.name} has no channel {channel!r}.",
        hint=suggest(channel, known.channels, none=_NO_CHANNELS),
    )
