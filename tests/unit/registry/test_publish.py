"""Publishing and finding templates, on real files."""

import errno
import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from shelf import TODAY, issue

from builder import files
from builder.errors import ConfigError, HostError, TemplateError, UsageError
from builder.model.template import Template
from builder.registry.ledger import Ledger
from builder.registry.publish import clock_warning, publish
from builder.registry.registry import LEDGER, LOCK, Registry, manifest
from tests import values
from tests.values import image


def names(store: Path) -> list[str]:
    """Return the store's files, but for the lock and the ledger."""
    return sorted(
        path.name for path in store.iterdir() if path.name not in (LOCK, f"centos7{LEDGER}")
    )


def versions(store: Path) -> list[str]:
    return [template.version for template in Registry(store).templates()]


def test_a_template_is_an_image_and_its_manifest_and_nothing_else(tmp_path: Path) -> None:
    template = issue(tmp_path)
    assert names(tmp_path) == ["centos7-20261123.1.json", "centos7-20261123.1.qcow2"]
    assert template.path.read_text() == "image 0"
    record = manifest(template)
    assert (record.version, record.image) == ("20261123.1", template.image)
    assert Registry(tmp_path).templates() == (template,)


def test_a_draft_is_not_written_through_a_link(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("another's")
    (tmp_path / "..0.candidate.json").symlink_to(other)
    assert manifest(issue(tmp_path)).version == "20261123.1"
    assert other.read_text() == "another's"


def test_versions_sort_as_numbers_and_names_before_them(tmp_path: Path) -> None:
    issue(tmp_path, name="centos7-dvd", today=date(2020, 1, 1))
    for number in range(11):
        issue(tmp_path, number=number)
    expected = [*(f"20261123.{number}" for number in range(1, 12)), "20200101.1"]
    assert versions(tmp_path) == expected


def test_an_image_without_manifest_is_never_overwritten(tmp_path: Path) -> None:
    orphan = issue(tmp_path)
    orphan.manifest.unlink()
    assert issue(tmp_path, number=1).version == "20261123.2"
    assert orphan.path.read_text() == "image 0"


def test_after_the_last_number_nothing_is_published_that_nobody_finds(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    for last in ("99999999.999999999", "20261123.999999999"):
        with registry.locked():
            registry.write(Ledger(name="centos7").publish(last, when="2026-11-23T10:00:00Z"))
        with pytest.raises(TemplateError, match=f"No version can follow {last}"):
            issue(tmp_path)
        assert [each for each in names(tmp_path) if each.endswith(".json")] == []


def test_a_damaged_template_is_not_the_one_that_was_meant(tmp_path: Path) -> None:
    (tmp_path / "bin-20261123.1.json").write_text("{}")
    with pytest.raises(UsageError, match="There is no template 'bin'") as caught:
        Registry(tmp_path).find("bin")
    assert "Its files are damaged" in caught.value.hint


def test_a_store_that_does_not_take_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"There is no folder .*/gone, where templates"):
        publish(tmp_path / "gone" / ".x.candidate", values.manifest(), image(), today=TODAY)
    assert names(tmp_path) == []


def _rename(template: Template) -> None:
    for path in (template.path, template.manifest):
        path.rename(path.with_stem(f"{path.stem}-copy"))


def _changed(**fields: object) -> Callable[[Template], object]:
    def spoil(template: Template) -> None:
        record = json.loads(template.manifest.read_text())
        template.manifest.write_text(json.dumps(record | fields))

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        lambda it: it.path.unlink(),
        lambda it: it.path.write_text("imag"),
        lambda it: it.manifest.write_text(it.manifest.read_text()[:-20]),
        lambda it: it.manifest.unlink(),
        _rename,
        _changed(image=None),
        _changed(version="20261123.1"),
    ],
)
def test_what_is_not_whole_is_no_template(
    tmp_path: Path, spoil: Callable[[Template], object]
) -> None:
    kept = issue(tmp_path)
    spoil(issue(tmp_path, number=1))
    (tmp_path / "notes-of-mine.json").write_text("{}")
    (tmp_path / "other-1.json").mkdir()
    assert Registry(tmp_path).templates() == (kept,)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_what_is_visible_stays_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """The last that can go wrong is that nobody knows whether it is on the disk."""
    first = issue(tmp_path)

    def fail(path: Path) -> None:
        if path == tmp_path and (tmp_path / "centos7-20261123.2.qcow2").exists():
            raise error

    monkeypatch.setattr(files, "sync", fail)
    with pytest.raises((KeyboardInterrupt, HostError)):
        issue(tmp_path, number=1)
    assert versions(tmp_path) == [first.version, "20261123.2"]


def test_an_empty_store_has_no_templates_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    assert Registry(tmp_path).templates() == ()
    for deed in (Registry.templates, Registry.shelves):
        with pytest.raises(HostError, match=r"There is no folder .*/missing, where") as caught:
            deed(Registry(tmp_path / "missing"))
        assert "unless it is on a disk that is not mounted" in caught.value.hint


def test_versions_go_on_from_days_to_come(tmp_path: Path) -> None:
    """A clock was ahead once."""
    issue(tmp_path, today=date(2027, 12, 1))
    assert [issue(tmp_path, number=number).version for number in (1, 2)] == [
        "20271201.2",
        "20271201.3",
    ]
    assert Registry(tmp_path).ledger("centos7").channels == {"candidate": "20271201.3"}
    assert issue(tmp_path, today=date(2027, 12, 2)).version == "20271202.1"


@pytest.mark.parametrize(
    ("version", "warns"),
    [("20261123.1", False), ("20261122.9", False), ("20261124.1", True), ("20271201.2", True)],
)
def test_a_clock_that_was_ahead_is_told(version: str, *, warns: bool) -> None:
    assert clock_warning(version, TODAY).startswith(f"{version} follows") == warns


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """As on CIFS and exFAT."""

    def refuse(*_names: Path) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    assert [issue(tmp_path, number=number).version for number in (1, 2)] == [
        "20261123.1",
        "20261123.2",
    ]
    (tmp_path / "centos7-20261123.3.json").write_text("somebody's")
    assert issue(tmp_path, number=3).version == "20261123.4"
    assert (tmp_path / "centos7-20261123.3.json").read_text() == "somebody's"
    assert versions(tmp_path) == ["20261123.1", "20261123.2", "20261123.4"]


def test_unchanged_is_the_newest_with_the_same_key(tmp_path: Path) -> None:
    issue(tmp_path)
    newest = issue(tmp_path, number=1)
    issue(tmp_path, build_key="another", number=2)
    issue(tmp_path, name="centos7-dvd", number=3)
    assert Registry(tmp_path).unchanged("centos7", key=values.manifest().build_key) == newest
    assert Registry(tmp_path).unchanged("centos7", key="new") is None
    assert Registry(tmp_path).unchanged("rehearsal", key=values.manifest().build_key) is None


def test_a_build_that_was_killed_gets_the_version_that_it_had_claimed(tmp_path: Path) -> None:
    def again() -> Template:
        candidate = tmp_path / ".x.candidate"
        return publish(candidate, values.manifest(), image(), today=TODAY)

    (tmp_path / ".x.candidate").write_text("image")
    first = again()
    assert again() == first  # killed after the image had its name
    first.path.rename(tmp_path / ".x.candidate")
    assert Registry(tmp_path).templates() == ()
    ledger = Registry(tmp_path).ledger("centos7")
    assert again() == first  # killed between the claim and that
    assert Registry(tmp_path).ledger("centos7") == ledger
    (tmp_path / "centos7.channels.json").unlink()
    assert again() == first  # killed before it had told the ledger
    ledger = Registry(tmp_path).ledger("centos7")
    assert (ledger.channels, len(ledger.history)) == ({"candidate": "20261123.1"}, 1)
    assert names(tmp_path) == ["centos7-20261123.1.json", "centos7-20261123.1.qcow2"]


def test_a_version_that_is_gone_is_not_given_again(tmp_path: Path) -> None:
    issue(tmp_path)
    last = issue(tmp_path, number=1)
    for path in (last.manifest, last.path):
        path.unlink()
    assert issue(tmp_path, number=2).version == "20261123.3"


def test_nothing_is_claimed_where_the_ledger_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "centos7.channels.json").write_text('{"name": "cent')
    with pytest.raises(ConfigError, match=r"centos7\.channels\.json cannot be read"):
        issue(tmp_path)
    assert names(tmp_path) == [".0.candidate"]
