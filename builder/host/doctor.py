"""What this host has and lacks for builds, each with a remedy."""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from builder import process
from builder.config import Settings
from builder.errors import HostError
from builder.host import pools, reach
from builder.host.libvirtd import opened
from builder.host.pools import Setting
from builder.model.domain import Accelerator
from builder.monitor import Monitor
from builder.virt import firmware
from builder.virt.capabilities import accelerator, version
from builder.virt.connection import Connection
from builder.virt.networks import absence

_GIB = 1024**3
_BUILD = ("openssl", "qemu-img")
_MEDIA = ("gpgv",)
_REHEARSAL = (
    "grub-mkimage",
    "implantisomd5",
    "isohybrid",
    "mcopy",
    "mksquashfs",
    "mmdebstrap",
    "xorriso",
)
_POOLS: tuple[Setting, ...] = ("iso_pool", "store_pool")
_KVM = Path("/dev/kvm")
_MEMINFO = Path("/proc/meminfo")


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `hint` is the remedy, empty when all is well."""

    subject: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    hint: str = ""


def examine(settings: Settings, *, monitor: Monitor) -> list[Remark]:
    """Look at programs, libvirt, memory, and the folders of both pools."""
    libvirt, folders = _libvirt(settings, monitor=monitor)
    return [
        *(_program(name, "fail", "every build") for name in _BUILD),
        *(_program(name, "warn", "ISOs whose vendors sign for them") for name in _MEDIA),
        *(_program(name, "warn", "rehearsals only") for name in _REHEARSAL),
        *libvirt,
        judge_memory(_MEMINFO.read_text()),
        *folders,
    ]


def judge_kvm(*, works: bool, node: bool, ours: bool, roots: bool) -> Remark:
    """Judge KVM: libvirt says whether it `works`; /dev/kvm may be there, ours, or root's alone."""
    if works:
        return Remark(subject="KVM", state="ok", detail="guests run on the processor")
    hint = "Turn on virtualisation in the firmware, load kvm_intel or kvm_amd."
    if node:
        hint = "QEMU cannot use it: in a virtual machine, nested KVM is switched on outside."
    if node and not ours:
        hint = f"Join its group and log in again: usermod -aG kvm USER, see ls -l {_KVM}."
    if node and roots:  # as the kernel makes it, where no udev gives it to the group
        hint = f"Guests do not run as root: chgrp kvm {_KVM}, then chmod 660 {_KVM}."
    there = "does not work" if node else "is not there"
    detail = f"{_KVM} {there}: guests are emulated, about ten times slower"
    return Remark(subject="KVM", state="warn", detail=detail, hint=hint)


def available(meminfo: str) -> int:
    """Return the bytes that the text of /proc/meminfo says are available."""
    lines = (line.split() for line in meminfo.splitlines() if line.startswith("MemAvailable:"))
    return int(next(lines)[1]) * 1024


def judge_memory(meminfo: str) -> Remark:
    """Judge the text of /proc/meminfo: a guest and QEMU want 2.5 GiB."""
    found = available(meminfo)
    detail = f"{found / _GIB:.1f} GiB available"
    if found >= 2.5 * _GIB:
        return Remark(subject="memory", state="ok", detail=detail)
    hint = "A guest gets 2 GiB: stop something, or build on a bigger host."
    return Remark(subject="memory", state="warn", detail=detail, hint=hint)


def judge_space(setting: Setting, path: Path, free: int) -> Remark:
    """Judge the `free` bytes where `path` is: a build takes a few GiB, an ISO up to ten."""
    what = setting.replace("_", " ")
    detail = f"{free / _GIB:.0f} GiB free for {path}"
    if free >= 15 * _GIB:
        return Remark(subject=what, state="ok", detail=detail)
    state: Literal["warn", "fail"] = "warn" if free >= 4 * _GIB else "fail"
    hint = f"Make room, or {reach.elsewhere(setting)}."
    return Remark(subject=what, state=state, detail=detail, hint=hint)


def failed(subject: str, error: HostError) -> Remark:
    """Tell of what could not even be looked at, never without a remedy."""
    hint = error.hint or "libvirt's own log may say why."
    return Remark(subject=subject, state="fail", detail=error.message, hint=hint)


def _program(name: str, otherwise: Literal["warn", "fail"], needed: str) -> Remark:
    path = shutil.which(name)
    if path:
        return Remark(subject=name, state="ok", detail=path)
    detail = f"not installed; needed for {needed}"
    hint = f"Install {process.package(name)}."
    return Remark(subject=name, state=otherwise, detail=detail, hint=hint)


def _libvirt(settings: Settings, *, monitor: Monitor) -> tuple[list[Remark], list[Remark]]:
    """Return what is to say of libvirt, and of the folders of both pools."""
    folders = [_space(each, getattr(settings, f"{each}_path")) for each in _POOLS]
    try:
        with opened(settings.uri, monitor=monitor) as connection:
            folders = [_folder(connection, settings, each) for each in _POOLS]
            return [*_hypervisor(connection), judge_network(connection, settings.network)], folders
    except HostError as error:
        return [failed("libvirt", error)], folders


def _folder(connection: Connection, settings: Settings, setting: Setting) -> Remark:
    """Judge the folder that builds would use."""
    try:
        path = pools.found(connection, settings, setting).path
        reach.check(connection, path, setting)
    except HostError as error:
        return failed(f"{setting.replace('_', ' ')}'s folders", error)
    return _space(setting, path)


def _hypervisor(connection: Connection) -> Iterable[Remark]:
    versions = " ".join(f"{name} {number}" for name, number in version(connection).items())
    yield Remark(subject="libvirt", state="ok", detail=f"{connection.uri}: {versions}")
    found = accelerator(connection)
    works, node = found.virt_type == "kvm", _KVM.exists()
    ours, roots = os.access(_KVM, os.R_OK | os.W_OK), node and not _KVM.stat().st_mode & 0o077
    yield judge_kvm(works=works, node=node, ours=ours, roots=roots)
    yield from judge_firmware(found)


def judge_firmware(found: Accelerator) -> Iterable[Remark]:
    """Judge what guests need that are not to boot with BIOS alone."""
    for subject, there, what, hint in (
        ("UEFI", found.uefi, "firmware for guests", firmware.OVMF),
        ("Secure Boot", found.secure_boot, "firmware that minds signatures", firmware.OVMF),
        ("TPM", found.tpm, "emulator for guests", firmware.SWTPM),
    ):
        if there:
            yield Remark(subject=subject, state="ok", detail=f"{what} is there")
        else:
            yield Remark(subject=subject, state="warn", detail=f"no {what}", hint=hint)


def judge_network(connection: Connection, network: str) -> Remark:
    """Judge the network of the settings; libvirt itself looks when a guest starts."""
    if absent := absence(connection, network, "Guests cannot be plugged in"):
        return failed("network", absent)
    return Remark(subject="network", state="ok", detail=network)


def _space(setting: Setting, path: Path) -> Remark:
    for folder in (path, *path.parents):
        with suppress(OSError):  # still to be made, or behind one that is closed to us
            return judge_space(setting, path, shutil.disk_usage(folder).free)
    return judge_space(setting, path, 0)
