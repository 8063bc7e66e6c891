"""What a run by timer may do to the host, as settings of its service. Pure.

Guests are libvirtd's children: none of this touches them. Where they are the run's own (a session's
libvirt), or it makes a rehearsal's systems (mmdebstrap), most of it would.
"""

from collections.abc import Iterator

_FAMILIES = ("RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK", 211)
_ALWAYS = (
    ("ProtectSystem=strict", 232),
    ("ProtectHome=read-only", 232),
    ("ProtectKernelModules=yes", 232),
    ("ProtectKernelLogs=yes", 244),
    ("ProtectClock=yes", 245),
    ("ProtectHostname=yes", 242),
    ("RestrictRealtime=yes", 231),
    ("LockPersonality=yes", 235),
    ("SystemCallArchitectures=native", 209),
    ("KeyringMode=private", 235),
    _FAMILIES,
)
"""Settings, and the first systemd that knows each: others would warn of it at every start."""
_NO_REHEARSAL = (
    ("PrivateDevices=yes", 209),
    ("ProtectProc=invisible", 247),
    ("ProtectKernelTunables=yes", 232),
    ("ProtectControlGroups=yes", 232),
    ("CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER", 0),
)
"""CAP_…: libvirt gives disks to the hypervisor's own user while guests run."""
_REHEARSAL = (
    (
        "CapabilityBoundingSet=~CAP_AUDIT_CONTROL CAP_IPC_LOCK CAP_LEASE CAP_LINUX_IMMUTABLE "
        "CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_BOOT CAP_SYS_MODULE "
        "CAP_SYS_PACCT CAP_SYS_PTRACE CAP_SYS_RAWIO CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_SYSLOG",
        0,
    ),
)
"""mmdebstrap mounts, makes devices and changes its root; packages change users and modes."""
_CALLS = (
    ("NoNewPrivileges=yes", 187),
    ("MemoryDenyWriteExecute=yes", 231),
    ("RestrictNamespaces=yes", 233),
    ("RestrictSUIDSGID=yes", 242),
    ("SystemCallFilter=@system-service", 231),
    ("SystemCallErrorNumber=EPERM", 209),
)
"""What a user's manager can have as well: the kernel's filters of system calls."""


def settings(
    *,
    systemd: int,
    user: bool,
    guests_below: bool,
    rehearses: bool,
    writable: str,
) -> Iterator[str]:
    """Yield the lines for what a run is, and can be, kept from."""
    if guests_below:
        yield from ("", "# No sandbox: guests of a session are below the run, and would share it.")
        return
    if rehearses and user:
        yield from ("", "# No sandbox: a rehearsal needs mounts and namespaces.")
        return
    known = [_FAMILIES, *_CALLS]
    if not user:
        known = [*_ALWAYS, *(_REHEARSAL if rehearses else (*_NO_REHEARSAL, *_CALLS))]
        yield from ("", "# Guests are children of libvirtd: none of this touches them.")
        # A /tmp of its own would go with the run, and what it wrote there of a fault of ours.
        yield f"ReadWritePaths={writable} /tmp /var/tmp"
    else:
        yield from ("", "# All that a user's own manager can do: the rest takes root.")
    yield from (line for line, since in known if since <= systemd)
