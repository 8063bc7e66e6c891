"""Publishers by the dozen, killed at every point: nothing is half, nothing is lost."""

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

import msgspec
import pytest
from killing import Point, doomed, kill_at, start
from store_pools import TODAY, candidate, issue

from builder.host.host import Host
from builder.model.storage import Pool
from builder.model.template import ImageFacts
from builder.monitor import SilentMonitor
from builder.recipes.gc import collect_garbage
from builder.record.journal import Journal
from builder.registry import channels, registry
from builder.registry.image import measure
from builder.registry.ledger import order
from builder.registry.publish import publish
from builder.registry.registry import LEDGER, LOCK, Registry
from tests.hosts import driven
from tests.values import manifest
from tests.waiting import PATIENCE

PUBLISHERS = 20
# What publishing does, in this order.
POINTS: tuple[Point, ...] = (
    ("open", r"\.templates\.lock"),
    ("fcntl.flock", ""),
    ("open", r"\.candidate\.json"),  # the draft of the manifest
    ("os.link", r"\.candidate\.json"),  # the claim
    ("os.rename", r"\.candidate"),  # the image
    ("open", r"\.channels\.json\."),  # the ledger's draft
    ("os.rename", r"\.channels\.json\."),  # the ledger
)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """Return a place to publish and to clear up, on libvirt's test driver."""
    with driven(tmp_path) as made:
        yield made


def _publish(store: Pool, place: Path) -> None:
    """Do what a build does at its end."""
    with Journal.begin(place, "centos7", monitor=SilentMonitor()) as journal:
        image = candidate(store.path, journal.build_id)
        record = manifest(build_id=journal.build_id)
        template = publish(image, record, measure(image), today=TODAY)
        journal.finish(version=template.version)


def _publish_as(store: Path, build_id: str) -> str:
    """Publish what `candidate` has made, or go on with that; return the version."""
    image, kept = store / f".{build_id}.candidate", store / f"{build_id}.facts"
    if not kept.exists():
        kept.write_bytes(msgspec.json.encode(measure(image)))
    facts = msgspec.json.decode(kept.read_bytes(), type=ImageFacts)
    return publish(image, manifest(build_id=build_id), facts, today=TODAY).version


def _promote(store: Path, channel: str) -> None:
    channels.promote(Registry(store), "centos7", to=channel)


def _look(store: Path) -> set[str]:
    """Look at the store as users do, while things happen; return the versions that are there."""
    found = Registry(store).versions("centos7")
    for template in found:
        assert measure(template.path) == registry.manifest(template).image
    ledger = Registry(store).ledger("centos7")
    published = [each.after for each in ledger.history if each.what == "publish"]
    assert len(published) == len(set(published))
    moves = [each for each in ledger.history if each.channel == "candidate"]
    assert [each.after for each in moves] == sorted((each.after for each in moves), key=order)
    assert [each.before for each in moves[1:]] == [each.after for each in moves[:-1]]
    return {each.version for each in found}


def _check(store: Path) -> set[str]:
    """Look once more, when nothing happens any more."""
    found = _look(store)
    if found:
        last = max(found, key=order)
        both = [Registry(store).find(each).version for each in ("centos7", "centos7@candidate")]
        assert both == [last, last]
    return found


def _clear(host: Host) -> None:
    """Run gc; after that, only templates are there, with their ledger."""
    before = _check(host.store_pool.path)
    collect_garbage(host, kept=True, dry_run=False, monitor=SilentMonitor())
    after = _check(host.store_pool.path)
    assert before == after
    images = {f"centos7-{version}{suffix}" for version in after for suffix in (".json", ".qcow2")}
    left = {path.name for path in host.store_pool.path.iterdir()} - images
    assert left <= {LOCK, f"centos7{LEDGER}"}
    assert collect_garbage(host, kept=True, dry_run=True, monitor=SilentMonitor()) == ()


def _finished(place: Path) -> set[str]:
    records = [json.loads(path.read_bytes()) for path in place.glob("*/*/build.json")]
    return {each["version"] for each in records if each["state"] == "done"}


def _join(publishers: list[BaseProcess]) -> None:
    for each in publishers:
        each.join(PATIENCE)
        assert each.exitcode in (0, -signal.SIGKILL)


def test_publishers_at_once_lose_nothing(host: Host) -> None:
    store, place = host.store_pool, host.settings.builds
    _join([start(_publish, store, place) for _ in range(PUBLISHERS)])
    expected = {f"20261123.{number}" for number in range(1, PUBLISHERS + 1)}
    assert _check(store.path) == _finished(place) == expected
    ledger = Registry(store.path).ledger("centos7")
    assert (ledger.channels, len(ledger.history)) == ({"candidate": "20261123.20"}, PUBLISHERS)
    _clear(host)


@pytest.mark.parametrize("seed", range(3))
def test_publishers_that_are_killed_at_any_moment(host: Host, seed: int) -> None:
    store, place = host.store_pool, host.settings.builds
    chance = random.Random(seed)  # noqa: S311  # no secret
    publishers = [
        start(doomed, chance.choice(POINTS), _publish, store, place)
        if chance.random() < 0.5  # the others may be hit by what follows
        else start(_publish, store, place)
        for _ in range(PUBLISHERS)
    ]
    while any(each.is_alive() for each in publishers):
        time.sleep(chance.random() * 0.1)
        with suppress(ProcessLookupError):
            victim = chance.choice(publishers)
            if victim.is_alive() and chance.random() < 0.3 and victim.pid:
                os.kill(victim.pid, signal.SIGKILL)
        finished = _finished(place)
        assert _look(store.path) >= finished
    _join(publishers)
    assert _check(store.path) >= _finished(place)
    _clear(host)
    _publish(store, place)
    _clear(host)


@pytest.mark.parametrize("point", POINTS, ids="-".join)
def test_a_publisher_that_is_killed_at_this_point_can_go_on(host: Host, point: Point) -> None:
    """What `builder attach` does: the same once more, for the same build."""
    store = host.store_pool.path
    issue(store, "first")
    image = candidate(store, "second")
    kill_at(point, _publish_as, store, "second")
    visible = _check(store)
    assert visible == {"20261123.1"} | ({"20261123.2"} if not image.exists() else set())
    issue(store, "third")
    version = _publish_as(store, "second")
    assert len(_check(store)) == 3
    assert _publish_as(store, "second") == version
    (store / "second.facts").unlink()
    assert Registry(store).ledger("centos7").published == _check(store)
    _clear(host)


@pytest.mark.parametrize("point", POINTS, ids="-".join)
def test_of_a_publisher_that_nobody_goes_on_with_gc_leaves_nothing(
    host: Host, point: Point
) -> None:
    kill_at(point, _publish, host.store_pool, host.settings.builds)
    _clear(host)
    _publish(host.store_pool, host.settings.builds)
    _clear(host)


@pytest.mark.parametrize("point", [*POINTS[:2], *POINTS[-2:]], ids="-".join)
def test_a_promoter_that_is_killed_changes_all_or_nothing(host: Host, point: Point) -> None:
    store = host.store_pool.path
    issue(store, "first")
    channels.promote(Registry(store), "centos7")
    issue(store, "second")
    before = Registry(store).ledger("centos7")
    kill_at(point, _promote, store, "stable")
    assert Registry(store).ledger("centos7") == before
    assert channels.promote(Registry(store), "centos7").after == "20261123.2"
    _clear(host)


def test_promoters_at_once_lose_no_channel(host: Host) -> None:
    store = host.store_pool.path
    issue(store, "first")

    names = [f"channel-{number}" for number in range(PUBLISHERS)]
    _join([start(_promote, store, name) for name in names])
    ledger = Registry(store).ledger("centos7")
    assert ledger.channels == dict.fromkeys(["candidate", *names], "20261123.1")
    assert len(ledger.history) == PUBLISHERS + 1
