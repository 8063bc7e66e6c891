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
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import msgspec

from builder.monitor import SilentMonitor
from builder.registry.compress import compress
from tests.bench.finish.clusters import weighed
from tests.bench.finish.disks import Disk, installed
from tests.bench.options import add_folder, conclude, parser
from tests.bench.overhead.place import Place, place
from tests.bench.tables import Target, most, ratio, say, spread, table, typical
from tests.bench.usage import cache

OURS, TODAY = "ours", "today"
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
        say(f"not installed: {', '.join(missing)} (Debian: guestfs-tools)")
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
        unsealed = sealed.install_seconds - sealed.seal_seconds
        cost = f"{unsealed:.0f} s with clusters of 4 KiB, {plain.install_seconds:.0f} s with 64 KiB"
    report = f"{_report(results)}\n\nthe installation, without the seal: {cost}\n\n{clusters}"
    conclude(options, report, _targets(results), results)


def _options() -> argparse.Namespace:
    made = parser("bench-finish", __doc__, runs=3)
    made.add_argument("--copies", type=int, default=4, help="of 250 MB, beside the system")
    add_folder(made, needs="12 GB free; open to the hypervisor's user")
    return made.parse_args()


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
    cache(target)
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
            rows.append((name, command, *spread(figures), ""))
        sizes = median(each.size for each in samples) / 1e6
        rows.append((name, "all", *spread([each.total for each in samples]), f"{sizes:.1f}"))
    return table(("ROW", "COMMAND", "s", "MIN-MAX", "MB"), rows)


def _targets(results: dict[str, list[Sample]]) -> list[Target]:
    pairs = list(zip(results[OURS], results.get(TODAY, []), strict=False))
    sizes = typical(pairs, lambda pair: pair[0].size / pair[1].size)
    return [
        most("finish", "time, ours / today", ratio(results, OURS, TODAY), limit=0.1, unit="x"),
        most("finish", "size, ours / today", sizes, limit=0.95, unit="x"),
    ]


if __name__ == "__main__":
    main()
