"""Versions of which something is missing or wrong: nobody gets another one instead."""

import errno
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from shelf import issue

from builder.errors import HostError, TemplateError, UsageError
from builder.model.template import Template
from builder.monitor import SilentMonitor
from builder.paths.reading import open_plain
from builder.registry import channels, entry, listing
from builder.registry import registry as registry_module
from builder.registry.listing import Status, described, statuses
from builder.registry.registry import Registry
from tests import values
from tests.monitors import Heard

ONE, TWO = "20261123.1", "20261123.2"
KEY = values.manifest().build_key
Spoil = Callable[[Template], object]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Return a store with two versions, of which the second is stable."""
    issue(tmp_path)
    issue(tmp_path, number=1)
    channels.promote(Registry(tmp_path), "centos7")
    return Registry(tmp_path)


def listed(registry: Registry, name: str = "") -> tuple[list[Status], list[str]]:
    """Return what is listed, and what is told with it."""
    monitor = Heard()
    found = statuses(registry, name, monitor=monitor)
    return list(found), [text for _kind, text, _details in monitor.told]


def _changed(**fields: object) -> Spoil:
    def spoil(template: Template) -> None:
        record = json.loads(template.manifest.read_text())
        template.manifest.write_text(json.dumps(record | fields))

    return spoil


def _replaced(suffix: str, make: Callable[[Path], object]) -> Spoil:
    def spoil(template: Template) -> None:
        path = template.path.with_suffix(suffix)
        path.unlink()
        make(path)

    return spoil


DAMAGES: list[tuple[Spoil, str]] = [
    (lambda it: it.manifest.unlink(), r"2\.json is not there"),
    (lambda it: os.truncate(it.manifest, 1000), r"2\.json cannot be read: Input data was trunc"),
    (lambda it: os.truncate(it.manifest, 0), r"2\.json cannot be read: "),
    (lambda it: os.truncate(it.manifest, 1 << 40), r"2\.json cannot be read: it has 1099511627776"),
    (lambda it: it.manifest.write_text("[" * 100_000), r"2\.json cannot be read: "),
    (lambda it: it.manifest.write_bytes(b'{"name": "\xff'), r"2\.json cannot be read: "),
    (_replaced(".json", os.mkfifo), r"2\.json cannot be read: it is no plain file"),
    (_replaced(".json", Path.mkdir), r"2\.json cannot be read: it is no plain file"),
    (_replaced(".json", lambda it: it.symlink_to("/dev/zero")), "it is no plain file"),
    (_replaced(".json", lambda it: it.symlink_to("nowhere")), "it is a link to nothing"),
    (_replaced(".json", lambda it: it.symlink_to(it)), "Too many levels of symbolic links"),
    (_changed(version=ONE), r"2\.json is the manifest of another template"),
    (_changed(image=None), r"2\.json tells of no image"),
    (_changed(schema=3), r"was written by a newer builder \(its schema is 3\)"),
    (_changed(schema=10**30, build_id=7), r"was written by a newer builder \(its schema is 1e\+30"),
    (_changed(schema=10**400), r"was written by a newer builder \(its schema is beyond all"),
    *(
        (_changed(**{field: value}), r"2\.json cannot be read: .*" + re.escape(repr(value)))
        for field in ("created", "finished")
        for value in ("garbage", "2026-11-29", "2026-11-29T10:00:00")
    ),
    (_changed(created=""), r"2\.json cannot be read: .*''"),
    (_changed(schema="2"), "Expected `int`, got `str`"),
    (lambda it: it.path.unlink(), r"2\.qcow2: No such file"),
    (lambda it: os.truncate(it.path, 3), r"2\.qcow2 has 3 bytes, not 7"),
    (_replaced(".qcow2", os.mkfifo), r"2\.qcow2 is no plain file"),
    (_replaced(".qcow2", Path.mkdir), r"2\.qcow2 is no plain file"),
]


@pytest.mark.parametrize(("spoil", "why"), DAMAGES)
def test_a_damaged_version_is_listed_and_refused(
    registry: Registry, spoil: Spoil, why: str
) -> None:
    spoil(registry.find(f"centos7@{TWO}"))
    for found, told in (listed(registry), listed(registry, "centos7")):
        assert [(each.version, each.channels) for each in found] == [
            (ONE, ()),
            (TWO, ("candidate", "stable")),
        ]
        assert re.search(why, found[1].damaged)
        assert (found[0].damaged, told) == ("", [])
    for word in ("centos7", "centos7@candidate", "centos7@stable", f"centos7@{TWO}"):
        with pytest.raises(TemplateError, match=f"centos7 {TWO} is damaged: .*{why}") as caught:
            registry.find(word)
        assert described(registry, word, monitor=SilentMonitor())[0].damaged
        hints = {"newer": "Use that builder, ", "links$": "Are you who keeps the templates?"}
        hint = next((hint for cause, hint in hints.items() if re.search(cause, why)), "Put the ")
        assert caught.value.hint.startswith(hint)
    assert registry.find(f"centos7@{ONE}").version == ONE
    assert registry.unchanged("centos7", key=KEY) is None
    with pytest.raises(TemplateError):
        channels.promote(registry, "centos7", to="qa")


@pytest.mark.parametrize(("spoil", "why"), DAMAGES)
def test_channels_can_leave_it_and_a_build_mends_it(
    registry: Registry, spoil: Spoil, why: str
) -> None:
    spoil(registry.find(f"centos7@{TWO}"))
    assert why
    assert channels.promote(registry, f"centos7@{ONE}").after == ONE
    done = channels.revoke(registry, f"centos7@{TWO}", reason="damaged")
    assert [(each.channel, each.after) for each in done.moved] == [("candidate", ONE)]
    assert registry.find("centos7").version == ONE
    three = issue(registry.store, number=2)
    assert three.version == "20261123.3"
    assert registry.find("centos7@candidate") == registry.find("centos7") == three
    assert registry.unchanged("centos7", key=KEY) == three


def test_the_only_version(registry: Registry, tmp_path: Path) -> None:
    lone = issue(tmp_path, name="lone")
    lone.manifest.unlink()
    assert [each.damaged != "" for each in listed(registry, "lone")[0]] == [True]
    with pytest.raises(TemplateError, match=r"lone-20261123\.1\.json is not there"):
        registry.find("lone")


def test_what_an_image_can_do_without_is_still_told(registry: Registry) -> None:
    registry.find("centos7").path.unlink()
    status, record, history = described(registry, "centos7", monitor=SilentMonitor())
    assert record is not None
    assert (record.version, status.image, len(history)) == (TWO, record.image, 3)


def test_who_publishes_right_now_is_not_told_of(registry: Registry) -> None:
    claim = registry.find("centos7").manifest
    record = json.loads(claim.read_text()) | {"version": "20261123.3"}
    claim.with_stem("centos7-20261123.3").write_text(json.dumps(record))
    found, told = listed(registry)
    assert ([each.version for each in found], told) == ([ONE, TWO], [])
    with pytest.raises(UsageError, match=r"no version 20261123\.3"):
        registry.find("centos7@20261123.3")


def test_a_ledger_that_cannot_be_read_hides_no_other_name(registry: Registry) -> None:
    issue(registry.store, name="other")
    (registry.store / "centos7.channels.json").write_text("{")
    found, told = listed(registry)
    assert [(each.name, each.damaged) for each in found] == [
        ("centos7", "its ledger cannot be read"),
        ("centos7", "its ledger cannot be read"),
        ("other", ""),
    ]
    assert [text.partition(": ")[0].rpartition("/")[2] for text in told] == [
        "centos7.channels.json cannot be read"
    ]


def test_what_others_may_read_is_not_damaged(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, real = registry.find(f"centos7@{TWO}").manifest, open_plain

    def refused(path: Path) -> IO[bytes]:
        if path == closed:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path)

    monkeypatch.setattr("builder.registry.reading.open_plain", refused)
    found, told = listed(registry)
    assert ([each.unreadable for each in found], told) == ([False, True], [])
    assert found[1].damaged == f"Cannot read {closed}: Permission denied"
    for word in ("centos7", "centos7@stable", f"centos7@{TWO}"):
        with pytest.raises(HostError, match=f"Cannot read {closed}: Permission denied"):
            registry.find(word)
    assert registry.unchanged("centos7", key=KEY) is None


def test_what_is_removed_while_we_look_is_not_damaged(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = entry.look

    def remove(store: Path, name: str, version: str) -> entry.Entry:
        """As `template delete` does it, just before the look."""
        manifest = store / f"{name}-{version}.json"
        if version == TWO and manifest.exists():
            ledger = registry.ledger(name).delete(TWO, there={ONE}.__contains__, when="now")
            registry.write(ledger)
            manifest.unlink()
        return real(store, name, version)

    for module in (listing, registry_module):
        monkeypatch.setattr(module, "look", remove)
    found, told = listed(registry)
    assert ([(each.version, each.damaged) for each in found], told) == ([(ONE, "")], [])
    with pytest.raises(UsageError, match=f"no version {TWO} any more"):
        registry.find(f"centos7@{TWO}")


def test_a_channel_that_moves_while_we_look(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, known = registry.ledger("centos7"), registry.find("centos7")
    registry.write(before.delete(TWO, there={ONE}.__contains__, when="now"))
    known.manifest.unlink()
    ledgers = iter((before,))  # what was read just before that
    real = Registry.ledger
    monkeypatch.setattr(Registry, "ledger", lambda it, name: next(ledgers, None) or real(it, name))
    assert registry.find("centos7@candidate").version == ONE
