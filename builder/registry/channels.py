"""Channels of the templates in a store pool: moved, rolled back, and versions that are revoked."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from builder.errors import UsageError, suggest
from builder.model.ledger import CANDIDATE, CHANNEL, LATEST, STABLE, Ledger, Moved, Revoked
from builder.model.template import Template
from builder.registry import ledger, ledger_file, reference, registry
from builder.registry.known import known


def promote(store: Path, word: str, *, to: str = STABLE) -> Moved:
    """Point the channel `to` to what the reference means; a name alone means its candidate.

    Raises UsageError for what does not exist and for a name that no channel can have,
    TemplateError for a revoked version.
    """
    check(to)
    with ledger_file.locked(store):
        exact = word if "@" in word else f"{word}@{CANDIDATE}"
        template = reference.find(store, exact)

        def change(old: Ledger) -> Ledger:
            return ledger.promote(old, template.version, channel=to, when=now())

        before, after = changed(store, template.name, change)
    return next(iter(moved(before, after, (to,))))


def rollback(store: Path, name: str, *, channel: str = STABLE) -> Moved:
    """Point the channel to what it had before, leaving out what is revoked or gone.

    Raises UsageError when it had nothing before, or when there is no such channel.
    """
    with ledger_file.locked(store):
        there = versions(reference.named(store, name))

        def change(old: Ledger) -> Ledger:
            _refuse_rollback(old, channel, there)
            return ledger.rollback(old, channel, there=there, when=now())

        before, after = changed(store, name, change)
    return next(iter(moved(before, after, (channel,))))


def revoke(store: Path, word: str, *, reason: str) -> Revoked:
    """Never serve again what the reference means; channels that point to it are rolled back.

    A version that is revoked already stays so, for the first reason. Raises UsageError.
    """
    if not reason.strip():
        raise UsageError("A revocation needs a reason.", hint="Whoever asks for it will read it.")
    with ledger_file.locked(store):
        template = reference.find(store, word, revoked=True)
        there = versions(reference.named(store, template.name))

        def change(old: Ledger) -> Ledger:
            return ledger.revoke(old, template.version, reason=reason, there=there, when=now())

        before, after = changed(store, template.name, change)
    return Revoked(
        name=template.name,
        version=template.version,
        reason=after.revoked[template.version],
        moved=moved(before, after, before.pointing(template.version)),
    )


def changed(store: Path, name: str, change: Callable[[Ledger], Ledger]) -> tuple[Ledger, Ledger]:
    """Change the ledger of that name, whose lock is held; return it before and after."""
    before = known(store, registry.versions(store, name), name=name)
    after = change(before)
    ledger_file.write(store, after)
    return before, after


def moved(before: Ledger, after: Ledger, channels: Iterable[str]) -> tuple[Moved, ...]:
    """Return what each of the channels pointed to, and points to."""
    return tuple(
        Moved(
            name=after.name,
            channel=channel,
            before=before.channels.get(channel, ""),
            after=after.channels.get(channel, ""),
        )
        for channel in channels
    )


def versions(templates: Iterable[Template]) -> tuple[str, ...]:
    """Return their versions."""
    return tuple(each.version for each in templates)


def check(channel: str) -> None:
    """Raise UsageError for a name that no channel can have."""
    if re.fullmatch(CHANNEL, channel) is None or channel == LATEST:
        raise UsageError(
            f"A channel cannot be called {channel!r}.",
            hint="A small letter, then up to 30 small letters, digits and dashes; not latest.",
        )


def now() -> str:
    """Return the time as ledgers have it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _refuse_rollback(old: Ledger, channel: str, there: tuple[str, ...]) -> None:
    if channel not in old.channels:
        raise UsageError(
            f"{old.name} has no channel {channel!r}.", hint=suggest(channel, old.channels)
        )
    if not ledger.previous(old, channel, there=there):
        raise UsageError(
            f"{old.name}@{channel} had nothing else before that is still served.",
            hint=f"`builder template promote {old.name}@VERSION --to {channel}` names another.",
        )
