"""Disks of odd sizes and kinds, exported to each format and read byte for byte by others."""

import random
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from small_media import call
from tiny_guests import MACHINE

from builder.export import vmdk_check, vmdk_stream
from builder.export.formats import FORMATS, find
from builder.export.order import ExportSource
from builder.monitor import SilentMonitor
from builder.registry.image import measure
from tests.values import manifest

MIB = 1 << 20
SECTOR, GRAIN, SPAN = 512, 64 << 10, 32 * MIB
NOISE = random.Random(17).randbytes(MIB)  # noqa: S311  # the same each time
DISKS: dict[str, tuple[int, dict[int, bytes]]] = {
    "empty": (64 * MIB, {}),
    "one sector": (SECTOR, {0: b"x" * SECTOR}),
    "one sector of zeros": (SECTOR, {}),
    "one grain": (GRAIN, {0: NOISE[:GRAIN]}),
    "a sector more than a grain": (GRAIN + SECTOR, {GRAIN: b"x" * SECTOR}),
    "a sector less than a grain": (GRAIN - SECTOR, {GRAIN - 2 * SECTOR: b"x" * SECTOR}),
    "a sector more than a table": (SPAN + SECTOR, {SPAN: b"y"}),
    "all data": (4 * MIB, {at: NOISE for at in range(0, 4 * MIB, MIB)}),
    "sparse": (96 * MIB, {SPAN - 1: b"ab", 95 * MIB: NOISE}),
    "zeros that are written": (2 * MIB, {0: bytes(MIB), MIB: b"z"}),
    "large": ((2 << 30) + 3 * SECTOR, {0: b"a", (1 << 30) - 1: b"bc", (2 << 30) + 1024: b"d"}),
}
HOWS = {
    "large": ("-o", "cluster_size=2M"),
    "all data": ("-c", "-o", "compression_type=zlib"),
    "sparse": ("-o", "cluster_size=4k"),
    "one grain": ("-o", "cluster_size=512,extended_l2=off"),
    "zeros that are written": ("-S", "0"),
}
"""How the qcow2 is made; otherwise as templates are."""
USUAL = ("-c", "-o", "compression_type=zstd")


def source(folder: Path, kind: str) -> ExportSource:
    size, data = DISKS[kind]
    raw, image = folder / "disk.raw", folder / "image.qcow2"
    with raw.open("wb") as file:
        for at, content in data.items():
            file.seek(at)
            file.write(content)
        file.truncate(size)
    call("qemu-img", "convert", "-f", "raw", "-O", "qcow2", *HOWS.get(kind, USUAL), raw, image)
    record = manifest(machine=MACHINE, image=measure(image), created="2026-11-23T16:47:02Z")
    return ExportSource(manifest=record, record=b"{}", image=image)


def member(path: Path, name: str) -> Path:
    """Unpack the one member of a tar that ends so."""
    target = path.with_name("member")
    with tarfile.open(path) as tar:
        (found,) = (each for each in tar if each.name.endswith(name))
        file = tar.extractfile(found)
        assert file is not None
        with target.open("wb") as out:
            shutil.copyfileobj(file, out)
    return target


def container(path: Path) -> Path:
    with tarfile.open(path) as tar:
        layer = max(tar, key=lambda each: each.size).name
    shutil.move(member(path, layer), path.with_name("layer.tar"))
    return member(path.with_name("layer.tar"), ".qcow2")


def itself(path: Path) -> Path:
    return path


READERS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "raw": ("raw", itself),
    "qcow2": ("qcow2", itself),
    "vmdk": ("vmdk", itself),
    "vhdx": ("vhdx", itself),
    "ova": ("vmdk", lambda path: member(path, ".vmdk")),
    "vagrant": ("qcow2", lambda path: member(path, "box.img")),
    "oci": ("qcow2", container),
    "tar": ("qcow2", lambda path: member(path, ".qcow2")),
}
"""For each format: what the disk inside is, and how to get at it."""


@pytest.mark.parametrize("name", [each.name for each in FORMATS])
@pytest.mark.parametrize("kind", DISKS)
def test_an_odd_disk_is_whole_in_each_format(tmp_path: Path, kind: str, name: str) -> None:
    given = source(tmp_path, kind)
    path = tmp_path / "made"
    find(name).write(given, path, name="x", monitor=SilentMonitor())
    form, inside = READERS[name]
    disk = inside(path)
    call("qemu-img", "compare", "-q", "-f", "raw", "-F", form, tmp_path / "disk.raw", disk)
    if form == "vmdk":
        _as_ours_reads_it(disk, tmp_path / "disk.raw", *DISKS[kind])
        _as_7_zip_reads_it(disk, tmp_path / "disk.raw")
    elif form == "vhdx":
        _as_7_zip_reads_it(disk, tmp_path / "disk.raw")


def _as_ours_reads_it(disk: Path, raw: Path, size: int, data: dict[int, bytes]) -> None:
    grains = dict(vmdk_check.grains(disk))
    wanted = {
        place * GRAIN
        for at, content in data.items()
        for place in range(at // GRAIN, -(-(at + len(content)) // GRAIN))
        if any(content)
    }
    assert grains.keys() == wanted
    with raw.open("rb") as file:
        for at, content in grains.items():
            file.seek(at)
            assert content == file.read(GRAIN).ljust(GRAIN, b"\0")
    assert size <= vmdk_stream.capacity(size) < size + GRAIN


def _as_7_zip_reads_it(disk: Path, raw: Path) -> None:
    if not shutil.which("7z"):
        return
    with (disk.parent / "read.raw").open("wb") as file:
        subprocess.run(["7z", "x", "-so", disk], stdout=file, check=True)
    size = raw.stat().st_size
    with raw.open("r+b") as file:  # as a VMDK has whole grains, a VHDX whole sectors
        file.truncate(max(size, (disk.parent / "read.raw").stat().st_size))
    call("cmp", disk.parent / "read.raw", raw)
