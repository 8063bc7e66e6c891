"""builder template sbom, provenance, sign and verify, as they are typed."""

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import small_media
from store_pools import issue, printed, typed_at
from tiny_guests import workplace

from builder.cli import app
from builder.cli.output import size
from builder.kickstart.library import Library
from builder.process import run
from builder.recipes.order import Request, resolve
from builder.registry import channels
from builder.registry.registry import Registry
from tests.orders import key
from tests.program import BUILDER
from tests.values import environment


@pytest.fixture(autouse=True)
def _store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep a store with two versions of a template, and a key."""
    with typed_at(tmp_path, monkeypatch) as store:
        issue(store, "build-1")
        issue(store, "build-2")
        run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", "key"])
        run(["openssl", "pkey", "-in", "key", "-pubout", "-out", "pub"])
        yield


def test_what_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "template", "sbom", "centos7@20261123.1"))
    assert found["metadata"]["component"]["name"] == "centos7-20261123.1.qcow2"
    said = printed(capsys, "template", "sbom", "centos7@20261123.1", "-o", "out.json")
    made = Path("out.json").absolute()
    assert said == f"{made}: {size(made.stat().st_size)}\n"
    assert json.loads(Path("out.json").read_text()) == found
    assert app.run(["template", "sbom", "centos7", "-o", "out.json", "--force"]) == 0
    said = printed(capsys, "template", "sbom", "centos7@20261123.1", "-o", "-")
    assert json.loads(said) == found


def test_where_it_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "template", "provenance", "centos7"))
    assert found["subject"][0]["name"] == "centos7-20261123.2.qcow2"
    assert found["predicateType"] == "https://slsa.dev/provenance/v1"


def test_signed_and_handed_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert app.run(["template", "sign", "centos7", "--key", "key"]) == 0
    for name in ("a.tar", "b.tar"):
        assert app.run(["template", "export", "centos7", "-f", "tar", "-o", name]) == 0
    assert Path("a.tar").read_bytes() == Path("b.tar").read_bytes()
    assert app.run(["template", "export", "centos7", "-f", "tar", "-o", "c.tar", "--compat"]) == 0
    assert "is not the one that was signed" in capsys.readouterr().err
    monkeypatch.setenv("BUILDER_STORE_POOL", "other")
    for name, code, said in (("a", 0, "signed by "), ("c", 9, "is not signed")):
        Path(name).mkdir()
        monkeypatch.setenv("BUILDER_STORE_POOL_PATH", name)
        run(["tar", "-xf", f"{name}.tar", "-C", name])
        assert app.run(["template", "verify", "centos7", "--key", "pub"]) == code
        assert said in "".join(capsys.readouterr())


def test_signed_and_verified(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = ["template", "verify", "centos7", "--signature"]
    assert app.run([*verify, "--key", "pub"]) == 9
    assert "is not signed" in capsys.readouterr().err
    assert app.run(["template", "sign", "centos7", "--key", "key"]) == 0
    assert app.run(verify) == 2
    assert "trusted_key in builder.toml" in capsys.readouterr().err
    monkeypatch.setenv("BUILDER_TRUSTED_KEY", "pub")
    assert app.run(verify) == 0
    said = capsys.readouterr().out
    assert "centos7 20261123.2: the image is whole" in said
    assert "signed by " in said
    assert app.run(["template", "verify", "centos7@20261123.1"]) == 0
    assert app.run(["template", "verify", "centos7@20261123.1", "--key", "pub"]) == 9


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["sbom"], 0, ""),
        (["provenance"], 0, ""),
        (["verify"], 0, ""),
        (["diff", "centos7"], 0, ""),
        (["verify", "--signature", "--key", "pub"], 9, "take another version."),
        (["sign", "--key", "key"], 9, "The newest that is not is centos7@20261123.1."),
        (["export", "-f", "raw"], 9, "The newest that is not is centos7@20261123.1."),
    ],
)
def test_what_is_revoked_can_be_looked_at(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    verb, *options = words
    channels.revoke(Registry(Path("store")), "centos7", reason="no ssh")
    assert app.run(["template", verb, *options, "centos7@20261123.2"]) == code
    told = capsys.readouterr().err
    assert "centos7 20261123.2 is revoked: no ssh." in told
    assert said in told


def test_a_passphrase_comes_from_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["openssl", "pkey", "-in", "key", "-aes256", "-passout", "pass:p w", "-out", "locked"])
    sign = ["template", "sign", "centos7", "--key", "locked"]
    assert app.run(sign) == 3
    assert "BUILDER_SIGN_PASSPHRASE" in capsys.readouterr().err
    monkeypatch.setenv("BUILDER_SIGN_PASSPHRASE", "p w")
    assert app.run(sign) == 0
    assert app.run(["template", "verify", "centos7", "--signature", "--key", "pub"]) == 0


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (b"x\n", "cannot be decrypted with the passphrase"),
        (b"\xff\n", "What was typed is no text in UTF-8."),
    ],
)
def test_a_passphrase_is_typed(typed: bytes, sentence: str) -> None:
    run(["openssl", "pkey", "-in", "key", "-aes256", "-passout", "pass:p w", "-out", "locked"])
    words = ("template", "sign", "centos7", "--key", "locked")
    ours, theirs = os.openpty()
    with Path("said").open("wb") as said:
        program = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *BUILDER, *words],
            stdin=theirs,
            stdout=said,
            stderr=said,
        )
    while program.poll() is None:  # what is typed before the prompt is dropped
        os.write(ours, typed)
        time.sleep(0.2)
    told = Path("said").read_text()
    assert (program.wait(), sentence in told) == (3, True), told


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["sbom", "centos"], 2, "There is no template 'centos'."),
        (["verify", "centos7@1"], 2, "centos7 has no channel '1'."),
        (["sign", "centos7", "--key", "gone"], 3, "Cannot read gone"),
        (["verify", "centos7", "--signature", "--key", "key"], 3, "no public key of ed25519"),
        (["sbom", "centos7", "-o", "gone/x"], 2, "/gone."),
        (["sbom", "centos7", "-o", "pub"], 2, "pub exists already."),
        (["provenance", "centos7", "-o", "/dev/null"], 2, "/dev/null is a device."),
        (["sign", "centos7"], 2, "--key"),
    ],
)
def test_misuse(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, sentence: str
) -> None:
    assert app.run(["template", *words]) == code
    assert sentence in capsys.readouterr().err


def test_a_build_reads_its_key_before_it_begins(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["build", "rehearsal", "--sign", "gone"]) == 3
    assert "Cannot read gone" in capsys.readouterr().err
    assert not Path("artifacts").exists()


@small_media.NEEDED
def test_a_build_signs_what_it_finds_unchanged(
    libvirt_uri: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    iso = small_media.by_genisoimage(
        small_media.plant(tmp_path / "tree"), tmp_path / "mine.iso", label="Builder Rehearsal 7"
    )
    digest = hashlib.sha256(iso.read_bytes()).hexdigest()
    order = resolve(Request(release="rehearsal", iso=iso), Library())
    with workplace(libvirt_uri, f"bt-{os.getpid()}") as host:
        for name, value in environment(host.settings).items():
            monkeypatch.setenv(name, value)
        built = key(order, iso_sha256=digest)
        issue(host.store_pool.path, "ID", name=order.name, build_key=built)
        words = ["build", "rehearsal", "--iso", str(iso), "--sign", "key"]
        assert app.run(words) == 0
        assert "(kept)" in capsys.readouterr().out
        assert app.run(["template", "verify", "rehearsal", "--key", "pub"]) == 0
