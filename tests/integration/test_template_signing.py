"""Signed templates: keys of the real openssl and ssh-keygen, real images, and every forgery."""

import base64
import json
import os
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from store_pools import TODAY, candidate, issue, overlay, with_data_file

from builder.attest import dsse, keys, signing, trust
from builder.attest.statement import Envelope, Signature
from builder.errors import BuilderError, ConfigError, HostError, TemplateError
from builder.files import abandoned
from builder.model.template import Template
from builder.monitor import SilentMonitor
from builder.process import run
from builder.registry import gc
from builder.registry.image import measure
from builder.registry.publish import publish
from builder.registry.registry import Registry, manifest, signatures
from tests import values
from tests.hosts import new_host
from tests.monitors import Heard


def _never() -> str:
    raise AssertionError("asked for a passphrase")


def make_key(folder: Path, name: str = "key") -> tuple[Path, Path]:
    """Return a new private key and its public one, as openssl makes them."""
    secret, shown = folder / f"{name}.pem", folder / f"{name}.pub"
    run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", secret])
    run(["openssl", "pkey", "-in", secret, "-pubout", "-out", shown])
    return secret, shown


@pytest.fixture
def template(store: Path) -> Template:
    """Return a template that key.pem in its store's parent has signed."""
    template = issue(store, "b1")
    make_key(store.parent)
    sign(template)
    return template


def sign(template: Template, key: str = "key.pem") -> None:
    """Sign it with a key beside its store."""
    folder = template.path.parents[1]
    secret = keys.private(folder / key, passphrase=_never)
    signing.sign(template, secret, builds=folder / "builds", monitor=SilentMonitor())


def verify(template: Template, key: str = "key") -> Path:
    """Verify the template as it is found in its store now."""
    found = Registry(template.path.parent).find(template.name)
    trusted = keys.public(template.path.parents[1] / f"{key}.pub")
    return trust.check_signature(found, trusted, sha256=trust.check_image(found))


def test_a_signed_template_is_verified_and_still_the_only_one(template: Template) -> None:
    assert verify(template).name == "centos7-20261123.1.qcow2.intoto.jsonl"
    names = sorted(path.name for path in template.path.parent.iterdir())
    assert names == [
        ".templates.lock",
        "centos7-20261123.1.json",
        "centos7-20261123.1.qcow2",
        "centos7-20261123.1.qcow2.intoto.jsonl",
        "centos7.channels.json",
    ]
    assert Registry(template.path.parent).templates() == (template,)


def test_openssl_verifies_it_without_us(template: Template, tmp_path: Path) -> None:
    held = json.loads(signatures(template).read_text())
    payload = base64.b64decode(held["payload"])
    kind = held["payloadType"]
    signed, signature = tmp_path / "signed", tmp_path / "signature"
    signed.write_bytes(f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload)
    signature.write_bytes(base64.b64decode(held["signatures"][0]["sig"]))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(tmp_path / "key.pub")]
    done = run([*command, "-rawin", "-in", signed, "-sigfile", signature])
    assert "Signature Verified Successfully" in done.stdout
    signed.write_bytes(signed.read_bytes() + b" ")
    done = run([*command, "-rawin", "-in", signed, "-sigfile", signature], check=False)
    assert done.returncode != 0
    subject = json.loads(payload)["subject"][0]
    assert subject["digest"]["sha256"] == run(["sha256sum", template.path]).stdout.split()[0]


def test_keys_are_known_by_what_openssl_prints(tmp_path: Path) -> None:
    _, shown = make_key(tmp_path)
    run(["openssl", "pkey", "-pubin", "-in", shown, "-outform", "DER", "-out", tmp_path / "d"])
    expected = run(["sha256sum", tmp_path / "d"]).stdout.split()[0]
    assert keys.identity(keys.public(shown)) == expected


def _edit_image(template: Template) -> None:
    with template.path.open("r+b") as file:
        file.seek(template.image.size - 4096)
        file.write(b"changed")


def _edit_manifest(template: Template) -> None:
    text = template.manifest.read_text()
    template.manifest.write_text(text.replace('"GPLv3+"', '"GPLv2+"'))


def _edit_both(template: Template) -> None:
    run(["qemu-io", "-c", "write -q -P 0x62 0 1M", template.path])
    record = manifest(template)
    whole = replace(record, image=measure(template.path))
    template.manifest.write_bytes(msgspec.json.encode(whole))


def _cut(template: Template) -> None:
    path = signatures(template)
    path.write_bytes(path.read_bytes()[:-20])


def _sign_by_another(template: Template) -> None:
    signatures(template).unlink()
    make_key(template.path.parents[1], "other")
    sign(template, "other.pem")


def _forge(change: Callable[[bytes], bytes]) -> Callable[[Template], None]:
    """Change what is signed, and leave the signature."""

    def forge(template: Template) -> None:
        path = signatures(template)
        held = msgspec.json.decode(path.read_bytes(), type=Envelope)
        payload = base64.b64encode(change(base64.b64decode(held.payload))).decode()
        path.write_bytes(msgspec.json.encode(replace(held, payload=payload)))

    return forge


def _retype(template: Template) -> None:
    path = signatures(template)
    path.write_bytes(path.read_bytes().replace(b"vnd.in-toto+json", b"vnd.other+json"))


def _resign(kind: str, payload: bytes) -> Callable[[Template], None]:
    """Let the very key sign something else."""

    def resign(template: Template) -> None:
        key = keys.private(template.path.parents[1] / "key.pem", passphrase=_never)
        signature = base64.b64encode(key.sign(dsse.pae(kind, payload))).decode()
        envelope = Envelope(
            payload_type=kind,
            payload=base64.b64encode(payload).decode(),
            signatures=(Signature(sig=signature),),
        )
        signatures(template).write_bytes(msgspec.json.encode(envelope))

    return resign


def _swap(template: Template) -> None:
    """Take the signature of another template, by the same key."""
    other = issue(template.path.parent, "other", name="other")
    sign(other)
    shutil.copy(signatures(other), signatures(template))


FORGERIES: list[tuple[Callable[[Template], object], str]] = [
    (_edit_image, r"the sha256 [0-9a-f]{64}, its manifest says [0-9a-f]{64}"),
    (_edit_manifest, r"centos7-20261123\.1\.json is not what was signed"),
    (_edit_both, r"centos7-20261123\.1\.qcow2 is not what was signed"),
    (_cut, "holds no whole envelope"),
    (lambda template: signatures(template).write_text("\n"), "is not signed"),
    (lambda template: signatures(template).unlink(), "is not signed"),
    (_sign_by_another, "is not signed by this key .*, but by [0-9a-f]{64}"),
    (_forge(lambda data: data.replace(b'"centos7"', b'"centos8"')), "The signature .* is wrong"),
    (_forge(lambda data: data + b" "), "The signature .* is wrong"),
    (_retype, "The signature .* is wrong"),
    (_resign("text/plain", b"hello"), "a payload of the type text/plain in .*, not application"),
    (_resign("application/vnd.in-toto+json", b"{}"), "is no provenance"),
    (_swap, r"centos7-20261123\.1\.qcow2 is not what was signed: .* signed was another file"),
]


@pytest.mark.parametrize(("forge", "sentence"), FORGERIES)
def test_no_forgery_is_verified(
    template: Template, forge: Callable[[Template], object], sentence: str
) -> None:
    forge(template)
    with pytest.raises(TemplateError, match=sentence) as caught:
        verify(template)
    assert caught.value.exit_code == 9


def test_a_changed_image_is_not_signed(template: Template) -> None:
    _edit_image(template)
    before = signatures(template).read_bytes()
    with pytest.raises(TemplateError, match="not the one that its manifest tells of"):
        sign(template)
    assert signatures(template).read_bytes() == before


def test_a_damaged_image_is_found_even_where_its_digest_is_right(template: Template) -> None:
    with template.path.open("r+b") as file:
        file.seek(48)  # the offset of the refcount table, 8 bytes of the header
        file.write((2**62).to_bytes(8, "big"))
    record = manifest(template)
    sha256 = signing.digest(template.path)
    image = replace(template.image, sha256=sha256)
    template.manifest.write_bytes(msgspec.json.encode(replace(record, image=image)))
    with pytest.raises(TemplateError, match=r"structure of .* is damaged"):
        verify(template)


_RAW = "json:{'driver':'raw','file':{'driver':'file','filename':'/etc/hostname'}}"
"""What QEMU reads, and a strict reader of JSON does not."""


@pytest.mark.parametrize(
    ("make", "needed"),
    [
        (lambda path: with_data_file(path, path.with_suffix(".data")), r".*\.data"),
        (lambda path: overlay(path, _RAW), _RAW),
    ],
    ids=["data file", "options"],
)
def test_an_image_that_needs_others_is_neither_verified_nor_signed(
    template: Template, make: Callable[[Path], Path], needed: str
) -> None:
    make(template.path)
    sha256, size = signing.digest(template.path), template.path.stat().st_size
    image = replace(template.image, sha256=sha256, size=size)
    record = replace(manifest(template), image=image)
    template.manifest.write_bytes(msgspec.json.encode(record))
    for refuse in (verify, sign):
        with pytest.raises(TemplateError, match=f"no whole image: it needs {needed}"):
            refuse(template)


def test_several_keys_sign_at_once_and_again(template: Template, tmp_path: Path) -> None:
    secrets = [make_key(tmp_path, f"k{number}")[0] for number in range(8)]
    loaded = [keys.private(path, passphrase=_never) for path in (*secrets, *secrets)]
    with signatures(template).open("a") as file:
        file.write('{"of": "another tool"}\n')
    together = partial(signing.sign, template, builds=tmp_path, monitor=SilentMonitor())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(together, loaded))
    assert len(signing.lines(signatures(template))) == 10
    for name in ("key", *(f"k{number}" for number in range(8))):
        verify(template, name)


def test_what_a_killed_signer_left_is_no_obstacle_and_gc_would_find_it(template: Template) -> None:
    store = template.path.parent
    left = store / f".{template.path.name}.intoto.jsonl.builder-abc_1234.part"
    left.write_text("half")
    assert abandoned(store) == (left,)
    sign(template)
    verify(template)


def test_the_builds_folder_gets_it_too(store: Path, tmp_path: Path) -> None:
    build_id = "20261123T000000-00000001"
    template = issue(store, build_id)
    folder = tmp_path / "builds" / "centos7" / build_id
    folder.mkdir(parents=True)
    key, monitor = keys.private(make_key(tmp_path)[0], passphrase=_never), Heard()
    path = signing.sign(template, key, builds=tmp_path / "builds", monitor=monitor)
    [copy] = folder.iterdir()
    assert (copy.name, copy.read_bytes()) == (path.name, path.read_bytes())
    assert not monitor.told


def test_a_builds_folder_that_cannot_get_it_is_told(store: Path, tmp_path: Path) -> None:
    build_id = "20261123T000000-00000001"
    template = issue(store, build_id)
    folder = tmp_path / "builds" / "centos7" / build_id
    (folder / signatures(template).name).mkdir(parents=True)
    key, monitor = keys.private(make_key(tmp_path)[0], passphrase=_never), Heard()
    assert signing.sign(template, key, builds=tmp_path / "builds", monitor=monitor).is_file()
    [(kind, text, _)] = monitor.told
    assert (kind, "has no copy of the signature" in text) == ("warning", True)


def test_a_link_at_the_builds_folder_is_not_followed(store: Path, tmp_path: Path) -> None:
    build_id = "20261123T000000-00000001"
    template, theirs = issue(store, build_id), tmp_path / "theirs"
    theirs.mkdir()
    (tmp_path / "builds" / "centos7").mkdir(parents=True)
    (tmp_path / "builds" / "centos7" / build_id).symlink_to(theirs)
    key = keys.private(make_key(tmp_path)[0], passphrase=_never)
    signing.sign(template, key, builds=tmp_path / "builds", monitor=SilentMonitor())
    assert not list(theirs.iterdir())


DRAFT = values.manifest(build_id="b1", image=None)


def test_nobody_sees_a_template_before_it_is_signed(store: Path, tmp_path: Path) -> None:
    key = keys.private(make_key(tmp_path)[0], passphrase=_never)
    image = candidate(store, "b1")

    def seal(template: Template) -> None:
        assert Registry(store).templates() == ()
        signing.write(template, key)

    made = publish(image, DRAFT, measure(image), today=TODAY, seal=seal)
    assert verify(made).exists()
    again = publish(image, DRAFT, made.image, today=TODAY, seal=seal_again)
    assert again == made


def seal_again(_template: Template) -> None:
    """Whoever goes on with a publisher that was killed at the end signs what is visible."""


def test_a_name_is_free_again_when_signing_fails(store: Path) -> None:
    image = candidate(store, "b1")

    def fail(template: Template) -> None:
        signatures(template).touch()
        raise HostError("No space is left.")

    with pytest.raises(HostError):
        publish(image, DRAFT, measure(image), today=TODAY, seal=fail)
    assert {path.name for path in store.iterdir()} == {".templates.lock", image.name}


def test_gc_takes_the_signature_of_a_publisher_that_was_killed(store: Path) -> None:
    build_id = "20261123T000000-00000001"
    template = issue(store, build_id)
    values.recorded(store.parent / "builds" / "centos7" / build_id, state="running")
    signatures(template).touch()
    template.path.unlink()
    (store / "centos7.channels.json").unlink()  # it had not come so far
    with new_host() as connection:
        builds = store.parent / "builds"
        found = gc.clear(Registry(store), connection, builds=builds, dry_run=False)
    assert {each.path for each in found} == {template.manifest, signatures(template)}
    assert {path.name for path in store.iterdir()} == {".templates.lock"}


SSH = ["ssh-keygen", "-q", "-t", "ed25519", "-C", "someone@example", "-f"]


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")
def test_keys_of_openssh_do_as_well(template: Template, tmp_path: Path) -> None:
    run([*SSH, tmp_path / "ssh", "-N", ""])
    sign(template, "ssh")
    verify(template, "ssh")


def test_an_encrypted_key_wants_its_passphrase(tmp_path: Path) -> None:
    secret, shown = make_key(tmp_path)
    locked = tmp_path / "locked"
    run(
        ["openssl", "pkey", "-in", secret, "-aes256", "-passout", "stdin", "-out", locked],
        stdin="open sesame\n",
    )
    opened = keys.private(locked, passphrase=lambda: "open sesame").public_key()
    assert keys.identity(opened) == keys.identity(keys.public(shown))
    for wrong in ("sesame", ""):
        with pytest.raises(ConfigError, match="cannot be decrypted with the passphrase"):
            keys.private(locked, passphrase=partial(str, wrong))


def _rsa(path: Path) -> None:
    run(["openssl", "genpkey", "-algorithm", "rsa", "-out", path])


def _rsa_public(path: Path) -> None:
    secret = path.with_name("secret")
    _rsa(secret)
    run(["openssl", "pkey", "-in", secret, "-pubout", "-out", path])


@pytest.mark.parametrize(
    ("make", "read"),
    [
        (lambda path: path.write_text("no key\n"), "private"),
        (lambda path: path.write_text(""), "private"),
        (lambda path: path.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n"), "private"),
        (lambda path: path.mkdir(), "private"),
        (lambda _path: None, "private"),
        (os.mkfifo, "private"),
        (os.mkfifo, "public"),
        (_rsa, "private"),
        (lambda path: make_key(path.parent, "other")[1].rename(path), "private"),
        (lambda path: path.write_text("ssh-ed25519 AAAA\n"), "public"),
        (lambda path: path.write_text("no key\n"), "public"),
        (lambda _path: None, "public"),
        (_rsa_public, "public"),
        (lambda path: make_key(path.parent, "other")[0].rename(path), "public"),
    ],
)
def test_unusable_keys(tmp_path: Path, make: Callable[[Path], object], read: str) -> None:
    path = tmp_path / "key"
    make(path)
    with pytest.raises(ConfigError, match=str(path)) as caught:
        keys.private(path, passphrase=_never) if read == "private" else keys.public(path)
    assert caught.value.hint


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(HostError, match="not installed") as caught:
        keys.public(tmp_path / "key")
    assert "pip install cryptography" in caught.value.hint


def test_a_store_that_takes_nothing_is_said(template: Template) -> None:
    path = signatures(template)
    path.unlink()
    path.mkdir()
    with pytest.raises(BuilderError, match="Is a directory"):
        sign(template)
