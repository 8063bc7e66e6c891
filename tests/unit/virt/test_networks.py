"""What libvirt says when there is no network: sentences, and remedies that can be typed."""

import pytest

from builder.virt.networks import absence, refusal
from tests.hosts import new_host

OTHERS = "A clone takes another by --network, a build by network in builder.toml."


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        (
            "Network not found: no network with matching name 'defualt'",
            "there is no network defualt.",
            f"Did you mean default? `virsh -c qemu:///x net-list --all` shows all. {OTHERS}",
        ),
        (
            "Network not found: no network with matching name 'x y'",
            "there is no network x y.",
            f"Known: default, lab. `virsh -c qemu:///x net-list --all` shows all. {OTHERS}",
        ),
        (
            "Requested operation is not valid: network 'lab' is not active",
            "the network lab is not started.",
            f"`virsh -c qemu:///x net-start lab` starts it. {OTHERS}",
        ),
        (
            "Requested operation is not valid: network 'my net' is not active",
            "the network my net is not started.",
            f"`virsh -c qemu:///x net-start 'my net'` starts it. {OTHERS}",
        ),
        (
            "Cannot get interface MTU on 'br9': No such device",
            "there is no bridge br9.",
            f"`ip link show type bridge` shows all. {OTHERS}",
        ),
        (
            "Cannot set interface MTU on 'vnet1': Invalid argument",
            "what its interface vnet1 is to be put on is no bridge that takes guests.",
            f"`ip link show type bridge` shows all. {OTHERS}",
        ),
        (
            "Unable to add bridge eth0 port vnet0: Operation not supported",
            "eth0 is no bridge that takes guests.",
            f"`ip link show type bridge` shows all. {OTHERS}",
        ),
    ],
)
def test_refusal(said: str, message: str, hint: str) -> None:
    found = refusal("Cannot start it", said, uri="qemu:///x", known=("lab", "default"))
    assert found is not None
    assert (found.message, found.hint) == (f"Cannot start it: {message}", hint)


def test_other_words_are_not_of_networks() -> None:
    assert refusal("x", "Cannot allocate memory", uri="qemu:///x", known=()) is None


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("user", ""),
        ("none", ""),
        ("network:default", ""),
        ("bridge:lo", "What: lo is no bridge that takes guests."),
        ("network:defualt", "What: there is no network defualt."),
        ("bridge:no-such-br", "What: there is no bridge no-such-br."),
    ],
)
def test_absence(network: str, reason: str) -> None:
    with new_host() as connection:
        found = absence(connection, network, "What")
    assert (found.message if found else "") == reason


def test_a_network_that_is_not_started() -> None:
    with new_host() as connection:
        connection.handle.networkLookupByName("default").destroy()
        found = absence(connection, "network:default", "What")
    assert found is not None
    assert found.message == "What: the network default is not started."
