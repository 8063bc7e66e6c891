"""Images: compressed and measured by the real qemu-img."""

import hashlib
import json
import random
from pathlib import Path

import pytest
from small_media import call, small_disk

from builder.errors import HostError
from builder.monitor import SilentMonitor
from builder.registry.compress import compress
from builder.registry.image import data_size, measure
from tests.monitors import Heard


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A disk of 64 MiB with 8 MiB of text on it, over a backing file."""
    base, top = tmp_path / "base.qcow2", tmp_path / "disk.qcow2"
    call("qemu-img", "create", "-q", "-f", "qcow2", base, "64M")
    call("qemu-io", "-c", "write -q -P 0x61 0 4M", base)
    call("qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", top)
    call("qemu-io", "-c", "write -q -P 0x62 8M 4M", top)
    return top


@pytest.mark.parametrize("compression", ["zstd", "zlib"])
def test_a_compressed_image_stands_alone_and_is_the_same(
    disk: Path, tmp_path: Path, compression: str
) -> None:
    target, monitor = tmp_path / ".x.candidate", Heard()
    compress(disk, target, compression=compression, monitor=monitor)
    assert (monitor.counted, monitor.done) == ([("compressed", 100, "%")], 100)
    info = json.loads(call("qemu-img", "info", "--output=json", target))
    assert info["format"] == "qcow2"
    assert "backing-filename" not in info
    assert info["format-specific"]["data"]["compression-type"] == compression
    assert target.stat().st_size < 2 * 2**20
    call("qemu-img", "compare", "-q", disk, target)


def test_an_image_takes_a_link_s_place(disk: Path, tmp_path: Path) -> None:
    target, other = tmp_path / ".x.candidate", tmp_path / "other"
    target.symlink_to(other)
    compress(disk, target, monitor=SilentMonitor())
    assert (target.is_symlink(), other.exists()) == (False, False)


@pytest.mark.parametrize("compression", ["zstd", "zlib"])
def test_a_disk_that_gets_full(tmp_path: Path, compression: str) -> None:
    noise = tmp_path / "noise.raw"
    noise.write_bytes(random.Random(5).randbytes(8 << 20))  # noqa: S311  # filling
    with small_disk(tmp_path / "store", "2m") as store:
        with pytest.raises(HostError, match=f"The disk of {store} is full") as caught:
            compress(noise, store / "x", compression=compression, monitor=SilentMonitor())
        assert caught.value.exit_code == 4
        assert list(store.iterdir()) == []


def test_ctrl_c_leaves_nothing(disk: Path, tmp_path: Path) -> None:
    class Impatient(Heard):
        def advance(self, amount: int = 1) -> None:  # noqa: ARG002  # the interface's name
            assert target.exists()
            raise KeyboardInterrupt

    target = tmp_path / ".x.candidate"
    with pytest.raises(KeyboardInterrupt):
        compress(disk, target, monitor=Impatient())
    assert not target.exists()


def test_a_measured_image(disk: Path) -> None:
    facts = measure(disk)
    assert facts.virtual_size == 64 * 2**20
    assert facts.size == disk.stat().st_size
    assert facts.sha256 == hashlib.sha256(disk.read_bytes()).hexdigest()


def test_a_disk_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="qemu-img failed"):
        compress(tmp_path / "gone.qcow2", tmp_path / ".x.candidate", monitor=SilentMonitor())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no image at all", b"QFI\xfb\0\0\0\3 but nothing else"])
def test_what_is_no_image_is_not_measured(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.qcow2"
    path.write_bytes(content)
    with pytest.raises(HostError):
        measure(path)


def test_a_damaged_image_is_not_measured(disk: Path) -> None:
    with disk.open("r+b") as file:
        file.seek(48)  # the offset of the refcount table, 8 bytes of the header
        file.write((2**62).to_bytes(8, "big"))
    with pytest.raises(HostError, match="qemu-img failed"):
        measure(disk)


def test_clusters_that_hold_data_are_counted(tmp_path: Path) -> None:
    disk = tmp_path / "disk.qcow2"
    call("qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", disk, "64M")
    commands = ["write -q 0 1M", "write -q 8M 4k", "write -q -z 16M 1M", "discard -q 4k 8k"]
    words = [word for each in commands for word in ("-c", each)]
    call("qemu-io", "-d", "unmap", *words, disk)
    assert data_size(disk, most=4096) == 2**20 - 8192 + 4096
    assert data_size(disk, most=2048) is None


def test_a_disk_that_ends_in_its_tables(tmp_path: Path) -> None:
    disk = tmp_path / "disk.qcow2"
    call("qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", disk, "64M")
    call("qemu-io", "-c", "write -q 0 1M", disk)
    disk.write_bytes(disk.read_bytes()[: 4096 * 4])
    with pytest.raises(HostError, match="ends in its tables"):
        data_size(disk, most=4096)
