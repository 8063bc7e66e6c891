"""What the seal makes of the network profiles that installers write."""

from pathlib import Path

import pytest
from roots import SEAL, Run, give, post, put, root_fixture, run_fixture, stub

from builder.model.audit import Expected
from builder.proof.audit.pinned import network_identity
from builder.proof.audit.tree import GuestTree
from tests.archives import write

__all__ = ["root_fixture", "run_fixture"]
IFCFG = "etc/sysconfig/network-scripts/ifcfg-ens3"
OWN = "etc/sysconfig/network-scripts/ifcfg-eth0"
KEYFILE = "etc/NetworkManager/system-connections/enp1s0.nmconnection"
PORT = "etc/NetworkManager/system-connections/a port.nmconnection"
EL7 = """\
TYPE="Ethernet"
BOOTPROTO="dhcp"
DEFROUTE="yes"
NAME="ens3"
UUID="8f0bbd4c-5dbb-4a6d-9d7a-1f8a3c6f1f3e"
DEVICE="ens3"
ONBOOT="yes"
"""
EL7_SEALED = """\
TYPE="Ethernet"
BOOTPROTO="dhcp"
DEFROUTE="yes"
NAME="ens3"
MULTI_CONNECT=3
ONBOOT="yes"
"""
EL9 = """\
[connection]
id=enp1s0
uuid=8f0bbd4c-5dbb-4a6d-9d7a-1f8a3c6f1f3e
type=ethernet
interface-name=enp1s0
timestamp=1700000000

[ethernet]
mac-address=52:54:00:12:34:56

[ipv4]
method=auto
"""
EL9_SEALED = """\
[connection]
id=enp1s0
type=ethernet
multi-connect=3

[ethernet]

[ipv4]
method=auto
"""
ETH0 = "TYPE=Ethernet\nBOOTPROTO=dhcp\nDEVICE=eth0\nONBOOT=yes\n"
STATIC = EL9_SEALED.replace("multi-connect=3", "interface-name=enp1s0").replace(
    "method=auto", "method=manual\naddress1=192.0.2.7/24"
)
INITRD = """\
[connection]
id=ens3
uuid=8f0bbd4c-5dbb-4a6d-9d7a-1f8a3c6f1f3e
type=ethernet
autoconnect-retries=1
interface-name=ens3
multi-connect=1
timestamp=1700000000

[ethernet]
mac-address=52:54:00:12:34:56

[ipv4]
dhcp-client-id=01:52:54:00:12:34:56
dhcp-timeout=90
method=auto

[ipv6]
dhcp-duid=00:01:00:01:2c:5d:52:54:00:12:34:56
method=disabled

[user]
org.freedesktop.NetworkManager.origin=nm-initrd-generator
"""
INITRD_SEALED = """\
[connection]
id=ens3
type=ethernet
autoconnect-retries=1
multi-connect=3

[ethernet]

[ipv4]
dhcp-timeout=90
method=auto

[ipv6]
method=disabled

[user]
org.freedesktop.NetworkManager.origin=nm-initrd-generator
"""
OTHER = KEYFILE.replace("enp1s0", "Wired connection 1")
IDS = "[connection]\ntype=ethernet\n[ipv4]\ndhcp-client-id=stable\n[ipv6]\ndhcp-duid=ll\n"
LINK = "[Match]\nDriver=virtio_net\n[Link]\nName=lan0\n"
QUOTED = """\
 export TYPE='Ethernet'
BOOTPROTO='dhcp'
UUID='8f0bbd4c-5dbb-4a6d-9d7a-1f8a3c6f1f3e'
\tHWADDR='52:54:00:12:34:56' # of the first
export DEVICE='ens3' # ours
DHCP_CLIENT_ID='ff:00:00:00:01'
DHCPV6_DUID="00:01:00:01"
ONBOOT=yes
"""
QUOTED_SEALED = " export TYPE='Ethernet'\nBOOTPROTO='dhcp'\nMULTI_CONNECT=3\nONBOOT=yes\n"
V6 = "TYPE=Ethernet\nBOOTPROTO=none\nIPV6INIT=yes\nIPV6_AUTOCONF=yes\nDEVICE={}\nONBOOT=yes\n"
V6_KEYFILE = "[connection]\ntype=ethernet\n{}\n[ipv4]\nmethod=disabled\n[ipv6]\nmethod=dhcp\n"
MATCH = "[connection]\ntype=ethernet\n[match]\n{}\n[ipv4]\nmethod=auto\n"
RULES = "etc/udev/rules.d/70-persistent-{}.rules"
RULE = 'SUBSYSTEM=="net", {}NAME="lan0"\n'
LAN0 = EL9_SEALED.replace("multi-connect=3", "interface-name=lan0")
BRIDGE = "[connection]\nid=br0\nuuid=5eed-1\ntype=bridge\ninterface-name=br0\n"
OF_BRIDGE = "[connection]\nid=port\ntype=ethernet\nmaster=5eed-1\nslave-type=bridge\n"


@pytest.mark.parametrize(
    ("before", "after", "pinned"),
    [
        ({IFCFG: EL7}, {IFCFG: EL7_SEALED}, 0),
        ({KEYFILE: EL9}, {KEYFILE: EL9_SEALED}, 0),
        ({IFCFG: ETH0}, {IFCFG: ETH0}, 0),
        # Two: nobody knows which is for which card. That one of them fits every card is enough.
        (
            {IFCFG: EL7, OWN: ETH0},
            {IFCFG: EL7_SEALED.replace("MULTI_CONNECT=3", 'DEVICE="ens3"')},
            0,
        ),
        ({KEYFILE: STATIC}, {KEYFILE: STATIC}, 1),
        ({IFCFG: f"{EL7}NM_CONTROLLED=no\n"}, {}, 1),
        ({KEYFILE: BRIDGE, PORT: OF_BRIDGE}, {KEYFILE: BRIDGE, PORT: OF_BRIDGE}, 0),
        # What the installer's initramfs left behind: for one card at a time, until told otherwise.
        ({KEYFILE: INITRD}, {KEYFILE: INITRD_SEALED}, 0),
        ({KEYFILE: IDS}, {KEYFILE: IDS}, 0),
        ({IFCFG: QUOTED}, {IFCFG: QUOTED_SEALED}, 0),
        (
            {IFCFG: V6.format("ens3")},
            {IFCFG: V6.format("@").replace("DEVICE=@", "MULTI_CONNECT=3")},
            0,
        ),
        (
            {KEYFILE: V6_KEYFILE.format("interface-name=lan0")},
            {KEYFILE: V6_KEYFILE.format("multi-connect=3")},
            0,
        ),
        (
            {KEYFILE: EL9.replace("enp1s0", "net0")},
            {KEYFILE: EL9_SEALED.replace("enp1s0", "net0")},
            0,
        ),
        (
            {KEYFILE: EL9.replace("enp1s0", "wan")},
            {KEYFILE: EL9_SEALED.replace("enp1s0", "wan")},
            0,
        ),
        # Two cards, of which the profiles differ in nothing else.
        (
            {KEYFILE: EL9, OTHER: EL9.replace("enp1s0", "enp2s0").replace("8f0b", "9f0b")},
            {KEYFILE: EL9_SEALED, OTHER: EL9_SEALED.replace("enp1s0", "enp2s0")},
            0,
        ),
        (
            {KEYFILE: EL9, OTHER: EL9.replace("enp1s0", "enp2s0") + "never-default=true\n"},
            {KEYFILE: EL9_SEALED.replace("multi-connect=3", "interface-name=enp1s0")},
            2,
        ),
        # The second card was left off, as installers do.
        (
            {IFCFG: EL7, OWN: EL7.replace("ens3", "ens4").replace("yes", "no")},
            {IFCFG: EL7_SEALED},
            0,
        ),
        # Copies: what nobody reads stays as it is, and what NetworkManager reads is a profile.
        ({IFCFG: EL7, f"{IFCFG}.bak": EL7}, {IFCFG: EL7_SEALED, f"{IFCFG}.bak": EL7}, 0),
        ({KEYFILE: EL9, f"{KEYFILE}~": EL9}, {KEYFILE: EL9_SEALED, f"{KEYFILE}~": EL9}, 0),
        (
            {KEYFILE: EL9, f"{KEYFILE}.bak": EL9},
            dict.fromkeys([KEYFILE, f"{KEYFILE}.bak"], EL9_SEALED),
            0,
        ),
        (
            {IFCFG: EL7, f"{IFCFG}.rpmsave": EL7},
            dict.fromkeys([IFCFG, f"{IFCFG}.rpmsave"], EL7_SEALED),
            0,
        ),
        # Who wrote what a profile is for meant something by it.
        (
            {KEYFILE: MATCH.format("interface-name=ens3")},
            {KEYFILE: MATCH.format("interface-name=ens3")},
            1,
        ),
        (
            {KEYFILE: MATCH.format("path=pci-0000:00:03.0")},
            {KEYFILE: MATCH.format("path=pci-0000:00:03.0")},
            1,
        ),
        ({KEYFILE: LAN0, RULES.format("x")[:-6] + ".x": ""}, {KEYFILE: EL9_SEALED}, 0),
        (
            {
                KEYFILE: LAN0,
                "etc/udev/rules.d/60-lan.rules": RULE.format('DRIVERS=="virtio_net", '),
            },
            {KEYFILE: LAN0},
            0,
        ),
        (
            {
                KEYFILE: LAN0,
                "etc/systemd/network/10-lan.link": LINK,
            },
            {KEYFILE: LAN0},
            0,
        ),
        (
            {RULES.format("ipoib"): "# As the package brings it.\n"},
            {RULES.format("ipoib"): "# As the package brings it.\n"},
            0,
        ),
        ({IFCFG: "TYPE=Ethernet\nMACADDR=stable\n"}, {IFCFG: "TYPE=Ethernet\nMACADDR=stable\n"}, 0),
        ({IFCFG: "TYPE=Ethernet\nMACADDR=52:54:00:12:34:56\n"}, {IFCFG: "TYPE=Ethernet\n"}, 0),
    ],
)
def test_profiles(
    root: Path, run: Run, tmp_path: Path, before: dict[str, str], after: dict[str, str], pinned: int
) -> None:
    stub(root, "NetworkManager", ":")
    for path, text in before.items():
        put(root / path, text)
    done = run(post("centos7", SEAL))
    assert done.returncode == 0, done.stdout
    sealed = {path: (root / path).read_text() for path in before}
    assert {path: sealed[path] for path in after} == after
    with GuestTree.opened(write(tmp_path / "archive.tar", sealed)) as tree:
        assert len(list(network_identity(tree, Expected()))) == pinned


def test_a_name_stays_where_ifup_alone_reads_it(root: Path, run: Run) -> None:
    put(root / IFCFG, EL7)
    assert run(post("centos7", SEAL)).returncode == 0
    assert 'DEVICE="ens3"' in (root / IFCFG).read_text()


def test_a_second_time_changes_nothing(root: Path, run: Run) -> None:
    stub(root, "NetworkManager", ":")
    files = {IFCFG: QUOTED, KEYFILE: INITRD, OTHER: EL9}
    for path, text in files.items():
        put(root / path, text)
    put(root / "srv/seal", post("rehearsal", SEAL))
    for number in (1, 2):
        put(root / f"srv/{number}/x")
    copies = "".join(f"cp '/{path}' /srv/$each/{at}\n" for at, path in enumerate(files))
    give(root / "stubs", "cp")
    done = run(f"set -e\nfor each in 1 2; do\nsh /srv/seal\n{copies}done\n")
    assert done.returncode == 0, done.stdout
    for at, path in enumerate(files):
        first, second = ((root / f"srv/{number}/{at}").read_text() for number in (1, 2))
        assert first == second != files[path], path


def test_modes_and_rules_that_are_links_stay(root: Path, run: Run) -> None:
    """NetworkManager reads no key file that others may read."""
    put(root / KEYFILE, INITRD)
    (root / KEYFILE).chmod(0o600)
    put(root / RULES.format("net"), RULE.format('ATTR{address}=="52:54:00:12:34:56", '))
    (root / RULES.format("cd")).symlink_to("/dev/null")
    assert run(post("centos7", SEAL)).returncode == 0
    assert (root / KEYFILE).stat().st_mode & 0o777 == 0o600
    assert not (root / RULES.format("net")).exists()
