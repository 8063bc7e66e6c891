"""Templates to publish, and histories to tell, for the tests beside this."""

from datetime import date
from itertools import count
from pathlib import Path

from builder.model.template import Template
from builder.registry.ledger import Ledger
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
    state, stocked = EMPTY, there.__contains__
    for word in words:
        verb, _, argument = word.partition(" ")
        version = f"20261123.{argument}"
        match verb:
            case "publish":
                state = state.publish(version, when=WHEN)
            case "revoke":
                state = state.revoke(version, reason="bad", there=stocked, when=WHEN)
            case "delete":
                state = state.delete(version, there=stocked, when=WHEN)
            case "rollback":
                state = state.rollback(argument, there=stocked, when=WHEN)
            case channel:
                state = state.promote(version, channel=channel, when=WHEN)
    return state
