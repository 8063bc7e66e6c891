"""Builds whose process is killed, and a libvirtd that is restarted under them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from attempts import guests, left
from msgspec import structs

from builder.config import Settings
from builder.host.host import Host
from builder.model.media import StagedIso
from builder.model.template import Manifest
from builder.monitor import SilentMonitor
from builder.recipes.gc import collect_garbage
from builder.record import events
from builder.record.builds import load
from builder.registry.registry import LOCK, Registry, manifest
from builder.virt import domains
from tests.lone_libvirtd import ALONE, LoneLibvirtd
from tests.program import BUILDER, Program
from tests.waiting import PATIENCE, wait_until

# Kills itself when it has said its first argument: nobody else is quick enough for every step.
DOOMED = """
import os, signal, sys
from builder.cli.app import main

text, write = sys.argv.pop(1), sys.stderr.write

def last_words(said):
    write(said)
    if text in said:
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGKILL)

sys.stderr.write = last_words
main()
"""


def killed_at(text: str, cli: Program, *words: str) -> None:
    """Run it until it has said the text, and is killed."""
    with cli.run(*words, program=(sys.executable, "-c", DOOMED, text)) as command:
        assert command.wait(timeout=PATIENCE) == -signal.SIGKILL, cli.said()


@pytest.fixture
def cli(settings: Settings, host: Host, tmp_path: Path) -> Iterator[Program]:
    """Return the command; a guest that a failed test has left does not slow down the next one."""
    yield Program(settings, tmp_path / "log")
    for guest in guests(host):
        domains.remove(guest)


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
    return max(settings.builds.glob("rehearsal/*"), key=lambda path: path.name)


def test_a_build_that_is_killed_in_every_phase_comes_out_the_same(
    cli: Program, settings: Settings, host: Host, rehearsal: StagedIso, tmp_path: Path
) -> None:
    assert rehearsal.path.is_file()
    words, folder = ["build", "rehearsal", "--force"], Path()
    for phase in PHASES:
        killed_at(phase, cli, *words)
        folder = newest(settings)
        words = ["attach", folder.name]
        if phase == "phase: packages":
            _spared_by_gc(host, folder.name)
            _wait_for_its_end(host, folder.name)
    key, pipeline = keys(tmp_path, "attach"), keys(tmp_path, "pipeline")
    with cli.run(*words, "--sign", key) as command:
        assert command.wait(timeout=PATIENCE) == 0, cli.said()

    entry = load(folder)
    assert entry is not None
    assert (entry.state, len(entry.record.steps)) == ("done", 9)
    took = {each.step: each.seconds for each in entry.record.steps}
    assert took["Installing"] > 10  # which its guest did alone, for the most part
    published = map(manifest, Registry(host.store_pool.path).versions("rehearsal"))
    made = [each for each in published if each.build_id == folder.name]
    assert [each.version for each in made] == [entry.record.version]
    assert any(package.name == "openssh-server" for package in made[0].packages)
    assert made[0].boot_seconds > 1
    assert made[0].install_seconds == took["Installing"]
    _saw_each_phase_once(folder, made[0])
    assert left(host) == ([], [])
    assert not (folder / ".results.json").exists()

    nightly = tmp_path / "nightly.toml"
    nightly.write_text('title = "Every night"\n[[build]]\nrelease = "rehearsal"\n')
    with cli.run("pipeline", "run", str(nightly), "--sign", pipeline) as command:
        assert command.wait(timeout=PATIENCE) == 0, cli.said()
    assert "unchanged" in cli.said()
    for each in (key, pipeline):
        verify = ("template", "verify", "rehearsal", "--signature", "--key", f"{each}.pub")
        with cli.run(*verify) as command:
            assert command.wait(timeout=PATIENCE) == 0, cli.said()


def _saw_each_phase_once(folder: Path, made: Manifest) -> None:
    """See that no phase was told again, nor one that passed unseen as if it had been seen."""
    told = [each for each in events.read(folder / events.FILE) if each.kind == "phase"]
    names = [each.text for each in told]
    assert len(set(names)) == len(names)
    last = names.index("packages")
    assert [each.replayed for each in told] == [number > last for number in range(len(told))]
    assert list(made.phases) == names[:last]


def keys(folder: Path, name: str) -> str:
    """Make a private key, and the public one beside it; return the path."""
    key = str(folder / name)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    public = ["openssl", "pkey", "-in", key, "-pubout", "-out", f"{key}.pub"]
    subprocess.run(public, check=True)
    return key


def _spared_by_gc(host: Host, build_id: str) -> None:
    """See that gc finds all of a build that installs, and touches nothing of it."""
    every = collect_garbage(host, kept=True, dry_run=False, monitor=SilentMonitor())
    [found] = [each for each in every if each.build_id == build_id]
    assert (found.verdict, build_id in found.why) == ("its guest runs", True)
    assert set(found.left) == {
        f"builder-rehearsal-{build_id}",
        str(host.iso_pool.path / f"{build_id}.qcow2"),
        str(host.store_pool.path / f"{build_id}.qcow2"),
    }
    assert _running(host, build_id)


def _wait_for_its_end(host: Host, build_id: str) -> None:
    """Let the installation end while nobody watches."""
    wait_until(lambda: not _running(host, build_id))


def _running(host: Host, build_id: str) -> bool:
    return domains.active(host.connection, f"builder-rehearsal-{build_id}")


RESTARTS = {
    # As a package update does it, or a host that has run out of memory.
    "==> Installing": signal.SIGKILL,
    "phase: storage": signal.SIGTERM,
    "==> Auditing": signal.SIGKILL,
    "==> Booting two clones": signal.SIGTERM,
}


def says(cli: Program, text: str) -> bool:
    return text in cli.said()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gets a libvirtd of its own")
def test_a_libvirtd_that_is_restarted_does_no_harm(
    settings: Settings, rehearsal: StagedIso, tmp_path: Path, place: Path
) -> None:
    assert rehearsal.path.is_file()
    own = place / "alone"
    pools = {"iso_pool_path": own / "iso", "store_pool_path": own / "store"}
    mine = structs.replace(settings, state=own / "state", artifacts=own / "artifacts", **pools)
    cli = Program(mine, tmp_path / "log", inside=ALONE)
    script = '"$@"; virsh --quiet --connect qemu:///system list --all --name >"$BUILDER_STATE/left"'
    words = ("host", "run", "--", "sh", "-euc", script, "sh", *BUILDER)
    with cli.run(*words, "build", "rehearsal", "--force") as command:
        libvirtd = LoneLibvirtd(command.pid)
        with libvirtd.restarting():
            for moment, number in RESTARTS.items():
                wait_until(
                    partial(says, cli, moment),
                    alive=lambda: command.poll() is None,
                    told=cli.said,
                )
                libvirtd.end(number)
                time.sleep(3)  # nobody is there, for a while
                libvirtd.start()
            assert command.wait(timeout=PATIENCE) == 0, cli.said()
    assert (mine.state / "left").read_text().split() == []
    entry = load(newest(mine))
    assert entry is not None
    assert entry.state == "done"
    kept = [each.name for each in mine.store_pool_path.iterdir()]
    assert [name for name in kept if not name.startswith(("rehearsal", LOCK))] == []
    assert [each.suffix for each in mine.iso_pool_path.iterdir()] == [".iso"]
