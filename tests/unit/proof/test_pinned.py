"""A network profile that only the machine of the installation can use is refused by name."""

import time
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


def found(folder: Path, files: dict[str, str]) -> list[str]:
    with GuestTree.opened(write(folder / "archive.tar", files)) as tree:
        return list(network_identity(tree, Expected()))


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (IFCFG, f"DEVICE=eth0\nHWADDR={MAC}\n", "has HWADDR="),
        (IFCFG, f'MACADDR="{MAC}"\n', "has MACADDR="),
        (IFCFG, 'DEVICE="ens3"\n', "is for ens3 alone"),
        (IFCFG, "DEVICE=p2p1\n", "is for p2p1 alone"),
        (IFCFG, "DEVICE=em1\n", "is for em1 alone"),
        (NM, f"[ethernet]\nmac-address = {MAC}\n", "has mac-address="),
        (NM, f"cloned-mac-address={MAC}\n", "has cloned-mac-address="),
        (NM, "[connection]\ninterface-name=enp1s0\n", "is for enp1s0 alone"),
        (NM, "interface-name=enx525400123456\n", "is for enx525400123456 alone"),
        (f"usr/lib/{NM[4:]}", "interface-name=eno1\n", "is for eno1 alone"),
        (NETWORK, f"[Match]\nMACAddress={MAC}\n", "has MACAddress="),
        (NETWORK, f"[Match]\nPermanentMACAddress={MAC}\n", "has PermanentMACAddress="),
        (NETWORK, "[Match]\nName=ens3\n", "is for ens3 alone"),
        (NETWORK, f"[Link]\nMACAddress={MAC}\n", "has MACAddress="),
        (NETWORK, f"[Match]\nMACAddress={MAC} 52:54:00:12:34:57\n", "has MACAddress="),
        (LINK, f"[Match]\nMACAddress={MAC.upper()}\n[Link]\nName=lan\n", "has MACAddress="),
        (LINK, "[Match]\nOriginalName=enp0s31f6\n", "is for enp0s31f6 alone"),
        ("etc/systemd/network/br0.netdev", f"[NetDev]\nMACAddress={MAC}\n", "has MACAddress="),
        (
            "etc/systemd/network/10-x.network.d/y.conf",
            f"[Match]\nMACAddress={MAC}",
            "has MACAddress=",
        ),
        (IFCFG, "TYPE=Vlan\nPHYSDEV=ens3\nVLAN_ID=7\n", "is for ens3 alone"),
        (NM, "[connection]\ntype=vlan\n[vlan]\nparent=enp1s0\nid=7\n", "is for enp1s0 alone"),
        (IFCFG, "TYPE=Vlan\nDEVICE=ens3.7\n", "is for ens3.7 alone"),
        (NM, "[match]\ninterface-name=enp1s0\n", "is for enp1s0 alone"),
        (UDEV, f'SUBSYSTEM=="net", ATTR{{address}}=="{MAC}", NAME="lan0"\n', "has ATTR{address}=="),
        (UDEV, 'SUBSYSTEM=="net", KERNELS=="0000:00:03.0", NAME="lan0"\n', "has KERNELS=="),
        (NETPLAN, f"      match:\n        macaddress: '{MAC}'\n", "has macaddress:"),
        (NETPLAN, "network:\n  ethernets:\n    ens3:\n      dhcp4: true\n", "is for ens3 alone"),
        (NETPLAN, "      match:\n        name: ens3\n", "is for ens3 alone"),
        (NETPLAN, "    lan:\n      match: {macaddress: 52:54:00:12:34:56}\n", "has macaddress:"),
        (NETPLAN, f'    lan: {{match: {{name: "e*", macaddress: "{MAC}"}}}}\n', "has macaddress:"),
        (NETPLAN, "    lan: {dhcp4: true, match: {name: ens3}}\n", "is for ens3 alone"),
        (NETPLAN, "network: {ethernets: {ens3: {dhcp4: true}}}\n", "is for ens3 alone"),
        (NETPLAN, "    'ens3': # the first\n      dhcp4: true\n", "is for ens3 alone"),
        (IFCFG, "TYPE=Ethernet\nDEVICE='lan0' # ours\n", "is for lan0 alone"),
        (IFCFG, "export DEVICE='ens3'\n", "is for ens3 alone"),
        (IFCFG, " HWADDR = '52:54:00:12:34:56'\n", "has HWADDR="),
        (IFCFG, "TYPE=InfiniBand\nDEVICE=ibp0s3\n", "is for ibp0s3 alone"),
        (IFCFG, "DHCP_CLIENT_ID=01:52:54:00:12:34:56\n", "has DHCP_CLIENT_ID="),
        (IFCFG, "DHCPV6_DUID='00:01:00:01'\n", "has DHCPV6_DUID="),
        (f"{IFCFG}.rpmsave", "DEVICE=ens3\n", "is for ens3 alone"),
        (f"{NM}.bak", "[connection]\ninterface-name=ens3\n", "is for ens3 alone"),
        (NM, "[ipv4]\ndhcp-client-id=my-machine\n", "has dhcp-client-id="),
        (NM, "[ipv6]\ndhcp-duid=00:01:00:01\n", "has dhcp-duid="),
        (NM, "[connection]\ntype=ethernet\n[match]\npath=pci-0000:00:03.0\n", "has path="),
        (NM, "[match]\ninterface-name=!eth0;ens3;\n", "is for ens3 alone"),
        (NM, "[connection]\ntype=ethernet\ninterface-name=net0\n", "is for net0 alone"),
        (NETWORK, "[Match]\nPath=pci-0000:00:03.0\n", "has Path="),
        (NETWORK, "[DHCPv4]\nDUIDRawData=00:01\n", "has DUIDRawData="),
        ("etc/systemd/networkd.conf", "[DHCPv4]\nDUIDRawData=00:01\n", "has DUIDRawData="),
        (
            "etc/udev/rules.d/70-persistent-ipoib.rules",
            'SUBSYSTEM=="net", ATTR{address}=="?*00:02:c9:03:00:31:78:f2", NAME="ib3"\n',
            "has ATTR{address}==",
        ),
        (
            UDEV,
            'SUBSYSTEM=="net", ENV{ID_PATH}=="pci-0000:00:03.0", NAME="x"\n',
            "has ENV{ID_PATH}",
        ),
        ("etc/dhcp/dhclient.conf", 'send dhcp-client-identifier "me";\n', "has dhcp-client-id"),
        (
            "etc/NetworkManager/conf.d/x.conf",
            "[connection]\nipv4.dhcp-client-id=me\n",
            "has dhcp-c",
        ),
        ("etc/kernel/cmdline", f"ip=eth0:dhcp:1500:{MAC}\n", "has ip="),
        ("etc/network/interfaces", "auto ens3\niface ens3 inet dhcp\n", "is for ens3 alone"),
        ("etc/network/interfaces.d/x", f"  hwaddress ether {MAC}\n", "has hwaddress"),
        ("etc/default/grub", f'GRUB_CMDLINE_LINUX="quiet ifname=lan:{MAC}"\n', "has ifname="),
        ("etc/kernel/cmdline", "root=LABEL=x BOOTIF=01-52-54-00-12-34-56\n", "has BOOTIF="),
        ("boot/grub2/grubenv", "kernelopts=root=x ip=ens3:dhcp\n", "is for ens3 alone"),
        ("boot/grub/grub.conf", "\tkernel /x bridge=br0:em1\n", "is for em1 alone"),
        ("boot/loader/entries/x.conf", "options ip=ens3:dhcp quiet\n", "is for ens3 alone"),
        (
            "boot/grub2/grub.cfg",
            " linux /x ip=10.0.0.2::10.0.0.1:24:a:ens3:none\n",
            "is for ens3 alone",
        ),
    ],
)
def test_what_is_pinned(tmp_path: Path, path: str, text: str, said: str) -> None:
    [detail] = found(tmp_path, {path: text})
    assert detail.startswith(f"/{path} {said}")


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
        (IFCFG, "TYPE=Ethernet\nMACADDR=stable\n"),
        (NM, "[ethernet]\nmac-address=\nmac-address-blacklist=\n"),
        ("etc/sysconfig/network-scripts/ifcfg-lo", "DEVICE=lo\nUUID=1-2\n"),
        # An address of another machine, for which this one is a server or a bridge.
        (NETWORK, f"[DHCPServerStaticLease]\nMACAddress={MAC}\nAddress=10.0.0.2\n"),
        (NETWORK, f"[BridgeFDB]\nMACAddress={MAC}\n"),
        (LINK, "[Match]\nDriver=virtio_net\n[Link]\nName=enp1s0\n"),
        (LINK, "[Match]\nOriginalName=en*\n[Link]\nMACAddressPolicy=none\nName=lan\n"),
        ("etc/systemd/network/x.network.bak", "[Match]\nName=ens3\n"),
        # Makers' parts of addresses, wildcards, buses, virtual functions: rules for many machines.
        (UDEV, 'SUBSYSTEM=="net", ATTR{address}=="00:16:3e:*", NAME="xen0"\n'),
        (UDEV, 'SUBSYSTEM=="net", ACTION=="add", ATTR{address}=="?*", ATTR{type}=="1"\n'),
        (UDEV, 'SUBSYSTEM=="net", KERNELS=="virtio0", NAME="lan0"\n'),
        (UDEV, 'SUBSYSTEM=="net", DRIVERS=="hv_pci", ENV{NM_UNMANAGED}="1"\n'),
        (NETPLAN, "    en*:\n      match: {driver: virtio_net}\n      set-name: lan\n"),
        ("etc/network/interfaces.d/x", "  hwaddress ether random\n"),
        # Where `match` tells which card it is, its key is any word.
        (NETPLAN, "    ens3:\n      match:\n        driver: virtio*\n      dhcp4: true\n"),
        (NETPLAN, "    ens3: {match: {name: 'e*'}, dhcp4: true}\n"),
        (NETPLAN, "    lan: {match: {name: 'e*'}}\n  vlans:\n    v7: {id: 7, link: ens3}\n"),
        (NETPLAN, "    eth0: {dhcp4: true} # not ens3: that is another\n"),
        # Copies that nobody reads.
        (f"{IFCFG}.bak", f"DEVICE=ens3\nHWADDR={MAC}\n"),
        (f"{IFCFG}~", "DEVICE=ens3\n"),
        (f"{NM}~", "interface-name=ens3\n"),
        (f"{NM}.rpmnew", "interface-name=ens3\n"),
        (NM, "[match]\ninterface-name=en*;ens3;\n"),
        (NM, "[match]\ninterface-name=!ens3\n"),
        (NM, "[match]\npath=pci-*\n"),
        (NM, "[ipv4]\ndhcp-client-id=mac\n[ipv6]\ndhcp-duid=stable-uuid\n"),
        (NM, "[connection]\ntype=bridge\ninterface-name=lan\n"),
        (NM, "[connection]\ntype=ethernet\ninterface-name=eth1\n"),
        (IFCFG, "TYPE=Bond\nDEVICE=uplink\n"),
        (IFCFG, "DEVICE=eth0:1\nIPADDR=192.0.2.7\n"),
        (NETWORK, "[Match]\nPath=pci-*\n"),
        (NETWORK, "[DHCPv4]\nClientIdentifier=mac\n"),
        ("etc/udev/rules.d/70-persistent-ipoib.rules", "# An example:\n# ATTR{address}\n"),
        ("etc/udev/rules.d/70-persistent-net.rules", "# Nothing is renamed.\n\n"),
        ("etc/dhcp/dhclient.conf", "send dhcp-client-identifier = hardware;\n"),
        ("etc/NetworkManager/conf.d/x.conf", "[connection]\nipv4.dhcp-client-id=stable\n"),
        ("etc/default/grub", 'GRUB_CMDLINE_LINUX="rd.neednet=1 ip=dhcp chip=ens3:x"\n'),
    ],
)
def test_what_fits_every_machine(tmp_path: Path, path: str, text: str) -> None:
    assert found(tmp_path, {path: text}) == []


ANACONDA = "TYPE=Ethernet\nBOOTPROTO=dhcp\nNAME=ens3\nDEVICE=ens3\nONBOOT=yes\n"
OWN = f"{IFCFG[:-1]}eth0"
BRIDGE = "[connection]\nid=br0\nuuid=8f0b-1\ntype=bridge\ninterface-name=br0\n"
LAN = "[connection]\ntype=ethernet\ninterface-name=lan0\n"
PORT = "[connection]\nid=port\ntype=ethernet\nmaster=8f0b-1\nslave-type=bridge\n"


@pytest.mark.parametrize(
    ("files", "details"),
    [
        # The installer's own beside one that was written for every clone: what is left over.
        ({IFCFG: ANACONDA, OWN: "TYPE=Ethernet\nDEVICE=eth0\nONBOOT=yes\n"}, 0),
        ({IFCFG: ANACONDA, OWN: "TYPE=Ethernet\nDEVICE=eth0\nONBOOT=no\n"}, 1),
        ({IFCFG: ANACONDA, OWN: "TYPE=Bridge\nDEVICE=br0\nONBOOT=yes\n"}, 1),
        ({IFCFG: f"{ANACONDA}BRIDGE=br0\n", OWN: "TYPE=Ethernet\nDEVICE=eth0\n"}, 1),
        ({IFCFG: ANACONDA, NM: "[connection]\ntype=ethernet\n[ipv4]\nmethod=auto\n"}, 0),
        # An id to which another one refers has to stay.
        ({NM: BRIDGE, f"{NM}2": PORT}, 0),
        ({"etc/udev/rules.d/70-persistent-net.rules": 'SUBSYSTEM=="net", NAME="eth0"\n'}, 1),
        # A copy that is read has the id as well: that is not to know it.
        ({NM: PORT.replace("master", "uuid"), f"{NM}.bak": PORT.replace("master", "uuid")}, 2),
        # A rule that fits every machine gives the name; one that does not is what is wrong.
        ({NM: LAN, LINK: "[Match]\nDriver=virtio_net\n[Link]\nName=lan0\n"}, 0),
        ({NM: LAN, UDEV: 'SUBSYSTEM=="net", DRIVERS=="virtio_net", NAME="lan0"\n'}, 0),
        ({NM: LAN, LINK: f"[Match]\nMACAddress={MAC}\n[Link]\nName=lan0\n"}, 1),
        ({NM: LAN}, 1),
        ({NM: BRIDGE, f"{NM}2": PORT.replace("8f0b-1", "br0")}, 1),
    ],
)
def test_profiles_beside_each_other(tmp_path: Path, files: dict[str, str], details: int) -> None:
    assert len(found(tmp_path, files)) == details


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (UDEV, "A" * 900_000),
        (UDEV, 'SUBSYSTEM=="net",' * 50_000),
        ("boot/grub2/grub.cfg", "ip=" + "a:" * 400_000),
        (NM, "uuid=1\n" * 100_000),
        (NM, "".join(f"uuid={number}\nid={number}\n" for number in range(20_000))),
        (NETPLAN, "a: {" * 60_000),
        (NETPLAN, "\n".join(" " * number + "ens3:" for number in range(700))),
        (NETPLAN, "a: '{" * 50_000),
        (LINK, f"[Match]\nName={'ens3 ' * 50_000}\n"),
    ],
)
def test_large_files_take_no_time(tmp_path: Path, path: str, text: str) -> None:
    began = time.process_time()
    found(tmp_path, {path: text})
    assert time.process_time() - began < 5
