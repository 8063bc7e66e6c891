"""Which versions pruning keeps, and why."""

import pytest
from shelf import EMPTY, WHEN, told

from builder.registry import retention


def kept(words: list[str], keep: int, users: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """Judge versions 1 to 5, published in that order."""
    there = tuple(f"20261123.{number}" for number in range(1, 6))
    state = told(*(f"publish {number}" for number in range(1, 6)), *words, there=there)
    needs = {f"20261123.{number}": names for number, names in users.items()}
    found = retention.judge(there, state, keep=keep, users=needs)
    return {each.removeprefix("20261123."): why for each, why in found.items()}


@pytest.mark.parametrize(
    ("words", "keep", "users", "stays"),
    [
        ([], 3, {}, "345"),
        ([], 1, {}, "5"),
        ([], 0, {}, "5"),
        ([], 5, {}, "12345"),
        ([], 99, {}, "12345"),
        (["stable 1"], 1, {}, "15"),
        (["stable 1", "stable 3"], 1, {}, "135"),
        (["qa 1", "qa 2", "stable 3"], 1, {}, "1235"),
        ([], 1, {"2": ["the domain web1"]}, "25"),
        # Revoked versions do not count; the newest stays even so, beside what the name serves.
        (["revoke 4"], 3, {}, "235"),
        (["revoke 5"], 1, {}, "45"),
        (["revoke 5", "revoke 4"], 0, {}, "35"),
        (["revoke 1", "revoke 2", "revoke 3", "revoke 4", "revoke 5"], 3, {}, "5"),
        (["revoke 1"], 9, {"1": ["/x.qcow2"]}, "12345"),
    ],
)
def test_what_stays(words: list[str], keep: int, users: dict[str, list[str]], stays: str) -> None:
    found = kept(words, keep, users)
    assert "".join(version for version, why in found.items() if why) == stays


@pytest.mark.parametrize(
    ("revoked", "why"),
    [
        ([], {"5": "it is the newest"}),
        (["revoke 3"], {"5": "it is the newest"}),
        (
            ["revoke 5"],
            {"4": "it is the newest that is not revoked", "5": "it is the newest, though revoked"},
        ),
        (
            ["revoke 1", "revoke 2", "revoke 3", "revoke 4", "revoke 5"],
            {"5": "it is the newest, though revoked"},
        ),
    ],
    ids=str,
)
def test_which_is_called_the_newest(revoked: list[str], why: dict[str, str]) -> None:
    found = kept(revoked, 0, {})
    assert {version: said[-1] for version, said in found.items() if said} == why


def test_it_is_said_why() -> None:
    found = kept(["stable 1", "stable 2"], 1, {"1": ["the domain a", "/b.qcow2"], "3": ["/c"]})
    assert found == {
        "1": (
            "the domain a, /b.qcow2 need it",
            "a rollback of stable goes back to it",
        ),
        "2": ("the channel stable points to it",),
        "3": ("/c needs it",),
        "4": (),
        "5": (
            "the channel candidate points to it",
            "it is the newest",
            "the newest 1 stay",
        ),
    }


def test_what_was_published_last_stays_after_a_clock_was_ahead() -> None:
    """As ledgers have it of a time when versions did not go on from days to come."""
    order = ("20271201.1", "20261123.1", "20261123.2", "20261123.3")
    ledger = EMPTY.note(dict.fromkeys(order, WHEN))
    found = retention.judge(sorted(order), ledger, keep=0, users={})
    assert {version: why for version, why in found.items() if why} == {
        "20261123.3": ("it was published last",),
        "20271201.1": ("the channel candidate points to it", "it is the newest"),
    }
    found = retention.judge(sorted(order), ledger, keep=2, users={})
    assert [version for version, why in found.items() if not why] == ["20261123.1"]
