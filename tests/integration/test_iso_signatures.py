"""Lists of checksums with signatures, by keys made here, and every way to tamper with them."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.errors import HostError, MediaError
from builder.media import network, vendor_keys
from builder.media.pace import Patience
from builder.media.vendor_list import Offline, Vouched, vouched
from builder.model.media import Download
from builder.model.release import Checksums, Medium
from builder.monitor import SilentMonitor
from tests.mirrors import Mirror, serving
from tests.signers import OLD, Signer

FILE, GOOD = "Medium-9.iso", "a" * 64
LIST = f"# {FILE}: 7 bytes\nSHA256 ({FILE}) = {GOOD}\n- dashed\n".encode()
EVIL = f"SHA256 ({FILE}) = {'e' * 64}\n".encode()


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signer]:
    made = Signer(tmp_path_factory.mktemp("g") / "h")
    made.key("right")
    made.key("wrong")
    made.key("expired", *OLD, expires="1y")
    made.key("sha1", "--cert-digest-algo", "SHA1", kind="rsa2048")
    made.key("sub")
    made.subkey("sub")
    yield made
    made.end()


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving(Mirror()) as server:
        yield server


@pytest.fixture(autouse=True)
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder where the host has its keys."""
    folder = tmp_path / "rpm-gpg"
    (folder / "deeper").mkdir(parents=True)
    monkeypatch.setattr(vendor_keys, "HOST", (tmp_path / "none", folder))
    return folder


def _ask(mirror: Mirror, cache: Path, keys: tuple[str, ...], **row: object) -> Vouched:
    fields: dict[str, Any] = {
        "file": "CHECKSUM",
        "signature": "inline",
        "key_files": ("KEY",),
    } | row
    source = Download(
        urls=(f"{mirror.url}/isos",),
        medium=Medium(file=FILE),
        checksums=Checksums(keys=keys, **fields),
    )
    patience = Patience(connect=2, silence=2)
    return vouched(source, FILE, cache=cache, patience=patience, monitor=SilentMonitor())


@pytest.mark.parametrize("kind", ["inline", "sig", "asc"])
@pytest.mark.parametrize("name", ["right", "sub"])
def test_good(
    kind: str, name: str, signer: Signer, mirror: Mirror, host: Path, tmp_path: Path
) -> None:
    # Several keys in the host's file, an expired one first.
    keys = signer.exported("expired", "wrong", name, armour=kind != "sig")
    (host / "deeper/KEY").write_bytes(keys)
    key = signer.fingerprint(name)
    mirror.files["/isos/CHECKSUM"] = signer.clear(LIST, name) if kind == "inline" else LIST
    mirror.files[f"/isos/CHECKSUM.{kind}"] = signer.detached(LIST, name, armour=kind == "asc")
    found = _ask(mirror, tmp_path, (key,), signature=kind)
    assert (found.listed.file, found.listed.sha256) == (FILE, GOOD)
    assert str(found.voucher) == f"signed by {key} (CHECKSUM)"
    assert found.voucher.source == f"{mirror.url}/isos/CHECKSUM"


def test_either_of_two_accepted_keys_will_do_and_both(
    signer: Signer, mirror: Mirror, host: Path, tmp_path: Path
) -> None:
    (host / "KEY").write_bytes(signer.exported("right", "sub"))
    keys = (signer.fingerprint("right"), signer.fingerprint("sub"))
    for names in (("right",), ("sub",), ("right", "sub")):
        mirror.files["/isos/CHECKSUM"] = signer.clear(LIST, *names)
        assert _ask(mirror, tmp_path, keys).voucher.key in keys


SELF = "signed itself with SHA-1 or MD5 alone"


@pytest.fixture
def strict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes gpgv one that accepts no SHA-1, also of keys on themselves."""

    def make() -> None:
        program = tmp_path / "bin/gpgv"
        program.parent.mkdir()
        program.write_text('#!/bin/sh\nexec /usr/bin/gpgv --weak-digest SHA1 "$@"\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    return make


@pytest.mark.parametrize("on_a_strict_host", [False, True])
def test_a_key_that_signed_itself_with_sha1_is_refused(
    signer: Signer,
    mirror: Mirror,
    host: Path,
    tmp_path: Path,
    strict: Callable[[], None],
    *,
    on_a_strict_host: bool,
) -> None:
    if on_a_strict_host:
        strict()
    (host / "KEY").write_bytes(signer.exported("sha1"))
    key = signer.fingerprint("sha1")
    mirror.files["/isos/CHECKSUM"] = signer.clear(LIST, "sha1")
    reason = f"/isos/CHECKSUM: the key {key} that signed it has {SELF}, not safe any more"
    with pytest.raises(MediaError, match=reason) as caught:
        _ask(mirror, tmp_path, (key,))
    assert not isinstance(caught.value, Offline)
    assert (caught.value.exit_code, bool(caught.value.hint)) == (5, True)


def test_a_vendor_may_have_no_better_key(
    signer: Signer, mirror: Mirror, host: Path, tmp_path: Path, strict: Callable[[], None]
) -> None:
    (host / "KEY").write_bytes(signer.exported("sha1"))
    key = signer.fingerprint("sha1")
    mirror.files["/isos/CHECKSUM"] = signer.clear(LIST, "sha1")
    assert _ask(mirror, tmp_path, (key,), weak_keys=(key,)).voucher.key == key
    strict()
    with pytest.raises(MediaError, match=f"gpgv does not accept the key {key}, which has {SELF}"):
        _ask(mirror, tmp_path, (key,), weak_keys=(key,))


@pytest.mark.parametrize("better", ["KEY", "deeper/KEY"])
def test_the_better_of_two_copies_of_a_key_is_chosen(
    better: str, signer: Signer, mirror: Mirror, host: Path, tmp_path: Path
) -> None:
    weak, good, key = _twice(signer, f"twice-{len(better)}")
    for name in ("KEY", "deeper/KEY"):
        (host / name).write_bytes(good if name == better else weak)
    mirror.files["/isos/CHECKSUM"] = signer.clear(LIST, f"twice-{len(better)}")
    assert _ask(mirror, tmp_path, (key,)).voucher.key == key


def _twice(signer: Signer, name: str) -> tuple[bytes, bytes, str]:
    """Return a key that signed itself with SHA-1, the same when it did so anew, its fingerprint."""
    key = signer.key(name, *OLD, "--cert-digest-algo", "SHA1", kind="rsa2048")
    weak = signer.exported(name)
    signer.gpg("--quick-set-expire", key, "10y")
    return weak, signer.exported(name), key


def _tampered(signer: Signer) -> dict[str, tuple[bytes, str]]:
    """Return lists that are refused, by what was done to them, with the reason."""
    wrong = signer.fingerprint("wrong")
    good, sha1 = signer.clear(LIST, "right"), signer.fingerprint("sha1")
    half = good[: good.index(b"-----BEGIN PGP SIGNATURE") + 60]
    return {
        "line before": (EVIL + good, "it has lines outside of what is signed"),
        "line after": (good + EVIL, "it has lines outside of what is signed"),
        "two texts": (good + good, "it has lines outside of what is signed"),
        "changed": (good.replace(GOOD.encode(), b"e" * 64), "it is not what [0-9A-F]{16} signed"),
        "wrong key": (signer.clear(LIST, "wrong"), f"it is signed by another key, {wrong}"),
        "two keys": (
            signer.clear(LIST, "right", "wrong"),
            f"one of its signatures is by another key, {wrong}",
        ),
        "expired key": (
            signer.clear(LIST, "expired", options=("--faked-system-time", "20200202T000000")),
            "the key [0-9A-F]{16} that signed it has expired",
        ),
        "unsigned": (LIST, "it has no signature, where one is expected"),
        "SHA-1": (
            signer.clear(LIST, "sha1", options=("--digest-algo", "SHA1")),
            f"its signature by {sha1} is of a digest that is no longer safe",
        ),
        "cut off": (half, "its signature is cut off"),
        "cut off before": (good[:80], "its signature is cut off"),
        "garbage": (
            good[: good.rindex(b"\n\n") + 2] + b"Zm9v\n-----END PGP SIGNATURE-----\n",
            "its signature cannot be read",
        ),
        "names another": (
            signer.clear(LIST.replace(b"Medium", b"Other"), "right"),
            f"it does not name {FILE}",
        ),
        "two digests": (
            signer.clear(LIST + EVIL, "right"),
            f"it gives {FILE} 2 different checksums",
        ),
        "a page": (
            b"<html><body>Not here</body></html>",
            "it has no signature, where one is expected",
        ),
    }


TAMPERED = [
    "line before",
    "line after",
    "two texts",
    "changed",
    "wrong key",
    "two keys",
    "expired key",
    "unsigned",
    "SHA-1",
    "cut off",
    "cut off before",
    "garbage",
    "names another",
    "two digests",
    "a page",
]


@pytest.mark.parametrize("how", TAMPERED)
def test_tampered_lists_are_refused(
    how: str, signer: Signer, mirror: Mirror, host: Path, tmp_path: Path
) -> None:
    (host / "KEY").write_bytes(signer.exported("right", "wrong", "expired", "sha1"))
    accepted = tuple(map(signer.fingerprint, ("right", "expired", "sha1")))
    mirror.files["/isos/CHECKSUM"], reason = _tampered(signer)[how]
    with pytest.raises(MediaError, match=f"^The sha256 of {FILE} could not be had: ") as caught:
        _ask(mirror, tmp_path, accepted)
    assert re.search(f"/isos/CHECKSUM: {reason}", caught.value.message)
    assert caught.value.message.count("\n") == 0
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(
    ("proof", "reason"),
    [
        (None, "it has no signature, where one is expected .404 Not Found."),
        (b"", "its signature cannot be read"),
        (b"garbage", "its signature cannot be read"),
        (b"<html></html>", "its signature cannot be read"),
        ("half", "its signature cannot be read"),
        ("other", "it is not what [0-9A-F]{16} signed"),
        ("wrong", "it is signed by another key"),
    ],
)
def test_detached_signatures_that_do_not_hold(
    proof: bytes | str | None,
    reason: str,
    signer: Signer,
    mirror: Mirror,
    host: Path,
    tmp_path: Path,
) -> None:
    (host / "KEY").write_bytes(signer.exported("right"))
    made = {
        "half": signer.detached(LIST, "right")[:40],
        "other": signer.detached(EVIL, "right"),
        "wrong": signer.detached(LIST, "wrong"),
    }
    mirror.files["/isos/CHECKSUM"] = LIST
    if proof is not None:
        mirror.files["/isos/CHECKSUM.sig"] = made[proof] if isinstance(proof, str) else proof
    with pytest.raises(MediaError, match=f"/isos/CHECKSUM: {reason}"):
        _ask(mirror, tmp_path, (signer.fingerprint("right"),), signature="sig")


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Return what the vendor serves by https; its certificate is no matter here."""
    served: dict[str, bytes] = {}
    real = network.small

    def small(url: str, *, limit: int, patience: Patience) -> bytes:
        if url not in served:
            return real(url, limit=limit, patience=patience)
        return served[url]

    monkeypatch.setattr(network, "small", small)
    return served


def test_keys_are_fetched_once_and_kept(
    signer: Signer, mirror: Mirror, tmp_path: Path, vendor: dict[str, bytes]
) -> None:
    url, key = "https://vendor.example/KEY", signer.fingerprint("right")
    vendor[url] = signer.exported("wrong", "right")
    mirror.files["/isos/CHECKSUM"] = signer.clear(LIST, "right")
    for _ in range(2):
        assert _ask(mirror, tmp_path / "cache", (key,), key_urls=(url,)).voucher.key == key
        vendor[url] = b"gone"
    assert [each.name for each in (tmp_path / "cache/keys").iterdir()] == [f"{key}.gpg"]


def test_a_key_of_another_fingerprint_is_not_taken(
    signer: Signer, mirror: Mirror, host: Path, tmp_path: Path, vendor: dict[str, bytes]
) -> None:
    url, key = "https://vendor.example/KEY", signer.fingerprint("right")
    vendor[url] = signer.exported("wrong")
    (host / "KEY").write_bytes(vendor[url])
    mirror.files["/isos/CHECKSUM"] = signer.clear(LIST, "wrong")
    with pytest.raises(MediaError, match=f"{url} has no key {key}"):
        _ask(mirror, tmp_path, (key,), key_urls=(url,))
    with pytest.raises(MediaError, match="none of the keys that may sign it is at hand"):
        _ask(mirror, tmp_path, (key,))
    with pytest.raises(MediaError, match="keys are fetched by https alone"):
        _ask(mirror, tmp_path, (key,), key_urls=(f"{mirror.url}/KEY",))


def test_a_newer_copy_of_an_expired_key_is_fetched(
    signer: Signer, mirror: Mirror, host: Path, tmp_path: Path, vendor: dict[str, bytes]
) -> None:
    url = "https://vendor.example/KEY"
    key = signer.key("renewed", *OLD, expires="1y")
    (host / "KEY").write_bytes(signer.exported("renewed"))
    signer.gpg("--quick-set-expire", key, "10y")
    vendor[url] = signer.exported("renewed")
    mirror.files["/isos/CHECKSUM"] = signer.clear(LIST, "renewed")
    assert _ask(mirror, tmp_path, (key,), key_urls=(url,)).voucher.key == key


def test_a_better_copy_of_a_key_is_fetched(
    signer: Signer, mirror: Mirror, host: Path, tmp_path: Path, vendor: dict[str, bytes]
) -> None:
    url = "https://vendor.example/KEY"
    weak, vendor[url], key = _twice(signer, "fetched")
    (host / "KEY").write_bytes(weak)
    mirror.files["/isos/CHECKSUM"] = signer.clear(LIST, "fetched")
    assert _ask(mirror, tmp_path, (key,), key_urls=(url,)).voucher.key == key
    vendor[url] = weak
    with pytest.raises(MediaError, match=f"the key {key} that signed it has {SELF}"):
        _ask(mirror, tmp_path / "new", (key,), key_urls=(url,))


def test_without_gpgv(
    signer: Signer, mirror: Mirror, host: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (host / "KEY").write_bytes(signer.exported("right"))
    mirror.files["/isos/CHECKSUM"] = signer.clear(LIST, "right")
    key = signer.fingerprint("right")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostError, match="The program gpgv is not installed") as caught:
        _ask(mirror, tmp_path, (key,))
    assert caught.value.hint == "Install gpgv (Debian) or gnupg2 (EL)."
