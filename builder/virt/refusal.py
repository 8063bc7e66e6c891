"""Why libvirt cannot be opened: its causes as sentences, each with the remedy that fits."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from builder.errors import HostError

_SYSTEMD = Path("/run/systemd/system")
_KNOWN = "This host's own is qemu:///system; a user's is qemu:///session."
_START = "{daemon}"
_JOIN = "Join the group libvirt, which polkit lets in, or use --uri qemu:///session."
_JOIN_AGAIN = (
    "Join its group and log in again, usermod -aG libvirt USER, or use --uri qemu:///session."
)
_SYSTEMS = {_START, _JOIN, _JOIN_AGAIN}
"""Remedies for the system's libvirt alone."""
_OWN = (
    "libvirt starts a user's daemon by itself, and this one did not start: XDG_RUNTIME_DIR, "
    "XDG_CONFIG_HOME and XDG_CACHE_HOME must be folders of yours. Its log is in ~/.cache/libvirt."
)


class _Cause(NamedTuple):
    """A row: libvirt's words, what they mean, and the remedy."""

    words: str
    means: str
    hint: str
    passing: bool = False
    """Whether it may be gone in a while: a daemon that is being restarted."""


# In order: the words of later rows are also in texts that earlier rows are for.
_CAUSES = (
    _Cause(r"no connection driver available", "it knows no connections of that kind", _KNOWN),
    _Cause(r"unexpected \w+ URI path|invalid URI|transport in URL", "{said}", _KNOWN),
    _Cause(
        r"Cannot create user runtime directory '(?P<path>[^']*)'",
        "it has no place for its socket, {path} cannot be made",
        "Set HOME or XDG_RUNTIME_DIR to a folder of yours.",
    ),
    _Cause(
        r"Failed to connect socket to '(?P<path>[^']*)': Permission denied",
        "you may not use {path}",
        _JOIN_AGAIN,
    ),
    _Cause(
        r"polkit|system bus|access denied|authentication unavailable",
        "{said}",
        _JOIN,
    ),
    _Cause(
        r"authentication failed|authentication required|SASL",
        "{said}",
        "It asks for a name and a password: see auth_unix_rw in /etc/libvirt/libvirtd.conf.",
    ),
    _Cause(
        r"Failed to connect socket to '(?P<path>[^']*)': (No such file|Connection refused)",
        "no daemon answers at {path}",
        _START,
        passing=True,
    ),
    _Cause(
        r"(Could not resolve hostname|resolve address|lookup for host) '?(?P<host>[^\s':]+)",
        "the host {host} has no address",
        "Look for a slip in the host's name, or in /etc/hosts and DNS.",
    ),
    _Cause(
        r"connect to host (?P<host>\S+) port (?P<port>\d+): (?P<why>[^:]*)",
        "ssh cannot reach {host} at port {port}: {why}",
        "Does `ssh {host}` work from here?",
        passing=True,
    ),
    _Cause(
        r"Permission denied \(|Host key verification failed|identity file",
        "ssh: {said}",
        "Does `ssh HOST` work from here, without a question?",
    ),
    _Cause(
        r"certificate|TLS|x509",
        "{said}",
        "See https://libvirt.org/kbase/tlscerts.html, or take qemu+ssh://.",
    ),
    _Cause(
        r"unable to connect to server at '(?P<host>[^']*)': (?P<why>.*)",
        "{host}: {why}",
        "Does a libvirtd listen there? qemu+ssh:// needs no more than ssh.",
        passing=True,
    ),
    _Cause(
        r"Connection reset by peer|End of file while reading data|client socket is closed",
        "the daemon hung up",
        "Its log says why: journalctl -u libvirtd, or /run/builder/libvirtd.log. "
        "It may have too many clients, max_clients in libvirtd.conf.",
        passing=True,
    ),
)


def refusal(uri: str, said: str) -> HostError:
    """Return what to raise when `uri` cannot be opened; `said` is libvirt's own text."""
    said = _without_frame(said)
    for cause in _CAUSES:
        found = re.search(cause.words, said, re.IGNORECASE)
        if found:
            known = {"said": said, "daemon": _start_it(), **found.groupdict(default="")}
            means, hint = (text.format_map(known) for text in (cause.means, cause.hint))
            if uri.endswith("///session") and cause.hint in _SYSTEMS:
                hint = _OWN
            sentence = f"Cannot connect to libvirt at {uri}: {means}."
            return HostError(sentence, hint=hint, may_pass=cause.passing)
    return HostError(f"Cannot connect to libvirt at {uri}: {said}.", hint=_KNOWN)


def _without_frame(said: str) -> str:
    """Return libvirt's text without what stands around the reason in all such texts."""
    said = re.sub(r"^(internal error|invalid argument|Cannot recv data): ", "", said.strip())
    return re.sub(r"(?<=.): Connection reset by peer$", "", said).rstrip(".")


def _start_it() -> str:
    if _SYSTEMD.is_dir():
        return "systemctl enable --now libvirtd (or virtqemud.socket where there is no libvirtd)"
    if os.geteuid() == 0:
        return "`builder host run -- COMMAND` has one run for as long as COMMAND does."
    return "Start libvirtd as root, or use --uri qemu:///session."
