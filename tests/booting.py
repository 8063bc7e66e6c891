"""Boot media in QEMU, each firmware from each kind of drive, and read what comes over the wire.

A guest is waited for as long as it lives: a busy machine is slow, not broken.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, get_args

import msgspec

from tests.waiting import PATIENCE

Firmware = Literal["bios", "uefi"]
Plug = Literal["cd", "usb"]
FIRMWARES: tuple[Firmware, ...] = get_args(Firmware)
PLUGS: tuple[Plug, ...] = get_args(Plug)
KERNEL = "\x02"
"""What a kernel of tests/integration/programs.py says before its command line: start of text."""

_OVMF = Path("/usr/share/OVMF")
_SILENT = 25  # seconds of the guest's own processor time; OVMF has 5 of silence
_IDLE = 60  # seconds in which it asks for next to none: it waits for a key
_ENDS = re.compile(
    rf"{KERNEL}[^\n]*\n|No bootable device|Shell>|grub>|grub rescue>|\bboot: |"
    "BdsDxe: No bootable option|Press any key to enter"
)
"""What a guest says last, or before it waits for somebody."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How a medium is plugged in, and which firmware boots it."""

    firmware: Firmware
    plug: Plug

    def __str__(self) -> str:
        return f"{self.firmware}-{self.plug}"


WAYS = tuple(Way(firmware=firmware, plug=plug) for firmware in FIRMWARES for plug in PLUGS)


def machine(iso: Path, way: Way, folder: Path) -> list[str]:
    """Return QEMU's command for a machine with the medium, and nothing else to boot."""
    return [
        "qemu-system-x86_64", "-machine", "q35,accel=tcg", "-cpu", "Nehalem", "-display", "none",
        "-monitor", "none", "-no-reboot", *_firmware(way, folder), *_plugged(iso, way),
    ]  # fmt: skip


def _firmware(way: Way, folder: Path) -> list[str]:
    if way.firmware == "bios":
        return []
    variables = Path(shutil.copy(_OVMF / "OVMF_VARS_4M.fd", folder))
    code = f"if=pflash,format=raw,readonly=on,file={_OVMF}/OVMF_CODE_4M.fd"
    return ["-drive", code, "-drive", f"if=pflash,format=raw,file={variables}"]


def _plugged(iso: Path, way: Way) -> list[str]:
    if way.plug == "cd":
        return ["-cdrom", str(iso)]
    # An empty disk would come first otherwise, and SeaBIOS tries no second one.
    stick = f"if=none,id=stick,format=raw,readonly=on,file={iso}"
    return [
        "-device",
        "qemu-xhci",
        "-drive",
        stick,
        "-device",
        "usb-storage,drive=stick,bootindex=0",
    ]


def command_line(iso: Path, way: Way, folder: Path) -> str:
    """Boot a medium with a test's kernel; return the command line that the kernel was given.

    "" where it did not come to that kernel.
    """
    found = re.search(rf"{KERNEL}([^\n]*)\n", said(iso, way, folder))
    return found[1].rstrip() if found else ""


def said(iso: Path, way: Way, folder: Path) -> str:
    """Return what firmware, loaders and the kernel say, to the end or until nothing comes."""
    wire = folder / "wire"
    wire.write_bytes(b"")
    # SeaBIOS shows on the serial port what is printed, where there is no screen.
    quiet = ["-machine", "graphics=off", "-vga", "none", "-nic", "none", "-m", "256"]
    wired = ["-serial", f"file:{wire}", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    with _running([*machine(iso, way, folder), *quiet, *wired]) as guest:
        for text in _heard(guest, wire):
            if _ENDS.search(text):
                break
    return wire.read_text(errors="replace")


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as guest:
        try:
            yield guest
        finally:
            guest.kill()


def _heard(guest: subprocess.Popen[bytes], wire: Path) -> Iterator[str]:
    """Yield what came so far, again and again, while the guest lives."""
    length, began = -1, time.monotonic()
    moment, worked, waited = began, 0.0, 0.0
    while guest.poll() is None and time.monotonic() - began < PATIENCE:
        text = wire.read_text(errors="replace")
        had, wanted = _times(guest.pid)
        if len(text) != length:
            length, moment, worked, waited = len(text), time.monotonic(), had, wanted
            yield text
        passed = time.monotonic() - moment
        asked = had - worked + wanted - waited
        if had - worked > _SILENT or (passed > _IDLE and asked < passed / 20):
            return
        time.sleep(0.05)


def _times(pid: int) -> tuple[float, float]:
    """Return the seconds of processor time that a process has had, and for how long it waited.

    Linux' Documentation/scheduler/sched-stats.rst: nanoseconds. A thread that ends takes its own
    along.
    """
    had, waited = 0, 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):
            first, second, _ = path.read_text().split()
            had, waited = had + int(first), waited + int(second)
    return had / 1e9, waited / 1e9
