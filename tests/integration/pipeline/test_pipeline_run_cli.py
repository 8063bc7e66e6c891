"""builder pipeline run, as users type it, where nothing has to be installed."""

import json
import subprocess
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import msgspec
import pytest

from builder.config import Settings
from builder.model.build import BuildOrder
from builder.pipeline.lock import alone
from builder.record.events import read
from builder.record.runs import Run, recorded
from builder.registry.publish import publish
from tests.hosts import settings
from tests.orders import key, ordered
from tests.program import BUILDER
from tests.values import environment, image, manifest


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    found = settings(tmp_path)
    for each in (found.iso_pool_path, found.store_pool_path):
        each.mkdir()
    return found


OFFLINE = {"online": "false"}
NOBODY = "http://127.0.0.1:1"
"""A proxy that is not there: what is asked for updates is not asked of the world."""


def orders() -> list[BuildOrder]:
    return [
        ordered(profile=profile, firmware=firmware, vcpus=vcpus, variables=OFFLINE)
        for profile in ("minimal", "kvm-host")
        for firmware in ("bios", "uefi")
        for vcpus in (1,)
    ] + [
        ordered(medium="dvd", profile=profile, firmware=firmware, variables=OFFLINE)
        for profile in ("minimal", "kvm-host")
        for firmware in ("bios", "uefi")
    ]


def publish_all(wanted: Iterable[BuildOrder], store: Path) -> None:
    """Publish an empty template of each order."""
    for order in wanted:
        made = key(order, iso_sha256=order.medium.sha256)
        record = manifest(name=order.name, build_id=f"b-{order.name}", build_key=made)
        draft = store / "candidate"
        draft.touch()
        publish(draft, record, image(size=0), today=date(2026, 11, 29))


def pipeline(folder: Path, wanted: Iterable[BuildOrder]) -> Path:
    rows = [
        f'[[build]]\nprofile = "{each.profile.name}"\nmedium = "{each.variant}"\n'
        f'firmware = "{each.firmware}"\nvcpus = {each.vcpus}\n'
        for each in wanted
    ]
    path = folder / "nightly.toml"
    head = 'title = "Every night"\nparallel = 2\n[defaults]\nrelease = "centos7"\n'
    head += 'variables = { online = "false" }\n'
    path.write_text(head + "\n".join(rows))
    return path


def builder(here: Settings, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BUILDER, *words],
        env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "http_proxy": NOBODY, **environment(here)},
        capture_output=True,
        text=True,
        check=False,
    )


def record(here: Settings) -> Run:
    [path] = (here.runs / "nightly").glob("*.json")
    return msgspec.json.decode(path.read_bytes(), type=Run)


def test_eight_that_have_not_changed_are_kept_without_a_process_for_each(here: Settings) -> None:
    wanted = orders()
    publish_all(wanted, here.store_pool_path)
    events = here.state.parent / "events.jsonl"
    path = pipeline(here.state.parent, wanted)
    done = builder(here, "pipeline", "run", path, "--json", "--events", events)
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert [each["name"] for each in outcomes] == [each.name for each in wanted]
    assert {each["result"] for each in outcomes} == {"unchanged"}
    assert {each["reason"] for each in outcomes} == {"unchanged since 20261129.1"}
    assert all(each["figures"]["packages"] == 3 for each in outcomes)
    told = [(each.name, each.kind, each.text) for each in read(events)]
    assert told == [(each.name, "end", "unchanged") for each in wanted]
    kept = record(here)
    assert kept.ended
    assert kept.pid
    assert not list(here.builds.glob("*"))
    lines = [line for line in done.stderr.splitlines() if line.startswith("[")]
    assert len(lines) == len(wanted), done.stderr
    assert "\x1b" not in done.stderr + done.stdout


def test_a_host_that_cannot_be_reached_is_one_error_and_a_record(here: Settings) -> None:
    away = msgspec.structs.replace(here, uri="quemu:///system")
    path = pipeline(here.state.parent, orders()[:2])
    # Without a daemon libvirt takes the slip for a remote host that may come back.
    path.write_text(f"{path.read_text()}[retry]\ntimes = 0\n")
    done = builder(away, "pipeline", "run", path)
    assert done.returncode == 4, done.stderr
    assert "error: Cannot connect to libvirt at quemu:///system" in done.stderr
    assert [each.result for each in record(here).outcomes] == ["failed"] * 2


def test_a_second_run_is_refused_with_a_sentence(here: Settings) -> None:
    path = pipeline(here.state.parent, orders()[:1])
    with alone(here.runs, "nightly"), recorded(here.runs, "nightly", jobs=["a"]) as first:
        done = builder(here, "pipeline", "run", path)
    assert done.returncode == 4
    assert f"is being run already, since {first.run.began}, by the process" in done.stderr
