"""Files of keys, with the vendors' real ones."""

import re
import subprocess
from pathlib import Path

import pytest

from builder.media.openpgp import keys
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
