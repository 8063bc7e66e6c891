"""Domains: started, joined, watched, removed."""

import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial

import libvirt
import libvirt_qemu
import msgspec

from builder.errors import HostError
from builder.virt import firmware, networks, xml
from builder.virt.connection import Connection, attempt, persistent, translated, unless

_UNDEFINE = libvirt.VIR_DOMAIN_UNDEFINE_NVRAM | libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
# Not what a card received: on a bridge, everybody's broadcasts arrive, also at a guest that hangs.
_MOVED = re.compile(r"block\.\d+\.(?:rd|wr)\.bytes|net\.\d+\.tx\.bytes")
_START_HINT = "The hypervisor's own log is in /var/log/libvirt/qemu (or ~/.cache/libvirt/qemu/log)."

_PORTS = 4
_PAUSE_SECONDS = 0.1
_STARTS = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_STARTING_UP)
_START_SECONDS = 60.0
_NEVER_RAN = (
    _STARTS,
    (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN),
    (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_FAILED),  # to start
)
"""Without SHUTOFF_DAEMON: a libvirtd that comes back says so of what it does not find any more, be
it that it was just being started, or that it has powered off. Its logs tell which."""


class Domain(msgspec.Struct, frozen=True, kw_only=True):
    """A defined domain, by its name: it outlives connections."""

    name: str
    connection: Connection

    @property
    def handle(self) -> libvirt.virDomain:
        """libvirt's handle, for this package; raises libvirtError when the domain is gone."""
        return self.connection.handle.lookupByName(self.name)


@contextmanager
def paused(connection: Connection, document: str) -> Iterator[Domain]:
    """Define and start a domain, its processors stopped; destroy and undefine it at the end."""
    domain = start(connection, document)
    try:
        yield domain
    finally:
        with suppress(HostError):  # whoever made the plan clears up by its name
            remove(domain)


@persistent
def has_run(connection: Connection, name: str) -> bool:
    """Tell whether there is a domain of that name that was started since libvirt knows it.

    libvirt may still be busy with a start that a killed process has asked for: that is waited for.
    """
    deadline = time.monotonic() + _START_SECONDS
    with translated("Cannot list the domains"):
        while (state := _state(connection, name)) == _STARTS and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
    return state is not None and state not in _NEVER_RAN


def _state(connection: Connection, name: str) -> tuple[int, int] | None:
    handle = _find(Domain(name=name, connection=connection))
    return None if handle is None else tuple(handle.state())


def start(connection: Connection, document: str, *, hint: str = "") -> Domain:
    """Define and start a domain, its processors stopped; `hint` is for what libvirt refuses.

    Nobody removes it at the end: it may have to outlive this process.
    """
    domain = define(connection, document, hint=hint)
    try:
        _launch(domain, libvirt.VIR_DOMAIN_START_PAUSED)
    except BaseException:
        with suppress(HostError):  # the first failure is the one to tell
            remove(domain)
        raise
    return domain


def define(connection: Connection, document: str, *, hint: str = "") -> Domain:
    """Define a domain, which stays off. Raises HostError, with the hint, when libvirt refuses it.

    libvirt refuses a name that is taken, unless the document has that domain's uuid.
    """
    # With a uuid from the start it is the same domain that is defined when we have to ask again.
    name = _define(connection, xml.with_uuid(document), hint=hint)
    return Domain(name=name, connection=connection)


@persistent
def _define(connection: Connection, document: str, *, hint: str) -> str:
    what = "libvirt refuses the domain"
    with translated(what, hint=hint), firmware.explained(what):
        handle = connection.handle.defineXMLFlags(document, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
        return str(handle.name())


@persistent
def names(connection: Connection) -> tuple[str, ...]:
    """Return the names of all domains, running or not."""
    with translated("Cannot list the domains"):
        return tuple(sorted(each.name() for each in connection.handle.listAllDomains(0)))


@persistent
def resume(domain: Domain) -> None:
    """Let the processors run; a domain that has not been paused, or has ended, stays as it is."""
    with translated(f"Cannot resume the domain {domain.name}"):
        handle = domain.handle
        unless(lambda: handle.state()[0] != libvirt.VIR_DOMAIN_PAUSED, handle.resume)


def boot(domain: Domain) -> None:
    """Start a domain that is off, its processors running."""
    _launch(domain, 0)


@persistent
def _launch(domain: Domain, flags: int) -> None:
    what = f"Cannot start the domain {domain.name}"
    with (
        translated(what, hint=_START_HINT),
        networks.explained(domain.connection, what),
        firmware.explained(what),
    ):
        handle = domain.handle
        # Without a look before: a libvirtd that comes back in the middle of a start first calls the
        # domain active, then ends it. Another start waits until that is decided.
        begin = partial(attempt, partial(handle.createWithFlags, flags), so=handle.isActive)
        if not any(_has_port(begin) for _ in range(_PORTS)):
            begin()


def _has_port(begin: Callable[[], None]) -> bool:
    """Start a domain; tell whether VNC got the port that libvirt chose: others may be quicker."""
    try:
        begin()
    except libvirt.libvirtError as error:
        if "Failed to find an available port" not in str(error):
            raise
        return False
    return True


@persistent
def active(connection: Connection, name: str) -> bool:
    """Tell whether there is a domain of that name that has not ended."""
    with translated("Cannot list the domains"):
        running = connection.handle.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        return name in [each.name() for each in running]


@persistent
def remove(domain: Domain) -> None:
    """Destroy and undefine the domain, as far as it is still there. Raises HostError."""
    with translated(f"Cannot remove the domain {domain.name}"):
        handle = _find(domain)
        if handle is not None:
            unless(partial(_is_off, domain), handle.destroy)
            unless(lambda: _find(domain) is None, partial(handle.undefineFlags, _UNDEFINE))


def _is_off(domain: Domain) -> bool:
    handle = _find(domain)
    return handle is None or not handle.isActive()


def _find(domain: Domain) -> libvirt.virDomain | None:
    # Not by a lookup that fails: see pools.
    known = domain.connection.handle.listAllDomains(0)
    return next((each for each in known if each.name() == domain.name), None)


@persistent
def live_xml(domain: Domain) -> str:
    """Return the definition with everything that libvirt filled in."""
    with translated(f"Cannot read the definition of {domain.name}"):
        return str(domain.handle.XMLDesc(0))


def activity(domain: Domain) -> int | None:
    """Return the bytes that it read, wrote and sent since the start; None once it is gone.

    Any change is a sign of life. Processor time is none: a guest that waits uses a little, one that
    hangs may use all of it. Some networks, such as user mode's, are counted by nobody.
    """
    kinds = libvirt.VIR_DOMAIN_STATS_BLOCK | libvirt.VIR_DOMAIN_STATS_INTERFACE
    active = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE
    try:
        found = domain.connection.handle.domainListGetStats([domain.handle], kinds, active)
    except (libvirt.libvirtError, HostError):
        return None
    if not found:
        return None
    return moved(found[0][1])


def moved(counters: Mapping[str, int]) -> int:
    """Return the bytes that a guest moved by itself, from libvirt's counters of it."""
    return sum(each for name, each in counters.items() if _MOVED.fullmatch(name))


@persistent
def forward(domain: Domain, port: int) -> int:
    """Lead a free port of this host's loopback to the guest's `port`; return it.

    For the first interface of a running domain, in user mode. libvirt has no word for it without
    passt, so QEMU's monitor is asked.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    command = f"hostfwd_add hostnet0 tcp:127.0.0.1:{free}-:{port}"
    kind = libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP
    with translated(f"Cannot reach the guest {domain.name}"):
        said = str(libvirt_qemu.qemuMonitorCommand(domain.handle, command, kind)).strip()
    if said:
        raise HostError(f"Cannot reach the guest {domain.name}: {said}.")
    return free
