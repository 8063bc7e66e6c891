"""What there is, for people who choose."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from builder.model.ledger import Change, Ledger
from builder.model.template import ImageFacts, Manifest, Template
from builder.registry import reference, registry
from builder.registry.known import known


class Entry(msgspec.Struct, frozen=True, kw_only=True):
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


def entries(store: Path, name: str = "") -> tuple[Entry, ...]:
    """Return every template, or the versions of one, by name, oldest first.

    Raises UsageError for a name that nobody knows, ConfigError for a ledger that cannot be read.
    """
    found = reference.named(store, name) if name else registry.templates(store)
    names = dict.fromkeys(each.name for each in found)
    ledgers = {
        each: known(store, (one for one in found if one.name == each), name=each) for each in names
    }
    return tuple(entry(each, ledgers[each.name]) for each in found)


def described(store: Path, word: str) -> tuple[Entry, Manifest, tuple[Change, ...]]:
    """Return all that is known of the template that a reference means, revoked or not.

    The history is that of the name. Raises UsageError, ConfigError and TemplateError.
    """
    template = reference.find(store, word, revoked=True)
    ledger = known(store, registry.versions(store, template.name), name=template.name)
    return entry(template, ledger), registry.manifest(template), ledger.history


def entry(template: Template, ledger: Ledger) -> Entry:
    """Return a template with what the ledger says of it."""
    return Entry(
        name=template.name,
        version=template.version,
        channels=ledger.pointing(template.version),
        revoked=ledger.revoked.get(template.version, ""),
        created=template.created,
        path=template.path,
        image=template.image,
        manifest=template.manifest,
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
