"""Ledgers: what moves channels, what the history makes of it, and files that make no sense."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from shelf import EMPTY, VERSIONS, WHEN, told

from builder.errors import BuilderError, ConfigError, HostError
from builder.registry.ledger import Ledger
from builder.registry.registry import Registry


def short(state: Ledger) -> dict[str, str]:
    return {name: version.removeprefix("20261123.") for name, version in state.channels.items()}


@pytest.mark.parametrize(
    ("words", "channels"),
    [
        ([], {}),
        (["publish 1"], {"candidate": "1"}),
        (["publish 9", "publish 10"], {"candidate": "10"}),
        # A build that was killed and finished later does not push the candidate back.
        (["publish 2", "publish 1"], {"candidate": "2"}),
        (["stable 1"], {"stable": "1"}),
        (["stable 1", "stable 2", "rollback stable"], {"stable": "1"}),
        (["stable 1", "rollback stable"], {}),
        (["stable 1", "stable 2", "rollback stable", "rollback stable"], {}),
        # What was rolled back is not what a later version goes back to.
        (["stable 1", "stable 2", "rollback stable", "stable 3", "rollback stable"],
         {"stable": "1"}),
        (["stable 1", "stable 2", "stable 1", "rollback stable"], {"stable": "2"}),
        (["stable 1", "stable 2", "stable 1", "rollback stable", "rollback stable"],
         {"stable": "1"}),
        (["stable 1", "stable 2", "stable 2", "rollback stable"], {"stable": "1"}),
        (["stable 1", "qa 2", "qa 3", "rollback qa"], {"stable": "1", "qa": "2"}),
        (["stable 1", "stable 2", "revoke 2"], {"stable": "1"}),
        (["stable 1", "stable 2", "stable 3", "revoke 2", "rollback stable"], {"stable": "1"}),
        (["stable 1", "stable 2", "stable 1", "revoke 2", "rollback stable"], {}),
        (["publish 1", "publish 2", "stable 2", "revoke 2"], {"candidate": "1"}),
        (["publish 1", "revoke 1", "publish 2"], {"candidate": "2"}),
        (["stable 1", "stable 2", "delete 2"], {"stable": "1"}),
        (["stable 1", "stable 2", "delete 1"], {"stable": "2"}),
    ],
)  # fmt: skip
def test_channels(words: list[str], channels: dict[str, str]) -> None:
    assert short(told(*words)) == channels


def test_a_rollback_leaves_out_what_is_not_there() -> None:
    there = tuple(each for each in VERSIONS if each != "20261123.2")
    state = told("stable 1", "stable 2", "stable 3", "rollback stable", there=there)
    assert short(state) == {"stable": "1"}


@pytest.mark.parametrize("last", ["publish 1", "stable 1", "revoke 2", "delete 3"])
def test_what_was_done_is_not_done_again(last: str) -> None:
    state = told("publish 1", "stable 1", "revoke 2", "delete 3")
    assert told("publish 1", "stable 1", "revoke 2", "delete 3", last) == state


def test_the_history_tells_it() -> None:
    state = told("publish 1", "publish 2", "stable 1", "stable 2", "revoke 2")
    entries = [(each.what, each.channel, each.before, each.after) for each in state.history]
    one, two = "20261123.1", "20261123.2"
    assert entries == [
        ("publish", "candidate", "", one),
        ("publish", "candidate", one, two),
        ("promote", "stable", "", one),
        ("promote", "stable", one, two),
        ("revoke", "", two, ""),
        ("rollback", "candidate", two, one),
        ("rollback", "stable", two, one),
    ]
    assert (state.revoked, state.history[4].reason) == ({two: "bad"}, "bad")
    assert state.published == {one, two}


def test_a_ledger_is_a_file_that_people_can_read(tmp_path: Path) -> None:
    state = told("publish 1", "stable 1", "revoke 1")
    Registry(tmp_path).write(state)
    assert Registry(tmp_path).ledger("centos7") == state
    assert [path.name for path in tmp_path.iterdir()] == ["centos7.channels.json"]
    first = json.loads((tmp_path / "centos7.channels.json").read_text())["history"][0]
    assert first == {"when": WHEN, "what": "publish", "channel": "candidate", "to": "20261123.1"}


def test_without_a_file_it_is_empty(tmp_path: Path) -> None:
    assert Registry(tmp_path).ledger("centos7") == EMPTY
    Registry(tmp_path).write(EMPTY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"name": "centos7", "chan',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"name": "centos8"}',
        b'{"name": "centos7", "schema": "1"}',
        b'{"name": "centos7", "later": true}',
        b'{"name": "centos7", "channels": {"stable": "../etc/passwd"}}',
        b'{"name": "centos7", "channels": {"Stable": "20261123.1"}}',
        b'{"name": "centos7", "history": [{"when": "", "what": "eat"}]}',
        b'{"name": "centos7", "history": [{"when": "", "what": "publish", "to": "1"}]}',
        b'{"name": "centos7", "history": [{"when": "", "what": "publish"}]}',
        b'{"name": "centos7", "history": [{"when": "", "what": "delete"}]}',
        b'{"name": "centos7", "channels": {"stable": "20261123.1\\n"}}',
        b'{"name": "centos7", "channels": {"stable": "20261123.' + b"9" * 5000 + b'"}}',
    ],
)
def test_what_makes_no_sense_is_said_and_stays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "centos7.channels.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"centos7\.channels\.json cannot be read") as caught:
        Registry(tmp_path).ledger("centos7")
    assert "copy" in caught.value.hint
    with pytest.raises(ConfigError):
        Registry(tmp_path).write(EMPTY)
    assert path.read_bytes() == content


def test_a_store_that_does_not_take_it(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"Cannot write to .*gone"):
        Registry(tmp_path / "gone").write(told("publish 1"))


def _huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


@pytest.mark.parametrize(
    "make",
    [
        Path.mkdir,
        os.mkfifo,
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.symlink_to(path),
        lambda path: path.symlink_to("/dev/zero"),
        _huge,
    ],
)
def test_what_is_no_file_of_ours_is_no_ledger(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "centos7.channels.json")
    with pytest.raises(BuilderError, match=r"centos7\.channels\.json"):
        Registry(tmp_path).ledger("centos7")


@pytest.mark.parametrize("fields", [{"schema": 2}, {"schema": 10**30, "channels": 7}])
def test_a_ledger_of_a_builder_to_come(tmp_path: Path, fields: dict[str, object]) -> None:
    (tmp_path / "centos7.channels.json").write_text(json.dumps({"name": "centos7", **fields}))
    with pytest.raises(ConfigError, match="was written by a newer builder") as caught:
        Registry(tmp_path).ledger("centos7")
    assert caught.value.hint == "Use that builder, or a newer one."


def test_a_channel_that_ended_is_forgotten() -> None:
    state = told("publish 1", "stable 1", "stable 2").end("stable", when=WHEN)
    assert short(state) == {"candidate": "1"}
    assert (state.deleted, state.owed) == (set(), {"20261123.1"})
    again = state.promote("20261123.3", channel="stable", when=WHEN)
    assert again.previous("stable", there=VERSIONS.__contains__) == ""


def test_many_versions_are_noted_as_one_by_one() -> None:
    many = EMPTY.note(dict.fromkeys(("20261123.2", "20261123.1", "20261123.2", "20261123.3"), WHEN))
    assert many == told("publish 2", "publish 1", "publish 2", "publish 3")
