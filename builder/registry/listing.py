"""What there is, for people who choose."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from builder.model.template import ImageFacts, Manifest, Template
from builder.registry.ledger import Change, Ledger
from builder.registry.registry import Registry, manifest


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A template, with what its ledger says of it."""

    name: str
    version: str
    channels: tuple[str, ...]
    """Those that point to it."""
    revoked: str
    """Why, if it is."""
    created: str
    path: Path
    image: ImageFacts
    manifest: Path


def statuses(registry: Registry, name: str = "") -> tuple[Status, ...]:
    """Return every template, or the versions of one, by name, oldest first.

    Raises UsageError for a name that nobody knows, ConfigError for a ledger that cannot be read.
    """
    found = registry.named(name) if name else registry.templates()
    ledgers = {each: registry.known(each) for each in {each.name for each in found}}
    return tuple(_status(each, ledgers[each.name]) for each in found)


def described(registry: Registry, word: str) -> tuple[Status, Manifest, tuple[Change, ...]]:
    """Return all that is known of the template that a reference means, revoked or not.

    The history is that of the name. Raises UsageError, ConfigError and TemplateError.
    """
    template = registry.find(word, revoked=True)
    ledger = registry.known(template.name)
    return _status(template, ledger), manifest(template), ledger.history


def _status(template: Template, ledger: Ledger) -> Status:
    return Status(
        **msgspec.structs.asdict(template),
        channels=ledger.pointing(template.version),
        revoked=ledger.revoked.get(template.version, ""),
    )


def age(created: str, *, now: datetime | None = None) -> str:
    """Return how old something is, in whole minutes, hours or days; empty when nobody knows."""
    try:
        seconds = ((now or datetime.now(UTC)) - datetime.fromisoformat(created)).total_seconds()
    except (ValueError, TypeError):  # no time, or one without its zone
        return ""
    for count, unit in ((86400, "d"), (3600, "h")):
        if seconds >= 2 * count:
            return f"{seconds // count:.0f} {unit}"
    return f"{max(seconds, 0) // 60:.0f} min"
