"""Provenance, from a manifest and nothing else."""

import json
from pathlib import Path

import msgspec
import pytest

from builder.attest.provenance import provenance, statement
from builder.attest.statement import Statement
from builder.errors import TemplateError
from tests.values import Golden, image, manifest, template


def test_the_whole_statement(golden: Golden) -> None:
    told = statement(manifest(), image=image().sha256, manifest_sha256="cd" * 32)
    text = msgspec.json.encode(told)
    assert msgspec.json.decode(text, type=Statement) == told
    golden("supply/centos7.provenance.json", msgspec.json.format(text).decode() + "\n")


def test_what_is_not_known_is_left_out() -> None:
    older = manifest(finished="", iso_url="")
    told = json.loads(msgspec.json.encode(statement(older, image="a", manifest_sha256="b")))
    assert "finishedOn" not in told["predicate"]["runDetails"]["metadata"]
    iso, kickstart = told["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert "uri" not in iso
    assert iso["digest"] == {"sha256": older.iso_sha256}
    # echo 'rootpw --lock' | sha256sum
    assert kickstart["digest"] == {
        "sha256": "92c1cecc26b65ef0e8ca1f754bddb415b0f6de59906b026431d0308eabec8b24"
    }


def test_a_manifest_that_went_away_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"gone\.json cannot be read"):
        provenance(template(manifest=tmp_path / "gone.json"))
