"""Files that are no ISOs, or damaged ones: an explanation each, and nothing left behind."""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import mutations
import pytest
import small_media
from fuzz_iso import attempt
from hypothesis import given, settings
from hypothesis import strategies as st
from remastering import change

from builder.errors import MediaError
from builder.iso import iso9660
from builder.media.inspect import inspect

pytestmark = small_media.NEEDED

_PVD = 16 * 2048
_NO_OVERLAY = 4  # as a seed


@pytest.fixture(scope="module")
def iso(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an EL 7 ISO."""
    return small_media.el7(tmp_path_factory.mktemp("bad_input"))


@pytest.fixture(scope="module")
def victims(tmp_path_factory: pytest.TempPathFactory) -> dict[str, mutations.Victim]:
    """Return small ISOs of all layouts."""
    return mutations.victims(tmp_path_factory.mktemp("victims"))


def _udf(path: Path, _iso: Path) -> None:
    content = bytearray(64 * 2048)
    for number, name in enumerate((b"BEA01", b"NSR02", b"TEA01")):
        struct.pack_into("<B5sB", content, _PVD + 2048 * number, 0, name, 1)
    path.write_bytes(content)


def _patched(*patches: tuple[int, bytes]) -> Callable[[Path, Path], None]:
    def make(path: Path, iso: Path) -> None:
        content = bytearray(iso.read_bytes())
        for at, replacement in patches:
            content[at : at + len(replacement)] = replacement
        path.write_bytes(content)

    return make


def _loop(path: Path, iso: Path) -> None:
    """Let a directory of the root be the root."""
    content = iso.read_bytes()
    root = _root(content)
    _patched((_record(content, b"IMAGES") + 2, content[root + 2 : root + 18]))(path, iso)


def _outside(path: Path, iso: Path) -> None:
    at = _record(iso.read_bytes(), b"_DISCINF.;1")
    _patched((at + 2, iso9660.both_endian(1 << 30)))(path, iso)


def _large_directory(path: Path, iso: Path) -> None:
    """Let a directory have as many bytes as a DVD, which are there."""
    at = _record(iso.read_bytes(), b"IMAGES")
    _patched((at + 10, iso9660.both_endian((4 << 30) - 1)))(path, iso)
    os.truncate(path, 5 << 30)


def _root(content: bytes) -> int:
    (sector,) = struct.unpack_from("<I", content, _PVD + 158)
    return int(sector) * 2048


def _record(content: bytes, name: bytes) -> int:
    """Return where the root's record of that name begins."""
    return content.index(bytes([len(name)]) + name, _root(content)) - 32


_UNREADABLE: list[tuple[Callable[[Path, Path], object], str]] = [
    (lambda path, _iso: path.touch(), "is not an ISO 9660 image"),
    (lambda path, _iso: path.write_text("<html>404</html>" * 5000), "is not an ISO 9660 image"),
    (lambda path, _iso: path.mkdir(), "Cannot read .*: Is a directory"),
    (lambda _path, _iso: None, "Cannot read .*: No such file or directory"),
    (lambda path, _iso: os.mkfifo(path), "Cannot read .*: it is no plain file"),
    (lambda path, _iso: path.symlink_to("/dev/zero"), "Cannot read .*: it is no plain file"),
    (lambda path, iso: path.write_bytes(iso.read_bytes()[: 2 << 20]), "is truncated: 2097152 of"),
    (
        lambda path, iso: path.write_bytes(iso.read_bytes()[:34000]),
        "is not an ISO 9660 image|is truncated",
    ),
    (_udf, "holds a UDF file system only"),
    (_patched((_PVD + 2048 * 1, b"\1XXXXX")), "sector 17 is no volume descriptor"),
    (_patched((_PVD + 128, b"\0\1")), "its blocks have 256 bytes"),
    (_patched((_PVD + 158, b"\0\0\0\0")), "is a damaged ISO"),
    (_patched((_PVD + 158, b"\xff\xff\0\0")), "is a damaged ISO"),
    (_patched((_PVD + 166, b"\0\0\0\0")), "its root directory is none"),
    (_patched((_PVD + 166, b"\0\0\xff\0")), "something in it would end at"),
    (_patched((_PVD + 166, b"\xff\xff\xff\xff")), "its directory at .* has 4294967295 bytes"),
    (_patched((_PVD, b"\2")), "is not an ISO 9660 image"),
]
_BROKEN = [
    (_large_directory, "its directories are too many, or too large"),
    (_loop, "is in a loop"),
    (_outside, "something in it would end at byte"),
    (_patched((_PVD + 140, b"\xff\xff\0\0")), "something in it"),
]
"""What only a remaster has to look at."""


@pytest.mark.parametrize(
    ("call", "make", "reason"),
    [
        *((inspect, *each) for each in _UNREADABLE),
        *((change, *each) for each in (*_UNREADABLE, *_BROKEN)),
    ],
)
def test_refused(
    call: Callable[[Path], object],
    make: Callable[[Path, Path], object],
    reason: str,
    iso: Path,
    tmp_path: Path,
) -> None:
    path = tmp_path / "bad.iso"
    make(path, iso)
    with pytest.raises(MediaError, match=reason) as caught:
        call(path)
    assert caught.value.hint
    assert "\n" not in caught.value.message
    assert {each.name for each in tmp_path.iterdir()} <= {"bad.iso"}


@pytest.mark.parametrize("layout", mutations.MAKERS)
def test_truncated_anywhere(
    layout: str, victims: dict[str, mutations.Victim], tmp_path: Path
) -> None:
    content = victims[layout].content
    for length in (*range(0, 80 * 1024, 2011), *range(0, len(content) - 1, 99_991)):
        attempt(content[:length], _NO_OVERLAY, tmp_path)


@pytest.mark.parametrize("name", [b"../../x", b"..", b".", b"/etc/x", b"a\0b", b"\xff\xfe", b""])
def test_names_that_would_escape(name: bytes, iso: Path, tmp_path: Path) -> None:
    content = bytearray(iso.read_bytes())
    for old in (b"EFI", "EFI".encode("utf-16-be")):
        at = content.index(old, _PVD + 10 * 2048)
        content[at : at + len(old)] = name[: len(old)].ljust(len(old), b"x")
    at = content.index(b"NM\x0e\x01\0.discinfo")
    content[at + 5 : at + 14] = name.ljust(9, b"/")[:9]
    attempt(bytes(content), _NO_OVERLAY, tmp_path)
    assert {each.name for each in tmp_path.parent.iterdir()} & {"x", "etc"} == set()


@settings(max_examples=250)
@given(seed=st.integers(0, 1 << 40))
def test_damage_is_survived_or_explained(seed: int, victims: dict[str, mutations.Victim]) -> None:
    name = list(victims)[seed % len(victims)]
    with TemporaryDirectory() as folder:
        attempt(mutations.damaged(victims[name], seed), seed, Path(folder))


_CHANGES = st.lists(
    st.tuples(st.integers(0, 200 * 2048 - 1), st.integers(0, 255)), min_size=1, max_size=20
)


@settings(max_examples=120)
@given(changes=_CHANGES, layout=st.sampled_from(sorted(mutations.MAKERS)))
def test_any_bytes_may_be_wrong(
    changes: list[tuple[int, int]], layout: str, victims: dict[str, mutations.Victim]
) -> None:
    content = bytearray(victims[layout].content)
    for offset, value in changes:
        content[offset] = value
    with TemporaryDirectory() as folder:
        attempt(bytes(content), 0, Path(folder))
