"""Manifests of every schema that templates in a pool may have."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builder.model.package import Package
from builder.model.template import Manifest
from builder.registry.registry import Registry, manifest
from tests import values


def old(packages: object) -> bytes:
    """Return a manifest of schema 1."""
    fields: dict[str, Any] = json.loads(msgspec.json.encode(values.manifest()))
    for name in ("system", "finished", "iso_url", "variables"):
        del fields[name]
    return json.dumps({**fields, "schema": 1, "packages": packages}).encode()


def test_what_is_written_is_read() -> None:
    assert values.manifest().schema == 2
    assert Manifest.parse(msgspec.json.encode(values.manifest())) == values.manifest()


def test_schema_1_keeps_its_packages_by_the_texts_that_it_has() -> None:
    names = ["adduser-3.134.all", "adduser-1:2.0~rc1^a.all"]
    found = Manifest.parse(old(names))
    assert found.packages == tuple(Package(name=name) for name in names)
    assert (found.schema, found.system, found.finished) == (1, None, "")


def test_a_pool_with_an_old_template_lists_it(tmp_path: Path) -> None:
    path = tmp_path / "centos7-20261123.1.json"
    path.write_bytes(old(["a-1.all"]))
    path.with_suffix(".qcow2").write_text("image")
    [template] = Registry(tmp_path).templates()
    assert manifest(template).packages == (Package(name="a-1.all"),)


@pytest.mark.parametrize("packages", [7, ["a", 7], ["<b>"], [["a"]], {"a": 1}, None], ids=str)
def test_other_packages_are_refused(packages: object) -> None:
    with pytest.raises(msgspec.DecodeError):
        Manifest.parse(old(packages))


@pytest.mark.parametrize("created", ["x", "", "2026-13-01T00:00:00Z", "9" * 5000])
def test_a_date_that_is_none_is_refused(created: str) -> None:
    fields = json.loads(msgspec.json.encode(values.manifest()))
    with pytest.raises(msgspec.ValidationError):
        Manifest.parse(json.dumps({**fields, "created": created}).encode())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cpu", "\x1b"),
        ("cpu", "a b"),
        ("osinfo", "\x01"),
        ("osinfo", "http://x\n"),
        ("firmware", "zz"),
        ("firmware", "bios\n"),
        ("virt_type", "zz"),
        ("vcpus", 0),
        ("memory_mib", -1),
    ],
)
def test_a_machine_that_is_none_is_refused(field: str, value: object) -> None:
    fields = json.loads(msgspec.json.encode(values.manifest()))
    fields["machine"][field] = value
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.machine\.{field}"):
        Manifest.parse(json.dumps(fields).encode())


SCHEMA_2_WITH_TEXTS = old(["a-1.all"]).replace(b'"schema": 1', b'"schema": 2')


@pytest.mark.parametrize("data", [SCHEMA_2_WITH_TEXTS, b"", b"[]", b"{}", b"null", b"\xff"])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        Manifest.parse(data)
