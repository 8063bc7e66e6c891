"""What clones must not share is found on the disk, and found again in two clones of it."""

from collections.abc import Mapping, Sequence

import pytest
from spoiling import Built, built_fixture, findings

from builder.config import Settings
from builder.model.audit import Finding

__all__ = ["built_fixture"]
STORAGE = ("/etc/iscsi/initiatorname.iscsi", "/etc/nvme/hostnqn", "/etc/nvme/hostid")
REGISTERED = (
    "/etc/insights-client/machine-id",
    "/etc/redhat-access-insights/machine-id",
    "/etc/sysconfig/rhn/systemid",
    "/etc/pki/consumer/cert.pem",
    "/etc/krb5.keytab",
)
DRAWN = (
    "/etc/hostid",
    "/etc/rndc.key",
    "/etc/docker/key.json",
    "/var/lib/docker/engine-id",
    "/etc/openvswitch/system-id.conf",
    "/var/lib/containerd/io.containerd.grpc.v1.introspection/uuid",
    "/var/lib/kubelet/pki/kubelet.key",
    "/etc/rancher/node/password",
    "/var/lib/tailscale/tailscaled.state",
    "/etc/salt/minion_id",
    "/etc/puppetlabs/puppet/ssl/private_keys/x.pem",
    "/var/lib/metricbeat/meta.json",
)
LIBVIRT = (
    "/etc/libvirt/qemu/networks/default.xml",
    "/etc/libvirt/nwfilter/no-arp.xml",
    "/etc/libvirt/storage/default.xml",
)
UNSEEN_IN_CLONES = (
    "/etc/rhsm/facts/katello.facts",
    "/etc/multipath/wwids",
    "/var/lib/sss/db/cache_x.ldb",
)
PLANTED = {path: "drawn by lot" for path in (*STORAGE, *REGISTERED, *DRAWN, *UNSEEN_IN_CLONES)}
PLANTED |= {path: "<x>\n<uuid>1-2</uuid>\n<mac address='1:2'/>\n</x>" for path in LIBVIRT}
PLANT = "".join(
    f"mkdir -p $(dirname {path})\ncat >{path} <<'EOF'\n{text}\nEOF\n"
    for path, text in PLANTED.items()
)
# After the seal. The file that is deleted is longer than what the file system has of its own.
SCRIPTS = f"""
%post --erroronfail
{PLANT}
sed -i 's/^\\[Match\\]$/[Match]\\nMACAddress=52:54:00:12:34:56/' /etc/systemd/network/*.network
yes freed | head -c 500000000 >/left
sync
rm /left
echo 0af10af10af10af10af10af10af10af1 >/etc/machine-id
ssh-keygen -A
cd /etc/systemd/system
printf '[Service]\\nType=oneshot\\nExecStart=/bin/false\\n' >broken.service
ln -s ../broken.service multi-user.target.wants/broken.service
rm multi-user.target.wants/builder-grow-root.service
%end

"""
CHECKS = {
    "storage-identity": STORAGE,
    "registration": (
        *REGISTERED,
        "/etc/rhsm/facts/katello.facts",
        "/var/lib/sss/db/cache_x.ldb",
    ),
    "service-identity": (*DRAWN, *LIBVIRT),
    "device-ids": ("/etc/multipath/wwids",),
    "network-identity": ("/etc/systemd/network/10-any.network has MACAddress=",),
    "freed-data": ("the image holds",),
    "machine-id": ("/etc/machine-id",),
    "ssh-host-keys": ("/etc/ssh/ssh_host_",),
}
SHARED = tuple(
    f"two clones have the same {path}" for path in PLANTED if path not in UNSEEN_IN_CLONES
)
FLAWS = {
    "clone-drawn-names": SHARED,
    "clone-network": ("",),
    "clone-machine-ids": (f"two clones have the machine-id {'0af1' * 8}",),
    "clone-ssh-host-keys": ("two clones have the ssh host key ssh-ed25519",),
    "clone-units": ("broken.service failed",),
    "clone-growth": ("on a disk that is 1024 MiB larger, / is 0 MiB larger",),
}


def test_each_identity_and_each_flaw_of_clones_is_refused_by_name(
    settings: Settings, built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    """The audit is waived, so that clones boot as well; a build for each would say no more."""
    code = built(SCRIPTS, *(word for check in CHECKS for word in ("--waive", check)))

    said = capsys.readouterr().err
    assert code == 9, said
    _each_is_named(CHECKS, findings(settings, "audit.json"))
    clones = findings(settings, "clones.json")
    _each_is_named(FLAWS, clones)
    assert set(clones["clone-drawn-names"].details) == set(SHARED)
    assert all("has no address" in each for each in clones["clone-network"].details)
    assert all(f"--waive {check}" in said for check in FLAWS)


def _each_is_named(flaws: Mapping[str, Sequence[str]], found: Mapping[str, Finding]) -> None:
    """See that exactly these checks fail, with details that begin as they must."""
    assert {check for check, each in found.items() if not each.passed} == set(flaws)
    for check, wanted in flaws.items():
        details = found[check].details
        for what in wanted:
            assert any(each.startswith(what) for each in details), (check, what, details)
