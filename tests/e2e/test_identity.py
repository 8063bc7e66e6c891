"""What clones must not share is found on the disk, and found again in two clones of it."""

import re

import pytest
from spoiling import Built, built_fixture, findings

from builder.config import Settings

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
}


def test_each_identity_is_refused_by_name(
    settings: Settings, built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    """The audit is waived, so that clones boot as well; a build for each would say no more."""
    code = built(SCRIPTS, *(word for check in CHECKS for word in ("--waive", check)))

    said = capsys.readouterr().err
    assert code == 9, said
    found = findings(settings, "audit.json")
    assert {check for check, each in found.items() if not each.passed} == set(CHECKS)
    for check, wanted in CHECKS.items():
        details = found[check].details
        for what in wanted:
            assert any(each.startswith(what) for each in details), (check, what, details)
    clones = findings(settings, "clones.json")
    assert {check for check, each in clones.items() if not each.passed} == {
        "clone-drawn-names",
        "clone-network",
    }
    shared = {
        f"two clones have the same {path}" for path in PLANTED if path not in UNSEEN_IN_CLONES
    }
    assert set(clones["clone-drawn-names"].details) == shared
    assert all("has no address" in each for each in clones["clone-network"].details)


HIDDEN = """
%post --erroronfail
mv /boot/efi/EFI/[Bb][Oo][Oo][Tt] /boot/efi/EFI/vendor
%end

"""


def test_a_boot_loader_that_only_a_boot_entry_finds_is_refused(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    code = built(HIDDEN, "--firmware", "uefi")

    said = capsys.readouterr().err
    assert code == 9, said
    assert "did not pass boot-fallback" in said
    # Which disk Linux calls sda is chance, where the installer has several.
    assert re.search("there is no EFI/BOOT/BOOTX64.EFI on /dev/sd[a-z]1", said)
