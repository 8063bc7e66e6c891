"""A libvirtd of our own, for real, on a /run of its own so that the host's is not disturbed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import PATIENCE

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gets a libvirtd of its own")

_BUILDER = f"{sys.executable} -m builder"
_VIRSH = "virsh --connect qemu:///system"
_GUEST = """
<domain type='qemu'>
  <name>builder-test-libvirtd</name>
  <memory unit='MiB'>64</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
</domain>
"""


def _elsewhere(
    script: str, state: Path, *, path: str = os.environ["PATH"]
) -> subprocess.CompletedProcess[str]:
    """Run a shell script where neither libvirt nor systemd runs."""
    alone = ["unshare", "--mount", "--propagation", "private", "sh", "-euc"]
    hidden = f"mount -t tmpfs tmpfs /run\n{script}"
    environment = os.environ | {"BUILDER_STATE": str(state), "PATH": path}
    return subprocess.run(
        [*alone, hidden],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_lives_as_long_as_the_command_and_leaves_nothing(tmp_path: Path) -> None:
    done = _elsewhere(
        f"""
        {_BUILDER} host run -- sh -euc '{_VIRSH} uri; cd /run; tail -v libvirtd.pid virtlogd.pid'
        find /run -type s -o -name "*.pid"
        """,
        tmp_path,
    )
    uri, *rest = done.stdout.split()
    pids = [word for word in rest if word.isdigit()]
    assert (done.returncode, uri, len(pids)) == (0, "qemu:///system", 2), done.stderr
    assert "/run" not in done.stdout
    assert not [pid for pid in pids if Path("/proc", pid).exists()]
    assert "started one for now" in done.stderr
    assert not (tmp_path / "no-kvm").exists()


def test_stays_until_its_last_user_has_left(tmp_path: Path) -> None:
    done = _elsewhere(
        f"""
        {_BUILDER} host run -- sh -euc 'touch /run/first; until [ -e /run/second ]; do sleep 0.1; done' &
        until [ -e /run/first ]; do kill -0 $!; sleep 0.1; done
        {_BUILDER} host run -- sh -euc 'touch /run/second; sleep 2; {_VIRSH} uri'
        wait
        find /run -type s
        """,  # noqa: E501  # one command a line
        tmp_path,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["qemu:///system"]), done.stderr
    assert done.stderr.count("started one for now") == 1
    assert "Others use the libvirtd" in done.stderr


@pytest.mark.skipif(not Path("/dev/kvm").exists(), reason="there is no /dev/kvm to break")
def test_hides_a_kvm_that_does_not_work(tmp_path: Path) -> None:
    guest = tmp_path / "guest.xml"
    guest.write_text(_GUEST)
    done = _elsewhere(
        f"""
        mount --bind /dev/null /dev/kvm
        {_BUILDER} host run -- sh -euc '
            {_VIRSH} domcapabilities
            {_VIRSH} create {guest}
            {_VIRSH} destroy builder-test-libvirtd'
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "<domain>qemu</domain>" in done.stdout
    assert "hidden from libvirtd" in done.stderr


def test_says_why_it_does_not_start(tmp_path: Path) -> None:
    for name in ("virtlogd", "libvirtd"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho the moon is wrong\nexit 1\n")
        program.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = _elsewhere(f"{_BUILDER} host run -- true", tmp_path / "state", path=path)
    assert done.returncode == 4
    assert "error: virtlogd does not start: the moon is wrong" in done.stderr


@pytest.mark.parametrize(
    ("name", "send", "number"),
    [("INT", os.killpg, signal.SIGINT), ("TERM", os.kill, signal.SIGTERM)],
    ids=["Ctrl-C goes to both", "kill goes to builder"],
)
def test_command_may_clean_up_when_interrupted(
    tmp_path: Path, name: str, send: Callable[[int, int], None], number: int
) -> None:
    # Short sleeps: a shell may miss a signal that comes just before it begins to wait.
    command = (
        f"trap 'sleep 1; echo cleaned up; exit 9' {name}; echo up; while :; do sleep 0.1; done"
    )
    # Another host's libvirt is not ours to start, so that nothing but the command runs here.
    argv = [*_BUILDER.split(), "--uri", "qemu+ssh://nowhere/system", "host", "run", "--"]
    with subprocess.Popen(
        [*argv, "sh", "-c", command],
        env=os.environ | {"BUILDER_STATE": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as builder:
        assert builder.stdout is not None
        assert builder.stdout.readline() == "up\n"
        send(builder.pid, number)
        assert builder.stdout.read() == "cleaned up\n"
        assert builder.wait() == 9
