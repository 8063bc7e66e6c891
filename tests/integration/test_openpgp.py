"""Files of keys, with the vendors' real ones."""

import re
import subprocess
from pathlib import Path

import pytest

from builder.media.openpgp import is_weak, keys, self_signed
from builder.releases import catalogue

KEYS = Path(__file__).parents[1] / "vendors/keys"
FILES = sorted(path.name for path in KEYS.iterdir() if path.name.startswith("RPM"))


def _by_gpg(path: Path, home: Path) -> list[str]:
    options = ("--batch", "--with-colons", "--show-keys")
    argv = ["gpg", "--homedir", str(home), *options, str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return re.findall(r"^pub:.*\n(?:.*\n)*?fpr:+([0-9A-F]{40}):", done.stdout, re.M)


@pytest.mark.parametrize("name", FILES)
def test_keys_are_those_that_gpg_sees(name: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    found = keys((KEYS / name).read_bytes())
    assert list(found) == _by_gpg(KEYS / name, tmp_path)
    for each, key in found.items():
        (tmp_path / "one").write_bytes(key)
        assert _by_gpg(tmp_path / "one", tmp_path) == [each]


@pytest.mark.parametrize("release", catalogue.names())
def test_fingerprints_of_the_catalogue_are_those_of_the_vendors_keys(release: str) -> None:
    wanted = catalogue.find(release).checksums
    if wanted is None or not wanted.signature:
        return
    known = {each: name for name in FILES for each in keys((KEYS / name).read_bytes())}
    assert wanted.keys
    assert [each for each in wanted.keys if each not in known] == []
    assert wanted.key_files
    assert all(url.startswith("https://") for url in wanted.key_urls)


WEAK = {
    "AlmaLinux-8": ["5E9B8F5617B5066CE92057C3488FCF7C3ABB34F8"],
    "CentOS-7": ["6341AB2753D78A78A7C27BB124C6A8A7F4A80EB5"],
    "CentOS-Official": ["99DB70FAE1D7CE227FB6488205B555B38483C65D"],
    "oracle-ol7": ["42144123FECFC55B9086313D72F97B74EC551F03"],
    "oracle-ol8": ["76FD3DB13AB67410B89DB10E82562EA9AD986DA3"],
}
"""The real keys that have signed themselves with SHA-1 alone."""
EXPIRED = set(WEAK["AlmaLinux-8"])


@pytest.mark.parametrize("name", FILES)
def test_keys_that_signed_themselves_with_sha1_alone(name: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    found = keys((KEYS / name).read_bytes())
    weak = [each for each, key in found.items() if is_weak(key)]
    assert weak == WEAK.get(name.removeprefix("RPM-GPG-KEY-"), [])
    for each, key in found.items():
        assert _accepted(key, tmp_path / each) == (each not in weak)


def _accepted(key: bytes, home: Path) -> bool:
    """Tell whether a gpg takes a key that accepts no SHA-1 of it: that checks what is signed."""
    home.mkdir(mode=0o700)
    words = ("--batch", "--no-autostart", "--weak-digest", "SHA1", "--import")
    argv = ["gpg", "--homedir", str(home), *words]
    return (
        b"imported: 1" in subprocess.run(argv, input=key, capture_output=True, check=False).stderr
    )


@pytest.mark.parametrize("release", catalogue.names())
def test_the_catalogue_knows_which_keys_are_weak(release: str) -> None:
    wanted = catalogue.find(release).checksums
    files = (keys((KEYS / name).read_bytes()) for name in FILES)
    best: dict[str, bytes] = {}
    for file in files:
        for each, key in file.items():
            best[each] = max(best.get(each, b""), key, key=self_signed)
    weak = {each for each, key in best.items() if is_weak(key)} - EXPIRED
    assert not wanted or set(wanted.weak_keys) == weak & set(wanted.keys)


def test_the_copy_of_centos_key_that_is_signed_anew_is_the_better() -> None:
    old, new = (
        keys((KEYS / f"RPM-GPG-KEY-CentOS-Official{each}").read_bytes()) for each in ("", "-SHA256")
    )
    (fingerprint,) = old
    assert self_signed(old[fingerprint]) == (0, 1556896537)
    assert self_signed(new[fingerprint]) == (1556896538, 1556896538)


@pytest.mark.parametrize(
    ("packets", "found"),
    [
        (b"\x04\x13\x01\x02", (0, 0)),  # cut off
        (b"\x04\x13\x01\x08\x00\xff\x05\x02\x00", (0, 0)),
        (b"\x04\x13\x01\x08\x00\x06\x05\x02\x00\x00\x00\x07\x00\x0a\x09\x10" + b"x" * 8, (0, 0)),
        (b"\x04\x13\x01\x08\x00\x06\x05\x02\x00\x00\x00\x07\x00\x0a\x09\x10ID", (7, 7)),
        (b"\x04\x13\x01\x02\x00\x06\x05\x02\x00\x00\x00\x07\x00\x0a\x09\x10ID", (0, 7)),
        (b"\x04\x18\x01\x08\x00\x06\x05\x02\x00\x00\x00\x07\x00\x0a\x09\x10ID", (0, 0)),
        (b"\x03\x05\x13\x00\x00\x00\x07ID\x01\x08more", (7, 7)),
        (b"\x03\x05\x13\x00\x00\x00\x07ID\x01\x01more", (0, 7)),
        (  # its second part is longer than any packet of the same first octet
            b"\x04\x13\x01\x02\x00\x06\x05\x02\x00\x00\x00\x07\x21\x0c\xe0\x40\x14"
            + b"x" * 8447
            + b"\x09\x10ID",
            (0, 7),
        ),
        (b"\x05\x13", (0, 0)),
        (b"", (0, 0)),
    ],
)
def test_signatures_of_keys_on_themselves(packets: bytes, found: tuple[int, int]) -> None:
    key = next(iter(keys((KEYS / "RPM-GPG-KEY-CentOS-7").read_bytes()).items()))
    public = key[1][: 3 + int.from_bytes(key[1][1:3])]
    body = packets.replace(b"ID", bytes.fromhex(key[0][-16:]))
    assert self_signed(public + b"\xc2\xff" + len(body).to_bytes(4) + body) == found


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"<html>",
        b"\x99",
        b"\x99\xff\xff\x04",
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!!\n-----END PGP PUBLIC KEY BLOCK-----",
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
        b"\xc6\xff",
        b"\xc6\xe0abc",
    ],
)
def test_what_holds_no_key(data: bytes) -> None:
    assert keys(data) == {}


def test_a_key_that_is_cut_off_is_not_whole() -> None:
    whole = keys((KEYS / "RPM-GPG-KEY-oracle-ol9").read_bytes())
    text = (KEYS / "RPM-GPG-KEY-Rocky-9").read_text().replace("\n\n", "\nVersion: 1\n\n", 1)
    assert len(keys(text.encode())) == 1
    joined = b"".join(whole.values())
    for length in range(0, len(joined), 7):
        for name, key in keys(joined[:length]).items():
            assert whole[name].startswith(key)
