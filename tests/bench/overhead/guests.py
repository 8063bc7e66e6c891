"""What a run looks like from outside, in /proc: its guest, and the tool's own memory.

All tools are measured with one yardstick, which none of them knows of: the processor time of the
thread in which QEMU runs the guest's first processor. It stands still while a guest is paused or
does not exist, whoever started it and however, and again from the moment in which the guest has
powered itself off, whatever its hypervisor and its tool do after that.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_QEMU = "qemu-system"
_VCPU = ("CPU 0/", "ALL CPUs/")
_ALLOWANCE = 0.005  # seconds: starting and ending the thread takes less
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc")


class Guest:
    """The first guest that starts from now on with a file below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._mark = f"{folder}/".encode()
        self._before = set(_processes())
        self._process = ""
        self._clock: Path | None = None
        self._used: list[tuple[float, float]] = []
        self._ended = self._reaped = 0.0

    def look(self, now: float) -> None:
        """Note how much processor time the guest has used; call it every few milliseconds."""
        if self.gone:
            self._reaped = self._reaped or (0.0 if self._exists() else now)
            return
        with suppress(OSError):  # processes end while one reads
            if not self._process:
                self._process = self._find()
            elif self._clock is None:
                self._clock = self._vcpu()
        if self._clock is not None:
            self._read(self._clock, now)

    @property
    def gone(self) -> bool:
        """Whether its QEMU has ended."""
        return self._ended > 0

    @property
    def zombie(self) -> float:
        """For how many seconds its QEMU had ended, but its parent had not taken note of that."""
        return max(self._reaped - self._ended, 0.0)

    def first(self) -> float:
        """Return when it began to run. Raises LookupError for one that never did."""
        return self._when(_ALLOWANCE)

    def last(self) -> float:
        """Return when it stopped. Raises LookupError for one that never ran."""
        return self._when(max((used for _, used in self._used), default=0.0) - _ALLOWANCE)

    def _when(self, seconds: float) -> float:
        found = [now for now, used in self._used if used >= seconds >= _ALLOWANCE]
        if not found:
            raise LookupError("no guest has run")
        return found[0]

    def _read(self, clock: Path, now: float) -> None:
        try:
            used = int(clock.read_text().split()[0]) / 1e9
        except OSError:
            self._ended = now
            return
        if not self._used or used > self._used[-1][1]:
            self._used.append((now, used))

    def _exists(self) -> bool:
        return (_PROC / self._process).exists()

    def _find(self) -> str:
        for number in _processes():
            if number in self._before or not _name(number).startswith(_QEMU):
                continue
            if self._mark in (_PROC / number / "cmdline").read_bytes():
                return number
        return ""

    def _vcpu(self) -> Path | None:
        threads = (_PROC / self._process / "task").iterdir()
        named = (each for each in threads if (each / "comm").read_text().startswith(_VCPU))
        return next((each / "schedstat" for each in named), None)


class Memory:
    """The memory of a tool: of all processes of its session but QEMU, which is the guest's."""

    def __init__(self, session: int) -> None:
        self._session = str(session)
        self.peak = 0
        """Bytes, the largest sum that was seen; pages that they share count for each."""

    def look(self) -> None:
        """Add up what is resident now."""
        found = sum(self._resident(number) for number in _processes())
        self.peak = max(self.peak, found)

    def _resident(self, number: str) -> int:
        with suppress(OSError):
            name, _, fields = (_PROC / number / "stat").read_text().rpartition(") ")
            _state, _parent, _group, session, *rest = fields.split()
            if session == self._session and _QEMU not in name:
                return int(rest[17]) * _PAGE
        return 0


def _processes() -> Iterator[str]:
    return (name for name in os.listdir(_PROC) if name.isdecimal())  # noqa: PTH208  # ten times as fast


def _name(number: str) -> str:
    with suppress(OSError):
        return (_PROC / number / "comm").read_text()
    return ""
