"""What this host has and lacks for builds, each with a remedy."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from builder.errors import HostError
from builder.host.libvirtd import libvirt_service
from builder.monitor import Monitor
from builder.virt.capabilities import accelerator, version
from builder.virt.connection import Connection, connect

_GIB = 1024**3
_BUILD = ("mcopy", "openssl", "qemu-img")
_REHEARSAL = ("grub-mkimage", "implantisomd5", "isohybrid", "mksquashfs", "mmdebstrap", "xorriso")
_MEMINFO = Path("/proc/meminfo")


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `hint` is the remedy, empty when all is well."""

    subject: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    hint: str = ""


def examine(
    uri: str, *, folders: Mapping[str, Path], state: Path, monitor: Monitor
) -> list[Remark]:
    """Look at programs, libvirt, memory and the free space of `folders` (what they hold: path)."""
    return [
        *(_program(name, "fail") for name in _BUILD),
        *(_program(name, "warn") for name in _REHEARSAL),
        *_libvirt(uri, state=state, monitor=monitor),
        judge_memory(_MEMINFO.read_text()),
        *(judge_space(what, path, _free(path)) for what, path in folders.items()),
    ]


def judge_memory(meminfo: str) -> Remark:
    """Judge the text of /proc/meminfo: a guest and QEMU want 2.5 GiB."""
    available = next(
        int(line.split()[1]) * 1024
        for line in meminfo.splitlines()
        if line.startswith("MemAvailable:")
    )
    detail = f"{available / _GIB:.1f} GiB available"
    if available >= 2.5 * _GIB:
        return Remark(subject="memory", state="ok", detail=detail)
    hint = "A guest gets 2 GiB: stop something, or build on a bigger host."
    return Remark(subject="memory", state="warn", detail=detail, hint=hint)


def judge_space(what: str, path: Path, free: int) -> Remark:
    """Judge the `free` bytes where `path` is: a build takes a few GiB, an ISO up to ten."""
    detail = f"{free / _GIB:.0f} GiB free for {path}"
    if free >= 15 * _GIB:
        return Remark(subject=what, state="ok", detail=detail)
    state: Literal["warn", "fail"] = "warn" if free >= 4 * _GIB else "fail"
    hint = f"Make room, or set {what.replace(' ', '_')}_path in builder.toml."
    return Remark(subject=what, state=state, detail=detail, hint=hint)


def _program(name: str, otherwise: Literal["warn", "fail"]) -> Remark:
    path = shutil.which(name)
    if path:
        return Remark(subject=name, state="ok", detail=path)
    needed = "every build" if otherwise == "fail" else "rehearsals only"
    detail = f"not installed; needed for {needed}"
    return Remark(subject=name, state=otherwise, detail=detail, hint="make setup")


def _libvirt(uri: str, *, state: Path, monitor: Monitor) -> Iterable[Remark]:
    try:
        with libvirt_service(uri, state=state, monitor=monitor), connect(uri) as connection:
            return list(_hypervisor(connection))
    except HostError as error:
        return [Remark(subject="libvirt", state="fail", detail=error.message, hint=error.hint)]


def _hypervisor(connection: Connection) -> Iterable[Remark]:
    versions = " ".join(f"{name} {number}" for name, number in version(connection).items())
    yield Remark(subject="libvirt", state="ok", detail=f"{connection.uri}: {versions}")
    found = accelerator(connection)
    if found.virt_type == "kvm":
        yield Remark(subject="KVM", state="ok", detail="guests run on the processor")
    else:
        hint = "Turn on virtualisation in the firmware, load kvm_intel or kvm_amd."
        detail = "not usable: guests are emulated, about ten times slower"
        yield Remark(subject="KVM", state="warn", detail=detail, hint=hint)
    if found.uefi:
        yield Remark(subject="UEFI", state="ok", detail="firmware for guests is there")
    else:
        hint = "Install ovmf (Debian) or edk2-ovmf (EL)."
        yield Remark(subject="UEFI", state="warn", detail="no firmware for guests", hint=hint)


def _free(path: Path) -> int:
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    return shutil.disk_usage(there).free
