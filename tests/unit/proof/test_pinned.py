"""A network profile that only the machine of the installation can use is refused by name."""

from pathlib import Path

import pytest

from builder.model.audit import Expected
from builder.proof.audit.pinned import network_identity
from builder.proof.audit.tree import GuestTree
from tests.archives import write

MAC = "52:54:00:12:34:56"
IFCFG = "etc/sysconfig/network-scripts/ifcfg-x"
NM = "etc/NetworkManager/system-connections/x.nmconnection"
NETWORK = "etc/systemd/network/10-x.network"
LINK = "etc/systemd/network/10-x.link"
UDEV = "etc/udev/rules.d/60-net.rules"
NETPLAN = "etc/netplan/50-x.yaml"


def found(folder: Path, path: str, text: str) -> list[str]:
    with GuestTree.opened(write(folder / "archive.tar", {path: text})) as tree:
        return list(network_identity(tree, Expected()))


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (IFCFG, f"DEVICE=eth0\nHWADDR={MAC}\n", "has HWADDR="),
        (IFCFG, f'MACADDR="{MAC}"\n', "has MACADDR="),
        (IFCFG, 'DEVICE="ens3"\n', "names ens3"),
        (IFCFG, "DEVICE=p2p1\n", "names p2p1"),
        (IFCFG, "DEVICE=em1\n", "names em1"),
        (NM, f"[ethernet]\nmac-address = {MAC}\n", "has mac-address="),
        (NM, f"cloned-mac-address={MAC}\n", "has cloned-mac-address="),
        (NM, "[connection]\ninterface-name=enp1s0\n", "names enp1s0"),
        (NM, "interface-name=enx525400123456\n", "names enx525400123456"),
        (f"usr/lib/{NM[4:]}", "interface-name=eno1\n", "names eno1"),
        (NETWORK, f"[Match]\nMACAddress={MAC}\n", "has MACAddress="),
        (NETWORK, f"[Match]\nPermanentMACAddress={MAC}\n", "has PermanentMACAddress="),
        (NETWORK, "[Match]\nName=ens3\n", "names ens3"),
        (LINK, f"[Match]\nMACAddress={MAC.upper()}\n[Link]\nName=lan\n", "has MACAddress="),
        (LINK, "[Match]\nOriginalName=enp0s31f6\n", "names enp0s31f6"),
        ("etc/systemd/network/br0.netdev", f"[NetDev]\nMACAddress={MAC}\n", "has MACAddress="),
        ("etc/systemd/network/10-x.network.d/y.network", f"MACAddress={MAC}", "has MACAddress="),
        (UDEV, f'SUBSYSTEM=="net", ATTR{{address}}=="{MAC}", NAME="lan0"\n', "has ATTR{address}=="),
        (UDEV, 'SUBSYSTEM=="net", KERNELS=="0000:00:03.0", NAME="lan0"\n', "has KERNELS=="),
        (NETPLAN, f"      match:\n        macaddress: '{MAC}'\n", "has macaddress:"),
        (NETPLAN, "network:\n  ethernets:\n    ens3:\n      dhcp4: true\n", "names ens3"),
        (NETPLAN, "      match:\n        name: ens3\n", "names ens3"),
        ("etc/network/interfaces", "auto ens3\niface ens3 inet dhcp\n", "names ens3"),
        ("etc/network/interfaces.d/x", f"  hwaddress ether {MAC}\n", "has hwaddress"),
        ("etc/default/grub", f'GRUB_CMDLINE_LINUX="quiet ifname=lan:{MAC}"\n', "has ifname="),
        ("etc/kernel/cmdline", "root=LABEL=x BOOTIF=01-52-54-00-12-34-56\n", "has BOOTIF="),
        ("boot/loader/entries/x.conf", "options ip=ens3:dhcp quiet\n", "names ens3"),
        ("boot/grub2/grub.cfg", " linux /x ip=10.0.0.2::10.0.0.1:24:a:ens3:none\n", "names ens3"),
    ],
)
def test_what_is_pinned(tmp_path: Path, path: str, text: str, said: str) -> None:
    [detail] = found(tmp_path, path, text)
    assert detail.startswith(f"/{path} {said}")
    assert said.startswith("has") or "net.ifnames=0" in detail


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (IFCFG, "DEVICE=eth0\n#HWADDR=52:54:00:12:34:56\nONBOOT=yes\n"),
        (IFCFG, "DEVICE=br0\nTYPE=Bridge\n"),
        (NM, "[connection]\ninterface-name=eth0\n[ethernet]\ncloned-mac-address=stable\n"),
        (NM, "[match]\ninterface-name=en*\n"),
        (NETWORK, "[Match]\nName=en*\n"),
        (NETWORK, "[Match]\nName=ens3 eth0\n"),
        (NETWORK, "[Match]\nType=ether\n# MACAddress=52:54:00:12:34:56\n"),
        (LINK, "[Match]\nOriginalName=*\n[Link]\nMACAddressPolicy=persistent\n"),
        ("etc/systemd/network/br0.netdev", "[NetDev]\nMACAddress=none\n"),
        (UDEV, f'# ATTR{{address}}=="{MAC}"\nSUBSYSTEM=="block", KERNELS=="0000:00:03.0"\n'),
        (NETPLAN, "    lan:\n      match:\n        name: 'en*'\n"),
        ("etc/network/interfaces", "iface eth0 inet dhcp\n"),
        ("etc/default/grub", 'GRUB_CMDLINE_LINUX="net.ifnames=0 ip=dhcp"\n'),
        ("boot/grub2/grub.cfg", " linux /x ip=eth0:dhcp\n"),
    ],
)
def test_what_fits_every_machine(tmp_path: Path, path: str, text: str) -> None:
    assert found(tmp_path, path, text) == []
