"""What is looked at before a build begins to cost something: hardware, network, space, support.

Each remark is of one subject. What makes the build impossible is a problem; what may be right all
the same, or harms only what is made, is a warning.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import msgspec

from builder.config import Settings
from builder.errors import BuilderError, ConfigError, HostError, MediaError, explained
from builder.host import doctor
from builder.install.plan import machine
from builder.model.build import BuildOrder
from builder.model.domain import Accelerator
from builder.model.release import Release
from builder.monitor import Monitor
from builder.recipes.inputs import at_hand
from builder.releases import life

_GIB, _MIB = 1 << 30, 1 << 20
_OVERLAY_MIB = 64
"""The medium, where it is an overlay: EL 10's is 6 MB, a kickstart's less than one."""
_QEMU_MIB = 300
"""What a guest's process needs beside the guest's memory."""
_CPUINFO, _MEMINFO = Path("/proc/cpuinfo"), Path("/proc/meminfo")
_LEVELS = {
    2: frozenset({"cx16", "lahf_lm", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3"}),
    3: frozenset({"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"}),
}
"""What x86-64-v2 and -v3 add, as Linux calls it (pni is SSE3, abm has LZCNT)."""
_MODELS = {"qemu64": 1, "Nehalem": 2, "Westmere": 2, "SandyBridge": 2, "IvyBridge": 2}
"""The levels of QEMU's models that have not all three."""

State = Literal["ok", "warning", "problem"]


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    subject: str
    state: State
    detail: str
    hint: str = ""
    exit_code: int = 0
    """What a problem ends the build with."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a build is to run, as far as that is known."""

    settings: Settings
    accelerator: Accelerator
    iso_pool: Path
    store_pool: Path
    absent: HostError | None = None
    """Why guests cannot be plugged into the network of the settings."""
    known: bool = True
    """False where libvirt did not answer, and all of this is assumed."""


def examine(order: BuildOrder, place: Place) -> tuple[Remark, ...]:
    """Look at everything but the kickstart and its packages. Raises nothing."""
    checks: tuple[tuple[str, Callable[[BuildOrder, Place], Iterator[Remark]]], ...] = (
        ("support", _support),
        ("machine", _machine),
        ("processor", _processor),
        ("network", _network),
        ("memory", _memory),
        ("store pool", _store),
        ("iso pool", _iso),
    )
    return tuple(
        remark for subject, check in checks for remark in _caught(subject, check, order, place)
    )


def refuse(remarks: tuple[Remark, ...], *, monitor: Monitor) -> None:
    """Tell what is no good; raise the first problem, as the error that it is."""
    wrong = [each for each in remarks if each.state == "problem"]
    for each in remarks:
        if each.state == "warning":
            monitor.tell("warning", f"{each.detail} {each.hint}".strip())
    for each in wrong[1:]:
        monitor.tell("note", f"error: {each.detail} {each.hint}".strip())
    if wrong:
        kinds = {each.exit_code: each for each in BuilderError.__subclasses__()}
        raise kinds[wrong[0].exit_code](wrong[0].detail, hint=wrong[0].hint)


def problem(subject: str, error: BuilderError) -> Remark:
    """Return the remark that an error is."""
    return Remark(
        subject=subject,
        state="problem",
        detail=error.message,
        hint=error.hint,
        exit_code=error.exit_code,
    )


def _caught(
    subject: str,
    check: Callable[[BuildOrder, Place], Iterator[Remark]],
    order: BuildOrder,
    place: Place,
) -> tuple[Remark, ...]:
    try:
        return tuple(check(order, place))
    except BuilderError as error:
        return (problem(subject, error),)


def _support(order: BuildOrder, _place: Place) -> Iterator[Remark]:
    yield judge_support(order.release, datetime.now(UTC).date())


def judge_support(release: Release, today: date) -> Remark:
    """Judge until when a release gets updates."""
    if told := life.notice(release, today):
        hint = "What is found in it stays open."
        return Remark(subject="support", state="warning", detail=told, hint=hint)
    if release.end_of_life is None:
        detail = f"{release.title}: nobody knows until when it gets updates."
    else:
        detail = f"{release.title} gets updates until {release.end_of_life}."
    return Remark(subject="support", state="ok", detail=detail)


def _machine(order: BuildOrder, place: Place) -> Iterator[Remark]:
    """Firmware and processors; the memory was judged with the order."""
    found = machine(order, place.accelerator, network=place.settings.network)
    kind = "on the processor (KVM)" if found.virt_type == "kvm" else "emulated"
    detail = f"{found.processors}, {found.memory_mib} MiB, {found.firmware}, {kind}."
    yield Remark(subject="machine", state="ok", detail=detail)


def _processor(order: BuildOrder, place: Place) -> Iterator[Remark]:
    if place.accelerator.virt_type != "kvm":
        yield judge_model(order)
    elif place.known:
        yield judge_processor(order, _CPUINFO.read_text())


def judge_model(order: BuildOrder) -> Remark:
    """Judge the model that an emulator shows its guests; of most nobody need know the level."""
    release, level = order.release, order.release.facts.cpu_level
    if _MODELS.get(release.emulated_cpu, level) < level:
        raise ConfigError(
            f"{release.title} needs x86-64-v{level}, which an emulated {release.emulated_cpu} "
            "does not have.",
            hint='Write emulated_cpu = "Haswell-noTSX" into its row: that has v3.',
        )
    detail = f"emulated as {release.emulated_cpu}; it needs x86-64-v{level}."
    return Remark(subject="processor", state="ok", detail=detail)


def judge_processor(order: BuildOrder, cpuinfo: str) -> Remark:
    """Judge the text of /proc/cpuinfo: what the host has its guests have."""
    level = order.release.facts.cpu_level
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    flags = next((rest.split() for name, _, rest in lines if name.strip() == "flags"), [])
    needed = {each for at in range(2, level + 1) for each in _LEVELS[at]}
    if lacking := sorted(needed - set(flags)):
        raise HostError(
            f"{order.release.title} needs a processor of x86-64-v{level}; this one has no "
            f"{', '.join(lacking)}.",
            hint="Build it on a newer host, or a release that runs here.",
        )
    detail = f"the processor has what x86-64-v{level} needs."
    return Remark(subject="processor", state="ok", detail=detail)


def _network(_order: BuildOrder, place: Place) -> Iterator[Remark]:
    if place.absent:
        raise place.absent
    yield Remark(subject="network", state="ok", detail=f"{place.settings.network}.")


def _memory(order: BuildOrder, _place: Place) -> Iterator[Remark]:
    yield judge_memory(
        order.memory_mib or order.release.memory_mib, doctor.available(_MEMINFO.read_text())
    )


def judge_memory(asked_mib: int, available: int) -> Remark:
    """Judge what the host has free, in bytes, for a guest and its process."""
    detail = f"{available / _GIB:.1f} GiB available, for a guest of {asked_mib / 1024:.1f} GiB."
    if available >= (asked_mib + _QEMU_MIB) * _MIB:
        return Remark(subject="memory", state="ok", detail=detail)
    return Remark(
        subject="memory",
        state="warning",
        detail=f"The host has {detail}",
        hint="It may swap, or end the guest: stop something, or give less by --memory-mib.",
    )


def _store(order: BuildOrder, place: Place) -> Iterator[Remark]:
    yield judge_store(order.capacity, place.store_pool, _free(place.store_pool))


def judge_store(capacity: int, path: Path, free: int) -> Remark:
    """Judge the bytes that are free for the disk; it takes what is written to it, and no more."""
    detail = f"{free / _GIB:.1f} GiB free in {path}, for a disk of {capacity / _GIB:.0f} GiB."
    if free >= capacity:
        return Remark(subject="store pool", state="ok", detail=detail)
    hint = "A small system fits, a full disk does not: make room, or a smaller --disk-gib."
    return Remark(subject="store pool", state="warning", detail=detail, hint=hint)


def _iso(order: BuildOrder, place: Place) -> Iterator[Remark]:
    found = at_hand(order, place.iso_pool, place.settings.cache)
    size = order.medium.size or 0
    if found:
        there = found.parent == place.iso_pool
        with explained(f"Cannot look at {found}", error_class=MediaError):
            size = 0 if there else found.stat().st_size
    yield judge_iso(order.iso.title, size, place.iso_pool, free=_free(place.iso_pool))


def judge_iso(title: str, size: int, path: Path, *, free: int) -> Remark:
    """Judge the bytes that are free for the ISO, of which `size` are still to come."""
    needed = size + _OVERLAY_MIB * _MIB
    if free >= needed:
        detail = f"{free / _GIB:.1f} GiB free in {path}."
        return Remark(subject="iso pool", state="ok", detail=detail)
    return Remark(
        subject="iso pool",
        state="warning",
        detail=f"{path} has {free / _MIB:.0f} MiB free; {title} takes {needed / _MIB:.0f} there.",
        hint="Make room, unless the file system shares blocks of files that are alike.",
    )


def _free(path: Path) -> int:
    """Return what is free where the folder is, or will be."""
    for folder in (path, *path.parents):
        with suppress(OSError):  # still to be made, or behind one that is closed to us
            return shutil.disk_usage(folder).free
    return 0
