"""Templates to publish, and histories to tell, for the tests beside this."""

from datetime import date
from itertools import count
from pathlib import Path

from builder.model.ledger import Ledger
from builder.model.template import Template
from builder.registry import ledger
from builder.registry.publish import publish
from tests.values import image, manifest

BUILDS = count()
TODAY = date(2026, 11, 23)


def issue(store: Path, *, number: int = 0, today: date = TODAY, **changes: object) -> Template:
    """Publish an image whose content is `number`; `changes` are the manifest's."""
    record = manifest(build_id=f"ID-{next(BUILDS)}", **changes)
    candidate = store / f".{number}.candidate"
    candidate.write_text(f"image {number}")
    facts = image(size=candidate.stat().st_size)
    return publish(candidate, record, facts, today=today)


EMPTY = Ledger(name="centos7")
VERSIONS = tuple(f"20261123.{number}" for number in range(1, 12))
WHEN = "2026-11-23T10:00:00Z"


def told(*words: str, there: tuple[str, ...] = VERSIONS) -> Ledger:
    """Do what the words say, such as "publish 3", "stable 3", "rollback stable", "revoke 3"."""
    state = EMPTY
    for word in words:
        verb, _, argument = word.partition(" ")
        version = f"20261123.{argument}"
        match verb:
            case "publish":
                state = ledger.publish(state, version, when=WHEN)
            case "revoke":
                state = ledger.revoke(state, version, reason="bad", there=there, when=WHEN)
            case "delete":
                state = ledger.delete(state, version, there=there, when=WHEN)
            case "rollback":
                state = ledger.rollback(state, argument, there=there, when=WHEN)
            case channel:
                state = ledger.promote(state, version, channel=channel, when=WHEN)
    return state
