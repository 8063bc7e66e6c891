"""A run of a pipeline as a whole, where nothing has to be installed."""

import shutil
from datetime import date
from pathlib import Path

import msgspec
import pytest

from builder.attest.keys import EMPTY
from builder.errors import HostError
from builder.model.domain import Accelerator
from builder.model.storage import Pool
from builder.monitor import Monitor
from builder.pipeline import run as runs
from builder.pipeline.display import Blind
from builder.pipeline.job import Job, Limits, Pipeline, Retry
from builder.pipeline.run import RunOptions, carry_out
from builder.recipes.order import Request
from builder.recipes.work import BuildOptions
from builder.record.runs import Outcome, Run, recorded
from builder.registry.publish import publish
from tests.hosts import settings
from tests.monitors import Heard
from tests.orders import LIBRARY
from tests.values import EMULATION, image, manifest

HOW = RunOptions(build=BuildOptions(), keyring=EMPTY)


def pipeline(**changes: object) -> Pipeline:
    job = Job(name="centos7", medium="minimal", request=Request(release="centos7"))
    made = Pipeline(name="nightly", title="Every night", jobs=(job,), retry=Retry(times=0))
    return msgspec.structs.replace(made, **changes)


def record(place: Path) -> Run:
    [path] = (settings(place).runs / "nightly").glob("*.json")
    return msgspec.json.decode(path.read_bytes(), type=Run)


class _Host:
    """libvirt that does not answer so many times."""

    def __init__(self, place: Path, *, failures: int, may_pass: bool = True) -> None:
        self._store, self._failures, self._may_pass = place / "store", failures, may_pass
        self.asked = 0

    def prepare(self, *_: object) -> tuple[Accelerator, Pool]:
        self.asked += 1
        if self.asked <= self._failures:
            raise HostError("libvirt does not answer.", may_pass=self._may_pass)
        self._store.mkdir(exist_ok=True)
        pool = Pool(
            name="x", path=self._store, active=True, autostart=True, capacity=0, available=0
        )
        return EMULATION, pool


def carried_out(place: Path, wanted: Pipeline, monitor: Monitor) -> Run:
    return carry_out(wanted, settings(place), LIBRARY, how=HOW, monitor=monitor, display=Blind())


def test_what_exceeds_the_files_limits_fails_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "prepare_host", _Host(tmp_path, failures=0).prepare)
    wanted = pipeline(limits=Limits(memory_mib=4000), others=("rocky9",))
    done = carried_out(tmp_path, wanted, Heard())
    (outcome,) = done.outcomes
    assert (outcome.result, outcome.exit_code) == ("failed", 3)
    assert outcome.error == (
        "centos7 cannot be built within the pipeline's limits: it needs 4696 MiB, and memory_mib "
        "allows 4000."
    )
    kept = record(tmp_path)
    assert kept.outcomes == done.outcomes
    assert kept.others == ("rocky9",)
    assert [each.name for each in kept.pools] == ["store"]


def test_a_record_that_is_not_whole_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> tuple[Accelerator, Pool]:
        shutil.rmtree(settings(tmp_path).runs / "nightly")
        raise HostError("libvirt does not answer.")

    heard = Heard()
    monkeypatch.setattr(runs, "prepare_host", full)
    with pytest.raises(HostError, match="libvirt does not answer"):
        carried_out(tmp_path, pipeline(), heard)
    said = [text for kind, text, _ in heard.told if kind == "warning"]
    assert said[0].startswith("The record of the run is not whole: ")


class _Expecting(Blind):
    """Remembers what is expected, and lets nothing begin."""

    def __init__(self) -> None:
        self.expected: list[float | None] = []

    def began(self, name: str, *, expected: float | None) -> None:  # noqa: ARG002
        self.expected.append(expected)
        raise KeyboardInterrupt


@pytest.mark.parametrize(("nights", "expected"), [((), 570.0), ((100.0, 120.0, 110.0), 110.0)])
def test_how_long_an_image_takes_is_known_from_runs_else_from_its_template(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    nights: tuple[float, ...],
    expected: float,
) -> None:
    host, shown = _Host(tmp_path, failures=0), _Expecting()
    monkeypatch.setattr(runs, "prepare_host", host.prepare)
    for seconds in nights:
        with recorded(settings(tmp_path).runs, "nightly", jobs=["centos7"]) as recording:
            recording.add(Outcome(name="centos7", result="published", seconds=seconds))
    (tmp_path / "store").mkdir()
    candidate = tmp_path / "store/candidate"
    candidate.touch()
    publish(candidate, manifest(), image(size=0), today=date(2026, 11, 23))
    with pytest.raises(KeyboardInterrupt):
        carry_out(pipeline(), settings(tmp_path), LIBRARY, how=HOW, monitor=Heard(), display=shown)
    assert shown.expected == [expected]


def test_libvirt_that_comes_back_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, heard = _Host(tmp_path, failures=2), Heard()
    monkeypatch.setattr(runs, "prepare_host", host.prepare)
    tight = Limits(memory_mib=1)
    carried_out(tmp_path, pipeline(limits=tight, retry=Retry(wait_minutes=0.001)), heard)
    assert host.asked == 3
    said = "libvirt does not answer. It is tried again in 0.1 s."
    assert [text for kind, text, _ in heard.told if kind == "warning"] == [said] * 2


@pytest.mark.parametrize(("may_pass", "asked"), [(True, 3), (False, 1)])
def test_libvirt_that_does_not_is_recorded_and_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, may_pass: bool, asked: int
) -> None:
    host = _Host(tmp_path, failures=99, may_pass=may_pass)
    monkeypatch.setattr(runs, "prepare_host", host.prepare)
    with pytest.raises(HostError, match="libvirt does not answer"):
        carried_out(tmp_path, pipeline(retry=Retry(wait_minutes=0.001)), Heard())
    assert host.asked == asked
    kept = record(tmp_path)
    assert kept.ended
    assert [(each.result, each.exit_code) for each in kept.outcomes] == [("failed", 4)]
