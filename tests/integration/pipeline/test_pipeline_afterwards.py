"""What follows a run, in a real store pool with real images."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from small_media import call
from store_pools import issue, overlay

from builder.errors import HostError
from builder.host.host import Host
from builder.model.template import Template
from builder.pipeline import summary
from builder.pipeline.afterwards import follow_up, tell_of_start
from builder.pipeline.job import Notify, Pipeline, Publish
from builder.pipeline.notify.places import RECORD
from builder.record import runs
from builder.record.runs import Outcome, Run
from builder.registry import channels
from builder.registry.registry import Registry
from builder.virt import pools
from tests.hosts import driven
from tests.monitors import Heard

NAME = "centos7"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with driven(tmp_path) as found:
        pools.remove(found.connection, "default-pool")  # whose folder is nowhere
        yield found


class Nights:
    """Carries out what follows runs, night after night."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.store = host.store_pool.path
        self.registry = Registry(self.store)
        self.number = 0
        self.heard = Heard()
        self.tell = Notify()

    def build(self, name: str = NAME) -> Template:
        """Publish another version."""
        count = len(self.registry.templates())
        return issue(self.store, f"20261123T000000-{count:08}", name=name)

    def over(self, *outcomes: Outcome, publish: Publish) -> Run:
        """Let a run end with these outcomes, and return its record after what follows."""
        self.number += 1
        run = Run(
            run_id=f"202611{self.number:02}T023000-00000000",
            pipeline="nightly",
            jobs=tuple(each.name for each in outcomes),
            began=f"2026-11-{self.number:02}T02:30:00Z",
            ended=f"2026-11-{self.number:02}T03:30:00Z",
            outcomes=outcomes,
        )
        folder = runs.folder(self.host.settings.runs, "nightly")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{run.run_id}.json").write_bytes(msgspec.json.encode(run))
        self.heard = Heard()
        return follow_up(run, self.pipeline(publish), self.host.settings, monitor=self.heard)

    def pipeline(self, publish: Publish) -> Pipeline:
        return Pipeline(name="nightly", title="", jobs=(), publish=publish, notify=self.tell)

    def said(self, kind: str) -> list[str]:
        return [text for each, text, _ in self.heard.told if each == kind]

    def channel(self, name: str = "stable") -> str:
        return self.registry.known(NAME).channels.get(name, "").rpartition(".")[2]

    def versions(self) -> list[str]:
        return [each.version.rpartition(".")[2] for each in self.registry.versions(NAME)]


@pytest.fixture
def nights(host: Host) -> Nights:
    return Nights(host)


def fresh(template: Template) -> Outcome:
    return Outcome(name=template.name, result="published", seconds=1, version=template.version)


def kept(template: Template) -> Outcome:
    return replace(fresh(template), result="unchanged")


def failed(name: str = NAME) -> Outcome:
    return Outcome(name=name, result="failed", seconds=1, error="It crashed.", exit_code=7)


def test_a_channel_follows_after_so_many_good_runs(nights: Nights) -> None:
    publish = Publish(channel="stable", after=3)
    template = nights.build()
    seen = []
    for each in (fresh(template), kept(template), failed(), *[kept(template)] * 4):
        nights.over(each, publish=publish)
        seen.append(nights.channel())
    assert seen == ["", "", "", "", "", "1", "1"]
    assert nights.said("note") == []
    second = nights.build()
    nights.over(fresh(second), publish=publish)
    assert nights.channel() == "2"
    assert nights.said("note") == [f"{NAME}@stable: {template.version} -> {second.version}"]


def test_what_people_did_to_a_channel_stays(nights: Nights) -> None:
    publish = Publish(channel="stable")
    first, second = nights.build(), nights.build()
    nights.over(fresh(first), publish=publish)
    nights.over(fresh(second), publish=publish)
    channels.rollback(nights.registry, NAME)
    assert not nights.over(kept(second), publish=publish).trouble
    assert nights.channel() == "1"
    assert nights.said("note") == [
        f"{NAME}@stable stays at {first.version}: it had {second.version}"
    ]
    third, fourth = nights.build(), nights.build()
    channels.promote(nights.registry, f"{NAME}@{fourth.version}")
    nights.over(kept(third), publish=publish)
    assert nights.channel() == "4"


def test_old_versions_go_but_for_those_in_use(nights: Nights) -> None:
    templates = [nights.build() for _ in range(5)]
    channels.promote(nights.registry, f"{NAME}@{templates[1].version}")
    overlay(nights.store / "web1.qcow2", templates[0].path)
    nights.over(failed(), publish=Publish(keep=2))
    assert nights.versions() == ["1", "2", "3", "4", "5"]
    run = nights.over(fresh(templates[-1]), publish=Publish(keep=2))
    assert (nights.versions(), run.trouble) == (["1", "2", "4", "5"], ())
    one, two, three = (f"{NAME} {each.version}" for each in templates[:3])
    assert nights.said("note") == [
        f"{one} stays: {nights.store}/web1.qcow2 needs it",
        f"{two} stays: the channel stable points to it",
        f"{three} is removed",
    ]
    nights.over(fresh(templates[-1]), publish=Publish())
    assert nights.versions() == ["1", "2", "4", "5"]


def test_what_is_new_is_exported(nights: Nights, tmp_path: Path) -> None:
    publish = Publish(export=("raw", "vmdk"), export_to=tmp_path / "exports")
    old, new = nights.build("other"), nights.build()
    run = nights.over(kept(old), fresh(new), publish=publish)
    assert run.trouble == ()
    stem = f"{NAME}-{new.version}"
    assert sorted(path.name for path in (tmp_path / "exports").iterdir()) == [
        "SHA256SUMS",
        f"{stem}.raw",
        f"{stem}.vmdk",
    ]
    call("qemu-img", "compare", "-q", new.path, tmp_path / "exports" / f"{stem}.vmdk")
    times = [path.stat().st_mtime_ns for path in (tmp_path / "exports").iterdir()]
    assert nights.over(fresh(new), publish=publish).trouble == ()  # it was killed after that
    assert [path.stat().st_mtime_ns for path in (tmp_path / "exports").iterdir()] == times


def test_what_a_run_that_was_ended_has_published_is_exported(
    nights: Nights, tmp_path: Path
) -> None:
    publish = Publish(export=("raw",), export_to=tmp_path / "exports")
    template = nights.build()
    for outcome in (fresh(template), kept(template)):  # each was ended before it came to that
        nights.over(outcome, publish=Publish())
        (path,) = nights.host.settings.runs.rglob(f"*{nights.number:02}T*.json")
        run = msgspec.json.decode(path.read_bytes(), type=Run)
        assert run.followed
        path.write_bytes(msgspec.json.encode(replace(run, followed=False)))
    nights.over(kept(template), publish=publish)
    exported = tmp_path / "exports" / f"{NAME}-{template.version}.raw"
    exported.unlink()  # moved to where it is wanted
    nights.over(kept(template), publish=publish)
    assert not exported.exists()


def test_what_fails_is_recorded_and_the_rest_is_done(nights: Nights, tmp_path: Path) -> None:
    first, second = nights.build(), nights.build("other")
    channels.revoke(nights.registry, f"{NAME}@{first.version}", reason="bad")
    told = tmp_path / "told"
    nights.tell = Notify(command=("sh", "-c", f"cat >> {told}"))
    away = tmp_path / "not" / "mounted"
    publish = Publish(channel="stable", export=("raw", "nonsense"), export_to=away)
    run = nights.over(fresh(first), fresh(second), publish=publish)
    said = [each.partition(":")[0] for each in run.trouble]
    assert said == [
        f"{NAME} was not promoted",
        f"{NAME} was not exported as raw",
        f"{NAME} was not exported as nonsense",
        "other was not exported as raw",
        "other was not exported as nonsense",
    ]
    assert "Make the folder of exports, or mount its disk." in run.trouble[1]
    assert nights.said("warning") == list(run.trouble)
    assert not away.parent.exists()
    assert nights.registry.known("other").channels["stable"] == second.version
    (record,) = runs.runs(nights.host.settings.runs, monitor=Heard())
    assert record == run
    message = json.loads(told.read_text())
    assert [each["text"] for each in message["trouble"]] == list(run.trouble)
    with pytest.raises(HostError, match="All builds are well, but not what follows them") as caught:
        summary.check_rest(run)
    assert caught.value.exit_code == 4
    assert caught.value.hint == "The warnings above tell of all 5."


def test_an_export_that_fails_says_how_to_try_again(nights: Nights, tmp_path: Path) -> None:
    template = nights.build()
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "SHA256SUMS").mkdir()
    publish = Publish(export=("raw",), export_to=tmp_path / "exports")
    (said,) = nights.over(fresh(template), publish=publish).trouble
    word = f"{NAME}@{template.version}"
    assert said.endswith(
        f"`builder template export {word} --format raw --output {tmp_path}/exports` tries again."
    )


@pytest.mark.parametrize(
    ("before", "due"),
    [
        ({}, False),
        ({"trouble": ("centos7 was not exported as raw: The disk is full.",)}, True),
        ({"trouble": ("centos7 was not exported as raw.gz: The disk is full.",)}, False),
        ({"followed": False}, True),
    ],
    ids=["done", "failed", "another format failed", "cut short"],
)
def test_an_export_that_was_not_made_is_due_with_what_is_kept(
    nights: Nights, tmp_path: Path, before: dict[str, Any], due: bool
) -> None:
    template = nights.build()
    run = nights.over(fresh(template), publish=Publish())
    runs.amend(nights.host.settings.runs, replace(run, **before))
    publish = Publish(export=("raw",), export_to=tmp_path / "exports")
    for wanted in (due, False):  # once
        assert nights.over(kept(template), publish=publish).trouble == ()
        made = [*(tmp_path / "exports").glob("*.raw")]
        assert len(made) == wanted
        for each in made:
            each.unlink()


def test_each_place_is_told_once_and_again_where_it_failed(nights: Nights, tmp_path: Path) -> None:
    told, gate = tmp_path / "told", tmp_path / "gate"
    nights.tell = Notify(command=("sh", "-c", f"test -e {gate} && cat >> {told}"))
    for _ in range(2):
        run = nights.over(failed(), publish=Publish())
        assert nights.said("warning") == [
            "not told by command: sh failed (exit 1): no output. "
            "It gets JSON on standard input. The next run tries again."
        ]
        assert run.trouble == ()  # of a run that is well otherwise nothing is wrong
    gate.touch()
    for _ in range(3):
        nights.over(failed(), publish=Publish())
        assert nights.said("warning") == []
    template = nights.build()
    for _ in range(2):
        nights.over(kept(template), publish=Publish())
    messages = [json.loads(line) for line in told.read_text().splitlines()]
    assert [each["occasions"] for each in messages] == [["failure"], ["recovery"]]
    assert messages[0]["run_id"].startswith("20261103")
    record = runs.folder(nights.host.settings.runs, "nightly") / RECORD
    assert record.stat().st_mode & 0o777 == 0o600
    assert len(runs.runs(nights.host.settings.runs, monitor=nights.heard)) == nights.number
    assert nights.said("warning") == []


def test_a_record_that_is_damaged_is_told_and_all_is_told_again(
    nights: Nights, tmp_path: Path
) -> None:
    nights.tell = Notify(command=("sh", "-c", f"cat >> {tmp_path}/told"))
    nights.over(failed(), publish=Publish())
    (runs.folder(nights.host.settings.runs, "nightly") / RECORD).write_text("{")
    nights.over(failed(), publish=Publish())
    (warning,) = nights.said("warning")
    assert "is damaged" in warning
    assert warning.endswith("What was told already is told again.")
    assert len((tmp_path / "told").read_text().splitlines()) == 2


def test_a_run_that_cannot_begin_is_told(nights: Nights, tmp_path: Path) -> None:
    nights.tell = Notify(command=("sh", "-c", f"cat >> {tmp_path}/told"))
    error, settings = HostError("libvirt is away.", hint="Start it."), nights.host.settings
    for _ in range(2):
        pipeline = nights.pipeline(Publish())
        tell_of_start(error, pipeline, settings, monitor=nights.heard)
    nights.over(kept(nights.build()), publish=Publish())
    said = [json.loads(line)["subject"] for line in (tmp_path / "told").read_text().splitlines()]
    assert [each.partition(" on ")[0] for each in said] == [
        "builder: nightly could not begin",
        "builder: nightly begins again",
    ]


_TELLING = """
import sys
from pathlib import Path

import msgspec

from builder.monitor import SilentMonitor
from builder.pipeline.job import Notify, Pipeline
from builder.pipeline.notify.places import tell_of_run
from builder.record.runs import Run

run, folder = msgspec.json.decode(sys.argv[1], type=Run), Path(sys.argv[2])
notify = Notify(command=tuple(sys.argv[3:]))
pipeline = Pipeline(name="nightly", title="", jobs=(), notify=notify)
tell_of_run(run, (), pipeline, folder=folder, monitor=SilentMonitor())
"""


def test_a_process_that_is_killed_after_it_has_told_tells_once_more(
    nights: Nights, tmp_path: Path
) -> None:
    run = nights.over(failed(), publish=Publish())
    folder = runs.folder(nights.host.settings.runs, "nightly")
    gate = tmp_path / "gate"
    script = f"cat >> {tmp_path}/told; test -e {gate} || kill -9 $PPID"
    argv = [sys.executable, "-c", _TELLING, msgspec.json.encode(run).decode(), str(folder)]
    codes = []
    for _ in range(3):
        done = subprocess.run([*argv, "sh", "-c", script], check=False)
        codes.append(done.returncode)
        gate.touch()
    assert codes == [-signal.SIGKILL, 0, 0]
    assert len((tmp_path / "told").read_text().splitlines()) == 2
