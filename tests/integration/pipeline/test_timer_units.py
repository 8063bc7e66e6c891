"""What systemd itself says of the units."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from builder.errors import HostError, UsageError
from builder.pipeline import timer_systemd
from builder.pipeline.timer import Timer, units
from tests.unit.pipeline.test_timer import KINDS, NIGHTLY

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)
# Upper bounds: 10 is a service without any sandbox, 9.6 what systemd says of most.
EXPOSURE = {"nightly": 2.7, "odd": 2.7, "rehearsal": 6.9, "user": 6.7, "session": 9.6}


def startable(timer: Timer) -> Timer:
    return replace(timer, command=(sys.executable, *timer.command[1:]))


@pytest.mark.parametrize("kind", KINDS)
def test_systemd_takes_them(kind: str) -> None:
    timer = startable(KINDS[kind])
    timer_systemd.verify(timer, units(timer, systemd=timer_systemd.version()))


@pytest.mark.parametrize("kind", KINDS)
def test_exposure(kind: str, tmp_path: Path) -> None:
    timer = startable(KINDS[kind])
    texts = units(timer, systemd=timer_systemd.version())
    service, _ = timer_systemd.written(timer, texts, tmp_path)
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", service],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"exposure level for \S+: ([\d.]+)", said.stdout)
    assert found, said
    assert float(found[1]) <= EXPOSURE[kind]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("KillMode=", "KillMood=", "KillMood"),  # a warning to systemd, exit code 0
        ("Type=oneshot", "Type=oneshoe", "oneshoe"),
        (sys.executable, "/nonexistent/python", "not executable"),
    ],
)
def test_what_systemd_does_not_take(before: str, after: str, said: str) -> None:
    timer = startable(NIGHTLY)
    texts = units(timer, systemd=timer_systemd.version())
    with pytest.raises(HostError, match=said):
        timer_systemd.verify(timer, texts._replace(service=texts.service.replace(before, after)))


@pytest.mark.parametrize("at", ["02:30", "2:30", "Mon..Fri 02:30", "*-*-1 03:00 UTC", "daily"])
def test_times(at: str) -> None:
    timer_systemd.check_time(at)


@pytest.mark.parametrize("at", ["", "25:00", "half past two", "--help", "02:30\nPersistent=no"])
def test_no_times(at: str) -> None:
    with pytest.raises(UsageError):
        timer_systemd.check_time(at)


def test_a_builder_that_is_not_installed() -> None:
    timer_systemd.check_command(startable(NIGHTLY))
    other = replace(NIGHTLY, command=("/usr/bin/python3", "-P", "-m", "builder", "pipeline"))
    with pytest.raises(HostError, match="not installed for its Python"):
        timer_systemd.check_command(other)
