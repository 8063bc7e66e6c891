"""The runner, with real processes and a build that is none."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import active_children
from pathlib import Path

import pytest

from builder.errors import InstallError, KickstartError
from builder.model.template import Built
from builder.monitor import Monitor, SilentMonitor
from builder.pipeline import runner
from builder.pipeline.job import Job
from builder.pipeline.runner import Work
from builder.recipes.order import Request
from builder.record.runs import Outcome
from tests.values import template
from tests.waiting import PATIENCE, wait_until


def jobs(*names: str) -> list[Job]:
    return [Job(name=name, medium="x", request=Request(release="x")) for name in names]


def built(name: str, *, fresh: bool = True) -> Built:
    return Built(
        template=template(name=name), fresh=fresh, folder=Path("/builds/ID") if fresh else None
    )


def run(
    names: Sequence[str],
    work: Work,
    *,
    parallel: int,
    monitors: Callable[[str], Monitor] = lambda _name: SilentMonitor(),
    over: Callable[[Outcome], object] = lambda _outcome: None,
) -> tuple[Outcome, ...]:
    return runner.run(jobs(*names), work, parallel=parallel, monitors=monitors, over=over)


def behave(job: Job, _monitor: Monitor) -> Built:
    """Do what the job's name says."""
    if job.name == "is-refused":
        raise KickstartError("It has errors.")
    if job.name == "fails":
        error = InstallError("The guest crashed.", hint="Look.")
        error.evidence = Path("/builds/fails/ID")
        raise error
    if job.name == "is-buggy":
        raise ZeroDivisionError("by nought")
    if job.name == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    return built(job.name, fresh=job.name != "is-kept")


def test_one_failure_stops_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    names = ["fails", "is-buggy", "dies", "is-kept", "works", "is-refused"]
    outcomes = run(names, behave, parallel=2)
    assert [each.name for each in outcomes] == names
    assert [(each.result, each.exit_code) for each in outcomes] == [
        ("failed", 7),
        ("failed", 1),
        ("failed", 1),
        ("unchanged", 0),
        ("published", 0),
        ("failed", 6),
    ]
    assert [each.folder for each in outcomes] == ["/builds/fails/ID", *[""] * 3, "/builds/ID", ""]
    assert [each.error for each in outcomes[:3]] == [
        "The guest crashed.",
        "ZeroDivisionError: by nought",
        "The process of the build ended by itself (exit code -9).",
    ]
    assert (outcomes[4].version, outcomes[4].path) == ("20261123.1", str(template().path))
    assert capfd.readouterr().err == ""


def meet(job: Job, _monitor: Monitor, *, folder: Path, parallel: int) -> Built:
    """Wait until `parallel` jobs, and not one more, are at work at once."""
    (folder / f"{job.name}.here").touch()
    wait_until(lambda: len(list(folder.glob("*.here"))) >= parallel)
    time.sleep(0.5)  # for the one that must not come
    met = len(list(folder.glob("*.here"))) - len(list(folder.glob("*.gone")))
    assert met <= parallel
    (folder / f"{job.name}.gone").touch()
    return built(job.name)


@pytest.mark.parametrize("parallel", [1, 2, 3])
def test_so_many_run_at_once(tmp_path: Path, parallel: int) -> None:
    work = partial(meet, folder=tmp_path, parallel=parallel)
    outcomes = run(["a", "b", "c"], work, parallel=parallel)
    assert [each.result for each in outcomes] == ["published"] * 3, outcomes


def pid_file(job: Job, folder: Path) -> None:
    draft = folder / f"{job.name}.draft"
    draft.write_text(str(os.getpid()))
    draft.rename(folder / f"{job.name}.pid")


def interrupt(job: Job, _monitor: Monitor, *, folder: Path, everybody: bool) -> Built:
    """Be interrupted, as by `kill` or (everybody) by Ctrl-C on a terminal; clean up slowly."""
    try:
        pid_file(job, folder)  # in here: the signal may be quicker than the next line
        if job.name == "second":
            wait_until((folder / "first.pid").exists)
            first = int((folder / "first.pid").read_text())
            for pid in (first, os.getppid(), os.getpid()) if everybody else (os.getppid(),):
                os.kill(pid, signal.SIGINT)
        time.sleep(PATIENCE)
    finally:
        time.sleep(0.5)
        (folder / f"{job.name}.clean").touch()
    return built(job.name)


@pytest.mark.parametrize("everybody", [False, True], ids=["kill", "terminal"])
def test_an_interrupted_run_cleans_up_and_starts_no_more(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], everybody: bool
) -> None:
    work = partial(interrupt, folder=tmp_path, everybody=everybody)
    with pytest.raises(KeyboardInterrupt):
        run(["first", "second", "third"], work, parallel=2)
    assert {path.stem for path in tmp_path.glob("*.pid")} == {"first", "second"}
    assert {path.stem for path in tmp_path.glob("*.clean")} == {"first", "second"}
    assert capfd.readouterr().err == ""


def begin(job: Job, _monitor: Monitor, *, folder: Path) -> Built:
    pid_file(job, folder)
    time.sleep(PATIENCE)
    return built(job.name)


def test_an_interrupted_start_leaves_no_process(tmp_path: Path) -> None:
    def monitors(name: str) -> Monitor:
        if name == "second":
            raise KeyboardInterrupt
        return SilentMonitor()

    with pytest.raises(KeyboardInterrupt):
        run(["first", "second"], partial(begin, folder=tmp_path), parallel=2, monitors=monitors)
    assert not list(tmp_path.iterdir())
    assert not active_children()


class _Interrupting(SilentMonitor):
    """Brings a Ctrl-C to the process of its build, while that is still being set up."""

    def __reduce__(self) -> tuple[Callable[[], Monitor], tuple[()]]:
        return _arrive, ()


def _arrive() -> Monitor:
    os.kill(os.getpid(), signal.SIGINT)
    return SilentMonitor()


def test_an_interrupt_waits_until_the_process_is_set_up(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    work = partial(begin, folder=tmp_path)
    (outcome,) = run(["first"], work, parallel=1, monitors=lambda _name: _Interrupting())
    assert outcome.error == "The process of the build ended by itself (exit code 130)."
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr().err == ""
