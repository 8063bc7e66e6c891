"""What libvirt says when it cannot be opened, as libvirt 9 said it, and what we make of it."""

import os
from pathlib import Path

import pytest

from builder.virt import refusal

NO_SOCKET = "Failed to connect socket to '/var/run/libvirt/libvirt-sock'"
NO_BUS = "Unable to get system bus connection: Could not connect: No such file or directory"
CAUSES = {
    "no such driver": (
        "no connection driver available for quemu:///system",
        "it knows no connections of that kind",
        "qemu:///system",
    ),
    "no scheme": (
        "no connection driver available for URI 'foo' does not include a driver name",
        "it knows no connections of that kind",
        "qemu:///session",
    ),
    "a slip in the path": (
        "internal error: unexpected qemu URI path '/systm', try qemu:///system",
        "unexpected qemu URI path '/systm', try qemu:///system",
        "qemu:///system",
    ),
    "a slash too few": (
        "internal error: invalid URI qemu://system (maybe you want qemu:///system)",
        "invalid URI qemu://system (maybe you want qemu:///system)",
        "qemu:///system",
    ),
    "no such transport": (
        "invalid argument: remote_open: transport in URL not recognised "
        "(should be tls|unix|ssh|ext|tcp|libssh2|libssh)",
        "remote_open: transport in URL not recognised "
        "(should be tls|unix|ssh|ext|tcp|libssh2|libssh)",
        "qemu:///system",
    ),
    "no daemon": (
        f"{NO_SOCKET}: No such file or directory",
        "no daemon answers at /var/run/libvirt/libvirt-sock",
        "START",
    ),
    "a socket of one that is gone": (
        f"{NO_SOCKET}: Connection refused",
        "no daemon answers at /var/run/libvirt/libvirt-sock",
        "START",
    ),
    "no right on the socket": (
        f"{NO_SOCKET}: Permission denied",
        "you may not use /var/run/libvirt/libvirt-sock",
        "usermod -aG libvirt",
    ),
    "polkit without a bus": (f"internal error: {NO_BUS}", NO_BUS, "polkit"),
    "polkit says no": (
        "authentication unavailable: no polkit agent available to authenticate action "
        "'org.libvirt.unix.manage'",
        "authentication unavailable: no polkit agent available to authenticate action "
        "'org.libvirt.unix.manage'",
        "group libvirt",
    ),
    "a password is wanted": (
        "authentication failed: authentication failed",
        "authentication failed: authentication failed",
        "auth_unix_rw",
    ),
    "no home": (
        "Cannot create user runtime directory '/nonexistent/.cache/libvirt': Permission denied",
        "it has no place for its socket, /nonexistent/.cache/libvirt cannot be made",
        "XDG_RUNTIME_DIR",
    ),
    "ssh knows no such host": (
        "Cannot recv data: ssh: Could not resolve hostname nohost.invalid: "
        "Name or service not known: Connection reset by peer",
        "the host nohost.invalid has no address",
        "DNS",
    ),
    "tcp knows no such host": (
        "Unable to resolve address 'nohost.invalid' service '16509': Name or service not known",
        "the host nohost.invalid has no address",
        "DNS",
    ),
    "esx knows no such host": (
        "internal error: IP address lookup for host 'x' failed: Name or service not known",
        "the host x has no address",
        "DNS",
    ),
    "ssh is refused": (
        "Cannot recv data: ssh: connect to host localhost port 22: Connection refused: "
        "Connection reset by peer",
        "ssh cannot reach localhost at port 22: Connection refused",
        "`ssh localhost`",
    ),
    "ssh lets nobody in": (
        "Cannot recv data: root@host: Permission denied (publickey,password).: "
        "Connection reset by peer",
        "ssh: root@host: Permission denied (publickey,password)",
        "`ssh HOST`",
    ),
    "an unknown host key": (
        "Cannot recv data: Host key verification failed.: Connection reset by peer",
        "ssh: Host key verification failed",
        "`ssh HOST`",
    ),
    "no certificate": (
        "Cannot read CA certificate '/etc/pki/CA/cacert.pem': No such file or directory",
        "Cannot read CA certificate '/etc/pki/CA/cacert.pem': No such file or directory",
        "tlscerts",
    ),
    "nobody listens": (
        "unable to connect to server at 'localhost:16509': Connection refused",
        "localhost:16509: Connection refused",
        "qemu+ssh://",
    ),
    "a daemon that hangs up": (
        "Cannot recv data: Connection reset by peer",
        "the daemon hung up",
        "max_clients",
    ),
    "anything else": (
        "XML error: failed to parse xml document '/nofile'",
        "XML error: failed to parse xml document '/nofile'",
        "qemu:///system",
    ),
}


@pytest.mark.parametrize(("said", "means", "hint"), CAUSES.values(), ids=CAUSES)
def test_each_cause_has_its_own_remedy(
    monkeypatch: pytest.MonkeyPatch, said: str, means: str, hint: str
) -> None:
    monkeypatch.setattr(refusal, "_start_it", lambda: "START")
    found = refusal.refusal("URI", said)
    assert found.message == f"Cannot connect to libvirt at URI: {means}."
    assert hint in found.hint


PASSING = {
    "no daemon",
    "a socket of one that is gone",
    "ssh is refused",
    "nobody listens",
    "a daemon that hangs up",
}


@pytest.mark.parametrize("cause", CAUSES)
def test_what_may_pass_is_a_daemon_that_does_not_answer(cause: str) -> None:
    assert refusal.refusal("URI", CAUSES[cause][0]).may_pass == (cause in PASSING)


@pytest.mark.parametrize(
    ("systemd", "user", "hint"),
    [
        (True, 0, "systemctl"),
        (True, 1000, "systemctl"),
        (False, 1000, "qemu:///session"),
        (False, 0, "`builder host run -- COMMAND`"),  # root has no use for a session
    ],
)
def test_how_a_daemon_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, systemd: bool, user: int, hint: str
) -> None:
    monkeypatch.setattr(refusal, "_SYSTEMD", tmp_path if systemd else tmp_path / "none")
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert hint in refusal.refusal("URI", f"{NO_SOCKET}: No such file or directory").hint


@pytest.mark.parametrize(
    "why",
    [
        f"{NO_SOCKET}: No such file or directory",
        f"{NO_SOCKET}: Permission denied",
        f"internal error: {NO_BUS}",
    ],
)
def test_a_session_starts_its_daemon_by_itself(why: str) -> None:
    for uri in ("qemu:///session", "qemu+unix:///session"):
        hint = refusal.refusal(uri, why).hint
        assert "XDG_CONFIG_HOME" in hint
        assert "--uri" not in hint
