"""The runner, with real processes and a build that is none."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest

from builder.errors import HangError, HostError, InstallError, KickstartError, MediaError
from builder.model.template import Built
from builder.monitor import Monitor
from builder.pipeline import runner
from builder.pipeline.child import Work
from builder.pipeline.display import Blind, Display
from builder.pipeline.job import Job, Retry
from builder.pipeline.messages import Counted, Message, Step, StepOver, Told
from builder.pipeline.runner import Rules
from builder.pipeline.schedule import Need, Room, Task
from builder.recipes.order import Request
from builder.record.runs import Outcome
from tests.values import template
from tests.waiting import PATIENCE, wait_until

PLENTY = Room(parallel=2, memory_mib=100_000, vcpus=100, disk_gib=1000)
SOON = Retry(times=2, wait_minutes=0.001)


def task(name: str, expected: float | None = None, **need: int) -> Task:
    job = Job(name=name, medium="x", request=Request(release="x"))
    return Task(job=job, need=Need(**need), expected=expected)


def built(name: str, *, fresh: bool = True) -> Built:
    return Built(
        template=template(name=name), fresh=fresh, folder=Path("/builds/ID") if fresh else None
    )


class Watching(Blind):
    """Remembers what it was told; calls somebody when a build begins."""

    def __init__(self, began: Callable[[str], object] = str) -> None:
        self.heard_of: list[tuple[str, Message]] = []
        self.waited: list[tuple[str, float]] = []
        self._began = began

    def began(self, name: str, *, expected: float | None) -> None:  # noqa: ARG002
        self._began(name)

    def heard(self, name: str, message: Message) -> None:
        self.heard_of.append((name, message))

    def waits(self, outcome: Outcome, seconds: float) -> None:
        self.waited.append((outcome.name, seconds))


def run(
    names: Sequence[str | Task],
    work: Work,
    *,
    display: Display | None = None,
    **rules: Any,  # noqa: ANN401  # as different as the rules
) -> tuple[Outcome, ...]:
    """Return the outcomes in the order in which they came."""
    came: list[Outcome] = []
    tasks = [task(each) if isinstance(each, str) else each for each in names]
    given = Rules(**{"room": PLENTY, **rules})
    runner.run(tasks, work, rules=given, display=display or Blind(), over=came.append)
    return tuple(came)


def parallel(number: int) -> Room:
    return Room(parallel=number, memory_mib=100_000, vcpus=100, disk_gib=1000)


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
    came = {each.name: each for each in run(names, behave)}
    assert set(came) == set(names)
    outcomes = [came[name] for name in names]
    assert all(each.began and each.attempts == 1 and each.seconds > 0 for each in outcomes)
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


@pytest.mark.parametrize("number", [1, 2, 3])
def test_so_many_run_at_once(tmp_path: Path, number: int) -> None:
    work, room = partial(meet, folder=tmp_path, parallel=number), parallel(number)
    outcomes = run(["a", "b", "c"], work, room=room)
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
        run(["first", "second", "third"], work)
    assert {path.stem for path in tmp_path.glob("*.pid")} == {"first", "second"}
    assert {path.stem for path in tmp_path.glob("*.clean")} == {"first", "second"}
    assert capfd.readouterr().err == ""


def begin(job: Job, _monitor: Monitor, *, folder: Path) -> Built:
    pid_file(job, folder)
    time.sleep(PATIENCE)
    return built(job.name)


def test_an_interrupted_start_leaves_no_process(tmp_path: Path) -> None:
    def began(name: str) -> None:
        if name == "second":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["first", "second"], partial(begin, folder=tmp_path), display=Watching(began))
    assert not list(tmp_path.iterdir())
    assert not active_children()


class _Interrupting:
    """Brings a Ctrl-C to the process of its build, while that is still being set up."""

    def __reduce__(self) -> tuple[Callable[[], object], tuple[()]]:
        return _arrive, ()


def _arrive() -> object:
    os.kill(os.getpid(), signal.SIGINT)
    return None


def begin_with(job: Job, monitor: Monitor, *, folder: Path, something: object) -> Built:
    assert something is None
    return begin(job, monitor, folder=folder)


def test_an_interrupt_waits_until_the_process_is_set_up(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    work = partial(begin_with, folder=tmp_path, something=_Interrupting())
    (outcome,) = run(["first"], work)
    assert outcome.error == "The process of the build ended by itself (exit code 130)."
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr().err == ""


def interrupt_twice(job: Job, _monitor: Monitor, *, folder: Path) -> Built:
    """Interrupt the run, and once more while this cleans up."""
    try:
        os.kill(os.getppid(), signal.SIGINT)
        time.sleep(PATIENCE)
    finally:
        os.kill(os.getppid(), signal.SIGINT)
        time.sleep(0.5)
        (folder / f"{job.name}.clean").touch()
    return built(job.name)


@pytest.fixture
def minded() -> Iterator[None]:
    """Mind interrupts as the command line does: the first one counts, whichever thread has it."""

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGINT, lambda *_: None)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("minded")
def test_a_second_interrupt_breaks_no_cleaning(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(["first"], partial(interrupt_twice, folder=tmp_path))
    assert (tmp_path / "first.clean").exists()
    assert not active_children()


def mark(job: Job, _monitor: Monitor, *, folder: Path) -> Built:
    with (folder / "order").open("a") as file:
        file.write(f"{job.name} ")
    return built(job.name)


def test_the_longest_begins_first(tmp_path: Path) -> None:
    tasks = [task("short", 1), task("long", 9), task("new"), task("middle", 5)]
    run(tasks, partial(mark, folder=tmp_path), room=parallel(1))
    assert (tmp_path / "order").read_text() == "new long middle short "


def alone(job: Job, _monitor: Monitor, *, folder: Path) -> Built:
    """Fail where another one is at work."""
    place = folder / "alone"
    place.mkdir()  # raises where it is there
    time.sleep(0.3)
    place.rmdir()
    return built(job.name)


def test_memory_keeps_builds_apart_that_parallel_would_let_run(tmp_path: Path) -> None:
    room = Room(parallel=4, memory_mib=5000, vcpus=100, disk_gib=100)
    tasks = [task(name, memory_mib=3000) for name in "abc"]
    outcomes = run(tasks, partial(alone, folder=tmp_path), room=room)
    assert [each.error for each in outcomes] == [""] * 3


ERRORS = {
    "mirror": MediaError("No mirror answers.", may_pass=True),
    "libvirt": HostError("libvirt does not answer.", may_pass=True),
    "checksum": MediaError("It has another sha256."),
    "kickstart": KickstartError("It has errors."),
    "hang": HangError("It stands still."),
}


def fail_first(job: Job, _monitor: Monitor, *, folder: Path, times: int) -> Built:
    """Fail so many times as the job's name says; well then."""
    before = len(list(folder.glob(f"{job.name}.*")))
    (folder / f"{job.name}.{before}").touch()
    if before < times:
        raise ERRORS[job.name]
    return built(job.name)


@pytest.mark.parametrize(
    ("name", "times", "attempts", "result"),
    [
        ("mirror", 1, 2, "published"),
        ("libvirt", 2, 3, "published"),
        ("mirror", 9, 3, "failed"),
        ("checksum", 1, 1, "failed"),
        ("kickstart", 1, 1, "failed"),
        ("hang", 1, 1, "failed"),
    ],
)
def test_what_may_pass_is_tried_again(
    tmp_path: Path, name: str, times: int, attempts: int, result: str
) -> None:
    seen = Watching()
    work = partial(fail_first, folder=tmp_path, times=times)
    (outcome,) = run([name], work, retry=SOON, display=seen)
    assert (outcome.attempts, outcome.result) == (attempts, result)
    assert len(list(tmp_path.iterdir())) == attempts
    assert seen.waited == [(name, 0.06 * 2**each) for each in range(attempts - 1)]


def test_a_hang_is_tried_again_when_that_is_asked_for(tmp_path: Path) -> None:
    work = partial(fail_first, folder=tmp_path, times=1)
    (outcome,) = run(["hang"], work, retry=Retry(wait_minutes=0.001, on=("hang",)))
    assert (outcome.attempts, outcome.result) == (2, "published")


def wait_for_the_other(job: Job, _monitor: Monitor, *, folder: Path) -> Built:
    """Fail until the other one was at work: it must be while this waits for its next attempt."""
    (folder / job.name).touch()
    if job.name == "mirror" and not (folder / "other").exists():
        raise ERRORS["mirror"]
    return built(job.name)


def test_others_go_on_while_one_waits(tmp_path: Path) -> None:
    retry = Retry(times=20, wait_minutes=0.02)
    tasks = [task("mirror", 9), task("other", 1)]
    work = partial(wait_for_the_other, folder=tmp_path)
    outcomes = run(tasks, work, room=parallel(1), retry=retry)
    assert [(each.name, each.result) for each in outcomes] == [
        ("other", "published"),
        ("mirror", "published"),
    ]
    assert outcomes[1].attempts == 2


def last(job: Job, _monitor: Monitor, *, folder: Path) -> Built:
    try:
        (folder / f"{job.name}.here").touch()
        time.sleep(PATIENCE)
    finally:
        (folder / f"{job.name}.clean").touch()
    return built(job.name)


def test_a_build_that_takes_too_long_is_ended_and_cleans_up(tmp_path: Path) -> None:
    work = partial(last, folder=tmp_path)
    retry = Retry(wait_minutes=0.001, on=("hang",))
    (outcome,) = run(["a"], work, build_seconds=5.0, retry=retry)
    assert (outcome.result, outcome.exit_code, outcome.attempts) == ("failed", 8, 1)
    assert outcome.error == "The build took longer than 5.0 s, and was ended."
    assert (tmp_path / "a.here").exists() == (tmp_path / "a.clean").exists()


def until_late(job: Job, _monitor: Monitor, *, seconds: float) -> Built:
    time.sleep(seconds)
    return built(job.name)


def test_no_build_begins_when_the_time_is_over() -> None:
    work = partial(until_late, seconds=2.0)
    outcomes = run(["a", "b"], work, room=parallel(1), seconds=1.0)
    assert [(each.name, each.result, each.exit_code) for each in outcomes] == [
        ("b", "failed", 8),
        ("a", "published", 0),
    ]
    sentence = "It was not begun: after 1.0 s the pipeline begins no build any more."
    assert outcomes[0].error == sentence


def tell(job: Job, monitor: Monitor) -> Built:
    with monitor.step("Counting"), monitor.progress("Bytes", total=10_000) as progress:
        for _ in range(10_000):
            progress.advance()
    for number in range(1000):
        monitor.tell("package", "x", done=number)
    monitor.tell("phase", "packages", percent=12.5, replayed=True)
    monitor.tell("warning", "wide " + "é" * 5000 + "\udcff")
    return built(job.name)


def test_what_a_build_says_comes_through_its_pipe_bounded() -> None:
    seen = Watching()
    (outcome,) = run(["a"], tell, display=seen)
    assert outcome.result == "published", outcome.error
    said = [message for _, message in seen.heard_of]
    assert said[0] == Step(title="Counting")
    assert StepOver() in said
    assert sum(isinstance(each, Counted) for each in said) < 100
    assert sum(isinstance(each, Told) and each.kind == "package" for each in said) < 100
    known: dict[str, int | float | bool | str] = {"percent": 12.5, "replayed": True}
    assert Told(kind="phase", text="packages", details=known) in said
    [warning] = [each for each in said if isinstance(each, Told) and each.kind == "warning"]
    assert warning.text.startswith("wide éé")
    assert len(warning.text.encode()) <= 3000


PARENT = """
from functools import partial
from pathlib import Path
from tests.integration.pipeline.test_pipeline_runner import last_alone, run
run(["first", "second"], partial(last_alone, folder=Path({folder!r})))
"""


def last_alone(job: Job, _monitor: Monitor, *, folder: Path) -> Built:
    try:
        pid_file(job, folder)
        time.sleep(PATIENCE)
    finally:
        (folder / f"{job.name}.cleaned").touch()
    return built(job.name)


def _gone(path: Path) -> bool:
    try:
        state = Path(f"/proc/{path.read_text()}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_builds_do_not_outlive_a_runner_that_is_killed(tmp_path: Path) -> None:
    """As by kill -9: what they were at stays as it is, for the next run to go on with."""
    script = tmp_path / "parent.py"
    script.write_text(
        f"if __name__ == '__main__':\n    exec({PARENT.format(folder=str(tmp_path))!r})"
    )
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, script], env=os.environ | {"PYTHONPATH": str(root)}
    ) as parent:
        wait_until(
            lambda: len(list(tmp_path.glob("*.pid"))) == 2, alive=lambda: parent.poll() is None
        )
        parent.kill()
    for path in tmp_path.glob("*.pid"):
        wait_until(partial(_gone, path))
    assert not list(tmp_path.glob("*.cleaned"))
