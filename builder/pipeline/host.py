"""What this host has for the builds of a run, and what each of them needs."""

import os
from contextlib import suppress
from pathlib import Path

from builder.config import Settings
from builder.errors import BuilderError
from builder.host import doctor
from builder.install.plan import machine
from builder.kickstart.library import Library
from builder.model.domain import Accelerator
from builder.model.text import moment
from builder.pipeline.job import Job
from builder.pipeline.schedule import Need, Room, Task, need
from builder.recipes.order import resolve
from builder.registry.registry import Registry

_MEMINFO = Path("/proc/meminfo")
_MIB, _GIB = 1 << 20, 1 << 30


def has(store: Path, *, parallel: int) -> Room:
    """Return what is free now: memory, processors, and bytes where the disks are."""
    state = os.statvfs(store)
    return Room(
        parallel=parallel,
        memory_mib=doctor.available(_MEMINFO.read_text()) // _MIB,
        vcpus=len(os.sched_getaffinity(0)),
        disk_gib=state.f_bavail * state.f_frsize // _GIB,
    )


def task(
    job: Job, settings: Settings, library: Library, *, accelerator: Accelerator, store: Path
) -> Task:
    """Return the job with what its build takes, and how long one took whose template is there.

    One that cannot be built takes nothing.
    """
    try:
        order = resolve(job.request, library)
        hardware = machine(order, accelerator, network=settings.network)
        needed = need(hardware, order.capacity_gib)
    except BuilderError:  # the build will say so
        needed = Need()
    return Task(job=job, need=needed, expected=_took(Registry(store), job.name))


def _took(registry: Registry, name: str) -> float | None:
    """Return the seconds from beginning to end of the build of the newest template."""
    with suppress(BuilderError):
        newest = registry.newest(name)
        head = newest.header if newest else None
        if head and head.finished:
            return (moment(head.finished) - moment(head.created)).total_seconds()
    return None
