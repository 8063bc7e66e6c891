"""A libvirtd of our own, for real, on a /run of its own so that the host's is not disturbed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import PATIENCE, wait_until

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
    hidden = f"mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /etc/libvirt\n{script}"
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


def _lives(pid: str) -> bool:
    try:
        return bool(Path("/proc", pid, "cmdline").read_text())
    except OSError:
        return False


# Who is last ends it, and virtlogd with it.
_LEFT = """
for _ in $(seq 150); do
    [ -e /run/libvirtd.pid ] || [ -e /run/virtlogd.pid ] || break
    sleep 0.2
done
! tail -v /run/libvirtd.pid /run/virtlogd.pid 2>/dev/null
"""


def test_who_is_last_ends_it(tmp_path: Path) -> None:
    done = _elsewhere(
        f"""
        {_BUILDER} host run -- sh -euc '{_VIRSH} uri; cd /run; tail -v libvirtd.pid virtlogd.pid'
        {_LEFT}
        """,
        tmp_path,
    )
    uri, *rest = done.stdout.split()
    pids = [word for word in rest if word.isdigit()]
    assert (done.returncode, uri, len(pids)) == (0, "qemu:///system", 2), done.stderr
    wait_until(lambda: not any(map(_lives, pids)))
    assert "started one for now" in done.stderr
    assert not [*tmp_path.iterdir()]


def test_python_does_not_complain_of_what_outlives_it(tmp_path: Path) -> None:
    strict = f"{sys.executable} -W error::ResourceWarning -m builder"
    done = _elsewhere(f"{strict} host run -- true\n{_LEFT}", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "started one for now" in done.stderr
    assert "ResourceWarning" not in done.stderr


def test_many_that_come_at_once_start_one(tmp_path: Path) -> None:
    meet = 'touch "/run/at/$0"; until [ $(ls /run/at | wc -l) = 3 ]; do sleep 0.1; done'
    done = _elsewhere(
        f"""
        mkdir /run/at
        for each in 1 2 3; do
            BUILDER_STATE={tmp_path}/$each {_BUILDER} host run -- sh -c '{meet}' $each &
        done
        wait
        {_LEFT}
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("started one for now") == 1


def test_stays_until_its_last_user_has_left(tmp_path: Path) -> None:
    done = _elsewhere(
        f"""
        {_BUILDER} host run -- sh -euc 'touch /run/first; until [ -e /run/second ]; do sleep 0.1; done' &
        until [ -e /run/first ]; do kill -0 $!; sleep 0.1; done
        {_BUILDER} host run -- sh -euc 'touch /run/second; wait; sleep 2; {_VIRSH} uri'
        {_LEFT}
        """,  # noqa: E501  # one command a line
        tmp_path,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["qemu:///system"]), done.stderr
    assert done.stderr.count("started one for now") == 1


def test_the_guest_of_a_killed_command_keeps_what_it_needs(tmp_path: Path) -> None:
    guest = tmp_path / "guest.xml"
    guest.write_text(_GUEST)
    done = _elsewhere(
        f"""
        {_BUILDER} host run -- sh -euc '
            {_VIRSH} -q create {guest}; touch /run/up; sleep 60' >/run/said 2>&1 &
        until [ -e /run/up ]; do kill -0 $!; sleep 0.1; done
        first=$(cat /run/virtlogd.pid)
        kill -9 $!
        {_BUILDER} pool list
        {_BUILDER} host run -- {_VIRSH} -q list --name
        [ $first = $(cat /run/virtlogd.pid) ]
        {_BUILDER} host run -- {_VIRSH} -q destroy builder-test-libvirtd
        {_LEFT}
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "builder-test-libvirtd" in done.stdout
    assert "started one for now" not in done.stderr  # but for the killed one's


def test_commands_that_only_read_files_start_nothing(tmp_path: Path) -> None:
    folders = {"BUILDER_ISO_POOL_PATH": tmp_path / "iso", "BUILDER_STORE_POOL_PATH": tmp_path}
    (tmp_path / "iso").mkdir()
    settings = "".join(f"export {name}={path}\n" for name, path in folders.items())
    commands = (
        "template list",
        "iso list",
        "builds list",
        "kickstart list",
        "pipeline plan nightly",
    )
    script = "\n".join(f"{_BUILDER} {command}" for command in commands)
    done = _elsewhere(f"{settings}{script}\ntest ! -e /run/builder", tmp_path / "state")
    assert done.returncode == 0, done.stderr
    assert "started one" not in done.stderr
    assert done.stderr.count(f"Reading {tmp_path}") >= 2


def test_a_user_without_rights_is_told_of_the_group(tmp_path: Path) -> None:
    """Only the socket is closed to that user, who may read everything else."""
    script = f"""
        echo 'unix_sock_rw_perms = "0770"' >/run/closed.conf
        libvirtd --config /run/closed.conf 2>/dev/null &
        until [ -S /run/libvirt/libvirt-sock ]; do kill -0 $!; sleep 0.1; done
        user="setpriv --reuid 65534 --regid 65534 --clear-groups
            --inh-caps +dac_read_search --ambient-caps +dac_read_search"
        $user {_BUILDER} --uri qemu:///system pool list || code=$?
        kill $!
        exit $code
        """
    done = _elsewhere(script, tmp_path)
    assert done.returncode == 4
    assert "you may not use /var/run/libvirt/libvirt-sock" in done.stderr
    assert "usermod -aG libvirt" in done.stderr


@pytest.mark.skipif(not Path("/dev/kvm").exists(), reason="there is no /dev/kvm to break")
@pytest.mark.parametrize(
    "node",
    ["ln -s /dev/null /run/kvm", "mknod -m 600 /run/kvm c 10 232"],
    ids=["nothing behind it", "root's alone"],
)
def test_hides_a_kvm_that_does_not_work(node: str, tmp_path: Path) -> None:
    guest = tmp_path / "guest.xml"
    guest.write_text(_GUEST)
    done = _elsewhere(
        f"""
        mount -o remount,dev /run
        {node}
        mount --bind /run/kvm /dev/kvm
        {_BUILDER} host run -- sh -euc '
            {_VIRSH} domcapabilities
            {_VIRSH} create {guest}
            {_VIRSH} destroy builder-test-libvirtd'
        ! ls /run/libvirt/qemu/*.kvm
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


def test_a_libvirtd_that_does_not_start_leaves_no_virtlogd(tmp_path: Path) -> None:
    (tmp_path / "libvirtd").write_text("#!/bin/sh\necho the moon is wrong\nexit 1\n")
    (tmp_path / "libvirtd").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    script = f"{_BUILDER} pool list || code=$?; {_LEFT}\nexit $code"
    done = _elsewhere(script, tmp_path / "state", path=path)
    assert done.returncode == 4
    assert "error: libvirtd does not start: the moon is wrong" in done.stderr


def test_a_libvirtd_that_does_not_start_leaves_an_earlier_virtlogd_alone(tmp_path: Path) -> None:
    """Guests may write to it, although the libvirtd that it came with was killed."""
    (tmp_path / "libvirtd").write_text("#!/bin/sh\necho the moon is wrong\nexit 1\n")
    (tmp_path / "libvirtd").chmod(0o755)
    script = f"""
        mkdir /run/builder
        virtlogd --daemon
        cp /run/virtlogd.pid /run/builder/virtlogd
        PATH={tmp_path}:$PATH {_BUILDER} pool list || code=$?
        sleep 2  # were it told to end, it would need a moment
        kill "$(cat /run/builder/virtlogd)"
        exit $code
        """
    done = _elsewhere(script, tmp_path / "state")
    assert done.returncode == 4, done.stderr
    assert "error: libvirtd does not start: the moon is wrong" in done.stderr


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
