"""What two clones say of themselves, compared."""

import json
import re
from typing import get_args

import pytest

from builder.kickstart.library import Library
from builder.model.domain import Machine
from builder.proof import checks, clone_report
from builder.proof.clone_report import Report, compare
from tests.values import machine

GIB = 1 << 30
FIRST = [
    ("machine-id", "1"),
    ("ssh-host-key", "ssh-ed25519 AAAA1"),
    ("dhcp-identity", "52:54:00:00:00:01"),
    ("drawn", "/etc/nvme/hostid 1111"),
    ("card", "eth0 10.0.2.15"),
    ("root-bytes", str(4 * GIB)),
    ("end", ""),
]
SECOND = [
    ("machine-id", "2"),
    ("ssh-host-key", "ssh-ed25519 AAAA2"),
    ("dhcp-identity", "52:54:00:00:00:02"),
    ("drawn", "/etc/nvme/hostid 2222"),
    ("card", "eth0 10.0.2.15"),
    ("root-bytes", str(5 * GIB - 9_000_000)),
    ("end", ""),
]


def on(network: str) -> list[Machine]:
    return [machine(network=network)] * 2


PAIR = on("user")
SECURE = machine(firmware="uefi", secure_boot=True, tpm=True)


def report(items: list[tuple[str, str]], **changes: str) -> Report:
    said = Report()
    for item, value in items:
        changed = changes.get(item.replace("-", "_"), value)
        said.feed(json.dumps({"clone": 1, "item": item, "value": changed}).encode() + b"\n")
    return said


def failed(first: Report, second: Report) -> dict[str, tuple[str, ...]]:
    found = compare(first, second, grown=GIB, machines=PAIR)
    return {each.check: each.details for each in found if not each.passed}


def test_two_machines_pass() -> None:
    found = compare(report(FIRST), report(SECOND), grown=GIB, machines=PAIR)
    assert all(each.passed for each in found)
    assert {each.check for each in found} == set(clone_report.NAMES) - {"clone-report"}
    assert set(clone_report.NAMES) < checks.NAMES


@pytest.mark.parametrize(
    ("changes", "check", "detail"),
    [
        ({"machine_id": "1"}, "clone-machine-ids", "two clones have the machine-id 1"),
        ({"machine_id": ""}, "clone-machine-ids", "a clone has no machine-id"),
        (
            {"ssh_host_key": "ssh-ed25519 AAAA1"},
            "clone-ssh-host-keys",
            "two clones have the ssh host key ssh-ed25519 AAAA1",
        ),
        (
            {"dhcp_identity": "52:54:00:00:00:01"},
            "clone-dhcp-identities",
            "two clones have the dhcp-identity 52:54:00:00:00:01",
        ),
        (
            {"drawn": "/etc/nvme/hostid 1111"},
            "clone-drawn-names",
            "two clones have the same /etc/nvme/hostid",
        ),
        (
            {"card": "eth0 none: up, networkd degraded configuring "},
            "clone-network",
            "eth0 of a clone has no address (up, networkd degraded configuring)",
        ),
        (
            {"card": "eth0 none: , "},
            "clone-network",
            "eth0 of a clone has no address (no more is known)",
        ),
        ({"card": ""}, "clone-network", "a clone has no network card that its kernel knows"),
        (
            {"root_bytes": str(4 * GIB)},
            "clone-growth",
            "on a disk that is 1024 MiB larger, / is 0 MiB larger",
        ),
    ],
)
def test_what_must_differ(changes: dict[str, str], check: str, detail: str) -> None:
    assert failed(report(FIRST), report(SECOND, **changes)) == {check: (detail,)}


def test_machines_without_a_card_need_no_address() -> None:
    bare = {"card": "", "dhcp_identity": ""}
    first, second = report(FIRST, **bare), report(SECOND, **bare)
    assert all(each.passed for each in compare(first, second, grown=GIB, machines=on("none")))
    assert "clone-dhcp-identities" in failed(first, second)


@pytest.mark.parametrize(
    ("state", "asks"),
    [
        ("up, networkd degraded configuring ", True),
        ("up, NetworkManager 70 connecting getting IP configuration NetworkManager x", True),
        ("up, ", True),
        ("down, ", False),
        ("down, networkd off unmanaged ", False),
        ("up, NetworkManager 30 disconnected NetworkManager 0 No reason given ", False),
        ("up, NetworkManager 10 unmanaged ", False),
    ],
)
def test_a_network_without_addresses_is_not_held_against_a_card_that_asks(
    state: str, asks: bool
) -> None:
    first, second = report(FIRST), report(SECOND, card=f"eth0 none: {state}")
    for network in ("bridge:br0", "network:lab"):
        found = compare(first, second, grown=GIB, machines=on(network))
        assert all(each.passed for each in found) == asks
    assert "clone-network" in failed(first, second)


def test_units_of_before_say_nothing_of_cards() -> None:
    old = [[each for each in said if each[0] != "card"] for said in (FIRST, SECOND)]
    first, second = (report([("address", "10.0.2.15"), *said]) for said in old)
    assert failed(first, second) == {}


@pytest.mark.parametrize("value", ["²", "9" * 5000, "-1", "٣", "1e9"])
def test_a_size_that_is_no_number_is_none(value: str) -> None:
    found = failed(report(FIRST), report(SECOND, root_bytes=value))
    assert list(found) == ["clone-growth"]


@pytest.mark.parametrize(
    "line",
    [
        '{"clone":1,"item":"address","value":"10.0.0.1\\n ProxyCommand touch /tmp/pwned"}',
        '{"clone":1,"item":"address","value":"\\u001b[31m"}',
        '{"clone":1,"item":"unheard-of","value":"x"}',
        '{"clone":2,"item":"address","value":"x"}',
        '{"clone":%s,"item":"address","value":"x"}' % ("9" * 5000),  # braces
        '{"clone":1,"item":"address","value":"\\ud800"}',
        '{"clone":1,"item":"address","value":"%s"}' % ("x" * 5000),  # braces
        "[" * 60_000,
    ],
    ids=lambda line: line[:60],
)
def test_what_our_unit_cannot_have_said_is_left_out(line: str) -> None:
    said = Report()
    said.feed(line.encode() + b"\n")
    assert said.all("address") == ()


def test_a_flood_is_cut() -> None:
    said = report([("failed-unit", f"{number}.service") for number in range(5000)])
    assert len(said.all("failed-unit")) == 300


def test_units_that_fail_are_named_once() -> None:
    broken = [("failed-unit", "broken.service"), *FIRST]
    also = [("failed-unit", "broken.service"), ("failed-unit", "x.mount"), *SECOND]
    assert failed(report(broken), report(also)) == {
        "clone-units": ("broken.service failed", "x.mount failed")
    }


@pytest.mark.parametrize(
    ("network", "state", "unit", "excused"),
    [
        ("bridge:br0", "eth0 none: up, networkd degraded configuring ", "", True),
        ("network:lab", "eth0 none: up, NetworkManager 70 connecting ", "network.service", True),
        ("none", "", "network.service", True),
        # QEMU's own network gives addresses; where there is one, nothing waits; other units.
        ("user", "eth0 none: up, networkd degraded configuring ", "", False),
        ("bridge:br0", "eth0 192.0.2.7", "", False),
        ("bridge:br0", "eth0 none: down, ", "", False),
        ("bridge:br0", "eth0 none: up, networkd degraded configuring ", "sshd.service", False),
    ],
)
def test_waiting_for_an_address_may_fail_where_none_is_to_be_had(
    network: str, state: str, unit: str, excused: bool
) -> None:
    failing = ("failed-unit", unit or "NetworkManager-wait-online.service")
    first, second = report([failing, *FIRST], card=state), report([failing, *SECOND], card=state)
    found = compare(first, second, grown=GIB, machines=on(network))
    [units] = [each for each in found if each.check == "clone-units"]
    assert units.passed == excused


@pytest.mark.parametrize(
    ("pair", "first", "second", "details"),
    [
        ((SECURE, SECURE), "uefi 1 yes", "uefi 1 yes", ()),
        ((SECURE, SECURE), "uefi 0 yes", "uefi 1 yes", ("Secure Boot is off in a clone",)),
        ((SECURE, SECURE), "uefi  yes", "uefi 1 yes", ("Secure Boot is off in a clone",)),
        ((SECURE, SECURE), "uefi 1 yes", "uefi 1 ", ("a clone has no TPM that its kernel knows",)),
        ((SECURE, machine(tpm=True)), "uefi 1 yes", "bios  yes", ()),
        (
            (SECURE, machine(tpm=True)),
            "uefi 1 yes",
            "uefi 1 yes",
            ("a clone was started by uefi, not by bios",),
        ),
        (
            (machine(firmware="uefi"), machine()),
            "bios  ",
            "bios  ",
            ("a clone was started by bios, not by uefi",),
        ),
        # More than is asked for is no finding, and units of before say nothing of it.
        (PAIR, "bios  yes", "bios  yes", ()),
        ((machine(firmware="uefi"), machine()), "  ", "  ", ()),
    ],
)
def test_what_started_a_clone(
    pair: tuple[Machine, Machine], first: str, second: str, details: tuple[str, ...]
) -> None:
    names = ("firmware", "secure-boot", "tpm")
    reports = [
        report([*zip(names, told.split(" "), strict=True), *said])
        for told, said in ((first, FIRST), (second, SECOND))
    ]
    found = {each.check: each for each in compare(*reports, grown=GIB, machines=pair)}
    assert found["clone-firmware"].details == details


def test_a_clone_that_says_nothing_or_nonsense() -> None:
    silent = Report()
    silent.feed(b'garbage\n{"clone":1}\n{"clone":1,"item":"machine-id","value":"1"}\n')
    assert list(failed(silent, report(SECOND))) == ["clone-report"]


def test_all_that_the_unit_says_is_taken_in() -> None:
    text = (Library().folders[-1] / "snippets/clones.sh.j2").read_text()
    said = set(re.findall(r"\bsay(?:_each)? ([a-z][a-z-]+)", text))
    assert said == set(get_args(clone_report.Item))
