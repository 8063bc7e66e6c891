"""What a run does with the builds that an earlier one left."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from msgspec.structs import replace

from builder import files
from builder.host.host import Host
from builder.model.build import BuildOrder
from builder.model.text import rfc3339
from builder.pipeline.resume import loose, settled
from builder.recipes.work import BuildOptions, Ticket
from builder.record.builds import load
from builder.record.checkpoint import Checkpoint
from tests.hosts import driven
from tests.monitors import Heard
from tests.orders import ordered
from tests.values import recorded
from tests.waiting import wait_until

NAME = "centos7"
KEY = Path("/nowhere/night.key")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with driven(tmp_path) as found:
        yield found


def left(
    host: Host,
    number: int,
    *,
    wanted: BuildOrder | None,
    pipeline: str = "nightly",
    hours: float = 1,
    sign: Path | None = None,
    **content: object,
) -> Path:
    """Make the folder of a build that a killed process left; without an order it had not begun."""
    began = datetime.now(UTC) - timedelta(hours=hours)
    folder = host.settings.builds / NAME / f"{began:%Y%m%dT%H%M%S}-0000000{number}"
    record = {"state": "running", "home": str(folder), "began": rfc3339(began), **content}
    recorded(folder, **record)
    if wanted:
        options = BuildOptions(pipeline=pipeline, sign=sign)
        Ticket(order=wanted, nonce="x", options=options).keep(Checkpoint(folder))
    return folder


def state(folder: Path) -> str:
    found = load(folder)
    assert found is not None
    return found.state


def goes_on(host: Host, *, kept: bool = False, sign: Path | None = None) -> Path | None:
    options = BuildOptions(pipeline="nightly", sign=sign)
    found = settled(ordered(), host, options=options, kept=kept, monitor=Heard())
    return found.folder if found else None


def test_the_newest_of_the_same_order_is_gone_on_with_and_our_others_go(host: Host) -> None:
    older = left(host, 1, wanted=ordered(), hours=3)
    newest = left(host, 2, wanted=ordered(), hours=1)
    others = left(host, 3, wanted=ordered(), hours=2, pipeline="")
    assert loose(host.settings, NAME, pipeline="nightly")
    assert goes_on(host) == newest
    assert (state(older), state(newest), state(others)) == ("cleared", "abandoned", "abandoned")


@pytest.mark.parametrize(
    ("changes", "pipeline", "content", "after"),
    [
        ({"vcpus": 7}, "nightly", {}, "cleared"),
        ({"vcpus": 7}, "", {}, "abandoned"),
        ({"vcpus": 7}, "weekly", {}, "abandoned"),
        ({}, "nightly", {"state": "stopped", "exit_code": 9}, "cleared"),
        ({}, "", {"state": "stopped", "exit_code": 9}, "stopped"),
        ({}, "nightly", {"hours": 25}, "cleared"),
        ({}, "", {"hours": 25}, "abandoned"),
        ({}, "nightly", {"sign": KEY}, "cleared"),
        ({}, "", {"sign": KEY}, "abandoned"),
        ({}, "nightly", {"state": "failed", "exit_code": 7}, "failed"),
    ],
    ids=[
        "another order",
        "another order, begun by hand",
        "another order, of another pipeline",
        "clones that do not boot",
        "the same, begun by hand",
        "of the day before",
        "of the day before, begun by hand",
        "to be signed with a key that the run has not",
        "to be signed with somebody's own key",
        "one that has ended",
    ],
)
def test_what_cannot_be_gone_on_with_is_cleared_if_it_is_ours(
    host: Host,
    changes: dict[str, int],
    pipeline: str,
    content: dict[str, Any],
    after: str,
) -> None:
    folder = left(host, 1, wanted=replace(ordered(), **changes), pipeline=pipeline, **content)
    assert goes_on(host) is None
    assert state(folder) == after


@pytest.mark.parametrize(
    "content",
    [{}, {"state": "stopped", "exit_code": 4}, {"pipeline": ""}, {"sign": KEY}],
    ids=["killed", "stopped by the host", "begun by hand", "to be signed with the run's key"],
)
def test_what_can_be_gone_on_with(host: Host, content: dict[str, Any]) -> None:
    folder = left(host, 1, wanted=ordered(), **content)
    assert goes_on(host, sign=KEY) == folder


def test_a_build_that_had_not_begun_is_cleared_whoever_wanted_it(host: Host) -> None:
    folder = left(host, 1, wanted=None)
    assert loose(host.settings, NAME, pipeline="nightly")
    assert goes_on(host) is None
    assert state(folder) == "cleared"
    assert not loose(host.settings, NAME, pipeline="nightly")


def test_a_template_that_is_there_is_not_made_twice(host: Host) -> None:
    folder = left(host, 1, wanted=ordered())
    assert goes_on(host, kept=True) is None
    assert state(folder) == "cleared"


def test_the_process_of_a_killed_run_is_waited_for(host: Host) -> None:
    folder = left(host, 1, wanted=ordered())
    heard, found = Heard(), list[Path | None]()
    with files.locked(folder):
        assert state(folder) == "running"

        def settle() -> None:
            options = BuildOptions(pipeline="nightly")
            build = settled(ordered(), host, options=options, kept=False, monitor=heard)
            found.append(build.folder if build else None)

        thread = Thread(target=settle)
        thread.start()
        wait_until(lambda: bool(heard.told))
        assert not found
    thread.join()
    assert found == [folder]


def test_a_build_by_hand_that_runs_is_not_waited_for(host: Host) -> None:
    folder = left(host, 1, wanted=ordered(), pipeline="")
    with files.locked(folder):
        assert goes_on(host) is None
    assert state(folder) == "abandoned"
