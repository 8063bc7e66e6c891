"""Measure what makes a small template of an installed disk, beside what people do today.

`make bench-finish`. The same installation twice, once as it was left and once sealed and trimmed
in the guest. TODAY is virt-sysprep, virt-sparsify --in-place and `qemu-img convert -c` on a copy
of the first. OURS is what the seal and the trim took in the guest, and compressing the second.
All take turns, each on a fresh copy that is in memory.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import msgspec

from builder.monitor import SilentMonitor
from builder.registry.compress import compress
from tests.bench.finish.clusters import weighed
from tests.bench.finish.disks import Disk, installed
from tests.bench.overhead.place import Place, place
from tests.bench.tables import Target, promises, table

OURS, TODAY = "ours", "today"
_BLOCK = 1 << 22
_TOOLS = ("virt-sysprep", "virt-sparsify")


class Sample(msgspec.Struct, frozen=True):
    """One run: seconds of each command, and the bytes of what came out."""

    seconds: dict[str, float]
    size: int

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def main() -> None:
    """Print the tables."""
    options = _options()
    missing = [name for name in _TOOLS if not shutil.which(name)]
    if missing:
        _say(f"not installed: {', '.join(missing)} (Debian: guestfs-tools)")
    with (
        place(options.folder) as here,
        installed(here, seal=False, copies=options.copies) as plain,
        installed(here, seal=True, copies=options.copies) as sealed,
    ):
        rows: dict[str, Callable[[], Sample]] = {OURS: lambda: _ours(sealed, here)}
        if not missing:
            rows[TODAY] = lambda: _today(plain, here)
        results: dict[str, list[Sample]] = {name: [] for name in rows}
        for _ in range(options.runs):
            for name, run in rows.items():
                results[name].append(run())
        clusters = weighed(sealed.path, here.folder)
    _say(_report(results))
    _say(f"\n{clusters}")
    _say(f"\n{promises(_targets(results))}")
    if options.json:
        options.json.write_bytes(msgspec.json.encode(results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-finish", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of each row")
    parser.add_argument("--copies", type=int, default=4, help="of 250 MB, beside the system")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("/var/tmp"),  # noqa: S108  # of a name of its own in there
        help="on the file system to measure, with 12 GB free; open to the hypervisor's user",
    )
    parser.add_argument("--json", type=Path, help="write every run to this file")
    return parser.parse_args()


def _ours(disk: Disk, here: Place) -> Sample:
    source, target = _copy(disk, here), here.folder / "out.qcow2"
    seconds = {"seal, trim (guest)": disk.seal_seconds}
    seconds["compress"] = _timed(lambda: compress(source, target, monitor=SilentMonitor()))
    return _finished(seconds, source, target)


def _today(disk: Disk, here: Place) -> Sample:
    source, target = _copy(disk, here), here.folder / "out.qcow2"
    commands: dict[str, list[str | Path]] = {
        "virt-sysprep": ["virt-sysprep", "-q", "-a", source],
        "virt-sparsify": ["virt-sparsify", "-q", "--in-place", source],
        "convert -c": ["qemu-img", "convert", "-c", "-O", "qcow2", source, target],
    }
    seconds, kvm = {}, here.machine.virt_type == "kvm"
    for name, argv in commands.items():
        seconds[name] = _timed(lambda argv=argv: _run(argv, kvm=kvm))  # type: ignore[misc]  # mypy: no default
    return _finished(seconds, source, target)


def _run(argv: list[str | Path], *, kvm: bool) -> None:
    environment = {**os.environ, "LIBGUESTFS_BACKEND": "direct"}
    if not kvm:  # it would try a /dev/kvm that is there and does not work
        environment["LIBGUESTFS_BACKEND_SETTINGS"] = "force_tcg"
    subprocess.run(argv, env=environment, check=True, stdout=subprocess.DEVNULL)


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    os.sync()
    return time.monotonic() - began


def _copy(disk: Disk, here: Place) -> Path:
    target = here.folder / "in.qcow2"
    subprocess.run(["cp", "--sparse=always", disk.path, target], check=True)
    os.sync()
    with target.open("rb") as file:
        while file.read(_BLOCK):
            pass
    return target


def _finished(seconds: dict[str, float], source: Path, target: Path) -> Sample:
    sample = Sample(seconds, target.stat().st_size)
    source.unlink()
    target.unlink()
    return sample


def _report(results: dict[str, list[Sample]]) -> str:
    rows = []
    for name, samples in results.items():
        for command in samples[0].seconds:
            figures = [each.seconds[command] for each in samples]
            rows.append((name, command, *_spread(figures), ""))
        sizes = median(each.size for each in samples) / 1e6
        rows.append((name, "all", *_spread([each.total for each in samples]), f"{sizes:.1f}"))
    return table(("ROW", "COMMAND", "s", "MIN-MAX", "MB"), rows)


def _spread(figures: list[float]) -> tuple[str, str]:
    return f"{median(figures):.2f}", f"{min(figures):.2f}-{max(figures):.2f}"


def _targets(results: dict[str, list[Sample]]) -> list[Target]:
    pairs = list(zip(results[OURS], results.get(TODAY, []), strict=False))
    times = [ours.total / today.total for ours, today in pairs]
    sizes = [ours.size / today.size for ours, today in pairs]
    return [
        _most(0.1, "time, ours / today", median(times) if times else None),
        _most(0.95, "size, ours / today", median(sizes) if sizes else None),
    ]


def _most(limit: float, text: str, measured: float | None) -> Target:
    kept = measured is not None and measured <= limit
    return Target("finish", f"{text}: at most {limit:g}", measured, "x", kept)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
