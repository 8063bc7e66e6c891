"""Which files are templates, which of them are read to find one, and what else may lie there."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from shelf import issue

from builder.errors import TemplateError
from builder.model.template import Template
from builder.registry import channels, entry, reading
from builder.registry.entry import Header
from builder.registry.registry import Registry, manifest
from tests import values


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that nobody changes: five versions, the second stable, the fourth bad."""
    store = tmp_path_factory.mktemp("pattern")
    for number in range(1, 6):
        issue(store, build_key=f"key {number}", number=number)
    channels.promote(Registry(store), "centos7@20261123.2")
    channels.revoke(Registry(store), "centos7@20261123.4", reason="bad")
    return store


@pytest.fixture
def registry(pattern: Path, tmp_path: Path) -> Registry:
    """Return a registry of a copy of that, for one test."""
    return Registry(shutil.copytree(pattern, tmp_path / "store"))


def whole(registry: Registry, name: str) -> Template:
    """Return the newest template of that name, which is whole."""
    newest = registry.newest(name)
    assert newest is not None
    return newest.template()


@pytest.fixture
def read(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the numbers of the versions whose manifests are read from now on."""
    assert registry.templates()
    found: list[str] = []

    def spy(path: Path, kind: type[Header]) -> Header:
        found.append(path.stem.rpartition(".")[2])
        return reading.read(path, kind)

    monkeypatch.setattr(entry, "read", spy)
    return found


@pytest.mark.parametrize(
    ("deed", "number", "numbers"),
    [
        (lambda there: there.newest("centos7").template(), "5", "5"),
        (lambda there: there.unchanged("centos7", key="key 5"), "5", "5"),
        (lambda there: there.unchanged("centos7", key="key 2"), "2", "5432"),
        (lambda there: there.unchanged("centos7", key="key 4"), "", "54321"),
        (lambda there: there.template("centos7", "20261123.3"), "3", "3"),
        (lambda there: there.find("centos7"), "5", "5"),
        (lambda there: there.find("centos7@stable"), "2", "2"),
        (lambda there: there.find("centos7@20261123.1"), "1", "1"),
    ],
)  # fmt: skip
def test_no_more_is_read_than_needed(
    registry: Registry,
    read: list[str],
    deed: Callable[[Registry], Template | None],
    number: str,
    numbers: str,
) -> None:
    found = deed(registry)
    assert (found.version if found else "") == (f"20261123.{number}" if number else "")
    assert "".join(read) == numbers


def test_of_published_versions_the_ledger_knows_without_a_look(
    registry: Registry, read: list[str]
) -> None:
    assert registry.known("centos7") == registry.ledger("centos7")
    assert read == []


NAMES = ("centos7", "centos7-dvd", "centos7-20261123.1", "cent*", "[c]entos7", "centos?")


@pytest.mark.parametrize("name", NAMES)
def test_names_are_told_apart(tmp_path: Path, name: str) -> None:
    made = {each: issue(tmp_path, name=each) for each in NAMES}
    registry = Registry(tmp_path)
    assert registry.versions(name) == (made[name],)
    assert (
        whole(registry, name)
        == registry.unchanged(name, key=values.manifest().build_key)
        == made[name]
    )
    assert registry.find(name) == registry.find(f"{name}@candidate") == made[name]
    assert issue(tmp_path, name=name).version == "20261123.2"


def _content(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        Path.mkdir,
        _huge,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to(path),
        lambda path: path.symlink_to("nowhere"),
        _content(b""),
        _content(b"null"),
        _content(b"[]"),
        _content(b"{}"),
        _content(b"\xff"),
        _content(b"[" * 100_000),
        _content(b'{"name": "\xff"}'),
        _content(b'{"name": "centos7", "version": "20261124.1", "packages": ' + b"[" * 100_000),
    ],
)  # fmt: skip
def test_what_else_lies_there_is_no_template(
    registry: Registry, make: Callable[[Path], object]
) -> None:
    before = registry.templates()
    path = registry.store / "centos7-20261124.1.json"
    make(path)
    path.with_suffix(".qcow2").write_text("image")
    assert registry.templates() == registry.versions("centos7") == before
    assert whole(registry, "centos7") == before[-1]
    assert registry.template("centos7", "20261124.1") is None
    assert issue(registry.store).version == "20261123.6"


@pytest.mark.parametrize("version", ["", "latest", "20261123", "20261123.1\n"])
def test_what_no_version_is_called_is_not_there(registry: Registry, version: str) -> None:
    record = json.loads(registry.versions("centos7")[0].manifest.read_text())
    path = registry.store / f"centos7-{version}.json"
    path.write_text(json.dumps({**record, "version": version}))
    path.with_suffix(".qcow2").write_text("image")
    assert registry.template("centos7", version) is None


def test_a_short_manifest_after_a_long_one(tmp_path: Path) -> None:
    texts = ("#" * 400_000, "short", "#" * 900_000, "")
    made = [issue(tmp_path, kickstart=text) for text in texts]
    assert Registry(tmp_path).templates() == tuple(made)


def test_what_is_wrong_behind_the_header_or_gone_is_said_when_it_is_read(
    registry: Registry,
) -> None:
    newest = whole(registry, "centos7")
    record = json.loads(newest.manifest.read_text())
    newest.manifest.write_text(json.dumps({**record, "packages": 7}))
    assert whole(registry, "centos7") == newest
    with pytest.raises(TemplateError, match=r"centos7-20261123\.5\.json cannot be read"):
        manifest(newest)
    newest.manifest.unlink()
    with pytest.raises(TemplateError, match=r"centos7-20261123\.5\.json cannot be read"):
        manifest(newest)
