"""Measure what a stream-optimised VMDK takes to be written, beside qemu-img's own.

`make bench-export`. The same template both times: as much of the host's programs and libraries as
--mib says, in a disk of 20 GiB. OURS unpacks a GiB at a time first. Both take turns; RATIO is the
median of how many times as much processor time OURS took. Seconds say little where others work:
OURS uses all processors, qemu-img's own one of them.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from statistics import median

from tests.bench.options import add_folder, conclude, parser
from tests.bench.tables import Target, most, say, spread, table
from tests.bench.usage import Usage, cache, turns, usage

OURS, QEMU = "ours", "qemu-img"
_PLACES = (Path("/usr/bin"), Path("/usr/lib/x86_64-linux-gnu"), Path("/usr/lib64"))
_CAPACITY = 20 << 30
_OURS = """
import sys
from pathlib import Path
from builder.export import convert, vmdk, vmdk_stream
from builder.export.order import ExportSource
from builder.monitor import SilentMonitor
from tests.values import image, manifest
image_path, raw, target, size = *map(Path, sys.argv[1:4]), int(sys.argv[4])
record = manifest(image=image(virtual_size=size))
source = ExportSource(manifest=record, record=b"", image=image_path)
text = vmdk.descriptor(name="x", capacity=size, content="00000abc")
with SilentMonitor().progress("") as progress:
    pieces = convert.windows(source, raw)
    vmdk_stream.write(pieces, target, size=size, descriptor=text, progress=progress)
raw.unlink()
"""
_MEMORY = 150.0
"""MB: Python's own, and what lies ready while it is compressed."""


def main() -> None:
    """Print the table."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        here = Path(folder)
        source = _template(here, options.mib << 20)
        say(f"{len(os.sched_getaffinity(0))} processors, load {os.getloadavg()[0]:.1f}")
        rows = _rows(source, here)
        results = turns(rows, options.runs)
        sizes = {who: (here / f"{who}.vmdk").stat().st_size for who in rows}
    conclude(options, _report(results, sizes), _targets(results), results)


def _options() -> argparse.Namespace:
    made = parser("bench-export", __doc__, runs=3)
    made.add_argument("--mib", type=int, default=1024, help="MiB of data on the disk")
    add_folder(made, needs="four times as much free")
    return made.parse_args()


def _template(here: Path, size: int) -> Path:
    """Make a template that holds so many bytes of what systems are made of."""
    raw, made = here / "disk.raw", here / "template.qcow2"
    with raw.open("wb") as file:
        for content in _contents():
            file.write(content)
            if file.tell() >= size:
                break
        file.truncate(_CAPACITY)
    options = ["-c", "-o", "compression_type=zstd"]
    usage(["qemu-img", "convert", "-O", "qcow2", *options, str(raw), str(made)])
    raw.unlink()
    cache(made)
    return made


def _contents() -> Iterator[bytes]:
    places = (each.iterdir() for each in _PLACES if each.is_dir())
    for path in sorted(chain.from_iterable(places)):
        if path.is_file() and not path.is_symlink():
            yield path.read_bytes()


def _rows(source: Path, here: Path) -> dict[str, list[str]]:
    made = {who: str(here / f"{who}.vmdk") for who in (OURS, QEMU)}
    capacity = str(_CAPACITY)
    options = ["-f", "qcow2", "-O", "vmdk", "-o", "subformat=streamOptimized"]
    return {
        OURS: [sys.executable, "-c", _OURS, str(source), str(here / "raw"), made[OURS], capacity],
        QEMU: ["qemu-img", "convert", *options, str(source), made[QEMU]],
    }


def _report(results: dict[str, list[Usage]], sizes: dict[str, int]) -> str:
    header = ("BY", "SECONDS", "MIN-MAX", "PROCESSOR s", "MB", "FILE MB")
    rows = [
        (
            who,
            *spread([each.wall for each in runs]),
            f"{median(each.processor for each in runs):.2f}",
            f"{max(each.memory for each in runs):.0f}",
            f"{sizes[who] / 1e6:.1f}",
        )
        for who, runs in results.items()
    ]
    return table(header, rows)


def _targets(results: dict[str, list[Usage]]) -> list[Target]:
    pairs = [*zip(results[OURS], results[QEMU], strict=True)]
    more = median(ours.processor / qemu.processor for ours, qemu in pairs)
    memory = max(each.memory for each in results[OURS])
    return [
        most("export", "a VMDK, RATIO to qemu-img's", more, limit=1.2, unit="times"),
        most("export", "memory", memory, limit=_MEMORY, unit="MB"),
    ]


if __name__ == "__main__":
    main()
