"""A runner that is killed at random moments, and run again: nothing twice, nothing left."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import night
import pytest

from builder.monitor import SilentMonitor
from builder.record.listing import builds
from builder.record.runs import runs
from builder.registry.registry import Registry, manifest
from tests.waiting import PATIENCE, wait_until

ROOT = Path(__file__).parents[3]
KILLS = 4


def start(place: Path) -> subprocess.Popen[bytes]:
    folders = os.pathsep.join((str(ROOT), str(Path(__file__).parent)))
    environment = os.environ | {"PYTHONPATH": folders}
    return subprocess.Popen([sys.executable, night.__file__, place], env=environment)


def disturbed(place: Path, chance: random.Random) -> int:
    """Run the night until it ends by itself; return how often it was killed.

    That is some steps further than it was, and somewhere in the next one.
    """
    for kills in range(KILLS):
        wanted = steps_done(place) + chance.randint(0, 4)
        with start(place) as runner:
            wait_until(lambda: runner.poll() is not None or steps_done(place) >= wanted)  # noqa: B023
            time.sleep(chance.uniform(0, 0.2))
            runner.kill()
        if runner.returncode == 0:
            return kills
    with start(place) as runner:
        assert runner.wait(PATIENCE) == 0
    return KILLS


def steps_done(place: Path) -> int:
    path = place / "state/done"
    return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.mark.parametrize("seed", [1, 2])
def test_a_night_that_is_killed_comes_out_as_undisturbed(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # moments, not secrets
    kills = disturbed(tmp_path, chance)
    store = tmp_path / "store"
    templates = [manifest(each) for each in Registry(store).templates()]
    assert sorted(each.name for each in templates) == sorted(night.names()), f"{kills} kills"
    found = builds(tmp_path / "state/builds", monitor=SilentMonitor())
    assert {each.state for each in found} <= {"done", "cleared"}
    done = {each.record.build_id for each in found if each.state == "done"}
    assert done == {each.build_id for each in templates}
    assert not [path for path in store.iterdir() if path.name.startswith(".builder")]
    assert not list(store.glob(".*candidate*"))
    steps = Counter((tmp_path / "state/done").read_text().splitlines())
    assert set(steps) == {
        f"{each.name} {each.build_id} {step}" for each in templates for step in night.STEPS
    }
    known = runs(tmp_path / "state/runs", night.NAME, monitor=SilentMonitor())
    assert len(known) <= kills + 1
    assert [bool(each.ended) for each in known].count(True) == 1
    assert {each.result for each in known[-1].outcomes} <= {"published", "unchanged"}
