"""Is each step of the seal to be seen on the disk? One check a step, of the same name.

What is looked for is what virt-sysprep removes by default, and what it leaves out: resolv.conf,
random seeds, cloud-init's state, the identities in NetworkManager's profiles, swap.
"""

import re
from collections.abc import Iterator

from builder.model.audit import Expected
from builder.proof.audit.tree import GuestTree

ABSENT = {
    "ssh-host-keys": ("/etc/ssh/ssh_host_*", "/etc/dropbear/dropbear_*_host_key*"),
    "random-seed": (
        "/var/lib/systemd/random-seed",
        "/var/lib/random-seed",
        "/boot/efi/loader/random-seed",
        "/boot/loader/random-seed",
        "/efi/loader/random-seed",
        "/var/lib/postfix/prng_exch",
        "/var/lib/systemd/credential.secret",
    ),
    "installer-files": (
        "/root/anaconda-*",
        "/root/anacdump*",
        "/root/original-ks.cfg",
        "/root/install.log*",
        "/var/log/anaconda",
        "/tmp/ks-script-*",
    ),
    "package-caches": (
        "/var/cache/yum/*",
        "/var/cache/dnf/*",
        "/var/cache/libdnf5/*",
        "/var/cache/PackageKit/*",
        "/var/lib/yum/uuid",
        "/var/lib/dnf/repos/*",
        "/var/lib/rpm/__db.*",
        "/var/cache/apt/archives/*.deb",
        "/var/cache/apt/*.bin",
        "/var/lib/apt/lists/*",
        "/var/cache/debconf/*-old",
        "/var/lib/dpkg/*-old",
    ),
    "account-backups": tuple(
        f"/etc/{name}-" for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")
    ),
    "cloud-init": ("/var/lib/cloud/*",),
    "registration": (
        "/etc/pki/consumer/*",
        "/etc/pki/entitlement/*",
        "/var/lib/rhsm/cache/*",
        "/var/lib/rhsm/facts/*",
        "/etc/rhsm/facts/katello.facts",
        "/etc/rhsm/facts/uuid.facts",
        "/etc/insights-client/machine-id",
        "/etc/insights-client/.registered",
        "/etc/insights-client/.unregistered",
        "/var/lib/yggdrasil/client-id",
        "/etc/redhat-access-insights/machine-id",
        "/etc/redhat-access-insights/.registered",
        "/etc/sysconfig/rhn/systemid*",
        "/etc/sysconfig/rhn/osad-auth.conf",
        "/etc/krb5.keytab",
        "/var/lib/samba/private/secrets.tdb",
        "/var/lib/sss/db/*",
        "/var/lib/sss/secrets/*",
        "/var/lib/certmonger/local/creds",
    ),
    "storage-identity": (
        "/etc/iscsi/initiatorname.iscsi",
        "/etc/nvme/hostnqn",
        "/etc/nvme/hostid",
    ),
    "device-ids": (
        "/etc/lvm/devices/system.devices",
        "/etc/lvm/devices/backup/system.devices-*",
        "/var/lib/multipath/bindings",
        "/etc/sysconfig/hwconf",
        "/etc/multipath/bindings",
        "/etc/multipath/wwids",
    ),
    "crash-data": (
        "/var/spool/abrt/*",
        "/var/crash/*",
        "/var/lib/systemd/coredump/*",
        "/var/lib/systemd/pstore/*",
    ),
    "shell-history": tuple(
        f"{home}/{name}"
        for home in ("/root", "/home/*")
        for name in (
            ".bash_history",
            ".zsh_history",
            ".python_history",
            ".viminfo",
            ".lesshst",
            ".wget-hsts",
        )
    ),
    "temporary-files": ("/tmp/**", "/var/tmp/**"),
}
"""Paths of which nothing may be there."""

DRAWN = (
    "/etc/hostid",
    "/etc/rndc.key",
    "/etc/docker/key.json",
    "/var/lib/docker/engine-id",
    "/etc/openvswitch/system-id.conf",
    "/var/lib/containerd/io.containerd.*.introspection/uuid",
    "/var/lib/kubelet/pki/*",
    "/etc/rancher/node/password",
    "/var/lib/rancher/*/agent/*.key",
    "/var/lib/tailscale/tailscaled.state",
    "/var/lib/zerotier-one/identity.*",
    "/etc/salt/minion_id",
    "/etc/salt/pki/minion/minion.*",
    "/etc/venv-salt-minion/minion_id",
    "/etc/venv-salt-minion/pki/minion/minion.*",
    *(
        f"{folder}/{name}/*"
        for folder in ("/etc/puppetlabs/puppet/ssl", "/etc/puppet/ssl", "/var/lib/puppet/ssl")
        for name in ("private_keys", "public_keys", "certificate_requests", "certs")
    ),
    "/etc/chef/client.pem",
    "/opt/consul/node-id",
    "/var/lib/consul/node-id",
    "/opt/nomad/client/*-id",
    "/opt/nomad/data/client/*-id",
    "/var/lib/nomad/client/*-id",
    "/var/lib/teleport/host_uuid",
    "/var/lib/netdata/registry/netdata.public.unique.id",
    "/var/lib/*beat/meta.json",
    "/var/ossec/etc/client.keys",
    "/var/lib/fwupd/pki/*",
    "/etc/cockpit/ws-certs.d/0-self-signed*",
    "/var/lib/systemd/tpm2-srk-public-key.*",
)
"""What services draw by lot when they find none."""
_AUTHORITY = "/certs/ca.pem"
"""May have been laid there on purpose: clones may share it."""
_SNMP = ("/var/lib/net-snmp/snmpd.conf", "/var/net-snmp/snmpd.conf")
_LIBVIRT = (
    "/etc/libvirt/qemu/networks/*.xml",
    "/etc/libvirt/nwfilter/*.xml",
    "/etc/libvirt/storage/*.xml",
)
_OF_LIBVIRT = re.compile(r"<(uuid)>[^<]|<(mac) address=")
_LEASES = (
    "/etc/dhcpcd.duid",
    "/etc/dhcpcd.secret",
    "/var/lib/dhclient/**",
    "/var/lib/dhcp/**",
    "/var/lib/dhcpcd/**",
    "/var/lib/dhcpv6/**",
    "/var/lib/NetworkManager/**",
    "/var/lib/systemd/network/**",
)

_DEFAULT_NAMES = {"", "localhost", "localhost.localdomain"}
_PROFILES = (
    "/etc/sysconfig/network-scripts/ifcfg-*",
    "/etc/NetworkManager/system-connections/*",
)
_NAMED = re.compile(
    r"^[ \t]*(?:export[ \t]+)?(HOSTNAME|DHCP_HOSTNAME|DHCP_FQDN|dhcp-hostname|dhcp-fqdn)[ \t]*=.",
    re.MULTILINE,
)
_OF_BOOT = re.compile(r"^[ \t]*HOSTNAME=[\"']?([^\s\"'#]*)", re.MULTILINE)


def absent(name: str, tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """Yield the paths that should not be there."""
    return (entry.path for entry in tree.matching(*ABSENT[name]))


def dhcp_leases(tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """No files; the folders that they were in may stay."""
    return (entry.path for entry in tree.matching(*_LEASES) if entry.kind != "directory")


def service_identity(tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """Nothing that a service draws by lot where it finds none."""
    drawn = (entry.path for entry in tree.matching(*DRAWN))
    yield from (path for path in drawn if not path.endswith(_AUTHORITY))
    for path in _SNMP:
        if re.search("^oldEngineID", tree.text(path), re.MULTILINE):
            yield f"{path} has oldEngineID"
    for entry in tree.matching(*_LIBVIRT):
        for found in _OF_LIBVIRT.finditer(tree.text(entry.path)):
            yield f"{entry.path} has a {found[1] or found[2]}"


def machine_id(tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """An empty file, which the first boot fills; systemd takes a missing one for a new system."""
    # Before systemd there was D-Bus's alone, which makes one where there is none.
    if "/etc/machine-id" not in tree.entries and "/etc/rc.d/rc.sysinit" not in tree.entries:
        yield "/etc/machine-id is missing, so that the first boot would start over with presets"
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        if (said := tree.text(path).strip()) and said != "uninitialized":
            yield f"{path} holds {said}"


def hostname(tree: GuestTree, expected: Expected) -> Iterator[str]:
    """No name but the one that was asked for."""
    allowed = _DEFAULT_NAMES | {expected.hostname}
    name = tree.text("/etc/hostname").strip()
    if name not in allowed:
        yield f"/etc/hostname says {name}"
    network = "/etc/sysconfig/network"  # before systemd
    names = {found[1] for found in _OF_BOOT.finditer(tree.text(network))}
    yield from (f"{network} says {name}" for name in sorted(names - allowed))
    if "/etc/machine-info" in tree.entries:
        yield "/etc/machine-info"
    for entry in tree.matching(*_PROFILES):
        yield from (f"{entry.path} has {f[1]}=" for f in _NAMED.finditer(tree.text(entry.path)))


def resolv_conf(tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """No name server of the network of the installation."""
    for line in tree.text("/etc/resolv.conf").splitlines():
        if line.strip() and not line.startswith(("#", ";")):
            yield f"/etc/resolv.conf says {line.strip()}"


def mail(tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """No letters."""
    boxes = tree.matching("/var/spool/mail/**", "/var/mail/**")
    return (entry.path for entry in boxes if entry.kind == "file" and entry.size)


def logs(tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """Logs, if any, are empty: their writers expect the owners and labels that they have."""
    for entry in tree.matching("/var/log/**"):
        if entry.kind == "file" and (entry.size or entry.path.startswith("/var/log/journal/")):
            yield entry.path


def swap(tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """Nothing of the installer's memory."""
    for line in tree.fact("swap").splitlines():
        device, _, filled = line.partition(" ")
        if filled.strip() != "0":
            yield f"the swap area {device} holds data"
