"""What a clone says of its cards, among real interfaces of a network namespace of their own."""

import os
import re
import shutil

import pytest
from roots import CONFIGURE, post

from builder import process

FUNCTIONS = re.compile(r"^on_top\(\) \{.*?(?=^have_addresses\(\))", re.MULTILINE | re.DOTALL)
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="needs iproute2"),
]
CARD = "ip link add card type veth peer name far\nip link set card up\n"
V6 = "ip address add fec0::15/64 dev card nodad\n"


def said(shell: str, prepare: str, call: str) -> list[str]:
    """Return the words that a function of the report says where these interfaces are."""
    found = FUNCTIONS.search(post("rehearsal", CONFIGURE))
    assert found is not None
    script = f"{found[0]}\n{call}\n"
    argv = ["unshare", "--net", "sh", "-c", f'set -e\n{prepare}exec {shell} -c "$0"', script]
    done = process.run(argv, check=False, seconds=20)
    if "not permitted" in done.stderr or "Unknown device type" in done.stderr:
        pytest.skip("needs these kinds of interfaces")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize(
    ("prepare", "card", "names"),
    [
        (CARD, "card", ["card"]),
        # Each end of a pair names the other.
        ("ip link add v0 type veth peer name v1\n", "v0", ["v0"]),
        (
            f"{CARD}ip link add br0 type bridge\nip link set card master br0\n"
            "ip link add v0 type veth peer name v1\nip link set v0 master br0\n",
            "card",
            ["card", "br0"],
        ),
        (
            f"{CARD}ip link add br0 type bridge\nip link set card master br0\n"
            "ip link add link br0 name br0.7 type vlan id 7\n",
            "card",
            ["card", "br0", "br0.7"],
        ),
        (f"{CARD}ip link add link card name mv0 type macvlan\n", "card", ["card", "mv0"]),
        # A name that begins as the card's does is another's.
        (f"{CARD}ip link add cardx type veth peer name fary\nip link add br0 type bridge\n"
         "ip link set cardx master br0\n", "card", ["card"]),
    ],
    ids=["alone", "veth", "bridge with veth", "bridge and vlan", "macvlan", "likeness"],
)  # fmt: skip
def test_what_stands_on_a_card(shell: str, prepare: str, card: str, names: list[str]) -> None:
    assert said(shell, prepare, f"on_top {card}") == names


@pytest.mark.parametrize(
    ("prepare", "addresses"),
    [
        (f"{CARD}ip address add 10.0.2.15/24 dev card\n", ["10.0.2.15"]),
        (CARD + V6, ["fec0::15"]),
        (f"{CARD}ip address add fd00::15/64 dev card nodad\n", ["fd00::15"]),
        (CARD, []),
        (
            f"{CARD}ip link add br0 type bridge\nip link set card master br0\n"
            "ip address add 10.0.2.15/24 dev br0\n",
            ["10.0.2.15"],
        ),
    ],
    ids=["IPv4", "site-local", "unique local", "link-local alone", "bridge"],
)
def test_the_addresses_of_a_card(prepare: str, addresses: list[str]) -> None:
    assert said("sh", prepare, "addresses card") == addresses
