"""What the seal makes of the network profiles that installers write."""

from pathlib import Path

import pytest
from roots import SEAL, Run, post, put, root_fixture, run_fixture, stub

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
