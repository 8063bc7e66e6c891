"""Why a domain cannot be plugged in: libvirt's words as sentences, each with its remedy."""

import re
import shlex
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import libvirt

from builder.errors import HostError, suggest
from builder.virt.connection import Connection, plain, translated

_DEVICES = Path("/sys/class/net")
_OTHERS = "A clone takes another by --network, a build by network in builder.toml."


class _Cause(NamedTuple):
    """A row: libvirt's words, what they mean, and the remedy."""

    words: str
    means: str
    hint: str


_CAUSES = (
    _Cause(
        r"no network with matching name '(?P<name>.*)'",
        "there is no network {name}",
        "{known} `virsh -c {uri} net-list --all` shows all. " + _OTHERS,
    ),
    _Cause(
        r"network '(?P<name>.*)' is not active",
        "the network {name} is not started",
        "`virsh -c {uri} net-start {quoted}` starts it. " + _OTHERS,
    ),
    _Cause(
        r"Cannot get interface MTU on '(?P<name>.*)': No such device",
        "there is no bridge {name}",
        "`ip link show type bridge` shows all. " + _OTHERS,
    ),
    _Cause(
        # Of lo and its like; the name in it is that of the guest's end.
        r"Cannot set interface MTU on '(?P<name>.*)': Invalid argument",
        "what its interface {name} is to be put on is no bridge that takes guests",
        "`ip link show type bridge` shows all. " + _OTHERS,
    ),
    _Cause(
        r"Unable to add bridge (?P<name>\S+) port",
        "{name} is no bridge that takes guests",
        "`ip link show type bridge` shows all. " + _OTHERS,
    ),
)


@contextmanager
def explained(connection: Connection, what: str) -> Iterator[None]:
    """Raise HostError(`what`: why) where the block fails for want of a network or bridge."""
    try:
        yield
    except libvirt.libvirtError as error:
        known: list[str] = []
        with suppress(libvirt.libvirtError):
            known = [each.name() for each in connection.handle.listAllNetworks(0)]
        found = refusal(what, plain(error), uri=connection.uri, known=known)
        if found is None:
            raise
        raise found from error


def absence(connection: Connection, network: str, what: str) -> HostError | None:
    """Return why guests cannot be plugged into `network` here, as far as that shows before a start.

    It is a value of the setting: "user", "network:NAME", "bridge:NAME" or "none". Raises HostError
    where libvirt does not say which networks there are.
    """
    kind, _, name = network.partition(":")
    said = ""
    if kind == "bridge" and not (_DEVICES / name / "bridge").exists():
        there = (_DEVICES / name).exists()
        other = f"Unable to add bridge {name} port"
        said = other if there else f"Cannot get interface MTU on '{name}': No such device"
    known: list[str] = []
    if kind == "network":
        with translated("Cannot list the networks"):
            active = {each.name(): each.isActive() for each in connection.handle.listAllNetworks(0)}
        known = list(active)
        if name not in active:
            said = f"no network with matching name '{name}'"
        elif not active[name]:
            said = f"network '{name}' is not active"
    return refusal(what, said, uri=connection.uri, known=known)


def require(connection: Connection, network: str, what: str) -> None:
    """Raise HostError(`what`: why) where guests cannot be plugged into `network`; see `absence`."""
    if absent := absence(connection, network, what):
        raise absent


def refusal(what: str, said: str, *, uri: str, known: Collection[str]) -> HostError | None:
    """Return what to raise for libvirt's text `said`; None where it is not of networks.

    `known` are the names of libvirt's networks.
    """
    for cause in _CAUSES:
        if found := re.search(cause.words, said):
            name = found["name"]
            terms = {
                "name": name,
                "quoted": shlex.quote(name),
                "uri": shlex.quote(uri),
                "known": suggest(name, known),
            }
            means, hint = (text.format_map(terms) for text in (cause.means, cause.hint))
            return HostError(f"{what}: {means}.", hint=hint.strip())
    return None
