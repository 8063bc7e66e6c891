"""Images: compressed and measured by the real qemu-img."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from builder.errors import HostError
from builder.template.compress import compress
from builder.template.image import measure


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A disk of 64 MiB with 8 MiB of text on it, over a backing file."""
    base, top = tmp_path / "base.qcow2", tmp_path / "disk.qcow2"
    _qemu("qemu-img", "create", "-q", "-f", "qcow2", base, "64M")
    _qemu("qemu-io", "-c", "write -q -P 0x61 0 4M", base)
    _qemu("qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", top)
    _qemu("qemu-io", "-c", "write -q -P 0x62 8M 4M", top)
    return top


def _qemu(*argv: str | Path) -> str:
    return subprocess.check_output(argv, text=True)


def test_a_compressed_image_stands_alone_and_is_the_same(disk: Path, tmp_path: Path) -> None:
    target = tmp_path / ".x.candidate"
    compress(disk, target)
    info = json.loads(_qemu("qemu-img", "info", "--output=json", target))
    assert info["format"] == "qcow2"
    assert "backing-filename" not in info
    assert info["format-specific"]["data"]["compression-type"] == "zstd"
    assert target.stat().st_size < 2**20
    _qemu("qemu-img", "compare", "-q", disk, target)


def test_a_measured_image(disk: Path) -> None:
    facts = measure(disk)
    assert facts.virtual_size == 64 * 2**20
    assert facts.size == disk.stat().st_size
    assert facts.sha256 == hashlib.sha256(disk.read_bytes()).hexdigest()


def test_a_disk_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="qemu-img failed"):
        compress(tmp_path / "gone.qcow2", tmp_path / ".x.candidate")
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
