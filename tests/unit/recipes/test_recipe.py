"""The recipe, its steps played by stand-ins: their order, and what a killed process leaves.

What a kill leaves is what lies on the disk at that moment: a copy of that is gone on with.
"""

import base64
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import Mock

import msgspec
import pytest
from msgspec.structs import replace

from builder.attest.provenance import provenance
from builder.cli import app
from builder.errors import (
    BuilderError,
    ConfigError,
    HostError,
    InstallError,
    MediaError,
    TemplateError,
    UsageError,
)
from builder.host import cleanup
from builder.host.host import Host
from builder.kickstart.masking import mask
from builder.kickstart.sources import sources
from builder.model.audit import Finding
from builder.model.build import BuildOrder
from builder.model.hiding import MARK
from builder.model.installation import Installation
from builder.model.kickstart import Kickstart
from builder.model.media import InstallMedia, StagedIso
from builder.model.storage import Volume
from builder.model.template import (
    Built,
    ImageFacts,
    Manifest,
    Origin,
    RepositoryState,
    Template,
)
from builder.model.traces import Traces
from builder.monitor import SilentMonitor
from builder.proof.verify import Verified
from builder.recipes.build import attach, build
from builder.recipes.gc import Leftover, collect_garbage
from builder.recipes.preview import preview
from builder.recipes.remarks import refuse
from builder.recipes.repositories import Network, masked
from builder.recipes.steps import STEPS, Audited, Candidate
from builder.recipes.work import BuildOptions, Step, Work
from builder.record.builds import Build
from builder.record.checkpoint import Checkpoint
from builder.record.journal import Journal
from builder.record.listing import builds
from builder.registry import registry
from builder.registry.diff import compare
from builder.registry.manifest import draft
from builder.registry.publish import publish
from builder.virt import domains
from tests.hosts import driven
from tests.monitors import Heard
from tests.opening import KICKSTART, SECRETS, tellers, told
from tests.orders import ordered
from tests.values import environment, machine

_WHOLE = ordered("rehearsal")
_SMALL = """\
cmdline
lang C
keyboard us
timezone UTC
rootpw --lock
zerombr
clearpart --all
part / --size=1000
poweroff
%packages
@core
%end
"""
ORDER = replace(_WHOLE, kickstart=replace(_WHOLE.kickstart, texts={_WHOLE.kickstart.name: _SMALL}))
"""With a kickstart that is soon rendered, linted and hidden; tests of these have whole ones."""
PUBLISHED = ["rehearsal-20261128.1.json", "rehearsal-20261128.1.qcow2", "rehearsal.channels.json"]
NAMES = [step.name for step in STEPS]
ARGUMENT = "Kernel-Secret14"
IMAGE = ImageFacts(virtual_size=1 << 32, size=5, sha256="a" * 64)


class Stage:
    """A host of libvirt's in-process test driver, and steps that only say that they were done."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.monitor = Heard()
        self.done: list[str] = []
        self.before: dict[str, Callable[[], object]] = {}
        """What happens in a step before it does anything."""
        self.after: dict[str, Callable[[], object]] = {}
        """What happens when a step has done all but say so."""
        self.findings: tuple[Finding, ...] = ()

    def act(self, step: Step[Any, Any], function: Callable[..., Any]) -> Callable[..., Any]:
        def acted(work: Work, *args: Any) -> Any:  # noqa: ANN401  # a step's
            self.before.get(step.name, lambda: None)()
            result = function(work, *args)
            self.after.get(step.name, lambda: None)()
            self.done.append(step.name)
            return result

        return acted

    def stage_iso(self, work: Work, _kickstart: Kickstart) -> StagedIso:
        path = work.names.iso_pool / "rehearsal.iso"
        return StagedIso(
            pool="iso", volume=path.name, path=path, sha256="b" * 64, size=1, volume_id="V"
        )

    def remaster_iso(self, work: Work, iso: StagedIso, kickstart: Kickstart) -> InstallMedia:
        path = work.names.overlay
        work.journal.write("kickstart.ks", mask(kickstart.text))
        path.touch()
        return InstallMedia(
            path=path, format="qcow2", volume_id=iso.volume_id, kickstart_path="/ks.cfg", size=1
        )

    def create_disk(self, work: Work) -> Volume:
        path = work.names.disk
        path.touch()
        return Volume(
            pool="store", name=path.name, path=path, format="qcow2", capacity=1, allocation=1
        )

    def run_installation(self, work: Work, media: InstallMedia, disk: Volume) -> Installation:
        assert media.path.exists()
        assert disk.path.exists()
        work.journal.write("console.log", "evidence")
        return Installation(disk=disk.path, seconds=1, domain_xml="<domain/>", packages=())

    def audit_installed(self, _work: Work, *_args: object) -> Audited:
        return Audited(findings=self.findings)

    def compress_disk(self, work: Work, disk: Volume) -> Candidate:
        assert disk.path.exists()
        work.names.candidate.write_text("image")
        return Candidate(path=work.names.candidate, image=IMAGE)

    def boot_clones(self, _work: Work, _kickstart: Kickstart, candidate: Candidate) -> Verified:
        assert candidate.path.exists()
        return Verified(boot_seconds=2, findings=())

    def publish_image(self, _work: Work, candidate: Candidate, record: Manifest) -> Template:
        return publish(candidate.path, record, candidate.image, today=date(2026, 11, 28))

    @property
    def pool_files(self) -> list[str]:
        pools = (self.host.iso_pool.path, self.host.store_pool.path)
        found = [each.name for pool in pools for each in pool.iterdir()]
        return sorted(name for name in found if name != ".templates.lock")

    def build(self, *, force: bool = False, keep: bool = False) -> Built:
        options = BuildOptions(force=force, keep=keep)
        return build(ORDER, host=self.host, options=options, monitor=self.monitor)

    @property
    def told(self) -> list[tuple[str, str]]:
        """The kinds and texts of what builds told."""
        return [(kind, text) for kind, text, _details in self.monitor.told]

    def gc(self, *, kept: bool = False, dry_run: bool = False) -> tuple[Leftover, ...]:
        return collect_garbage(self.host, kept=kept, dry_run=dry_run, monitor=SilentMonitor())

    def killed_in(self, name: str, *, at_its_end: bool = False) -> Path:
        """Kill a build in a step; return its folder, and leave everything else as it was then."""
        root = self.host.store_pool.path.parent
        snapshot = root.with_name("snapshot")

        def kill() -> None:
            shutil.copytree(root, snapshot)
            raise SystemExit

        moments = self.after if at_its_end else self.before
        moments[name] = kill
        with pytest.raises(SystemExit):
            self.build()
        moments.clear()
        shutil.rmtree(root)
        snapshot.rename(root)
        return builds(self.host.settings.builds, monitor=SilentMonitor())[0].folder


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with driven(tmp_path / "place") as host:
        made = Stage(host)
        for step in STEPS:
            stand_in = getattr(made, step.name, step.function)
            monkeypatch.setattr(step, "function", made.act(step, stand_in))
        monkeypatch.setattr(Network, "states", _states)
        yield made


def _states(
    _network: Network, _order: BuildOrder, kickstart: Kickstart, **_how: object
) -> tuple[RepositoryState, ...]:
    """Stand in for repositories that answer, and never change."""
    return tuple(RepositoryState(url=masked(each), digest="d") for each in sources(kickstart))


def test_every_step_once_in_the_order_of_the_recipe(stage: Stage) -> None:
    built = stage.build()
    assert stage.done == NAMES
    assert [each.step for each in built.steps] == [step.title(ORDER) for step in STEPS]
    assert built.fresh
    assert stage.pool_files == PUBLISHED
    assert built.folder is not None
    assert not (built.folder / ".results.json").exists()
    link = stage.host.store_pool.path.parent / "artifacts" / "rehearsal" / built.folder.name
    assert link.readlink() == built.folder
    record = registry.manifest(built.template)
    assert (record.domain_xml, record.boot_seconds) == ("<domain/>", 2)
    assert record.origin.sha256 == "b" * 64


def test_a_dry_run_tells_every_step_where_it_would_be_done(stage: Stage) -> None:
    settings = replace(
        stage.host.settings, iso_pool_path=Path("/iso"), store_pool_path=Path("/store")
    )
    told = preview(ORDER, settings, monitor=SilentMonitor()).steps
    assert [line.partition(": ")[0] for line in told] == [step.title(ORDER) for step in STEPS]
    assert all("{" not in line for line in told)
    for pool in (stage.host.iso_pool, stage.host.store_pool):
        assert any(str(pool.path) in line for line in told)
    assert stage.done == []


def test_a_dry_run_looks_at_an_iso_at_hand(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "notes.iso"
    path.write_text("no ISO")
    shown = preview(ordered(iso=path), stage.host.settings, monitor=SilentMonitor())
    assert shown.preflight[-1].detail == "notes.iso is not an ISO 9660 image."
    with pytest.raises(MediaError, match=r"notes\.iso"):
        refuse(shown.preflight, monitor=SilentMonitor())


@pytest.mark.parametrize("at_its_end", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", NAMES)
def test_a_killed_build_goes_on_after_its_last_finished_step(
    stage: Stage, name: str, at_its_end: bool
) -> None:
    folder = stage.killed_in(name, at_its_end=at_its_end)
    done = list(stage.done)
    assert done == NAMES[: NAMES.index(name)]
    stage.done.clear()
    built = attach(folder, host=stage.host, monitor=SilentMonitor())
    assert stage.done == NAMES[NAMES.index(name) :]
    assert (built.folder, built.template.version) == (folder, "20261128.1")
    assert [each.step for each in built.steps] == [step.title(ORDER) for step in STEPS]
    assert stage.pool_files == PUBLISHED
    with pytest.raises(UsageError, match=r"has ended \(done\)"):
        attach(folder, host=stage.host, monitor=SilentMonitor())


@pytest.mark.parametrize("name", NAMES[:-1])
def test_what_a_killed_build_left_can_be_cleared(stage: Stage, name: str) -> None:
    folder = stage.killed_in(name, at_its_end=True)
    before = stage.pool_files
    [found] = stage.gc(dry_run=True)
    installed = NAMES.index(name) > NAMES.index("run_installation")
    verdict = "can be attached" if installed else "would be cleared"
    assert (found.build_id, found.verdict) == (folder.name, verdict)
    assert ("builder attach" in found.why) == installed
    assert stage.pool_files == before
    [found] = stage.gc()
    assert found.verdict == ("can be attached" if installed else "cleared")
    assert stage.pool_files == (before if installed else [])
    assert [each.verdict for each in stage.gc(kept=True)] == ["cleared"] * installed
    assert stage.pool_files == []
    assert stage.gc(kept=True) == ()


@pytest.mark.parametrize("at_its_end", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", NAMES)
def test_a_copy_of_a_build_s_folder_is_not_the_build(
    stage: Stage, tmp_path: Path, name: str, at_its_end: bool
) -> None:
    folder = stage.killed_in(name, at_its_end=at_its_end)
    state = stage.host.settings.state
    copied = shutil.copytree(state, tmp_path / "copied")
    host = replace(stage.host, settings=replace(stage.host.settings, state=copied))
    before = stage.pool_files
    with pytest.raises(HostError, match=f"it was begun in {folder}") as refused:
        attach(copied / folder.relative_to(state), host=host, monitor=SilentMonitor())
    assert "there alone" in refused.value.hint
    [found] = collect_garbage(host, kept=True, dry_run=False, monitor=SilentMonitor())
    assert (found.build_id, found.verdict) == (folder.name, "skipped")
    assert stage.pool_files == before
    assert attach(folder, host=stage.host, monitor=SilentMonitor()).folder == folder


@pytest.mark.parametrize(
    ("name", "ending"), [("audit_installed", ".qcow2"), ("boot_clones", ".candidate")]
)
def test_a_build_whose_disk_is_gone_cannot_be_gone_on_with(
    stage: Stage,
    name: str,
    ending: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = stage.killed_in(name)
    [disk] = stage.host.store_pool.path.glob(f"*{folder.name}{ending}")
    disk.unlink()
    before = stage.pool_files
    with pytest.raises(HostError, match=f"{disk} is gone") as refused:
        attach(folder, host=stage.host, monitor=SilentMonitor())
    assert "gc --kept" in refused.value.hint
    for variable, value in environment(stage.host.settings).items():
        monkeypatch.setenv(variable, value)
    assert app.run(["builds", "show", folder.name]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"{disk} is gone" in shown
    assert "builder attach" not in shown
    [found] = stage.gc()
    assert found.verdict == "kept"
    assert f"{disk} is gone: nothing to attach" in found.why
    assert stage.pool_files == before
    assert [each.verdict for each in stage.gc(kept=True)] == ["cleared"]
    assert stage.pool_files == []


def test_a_host_that_takes_the_disk_away_promises_nothing(stage: Stage) -> None:
    def lost() -> None:
        for disk in stage.host.store_pool.path.glob("*.qcow2"):
            disk.unlink()
        raise HostError("It went away.")

    stage.before["audit_installed"] = lost
    with pytest.raises(HostError) as caught:
        stage.build()
    assert "Nobody can go on with it, for its disk" in caught.value.hint
    assert "attach" not in caught.value.hint


@pytest.mark.parametrize("name", NAMES)
def test_a_failure_leaves_its_evidence_alone(stage: Stage, name: str) -> None:
    stage.before[name] = Mock(side_effect=InstallError("It broke."))
    with pytest.raises(InstallError) as caught:
        stage.build()
    assert stage.pool_files == []
    [left] = builds(stage.host.settings.builds, monitor=SilentMonitor())
    assert caught.value.evidence == left.folder
    assert (left.state, left.result) == ("failed", "It broke.")
    assert (left.folder / "dossier.html").is_file()


@pytest.mark.parametrize("name", NAMES[3:])
def test_a_failure_keeps_what_was_made_if_that_is_wanted(stage: Stage, name: str) -> None:
    stage.before[name] = Mock(side_effect=InstallError("It broke."))
    with pytest.raises(InstallError):
        stage.build(keep=True)
    assert stage.pool_files != []
    assert [each.verdict for each in stage.gc()] == ["kept"]
    assert [each.verdict for each in stage.gc(kept=True)] == ["cleared"]
    assert stage.pool_files == []


@pytest.mark.parametrize("network", ["bridge:nosuch", "network:nosuch"])
def test_a_network_that_is_not_there_is_told_before_anything_is_made(
    stage: Stage, network: str
) -> None:
    stage.host = replace(stage.host, settings=replace(stage.host.settings, network=network))
    with pytest.raises(HostError, match=r"The build could not run: there is no .* nosuch"):
        stage.build()
    assert (stage.done, stage.pool_files) == ([], [])
    assert not stage.host.settings.builds.exists()


def test_what_a_host_cannot_run_is_told_before_anything_is_made(stage: Stage) -> None:
    network = replace(stage.host.settings, network="bridge:nosuch")
    host = replace(stage.host, settings=network)
    with pytest.raises(HostError, match="no UEFI firmware"):
        build(ordered("rehearsal", firmware="uefi"), host=host, monitor=stage.monitor)
    assert (stage.done, stage.pool_files) == ([], [])
    assert not stage.host.settings.builds.exists()
    assert "there is no bridge nosuch" in str(stage.told)  # as well


def test_a_dry_run_says_that_a_pool_is_away(stage: Stage) -> None:
    monitor, place = Heard(), stage.host.store_pool.path
    place.rmdir()
    told = preview(ORDER, stage.host.settings, monitor=monitor).steps
    said = [text for _kind, text, _at in monitor.told if str(place) in text]
    assert [f"{place}, is away. The preview assumes {place}." in each for each in said] == [True]
    assert any(str(place) in line for line in told)


def test_what_opens_something_is_in_no_record(stage: Stage) -> None:
    place, monitor = stage.host.store_pool.path.parent, Heard()
    variables = {"kernel_args": f"inst.proxy=http://u:{ARGUMENT}@h"}
    order = ordered("rehearsal", kickstart=KICKSTART, variables=variables)
    while_it_ran: list[dict[str, list[str]]] = []
    stage.before["publish_image"] = lambda: while_it_ran.append(tellers(place, ARGUMENT))

    built = build(order, host=stage.host, monitor=monitor)

    assert built.folder is not None
    ticket = built.folder / ".results.json"
    assert while_it_ran == [{str(ticket): [*SECRETS, ARGUMENT]}]  # so the scan finds what there is
    assert tellers(place, ARGUMENT) == {}
    shown = preview(order, stage.host.settings, monitor=monitor)
    assert told(f"{shown}{provenance(built.template)}{monitor.told}", ARGUMENT) == []
    assert any(text.endswith("in clear text: use --iscrypted") for _, text, _ in monitor.told)
    assert built.folder.stat().st_mode & 0o777 == 0o700
    assert built.template.manifest.stat().st_mode & 0o777 == 0o600
    assert (built.folder / "kickstart.ks").stat().st_mode & 0o777 == 0o600


def test_a_variable_is_shown_as_the_kickstart_s_record_has_it() -> None:
    order = replace(
        ordered("rehearsal"),
        variables={
            "join_code": "Tiger-77x",
            "api_token": "Lion-88y",
            "motd": "Hello-99z",
            "line": "rootpw x",
        },
    )
    text = "part / --passphrase=Tiger-77x\nnetwork --hostname=Hello-99z\n"
    found = draft(
        order,
        Origin(file="x.iso", sha256="00"),
        Kickstart(source="x", syntax="RHEL7", text=text),
        machine=machine(),
        traces=Traces(id="x", folder=Path(), began=datetime.now(UTC)),
    )
    assert found.variables == {
        "join_code": MARK,
        "api_token": MARK,
        "motd": "Hello-99z",
        "line": f"rootpw {MARK}",
    }


@pytest.mark.parametrize("step", ["run_installation", "boot_clones"])
def test_what_opens_something_is_in_nothing_that_a_guest_says(stage: Stage, step: str) -> None:
    order, monitor = ordered("rehearsal", kickstart=KICKSTART), Heard()
    place, events = stage.host.store_pool.path.parent, stage.host.store_pool.path / "events"
    words = KICKSTART.read_text()

    def fail() -> NoReturn:
        [folder] = (stage.host.settings.builds / order.name).iterdir()
        (folder / "console.log").write_text(f"+ echo {words}\n")
        packed = base64.b64encode(words.encode()).decode()
        (folder / "result.log").write_text(f'{{"log_base64":"{packed}"}}')
        raise InstallError(f"The script failed: {words}.", hint=f"Look at {words}.")

    stage.before[step] = fail
    with pytest.raises(InstallError, match="The script failed") as failure:
        build(order, host=stage.host, options=BuildOptions(events=events), monitor=monitor)
    told_of = f"{failure.value}{failure.value.message}{failure.value.hint}{monitor.told}"
    assert told(told_of) == []
    assert tellers(place) == {}
    [result] = stage.host.settings.builds.rglob("result.log")
    packed = base64.b64decode(msgspec.json.decode(result.read_bytes())["log_base64"])
    assert told(packed.decode()) == []


def test_what_is_cleared_keeps_nothing_that_opens_something(stage: Stage) -> None:
    place, order = stage.host.store_pool.path.parent, ordered("rehearsal", kickstart=KICKSTART)

    def stop() -> NoReturn:
        [folder] = (stage.host.settings.builds / order.name).iterdir()
        (folder / "console.log").write_text(KICKSTART.read_text())
        raise HostError("It went away.")

    stage.before["boot_clones"] = stop
    with pytest.raises(HostError, match="It went away"):
        build(order, host=stage.host, monitor=SilentMonitor())
    may_be_joined = {Path(each).name for each in tellers(place)}
    assert may_be_joined == {".results.json", "console.log"}  # its page is for everybody
    assert [each.verdict for each in stage.gc(kept=True)] == ["cleared"]
    assert tellers(place) == {}


def test_another_password_is_another_build_but_no_difference_to_be_read(stage: Stage) -> None:
    order = ordered("rehearsal", kickstart=KICKSTART)
    texts = {name: text.replace("Root-S", "New-S") for name, text in order.kickstart.texts.items()}
    another = replace(order, kickstart=replace(order.kickstart, texts=texts))
    before, after, again = (
        build(each, host=stage.host, monitor=SilentMonitor()) for each in (order, another, another)
    )
    assert (before.fresh, after.fresh, again.fresh) == (True, True, False)
    manifests = (registry.manifest(each.template) for each in (before, after))
    assert compare(*manifests).kickstart == ()


def test_an_interrupt_clears_everything(stage: Stage) -> None:
    stage.before["boot_clones"] = Mock(side_effect=KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        stage.build(keep=True)
    assert stage.pool_files == []
    [build] = builds(stage.host.settings.builds, monitor=SilentMonitor())
    assert build.state == "interrupted"
    assert ("note", "what was begun is cleaned up") in stage.told


@pytest.mark.parametrize("at_its_end", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", NAMES[5:])
def test_a_host_that_fails_after_the_installation_loses_nothing_of_it(
    stage: Stage, name: str, at_its_end: bool
) -> None:
    build = stopped_in(stage, name, HostError("It went away.", hint="Look."), late=at_its_end)
    assert (build.record.error, build.record.exit_code) == ("It went away.", 4)
    assert f"Look. `builder attach {build.record.build_id}` goes on" in build.record.hint
    assert stage.done == NAMES[: NAMES.index(name)]
    stage.done.clear()
    built = attach(build.folder, host=stage.host, monitor=SilentMonitor())
    assert stage.done == NAMES[NAMES.index(name) :]
    assert built.folder == build.folder
    assert stage.pool_files == PUBLISHED
    [done] = builds(stage.host.settings.builds, monitor=SilentMonitor())
    assert (done.state, done.record.error, done.record.exit_code) == ("done", "", None)


@pytest.mark.parametrize("guest", ["has run", "nobody can tell"])
def test_a_host_that_fails_while_the_guest_installs_leaves_it_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, guest: str
) -> None:
    answer = (lambda *_: True) if guest == "has run" else raising(HostError("away"))
    monkeypatch.setattr(domains, "has_run", answer)
    build = stopped_in(stage, "run_installation", HostError("It went away."))
    for _ in range(2):  # and whoever joins it and fails does it no harm either
        assert {Path(name).suffix for name in stage.pool_files} == {".qcow2"}
        stage.before["run_installation"] = raising(HostError("It is still away."))
        with pytest.raises(HostError, match="still away"):
            attach(build.folder, host=stage.host, monitor=SilentMonitor())
    stage.before.clear()
    assert attach(build.folder, host=stage.host, monitor=SilentMonitor()).fresh


def test_a_full_disk_loses_nothing_of_a_build_that_is_to_be_joined(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stage.killed_in("publish_image")
    with monkeypatch.context() as full:
        full.setattr(Checkpoint, "keep", raising(HostError("It is full.")))
        with pytest.raises(HostError, match="It is full"):
            attach(folder, host=stage.host, monitor=SilentMonitor())
    assert attach(folder, host=stage.host, monitor=SilentMonitor()).fresh


@pytest.mark.parametrize("name", NAMES[2:5])
def test_a_host_that_fails_before_there_is_a_guest_is_cleared(stage: Stage, name: str) -> None:
    stage.before[name] = raising(HostError("It does not start."))
    with pytest.raises(HostError) as caught:
        stage.build()
    assert (caught.value.hint, stage.pool_files) == ("", [])


def test_clones_that_do_not_come_up_can_be_tried_again(stage: Stage) -> None:
    build = stopped_in(stage, "boot_clones", TemplateError("Too slow."))
    assert build.record.exit_code == 9
    assert attach(build.folder, host=stage.host, monitor=SilentMonitor()).fresh


@pytest.mark.parametrize(("kept", "verdict"), [(False, "can be attached"), (True, "cleared")])
def test_a_stopped_build_is_not_cleared_by_the_way(stage: Stage, kept: bool, verdict: str) -> None:
    build = stopped_in(stage, "publish_image", HostError("It went away."))
    [found] = collect_garbage(stage.host, kept=kept, dry_run=False, monitor=SilentMonitor())
    assert (found.build_id, found.verdict) == (build.record.build_id, verdict)
    [after] = builds(stage.host.settings.builds, monitor=SilentMonitor())
    assert after.state == ("cleared" if kept else "stopped")
    assert bool(stage.pool_files) is not kept
    assert (after.folder / ".results.json").exists() is not kept


@pytest.mark.parametrize("error", [InstallError("It broke."), KeyboardInterrupt()])
@pytest.mark.parametrize("keep", [False, True], ids=["", "keep"])
def test_what_could_not_be_cleared_is_not_what_was_kept(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, error: BaseException, keep: bool
) -> None:
    stage.before["run_installation"] = raising(error)
    with monkeypatch.context() as away:
        away.setattr(cleanup, "ours", raising(HostError("It went away.")))
        away.setattr(Path, "unlink", stubborn)
        with pytest.raises(type(error)):
            stage.build(keep=keep)
    wanted = keep and isinstance(error, Exception)
    left_behind = [text for kind, text in stage.told if "is left behind" in text]
    assert len(left_behind) == (0 if wanted else 2)
    assert ("note", "what was begun is cleaned up") not in stage.told
    assert stage.pool_files
    [found] = collect_garbage(stage.host, kept=False, dry_run=False, monitor=SilentMonitor())
    assert found.verdict == ("kept" if wanted else "cleared")
    assert bool(stage.pool_files) is wanted


def test_a_build_without_a_record_of_what_it_kept_has_kept_it(stage: Stage) -> None:
    stage.before["run_installation"] = raising(InstallError("It broke."))
    with pytest.raises(InstallError):
        stage.build(keep=True)
    [build] = builds(stage.host.settings.builds, monitor=SilentMonitor())
    path = build.folder / "build.json"
    path.write_text(path.read_text().replace('"kept"', '"unknown"'))
    [found] = collect_garbage(stage.host, kept=False, dry_run=False, monitor=SilentMonitor())
    assert found.verdict == "kept"


def test_what_has_not_changed_is_not_built(stage: Stage) -> None:
    first = stage.build()
    stage.done.clear()
    second = stage.build()
    assert (second.fresh, second.template, second.folder) == (False, first.template, None)
    assert stage.done == NAMES[:2]
    assert len(builds(stage.host.settings.builds, monitor=SilentMonitor())) == 1
    third = stage.build(force=True)
    assert third.template.version == "20261128.2"
    reasons = ["never built", "unchanged since 20261128.1", "built again whatever has changed, as"]
    for built, reason in zip((first, second, third), reasons, strict=True):
        assert built.reason.startswith(reason)
    assert ("note", "reason: never built") in stage.told


def test_a_build_that_had_begun_is_finished_whatever_is_there_by_now(stage: Stage) -> None:
    folder = stage.killed_in("run_installation")
    assert stage.build().template.version == "20261128.1"
    built = attach(folder, host=stage.host, monitor=SilentMonitor())
    assert (built.fresh, built.template.version) == (True, "20261128.2")
    assert built.reason == "never built"  # as it was judged when it began


def test_a_finding_stops_the_build(stage: Stage) -> None:
    stage.findings = (Finding(check="users", says="nobody else", details=("joe",)),)
    with pytest.raises(TemplateError, match="did not pass users"):
        stage.build()
    assert stage.done[-1] == "audit_installed"
    assert stage.pool_files == []


NOBODY_S = "another version"
NOTHING = "before it had begun"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda _text: b'{"order": {"nonce": "x"}, "times": {"steps": []}}', NOBODY_S),
        (lambda _text: b'{"ticket": {"nonce": "x"}}', NOBODY_S),
        (lambda text: text[:-1] + b', "remaster_iso": {"path": 7}}', NOBODY_S),
        (lambda _text: b'{"ticket": ' + b"[" * 5000 + b"]" * 5000 + b"}", NOBODY_S),
        (lambda _text: b'{"ticket": ' + b"[" * 100_000 + b"}", NOBODY_S),
        (lambda _text: b'{"\xff": 1}', NOBODY_S),
        (lambda _text: b'{"ticket": null}', NOBODY_S),
        (lambda _text: b'{"ticket": ' + b"9" * 5000 + b"}", NOBODY_S),
        (lambda text: text.replace(b'"nonce":', b'"once":'), NOBODY_S),
        (lambda text: text.replace(b"/store/2", b"/store/prod-2"), NOBODY_S),
        (lambda text: text.replace(b"/iso/rehearsal.iso", b"/etc/shadow"), NOBODY_S),
        (lambda _text: b"null", NOBODY_S),
        (lambda _text: b"7", NOBODY_S),
        (lambda _text: b"[", NOBODY_S),
        (lambda _text: b"", NOBODY_S),
        (lambda _text: b"{}", NOTHING),
    ],
)
def test_what_cannot_be_joined_is_told_left_alone_and_cleared(
    stage: Stage, spoil: Callable[[bytes], bytes], sentence: str
) -> None:
    folder = stage.killed_in("run_installation")
    kept = folder / ".results.json"
    kept.write_bytes(spoil(kept.read_bytes()))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(HostError, match=sentence) as caught:
        attach(folder, host=stage.host, monitor=SilentMonitor())
    assert "builder gc" in caught.value.hint
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    stage.gc()
    assert stage.pool_files == []


def test_times_that_another_version_kept_are_no_obstacle(stage: Stage) -> None:
    folder = stage.killed_in("run_installation")
    kept = folder / ".results.json"
    kept.write_bytes(kept.read_bytes()[:-1] + b', "times": {"steps": 7}}')
    assert attach(folder, host=stage.host, monitor=SilentMonitor()).fresh


def test_who_comes_when_a_build_has_just_ended_changes_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stage.killed_in("run_installation")
    late = Journal.join(folder, monitor=SilentMonitor())
    built = attach(folder, host=stage.host, monitor=SilentMonitor())
    monkeypatch.setattr(Journal, "join", lambda *_paths, **_options: late)
    with pytest.raises(UsageError, match=r"has ended \(done\)"):
        attach(folder, host=stage.host, monitor=SilentMonitor())
    assert built.template.path.read_text() == "image"
    assert folder.is_dir()


def test_a_build_that_cannot_be_signed_by_now_can_still_be_joined(
    stage: Stage, tmp_path: Path
) -> None:
    key = tmp_path / "gone"
    folder = stage.killed_in("run_installation")
    with pytest.raises(ConfigError, match="Cannot read"):
        attach(folder, host=stage.host, options=BuildOptions(sign=key), monitor=SilentMonitor())
    assert attach(folder, host=stage.host, monitor=SilentMonitor()).fresh


def stopped_in(stage: Stage, name: str, error: BuilderError, *, late: bool = False) -> Build:
    """Let a build end in a step by the error; return it, as it can be gone on with."""
    moments = stage.after if late else stage.before
    moments[name] = raising(error)
    with pytest.raises(type(error)):
        stage.build()
    moments.clear()
    [build] = builds(stage.host.settings.builds, monitor=SilentMonitor())
    assert build.state == "stopped"
    return build


def raising(error: BaseException) -> Callable[..., NoReturn]:
    def fail(*_arguments: object, **_options: object) -> NoReturn:
        raise error

    return fail


def stubborn(path: Path, *, missing_ok: bool = False) -> None:
    """Remove a file, but none of a pool."""
    if path.suffix == ".qcow2":
        raise PermissionError(1, "not allowed")
    if path.exists() or not missing_ok:
        os.unlink(path)  # noqa: PTH108  # Path.unlink is this
