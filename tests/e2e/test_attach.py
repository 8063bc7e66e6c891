"""Builds whose process is killed, and a libvirtd that is restarted under them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

import pytest

from builder import leftovers
from builder.builds import load
from builder.collect import collect
from builder.config import Settings
from builder.hypervisor import Hypervisor
from builder.model.media import StagedIso
from builder.monitor import SilentMonitor
from builder.template.ledger_file import locked
from builder.template.registry import manifest, versions
from builder.virt import domains


class Cli:
    """`builder` as users run it, with the tests' settings; what it says goes to a log."""

    def __init__(self, settings: Settings, log: Path) -> None:
        known = {key: getattr(settings, key) for key in Settings.__struct_fields__}
        given = {f"BUILDER_{key.upper()}": str(each) for key, each in known.items() if each}
        self._environment = {**os.environ, **given}
        self.log = log

    @contextmanager
    def run(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start it; it does not outlive the block."""
        with self.log.open("wb") as file:
            command = subprocess.Popen(
                [sys.executable, "-m", "builder", *words],
                env=self._environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            yield command
        finally:
            command.kill()
            command.wait()

    def killed_at(self, text: str, *words: str) -> None:
        """Run it until it has said the text, and kill it."""
        with self.run(*words) as command:
            wait_until(lambda: text in self.said() or command.poll() is not None, self.said)
            assert command.poll() is None, self.said()

    def said(self) -> str:
        return self.log.read_text(errors="replace")


def wait_until(true: Callable[[], bool], told: Callable[[], str], *, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, told()
        time.sleep(0.02)


@pytest.fixture
def cli(settings: Settings, tmp_path: Path) -> Cli:
    return Cli(settings, tmp_path / "log")


PHASES = (
    "==> Staging",
    "==> Remastering the ISO",
    "==> Creating the disk",
    "==> Installing",
    "phase: packages",
    "==> Auditing the disk",
    "==> Compressing the image",
    "==> Booting two clones",
    "==> Publishing",
)


def newest(settings: Settings) -> Path:
    """Return the folder of the newest build."""
    return max(settings.artifacts.glob("rehearsal/*"), key=lambda path: path.name)


def test_a_build_that_is_killed_in_every_phase_comes_out_the_same(
    cli: Cli, settings: Settings, hypervisor: Hypervisor, rehearsal: StagedIso, tmp_path: Path
) -> None:
    assert rehearsal.path.is_file()
    words, folder = ["build", "rehearsal", "--force"], Path()
    for phase in PHASES:
        # Publishing is over sooner than it can be killed, unless it has to wait.
        store = hypervisor.store_pool.path
        with locked(store) if phase == "==> Publishing" else nullcontext():
            cli.killed_at(phase, *words)
        folder = newest(settings)
        words = ["attach", folder.name]
        if phase == "phase: packages":  # the installation ends while nobody watches
            _wait_for_its_end(hypervisor, folder.name)
    key, pipeline = keys(tmp_path, "attach"), keys(tmp_path, "pipeline")
    with cli.run(*words, "--sign", key) as command:
        assert command.wait(timeout=300) == 0, cli.said()

    entry = load(folder)
    assert entry is not None
    assert (entry.state, len(entry.record.steps)) == ("done", 9)
    published = map(manifest, versions(hypervisor.store_pool.path, "rehearsal"))
    made = [each for each in published if each.build_id == folder.name]
    assert [each.version for each in made] == [entry.record.version]
    assert any(package.name == "openssh-server" for package in made[0].packages)
    assert made[0].boot_seconds > 1
    assert leftovers.left(hypervisor, folder.name) == ()
    assert not (folder / ".results.json").exists()

    nightly = tmp_path / "nightly.toml"
    nightly.write_text('title = "Every night"\n[[build]]\nrelease = "rehearsal"\n')
    with cli.run("pipeline", "run", str(nightly), "--sign", pipeline) as command:
        assert command.wait(timeout=60) == 0, cli.said()
    assert "unchanged" in cli.said()
    for each in (key, pipeline):
        verify = ("template", "verify", "rehearsal", "--signature", "--key", f"{each}.pub")
        with cli.run(*verify) as command:
            assert command.wait(timeout=60) == 0, cli.said()


def keys(folder: Path, name: str) -> str:
    """Make a private key, and the public one beside it; return the path."""
    key = str(folder / name)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    public = ["openssl", "pkey", "-in", key, "-pubout", "-out", f"{key}.pub"]
    subprocess.run(public, check=True)
    return key


def _wait_for_its_end(on: Hypervisor, build_id: str) -> None:
    wait_until(lambda: not _running(on, build_id), lambda: "its guest does not end")


def _running(on: Hypervisor, build_id: str) -> bool:
    return domains.active(on.connection, f"builder-rehearsal-{build_id}")


def test_gc_clears_what_nobody_will_finish_and_never_what_runs(
    cli: Cli, settings: Settings, hypervisor: Hypervisor, rehearsal: StagedIso
) -> None:
    assert rehearsal.path.is_file()
    cli.killed_at("phase:", "build", "rehearsal", "--force")
    folder = newest(settings)
    entry = load(folder)
    assert entry is not None

    found = collect(hypervisor, kept=True, dry_run=False, monitor=SilentMonitor())
    assert [(each.build_id, each.verdict) for each in found] == [(folder.name, "still installing")]
    assert _running(hypervisor, folder.name)

    name = f"builder-rehearsal-{folder.name}"
    hypervisor.connection.handle.lookupByName(name).destroy()
    found = collect(hypervisor, kept=False, dry_run=True, monitor=SilentMonitor())
    assert [each.verdict for each in found] == ["cleared"]
    assert set(found[0].left) == {
        name,
        str(hypervisor.iso_pool.path / f"{folder.name}.qcow2"),
        str(hypervisor.store_pool.path / f"{folder.name}.qcow2"),
    }
    assert leftovers.left(hypervisor, folder.name) == found[0].left
    collect(hypervisor, kept=False, dry_run=False, monitor=SilentMonitor())
    assert leftovers.left(hypervisor, folder.name) == ()
    ended = load(folder)
    assert ended is not None
    assert ended.state == "cleared"
    assert collect(hypervisor, kept=True, dry_run=False, monitor=SilentMonitor()) == ()


def _pid(daemon: str) -> int:
    known = (Path(f"/run/libvirt/{daemon}.pid"), Path(f"/run/{daemon}.pid"))
    return next(int(path.read_text()) for path in known if path.exists())


def restart_libvirtd(undo: ExitStack) -> None:
    """Restart it as a package update does; where we start it ourselves, until the tests end."""
    if Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "restart", "libvirtd"], check=True)
        return
    os.kill(_pid("libvirtd"), signal.SIGTERM)
    time.sleep(3)  # nobody is there, for a while
    inside = ["nsenter", "--mount", "--target", str(_pid("virtlogd"))]
    daemon = subprocess.Popen([*inside, "libvirtd"], stderr=subprocess.DEVNULL)
    undo.callback(daemon.wait)
    undo.callback(daemon.terminate)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root restarts libvirtd")
def test_a_libvirtd_that_is_restarted_does_no_harm(
    cli: Cli, settings: Settings, hypervisor: Hypervisor, rehearsal: StagedIso, undo: ExitStack
) -> None:
    assert rehearsal.path.is_file()
    with cli.run("build", "rehearsal", "--force") as command:
        wait_until(lambda: "phase: storage" in cli.said(), cli.said)
        restart_libvirtd(undo)
        assert command.wait(timeout=300) == 0, cli.said()
    assert hypervisor.connection.reopen(seconds=30)
    assert leftovers.left(hypervisor, newest(settings).name) == ()
    entry = load(newest(settings))
    assert entry is not None
    assert entry.state == "done"
