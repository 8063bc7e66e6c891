"""What two clones say of themselves, compared."""

import json

import pytest

from builder.proof import checks, clone_report
from builder.proof.clone_report import Report, compare

GIB = 1 << 30
FIRST = [
    ("machine-id", "1"),
    ("ssh-host-key", "ssh-ed25519 AAAA1"),
    ("dhcp-identity", "52:54:00:00:00:01"),
    ("root-bytes", str(4 * GIB)),
    ("end", ""),
]
SECOND = [
    ("machine-id", "2"),
    ("ssh-host-key", "ssh-ed25519 AAAA2"),
    ("dhcp-identity", "52:54:00:00:00:02"),
    ("root-bytes", str(5 * GIB - 9_000_000)),
    ("end", ""),
]


def report(items: list[tuple[str, str]], **changes: str) -> Report:
    said = Report()
    for item, value in items:
        changed = changes.get(item.replace("-", "_"), value)
        said.feed(json.dumps({"clone": 1, "item": item, "value": changed}).encode() + b"\n")
    return said


def failed(first: Report, second: Report) -> dict[str, tuple[str, ...]]:
    found = compare(first, second, grown=GIB)
    return {each.check: each.details for each in found if not each.passed}


def test_two_machines_pass() -> None:
    found = compare(report(FIRST), report(SECOND), grown=GIB)
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
            {"root_bytes": str(4 * GIB)},
            "clone-growth",
            "on a disk that is 1024 MiB larger, / is 0 MiB larger",
        ),
    ],
)
def test_what_must_differ(changes: dict[str, str], check: str, detail: str) -> None:
    assert failed(report(FIRST), report(SECOND, **changes)) == {check: (detail,)}


def test_units_that_fail_are_named_once() -> None:
    broken = [("failed-unit", "broken.service"), *FIRST]
    also = [("failed-unit", "broken.service"), ("failed-unit", "x.mount"), *SECOND]
    assert failed(report(broken), report(also)) == {
        "clone-units": ("broken.service failed", "x.mount failed")
    }


def test_a_clone_that_says_nothing_or_nonsense() -> None:
    silent = Report()
    silent.feed(b'garbage\n{"clone":1}\n{"clone":1,"item":"machine-id","value":"1"}\n')
    assert list(failed(silent, report(SECOND))) == ["clone-report"]
