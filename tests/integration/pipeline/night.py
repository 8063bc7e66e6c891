"""A night of builds that are none, but keep real records, as a program that can be killed."""

import os
import sys
import time
from functools import partial
from pathlib import Path

import msgspec

from builder.host.host import Host
from builder.model.release import Firmware
from builder.model.template import Built
from builder.monitor import Monitor
from builder.pipeline import runner
from builder.pipeline.display import Blind
from builder.pipeline.job import Job
from builder.pipeline.lock import alone
from builder.pipeline.resume import settled
from builder.pipeline.runner import Rules
from builder.pipeline.schedule import Room, Task
from builder.recipes.order import Request, resolve
from builder.recipes.work import BuildOptions, Ticket
from builder.record.journal import Journal
from builder.record.runs import recorded
from builder.registry.publish import publish
from builder.registry.registry import Registry
from tests.hosts import driven
from tests.orders import LIBRARY, key
from tests.values import image, manifest

NAME = "night"
PROFILES = ("minimal", "kvm-host")
STEPS = ("stage", "install", "audit", "compress")


class _Done(msgspec.Struct, frozen=True):
    pid: int


def wanted() -> list[Request]:
    """Return what is asked for."""
    hardware: tuple[Firmware, ...] = ("bios", "uefi")
    return [
        Request(release="centos7", profile=profile, firmware=firmware)
        for profile in PROFILES
        for firmware in hardware
    ]


def names() -> list[str]:
    """Return the images' names."""
    return [resolve(each, LIBRARY, environ={}).name for each in wanted()]


def build(job: Job, monitor: Monitor, *, place: Path) -> Built:
    """Carry out a build as the recipe does, with steps that only take time."""
    order = resolve(job.request, LIBRARY, environ={})
    with driven(place) as host:
        registry = Registry(host.store_pool.path)
        made = key(order, iso_sha256=order.medium.sha256)
        kept = registry.unchanged(order.name, key=made)
        options = BuildOptions(pipeline=NAME)
        begun = settled(order, host, options=options, kept=kept is not None, monitor=monitor)
        if begun is None and kept:
            return Built(template=kept, fresh=False)
        if begun is None:
            journal = Journal.begin(host.settings.builds, order.name, monitor=monitor)
            with journal:
                Ticket(order=order, nonce="x", options=options).keep(journal.checkpoint)
                return _carried_out(journal, host, made)
        with Journal.join(begun.folder, monitor=monitor) as journal:
            return _carried_out(journal, host, made)


def _carried_out(journal: Journal, host: Host, made: str) -> Built:
    for step in STEPS:
        journal.step(step, f"Doing {step}", _Done, partial(_do, host.settings.state, journal, step))
    name, build_id = journal.record.name, journal.build_id
    candidate = journal.traces.hidden(host.store_pool.path, ".candidate")
    candidate.touch()
    record = manifest(name=name, build_id=build_id, build_key=made)
    today = journal.traces.began.date()
    template = publish(candidate, record, image(size=0), today=today)
    time.sleep(0.05)  # there is something to be killed in between
    journal.finish(version=template.version)
    return Built(template=template, fresh=True, folder=journal.folder)


def _do(place: Path, journal: Journal, step: str) -> _Done:
    time.sleep(0.1)
    with (place / "done").open("a") as file:
        file.write(f"{journal.record.name} {journal.build_id} {step}\n")
    return _Done(os.getpid())


def main(place: Path) -> None:
    """Run the night."""
    jobs = [
        Job(name=name, medium="x", request=each)
        for name, each in zip(names(), wanted(), strict=True)
    ]
    rules = Rules(room=Room(parallel=2, memory_mib=1, vcpus=1, disk_gib=1))
    runs = place / "state/runs"
    with alone(runs, NAME), recorded(runs, NAME, jobs=names()) as recording:
        runner.run(
            [Task(job=job) for job in jobs],
            partial(build, place=place),
            rules=rules,
            display=Blind(),
            over=recording.add,
        )


if __name__ == "__main__":
    from night import main as run  # by a name that spawned processes can import, too

    run(Path(sys.argv[1]))
