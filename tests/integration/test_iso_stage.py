"""ISOs on their way into the pool."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
import small_media

from builder import files
from builder.errors import HostError, MediaError
from builder.media.stage import stage
from builder.model.media import StagedIso
from builder.model.storage import Pool
from builder.monitor import SilentMonitor


@pytest.fixture
def iso(tmp_path: Path) -> Path:
    """Return a small ISO."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "EULA").write_bytes(b"text" * 500_000)
    path = tmp_path / "Medium-7.iso"
    small_media.call("xorriso", "-as", "mkisofs", "-quiet", "-V", "MEDIUM 7", "-o", path, tree)
    return path


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    """Return an empty pool."""
    folder = tmp_path / "pool"
    folder.mkdir()
    return _pool(folder)


def _pool(folder: Path) -> Pool:
    return Pool(name="iso", path=folder, active=True, autostart=True, capacity=1, available=1)


def _put(
    iso: Path, pool: Pool, *, sha256: str | None = None, volume_id: str | None = None
) -> StagedIso:
    monitor = SilentMonitor()
    wanted = (volume_id,) if volume_id else ()
    return stage(iso, pool=pool, expected_sha256=sha256, volume_ids=wanted, monitor=monitor)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_stage(iso: Path, pool: Pool) -> None:
    staged = _put(iso, pool, sha256=_digest(iso).upper(), volume_id="MEDIUM 7")
    assert staged == StagedIso(
        pool="iso",
        volume="Medium-7.iso",
        path=pool.path / "Medium-7.iso",
        sha256=_digest(iso),
        size=iso.stat().st_size,
        volume_id="MEDIUM 7",
    )
    assert _digest(staged.path) == _digest(iso)
    assert staged.path.stat().st_mode & 0o777 == 0o644
    assert _names(pool.path) == ["Medium-7.iso"]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_left_alone(make: Callable[[Path], None], iso: Path, pool: Pool) -> None:
    make(pool.path / iso.name)
    with pytest.raises(MediaError, match="is no file"):
        _put(iso, pool)
    assert _names(pool.path) == [iso.name]


def test_what_belongs_to_another_user(
    iso: Path, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(iso, pool)
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)  # as root everything is ours
    with pytest.raises(HostError, match="You may not read"):
        _put(iso, pool)


def test_staging_again_reads_nothing(
    iso: Path, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _put(iso, pool)
    if not files.remembered(first.path):
        pytest.skip("this file system keeps no extended attributes")
    monkeypatch.setattr(files, "sha256", Mock(side_effect=AssertionError("read again")))
    assert _put(iso, pool, sha256=first.sha256) == first
    assert _put(first.path, pool, sha256=first.sha256) == first


def test_what_lies_in_the_pool_already_is_taken_and_remembered(iso: Path, pool: Pool) -> None:
    inside = iso.rename(pool.path / iso.name)
    assert _put(inside, pool).sha256 == _digest(inside)
    assert files.remembered(inside) in {_digest(inside), ""}


def test_a_changed_volume_is_noticed(iso: Path, pool: Pool) -> None:
    staged = _put(iso, pool)
    _flip(staged.path, 1_000_000)
    with pytest.raises(MediaError, match="different ISO under the name"):
        _put(iso, pool, sha256=staged.sha256)


def test_another_iso_of_that_name(iso: Path, pool: Pool) -> None:
    staged = _put(iso, pool)
    _flip(iso, 1_000_000)
    with pytest.raises(MediaError, match="different ISO") as caught:
        _put(iso, pool)
    assert str(staged.path) in caught.value.hint
    assert _digest(staged.path) == staged.sha256


@pytest.mark.parametrize("size", [4 << 40, None])
def test_somebody_else_s_file_of_that_name_is_neither_read_through_nor_marked(
    iso: Path, pool: Pool, size: int | None
) -> None:
    theirs = pool.path / iso.name
    with theirs.open("wb") as file:
        file.truncate(size or iso.stat().st_size)
    with pytest.raises(MediaError, match="different ISO"):
        _put(iso, pool)
    assert files.remembered(theirs) == ""


def test_the_same_bytes_with_another_time_are_the_same_iso(iso: Path, pool: Pool) -> None:
    staged = _put(iso, pool)
    os.utime(iso, (1, 1))
    assert _put(iso, pool) == staged


def _flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"!")


def test_wrong_checksum(iso: Path, pool: Pool) -> None:
    with pytest.raises(MediaError, match=f"sha256 {_digest(iso)}, expected {'0' * 64}") as caught:
        _put(iso, pool, sha256="0" * 64)
    assert "--allow-unverified" in caught.value.hint
    assert _names(pool.path) == []


def test_wrong_checksum_in_the_pool(iso: Path, pool: Pool) -> None:
    staged = _put(iso, pool)
    with pytest.raises(MediaError, match="expected"):
        _put(iso, pool, sha256="0" * 64)
    assert staged.path.exists()


def test_wrong_volume_id(iso: Path, pool: Pool) -> None:
    with pytest.raises(MediaError, match="'MEDIUM 7', expected 'CentOS 7 x86_64'"):
        _put(iso, pool, volume_id="CentOS 7 x86_64")
    assert _names(pool.path) == []


def test_truncated(iso: Path, pool: Pool) -> None:
    os.truncate(iso, 1_000_000)
    with pytest.raises(MediaError, match="truncated"):
        _put(iso, pool)
    assert _names(pool.path) == []


@pytest.mark.parametrize("name", ["a b.iso", ".hidden.iso", "-x.iso", "ü.iso", "a,b.iso"])
def test_names_that_no_volume_should_have(name: str, iso: Path, pool: Pool) -> None:
    with pytest.raises(MediaError, match="cannot be the name of a volume"):
        _put(iso.rename(iso.with_name(name)), pool)


def test_pool_without_a_folder(iso: Path, pool: Pool) -> None:
    pool.path.rmdir()
    with pytest.raises(HostError, match="does not exist") as caught:
        _put(iso, pool)
    assert "pool init" in caught.value.hint


def _refuse_copies(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    error = OSError(number, os.strerror(number))
    monkeypatch.setattr(os, "copy_file_range", Mock(side_effect=error))


def test_pool_that_takes_nothing(iso: Path, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse_copies(monkeypatch, errno.EROFS)
    with pytest.raises(HostError, match=r"Cannot write to .*Read-only"):
        _put(iso, pool)
    assert _names(pool.path) == []


def test_file_systems_between_which_the_kernel_copies_no_ranges(
    iso: Path, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refuse_copies(monkeypatch, errno.EXDEV)
    assert _digest(_put(iso, pool).path) == _digest(iso)


def test_really_full_disk(iso: Path, tmp_path: Path) -> None:
    with small_media.small_disk(tmp_path / "full", "512k") as folder:
        with pytest.raises(HostError, match="No space is left"):
            _put(iso, _pool(folder))
        assert _names(folder) == []
