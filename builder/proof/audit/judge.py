"""The audit's table of checks."""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice

from builder.model.audit import Expected, Finding
from builder.proof.audit import boots, exposed, pinned, sealed
from builder.proof.audit.tree import GuestTree

_MOST_DETAILS = 20
Look = Callable[[GuestTree, Expected], Iterable[str]]

SEAL: dict[str, tuple[str, Look]] = {
    "machine-id": ("the machine's id is empty", sealed.machine_id),
    "network-identity": ("no address or id of the installed machine", pinned.network_identity),
    "hostname": ("no name that nobody asked for", sealed.hostname),
    "resolv-conf": ("no name server of the installation's network", sealed.resolv_conf),
    "mail": ("no letters", sealed.mail),
    "logs": ("logs are empty", sealed.logs),
    "swap": ("swap areas are empty", sealed.swap),
    "dhcp-leases": ("no leases", sealed.dhcp_leases),
    "service-identity": ("no id that a service drew by lot", sealed.service_identity),
}
_ABSENT = {
    "ssh-host-keys": "no ssh host keys",
    "random-seed": "no random seed",
    "installer-files": "nothing of the installer",
    "package-caches": "no caches of package managers",
    "account-backups": "no old copies of the accounts",
    "cloud-init": "no state of cloud-init",
    "registration": "not registered with a vendor or a domain",
    "storage-identity": "no name of its own for iSCSI and NVMe",
    "device-ids": "no serial numbers of disks",
    "crash-data": "no crash dumps",
    "shell-history": "no history of shells and pagers",
    "temporary-files": "no temporary files",
}
SEAL |= {name: (says, partial(sealed.absent, name)) for name, says in _ABSENT.items()}
EXPOSED: dict[str, tuple[str, Look]] = {
    "secrets": ("no hash, key or password in a file", exposed.secrets),
    "world-writable": ("nothing that everybody may change", exposed.world_writable),
    "authorized-keys": ("no ssh key that nobody asked for", exposed.authorized_keys),
    "root-login": ("root is locked, unless asked otherwise", exposed.root_login),
    "passwords": ("no account without a password", exposed.passwords),
    "users": ("no account that nobody asked for", exposed.users),
    "boot-fallback": ("UEFI without a boot entry finds a boot loader", boots.fallback),
    "selinux-labels": ("files have SELinux labels, where it is used", exposed.selinux_labels),
}


def audit(tree: GuestTree, expected: Expected) -> tuple[Finding, ...]:
    """Return one finding for each check, by name."""
    looks = SEAL | EXPOSED
    findings = []
    for name in sorted(looks):
        says, look = looks[name]
        details = tuple(islice(look(tree, expected), _MOST_DETAILS))
        findings.append(Finding(check=name, says=says, details=details))
    return tuple(findings)
