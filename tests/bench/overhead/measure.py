"""One timed run: programs and ISO in memory, nothing left to sync from before."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from builder.record import builds
from tests.bench.overhead.guests import Guest, Memory
from tests.bench.overhead.place import Place
from tests.bench.overhead.rows import Row
from tests.bench.usage import Failed, cache, environment

INSTALLING = "Installing"
"""The step of builder after which its disk is what the other tools end with."""

_PAUSE_SECONDS = 0.003
_MEMORY_EVERY = 10
_PATIENCE_SECONDS = 10  # Packer waits for the guest to end
_SUCCESS = b'"result":"success"'
_MB = 1_000_000


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What one run took, in seconds."""

    start: float
    """From the command to the guest's first instruction."""
    guest: float
    """From its first instruction to its last, the power-off."""
    stop: float
    """From its last instruction to the command's end, or to the end of its installation."""
    zombie: float
    """The part of `stop` in which QEMU had ended, but its parent had not reaped it."""
    memory: float
    """MB of the tool's processes at their largest, without QEMU, until then."""
    after: float
    """What the command did after that, as only builder does."""
    steps: dict[str, float]
    """builder's own account."""
    load: float
    """The load average when the run began; the run before this one is part of it."""

    @property
    def total(self) -> float:
        """Return the seconds from the command to the disk that is installed and powered off."""
        return self.start + self.guest + self.stop


def run(row: Row, place: Place) -> Sample:
    """Run the command to its end, watching. Raises Failed."""
    _warm(row, place.iso)
    load = os.getloadavg()[0]
    log = place.run / "output"
    guest = Guest(place.folder)
    began = time.perf_counter()
    with _started(row, log) as process:
        memory = Memory(process.pid)
        installed = _watch(process, row, place, guest, memory)
        ended = time.perf_counter()
    _check(process.returncode, row, place, log)
    return Sample(
        start=guest.first() - began,
        guest=guest.last() - guest.first(),
        stop=(installed or ended) - guest.last(),
        zombie=guest.zombie,
        memory=memory.peak / _MB,
        after=ended - (installed or ended),
        steps=_steps(row, place),
        load=load,
    )


def _watch(
    process: "subprocess.Popen[bytes]", row: Row, place: Place, guest: Guest, memory: Memory
) -> float | None:
    """Look until the command ends; return when its installation had ended, if it went on."""
    installed, looks = None, 0
    while process.poll() is None:
        now = time.perf_counter()
        guest.look(now)
        if guest.gone and installed is None and INSTALLING in _steps(row, place):
            installed = now
        if looks % _MEMORY_EVERY == 0 and installed is None:
            memory.look()
        looks += 1
        time.sleep(_PAUSE_SECONDS)
    return installed


def _steps(row: Row, place: Place) -> dict[str, float]:
    for path in place.folder.glob(row.journal) if row.journal else ():
        build = builds.load(path.parent)
        return {each.step: each.seconds for each in build.record.steps} if build else {}
    return {}


def _check(code: int, row: Row, place: Place, log: Path) -> None:
    """Refuse a run that did not install: not every tool knows."""
    if code:
        lines = log.read_text(errors="replace").strip().splitlines() or ["no output"]
        raise Failed(f"{lines[-1]} (exit code {code})")
    consoles = [path.read_bytes() for path in place.folder.glob(row.console)]
    if not any(_SUCCESS in said for said in consoles):
        raise Failed("The guest did not say on its console that the installation succeeded.")


@contextmanager
def _started(row: Row, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            row.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment() | row.environment,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the command if it still runs, as Ctrl-C does, and then whatever it left running."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _warm(row: Row, iso: Path) -> None:
    subprocess.run([row.argv[0], "--help"], capture_output=True, check=False)
    cache(iso)
    os.sync()
