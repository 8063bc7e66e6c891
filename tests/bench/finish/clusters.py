"""What the size of a compressed image's clusters costs: its bytes, and reading a little of it.

A clone reads its template in pieces of 4 KiB; each of them makes QEMU decompress a whole cluster,
and a write that does not fill a cluster of the clone's own reads the rest of that as well.
"""

import subprocess
import time
from pathlib import Path

from tests.bench.tables import table

_SIZES = ("64k", "256k", "1M", "2M")
_PIECES = 1500
_PIECE = 4096
_STEP = (5 << 20) + _PIECE  # so far apart that no cluster is met twice in a row


def weighed(disk: Path, folder: Path) -> str:
    """Compress the disk with each cluster size; return the table."""
    rows = [_row(size, disk, folder / "clusters.qcow2") for size in _SIZES]
    return table(("CLUSTERS", "MB", "COMPRESS s", "READ 4 KiB ms", "WRITE 4 KiB ms"), rows)


def _row(size: str, disk: Path, image: Path) -> tuple[str, ...]:
    options = ["-c", "-W", "-m", "16", "-o", f"compression_type=zstd,cluster_size={size}"]
    took = _timed("qemu-img", "convert", "-O", "qcow2", *options, disk, image)
    clone = image.with_suffix(".clone")
    _timed("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image, clone)
    pieces = ["-f", "qcow2", "-c", str(_PIECES), "-d", "1", "-s", str(_PIECE), "-S", str(_STEP)]
    read = _timed("qemu-img", "bench", *pieces, clone) / _PIECES
    write = _timed("qemu-img", "bench", "-w", "-t", "unsafe", *pieces, clone) / _PIECES
    megabytes = image.stat().st_size / 1e6
    image.unlink()
    clone.unlink()
    return (size, f"{megabytes:.1f}", f"{took:.2f}", f"{read * 1e3:.2f}", f"{write * 1e3:.2f}")


def _timed(*argv: str | Path) -> float:
    began = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began
