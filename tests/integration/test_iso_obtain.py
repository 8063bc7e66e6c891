"""Media whose sha256 only the vendor's list has: fetched, remembered, found again."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.errors import MediaError
from builder.media import vendor_keys
from builder.media.obtain import Folders, Obtained, expected, obtain
from builder.media.pace import Patience
from builder.model.media import AtHand, Download, Voucher
from builder.model.release import Checksums, Medium
from tests.mirrors import Mirror, serving
from tests.monitors import Heard
from tests.signers import Signer

FILE = "Stream-9-latest-x86_64-dvd1.iso"
DATED = "Stream-9-20260831.0-x86_64-dvd1.iso"
ONE, TWO = b"one" * 1000, b"two" * 1000


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving(Mirror()) as server:
        yield server


def _bsd(content: bytes, name: str = FILE) -> bytes:
    return f"SHA256 ({name}) = {hashlib.sha256(content).hexdigest()}\n".encode()


def _offer(mirror: Mirror, content: bytes, *, name: str = FILE, served: str = FILE) -> None:
    mirror.files = {f"/{served}": content, "/CHECKSUM": _bsd(content, name)}


def _source(url: str, *, rolling: bool = False, **checksums: object) -> Download:
    fields: dict[str, Any] = {"file": "CHECKSUM"} | checksums
    row = Checksums(**fields)
    return Download(urls=(url,), medium=Medium(file=FILE), checksums=row, rolling=rolling)


def _folders(place: Path) -> Folders:
    (place / "pool").mkdir(exist_ok=True)
    return Folders(pool=place / "pool", cache=place / "cache", state=place / "state")


def _get(source: Download, place: Path, heard: Heard | None = None) -> Obtained:
    patience = Patience(connect=2, silence=2)
    return obtain(source, _folders(place), monitor=heard or Heard(), patience=patience)


def _names(place: Path) -> list[str]:
    return sorted(each.name for each in (place / "pool").iterdir())


def _said(heard: Heard) -> str:
    return "\n".join(f"{kind}: {text}" for kind, text, _ in heard.told)


def test_what_never_changes_needs_its_list_once(mirror: Mirror, tmp_path: Path) -> None:
    _offer(mirror, ONE)
    found = _get(_source(mirror.url), tmp_path)
    assert found.path.read_bytes() == ONE
    assert str(found.voucher) == "checksum only (CHECKSUM is not signed)"
    assert found.sha256 == hashlib.sha256(ONE).hexdigest()
    assert _names(tmp_path) == [FILE]
    assert mirror.asked == ["/CHECKSUM", f"/{FILE}"]
    assert _get(_source(mirror.url), tmp_path) == found
    assert len(mirror.asked) == 2


def test_an_iso_of_that_name_that_nobody_verified_is(mirror: Mirror, tmp_path: Path) -> None:
    _offer(mirror, ONE)
    (_folders(tmp_path).pool / FILE).write_bytes(ONE)
    assert _get(_source(mirror.url), tmp_path).voucher.state == "listed"
    assert mirror.asked == ["/CHECKSUM"]
    (tmp_path / "pool" / FILE).write_bytes(TWO)
    with pytest.raises(MediaError, match="expected"):
        _get(_source(mirror.url), tmp_path)
    assert (tmp_path / "pool" / FILE).read_bytes() == TWO


@pytest.mark.parametrize("served", [FILE, DATED])
def test_what_moves_gets_the_dated_name(served: str, mirror: Mirror, tmp_path: Path) -> None:
    _offer(mirror, ONE, name=DATED, served=served)
    assert _get(_source(mirror.url, rolling=True), tmp_path).path.name == DATED
    assert _names(tmp_path) == [DATED]


def test_what_moves_never_takes_the_place_of_an_older_one(mirror: Mirror, tmp_path: Path) -> None:
    source = _source(mirror.url, rolling=True)
    paths = []
    for content in (ONE, TWO, TWO):
        _offer(mirror, content)
        found = _get(source, tmp_path)
        assert found.path.read_bytes() == content
        assert found.path.name == f"{FILE[:-4]}-{hashlib.sha256(content).hexdigest()[:12]}.iso"
        paths.append(found.path)
    assert len(set(paths)) == 2
    assert _names(tmp_path) == sorted({path.name for path in paths})


def test_without_a_network_it_goes_on_with_the_newest_and_says_so(
    mirror: Mirror, tmp_path: Path
) -> None:
    source, heard = _source(mirror.url, rolling=True), Heard()
    _offer(mirror, ONE)
    _get(source, tmp_path)
    _offer(mirror, TWO)
    found = _get(source, tmp_path)
    mirror.files = {}
    again = _get(source, tmp_path, heard)
    assert again == found
    assert f"note: going on with {again.path.name} of the pool: checksum only" in _said(heard)
    assert "warning: The sha256 of" in _said(heard)
    for path in (tmp_path / "pool").iterdir():
        path.write_bytes(b"changed")
    with pytest.raises(MediaError, match="404 Not Found"):
        _get(source, tmp_path)


def test_a_list_that_is_wrong_is_no_missing_network(mirror: Mirror, tmp_path: Path) -> None:
    source = _source(mirror.url, rolling=True)
    _offer(mirror, ONE)
    _get(source, tmp_path)
    mirror.files["/CHECKSUM"] = b"<html>captive portal</html>"
    with pytest.raises(MediaError, match="it is no list of sha256 checksums"):
        _get(source, tmp_path)


def test_a_signature_that_is_expected_now_is_asked_for(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _offer(mirror, ONE)
    _get(_source(mirror.url), tmp_path)
    keys = tmp_path / "keys"
    keys.mkdir()
    monkeypatch.setattr(vendor_keys, "HOST", (keys,))
    signer = Signer(tmp_path / "h")
    row: dict[str, Any] = {
        "signature": "inline",
        "keys": (signer.key("right"),),
        "key_files": ("KEY",),
    }
    (keys / "KEY").write_bytes(signer.exported("right"))
    with pytest.raises(MediaError, match="no signature, where one is expected"):
        _get(_source(mirror.url, **row), tmp_path)
    mirror.files["/CHECKSUM"] = signer.clear(_bsd(ONE), "right")
    signer.end()
    found = _get(_source(mirror.url, **row), tmp_path)
    assert found.voucher.key == row["keys"][0]
    mirror.files = {}
    assert _get(_source(mirror.url, **row), tmp_path) == found


def test_the_next_mirror_has_the_list(mirror: Mirror, tmp_path: Path) -> None:
    _offer(mirror, ONE)
    source = _source(mirror.url)
    both = Download(
        urls=(f"{mirror.url}/none", mirror.url), medium=source.medium, checksums=source.checksums
    )
    assert _get(both, tmp_path).path.read_bytes() == ONE


def test_nobody_listens_and_nothing_is_there(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"^The sha256 of .* Connection refused\.$") as caught:
        _get(_source("http://127.0.0.1:9"), tmp_path)
    assert "--sha256" in caught.value.hint
    assert _names(tmp_path) == []


def _expected(iso: AtHand, place: Path) -> tuple[str, Voucher]:
    patience = Patience(connect=2, silence=2)
    return expected(iso, _folders(place), monitor=Heard(), patience=patience)


def test_an_iso_at_hand_is_looked_up(mirror: Mirror, tmp_path: Path) -> None:
    _offer(mirror, ONE)
    (path := tmp_path / "mine.iso").write_bytes(ONE)
    digest = hashlib.sha256(ONE).hexdigest()
    iso = AtHand(path=path, known=_source(mirror.url))
    assert _expected(iso, tmp_path)[0] == digest
    assert _expected(AtHand(path=path), tmp_path) == ("", Voucher(state="unverified"))
    given = AtHand(path=path, sha256=digest, given=True)
    assert _expected(given, tmp_path) == (digest, Voucher(state="given"))
    mirror.files = {}
    with pytest.raises(MediaError, match="404"):
        _expected(iso, tmp_path)


def test_an_older_one_of_what_moves_has_a_list_of_its_own(mirror: Mirror, tmp_path: Path) -> None:
    (path := tmp_path / DATED).write_bytes(ONE)
    mirror.files = {f"/{DATED}.SUM": _bsd(ONE, DATED), f"/{FILE}.SUM": _bsd(TWO)}
    iso = AtHand(path=path, known=_source(mirror.url, rolling=True, file="{file}.SUM"))
    digest, voucher = _expected(iso, tmp_path)
    assert digest == hashlib.sha256(ONE).hexdigest()
    assert voucher.source.endswith(f"/{DATED}.SUM")


def test_an_older_one_of_what_moves_that_was_verified_stays_so(
    mirror: Mirror, tmp_path: Path
) -> None:
    """Its vendor has a newer one by now, and no list of the older."""
    source = _source(mirror.url, rolling=True)
    _offer(mirror, ONE)
    found = _get(source, tmp_path)
    _offer(mirror, TWO)
    iso = AtHand(path=found.path, known=source)
    assert _expected(iso, tmp_path) == (found.sha256, found.voucher)
    found.path.write_bytes(b"changed")
    assert _expected(iso, tmp_path)[0] == hashlib.sha256(TWO).hexdigest()


def test_no_list_is_asked_for_by_a_name_that_the_vendor_has_not(
    mirror: Mirror, tmp_path: Path
) -> None:
    (path := tmp_path / "mine.iso").write_bytes(ONE)
    mirror.files = {f"/{FILE}.SUM": _bsd(ONE)}
    iso = AtHand(path=path, known=_source(mirror.url, rolling=True, file="{file}.SUM"))
    assert _expected(iso, tmp_path)[0] == hashlib.sha256(ONE).hexdigest()
    assert mirror.asked == [f"/{FILE}.SUM"]


def test_an_iso_at_hand_that_was_verified_before_needs_no_network(
    mirror: Mirror, tmp_path: Path
) -> None:
    _offer(mirror, ONE)
    found = _get(_source(mirror.url), tmp_path)
    (path := tmp_path / "mine.iso").write_bytes(ONE)
    mirror.files = {}
    iso = AtHand(path=path, known=_source(mirror.url))
    assert _expected(iso, tmp_path) == (found.sha256, found.voucher)
    assert not os.listxattr(path)  # it is somebody else's
    signed = _source(mirror.url, signature="inline", keys=("F" * 40,))
    with pytest.raises(MediaError, match="404"):
        _expected(AtHand(path=path, known=signed), tmp_path)
    path.write_bytes(TWO)
    with pytest.raises(MediaError, match="404"):
        _expected(iso, tmp_path)
