"""Channels of templates: moved, rolled back, and versions that are revoked."""

import re
from functools import partial

from builder.errors import UsageError, suggest
from builder.registry import ledger
from builder.registry.ledger import Ledger, Moved, Revoked, There, moved, now
from builder.registry.registry import Registry


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
    return moved(before, after, to)


def rollback(registry: Registry, name: str, *, channel: str = ledger.STABLE) -> Moved:
    """Point the channel to what it had before, leaving out what is revoked or gone.

    Raises UsageError when it had nothing before, or when there is no such channel.
    """
    with registry.locked():
        registry.named(name)
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
        template = registry.find(word, revoked=True)
        name, version = template.name, template.version
        before, there = registry.known(name), partial(registry.template, name)
        after = before.revoke(version, reason=reason, there=there, when=now())
        registry.write(after)
    return Revoked(
        name=name,
        version=version,
        reason=after.revoked[version],
        moved=tuple(moved(before, after, each) for each in before.pointing(version)),
    )


def _refuse_rollback(old: Ledger, channel: str, there: There) -> None:
    if channel not in old.channels:
        raise UsageError(
            f"{old.name} has no channel {channel!r}.", hint=suggest(channel, old.channels)
        )
    if not old.previous(channel, there=there):
        raise UsageError(
            f"{old.name}@{channel} had nothing else before that is still served.",
            hint=f"`builder template promote {old.name}@VERSION --to {channel}` names another.",
        )
