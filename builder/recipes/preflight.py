"""What is looked at before a build begins to cost something: hardware, network, space, support.

Each remark is of one subject. What makes the build impossible is a problem; what may be right all
the same, or harms only what is made, is a warning.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from builder.config import Settings
from builder.errors import BuilderError, HostError, MediaError, explained
from builder.host import doctor
from builder.install.plan import machine
from builder.model.build import BuildOrder
from builder.model.domain import Accelerator
from builder.recipes import judges
from builder.recipes.inputs import at_hand
from builder.recipes.remarks import Remark, judged, problem

_CPUINFO, _MEMINFO = Path("/proc/cpuinfo"), Path("/proc/meminfo")


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
    yield judges.support(order.release, datetime.now(UTC).date())


def _machine(order: BuildOrder, place: Place) -> Iterator[Remark]:
    """Firmware and processors; the memory was judged with the order."""
    found = machine(order, place.accelerator, network=place.settings.network)
    kind = "on the processor (KVM)" if found.virt_type == "kvm" else "emulated"
    detail = f"{found.processors}, {found.memory_mib} MiB, {found.firmware}, {kind}."
    yield judged("machine", detail)


def _processor(order: BuildOrder, place: Place) -> Iterator[Remark]:
    if place.accelerator.virt_type != "kvm":
        yield judges.model(order)
    elif place.known:
        yield judges.processor(order, _CPUINFO.read_text())


def _network(order: BuildOrder, place: Place) -> Iterator[Remark]:
    if place.absent:
        raise place.absent
    yield judges.network(order, place.settings.network)


def _memory(order: BuildOrder, _place: Place) -> Iterator[Remark]:
    yield judges.memory(
        order.memory_mib or order.release.memory_mib, doctor.available(_MEMINFO.read_text())
    )


def _store(order: BuildOrder, place: Place) -> Iterator[Remark]:
    yield judges.store(order.capacity, place.store_pool, _free(place.store_pool))


def _iso(order: BuildOrder, place: Place) -> Iterator[Remark]:
    found = at_hand(order, place.iso_pool, place.settings.cache)
    size = order.medium.size or 0
    if found:
        there = found.parent == place.iso_pool
        with explained(f"Cannot look at {found}", error_class=MediaError):
            size = 0 if there else found.stat().st_size
    yield judges.iso(order.iso.title, size, place.iso_pool, free=_free(place.iso_pool))


def _free(path: Path) -> int:
    """Return what is free where the folder is, or will be. Raises HostError where none can be."""
    for folder in (path, *path.parents):
        with suppress(OSError):  # still to be made, or behind one that is closed to us
            free = shutil.disk_usage(folder).free
            if folder.is_dir():
                return free
            raise HostError(
                f"{folder} is no folder, so that the pool {path} cannot be there.",
                hint="iso_pool_path and store_pool_path in builder.toml, or BUILDER_…, name pools.",
            )
    return 0
