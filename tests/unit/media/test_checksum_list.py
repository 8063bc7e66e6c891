"""Lists of checksums, with Rocky's real ones."""

from pathlib import Path

import pytest

from builder.media.checksum_list import Listed, Unlisted, listed
from builder.releases import catalogue

LISTS = Path(__file__).parents[2] / "vendors/checksums"
A, B = "a" * 64, "b" * 64
ROWS = ("rocky8", "rocky9.5", "rocky9.6", "rocky9.7", "rocky10.0", "rocky10.1")


def _list(release: str) -> str:
    version = catalogue.find(release).version
    return (LISTS / f"rocky-{version}-x86_64.ISO.checksum").read_text()


def _told(text: str, name: str) -> str:
    """Return what is on the line of that name, found in another way."""
    (line,) = {line for line in text.splitlines() if line.startswith(f"SHA256 ({name})")}
    return line[-64:]


@pytest.mark.parametrize("release", ROWS)
def test_real_lists_give_each_medium_and_each_alias_its_digest(release: str) -> None:
    text, row = _list(release), catalogue.find(release)
    aliases = [line.split()[1].strip("()") for line in text.splitlines() if line[:1] == "S"]
    media = [medium.file for medium in row.media.values()]
    assert set(media) <= set(aliases)
    assert len(set(aliases)) >= 6
    for name in aliases:
        assert listed(text, name) == Listed(file=name, sha256=_told(text, name))
    for medium in row.media.values():
        if medium.sha256:
            assert listed(text, medium.file).sha256 == medium.sha256


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"SHA256 (a.iso) = {A}", "a.iso"),
        (f"SHA256(a.iso)={A.upper()}", "a.iso"),
        (f"# a.iso: 7 bytes\r\nSHA256 (a.iso) = {A}\r\n", "a.iso"),
        (f"{A}  a.iso\n{B}  b.iso", "a.iso"),
        (f"{A} *a.iso", "a.iso"),
        (f"{A}  ./a.iso", "a.iso"),
        (f"SHA256 (a.iso) = {A}\n{A}  a.iso\n", "a.iso"),
        (f"SHA512 (a.iso) = {B}{B}\nSHA1 (a.iso) = {B[:40]}\nSHA256 (a.iso) = {A}", "a.iso"),
    ],
)
def test_forms(text: str, expected: str) -> None:
    assert listed(text, "a.iso") == Listed(file=expected, sha256=A)


LATEST = "Stream-9-latest-x86_64-dvd1.iso"
DATED = "Stream-9-20260831.0-x86_64-dvd1.iso"


@pytest.mark.parametrize(
    ("text", "file"),
    [
        (f"SHA256 ({DATED}) = {A}", DATED),
        (f"SHA256 ({LATEST}) = {A}\nSHA256 ({DATED}) = {A}", DATED),
        (f"SHA256 ({LATEST}) = {A}\nSHA256 ({DATED}) = {B}", LATEST),
        (f"SHA256 ({DATED}) = {A}\nSHA256 ({DATED.replace('dvd1', 'boot')}) = {B}", DATED),
    ],
)
def test_latest_may_stand_for_a_dated_file(text: str, file: str) -> None:
    assert listed(text, LATEST) == Listed(file=file, sha256=A)


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        (f"{A}  b.iso", "a.iso", "it does not name a.iso"),
        (f"{A}  aXiso", "a.iso", "it does not name a.iso"),
        (f"{A}  dir/a.iso", "a.iso", "it is no list"),
        (f"SHA256 (a.iso) = {A}\n{B}  a.iso", "a.iso", "it gives a.iso 2 different checksums"),
        (f"{A[1:]}  a.iso\n{A}c  a.iso", "a.iso", "it is no list of sha256 checksums"),
        (f"MD5 (a.iso) = {A[:32]}", "a.iso", "it is no list"),
        (f"<html><p>SHA256 (a.iso) = {A}</p></html>", "a.iso", "it is no list"),
        ("", "a.iso", "it is no list"),
        (f"{A}  \x1b[2Ja.iso", "a.iso", "it is no list"),
        (f"SHA256 (../../a.iso) = {A}", "a.iso", "it is no list"),
        (
            f"{A}  {DATED}\n{A}  {DATED.replace('0831', '0901')}",
            LATEST,
            f"it names 2 files that {LATEST} may stand for",
        ),
        (f"{A}  Stream-9-final-x86_64-dvd1.iso", LATEST, "it does not name"),
        (f"{A}  {DATED}\n{B}  {DATED}", LATEST, "2 different checksums"),
    ],
)
def test_refused(text: str, name: str, reason: str) -> None:
    with pytest.raises(Unlisted, match=reason):
        listed(text, name)
