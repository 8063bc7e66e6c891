"""Checks of a published template, with guests that are one boot sector long: what they leave."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from tiny_guests import HALT, workplace, write_disk

from builder.errors import TemplateError
from builder.host import cleanup
from builder.host.host import Hypervisor
from builder.model.template import Template
from builder.monitor import SilentMonitor
from builder.process import run
from builder.recipes.audit import boot_template
from builder.recipes.gc import collect
from builder.registry import registry
from builder.registry.image import measure
from builder.registry.publish import publish
from builder.virt import domains
from tests.values import environment, manifest
from tests.waiting import wait_until

PANICS = "Kernel panic - not syncing: No init found.\r\n"


@pytest.fixture
def on(libvirt_uri: str) -> Iterator[Hypervisor]:
    with workplace(libvirt_uri, f"bt-rechecks-{os.getpid()}") as hypervisor:
        yield hypervisor
        for folder in folders(hypervisor):
            cleanup.clear(hypervisor, folder.name, monitor=SilentMonitor())


def published(words: str, *, on: Hypervisor) -> Template:
    """Return a template that says the words on its console, and no more."""
    raw = write_disk(on.settings.state / "raw", words, HALT)
    image = on.store_pool.path / ".x.candidate"
    run(["qemu-img", "convert", "-O", "qcow2", raw, image])
    record = manifest(release="rehearsal")
    return publish(image, record, measure(image), today=date(2026, 11, 23))


def folders(on: Hypervisor) -> list[Path]:
    return sorted(on.settings.state.glob("again-*"))


class Notes(SilentMonitor):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


def test_a_template_that_does_not_boot_leaves_its_logs_and_nothing_else(on: Hypervisor) -> None:
    template = published(PANICS, on=on)
    monitor = Notes()
    with pytest.raises(TemplateError, match="does not boot: Kernel panic"):
        boot_template(template, on=on, monitor=monitor)
    [evidence] = folders(on)
    assert monitor.texts == [f"evidence: {evidence}"]
    said = [(evidence / f"clone-{letter}.log").read_text() for letter in "ab"]
    assert PANICS.strip() in "".join(said)
    assert cleanup.left(on, evidence.name) == ()
    assert collect(on, kept=True, dry_run=False, monitor=monitor) == ()
    assert folders(on) == [evidence]


@contextmanager
def verifying(template: Template, *, on: Hypervisor) -> Iterator[subprocess.Popen[bytes]]:
    """Run `builder template verify --boot` until its two clones are running, and for the block."""
    log = on.settings.state / "said"
    with log.open("wb") as file:
        command = subprocess.Popen(
            [sys.executable, "-m", "builder", "template", "verify", template.name, "--boot"],
            env=os.environ | environment(on.settings),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(
            lambda: len(clones(on)) == len("ab"),
            alive=lambda: command.poll() is None,
            told=log.read_text,
        )
        yield command
    finally:
        command.kill()
        command.wait()


def clones(on: Hypervisor) -> list[str]:
    """Return the names of what runs for checks of our templates."""
    names = [f"builder-check-{folder.name}-{letter}" for folder in folders(on) for letter in "ab"]
    return [name for name in names if domains.active(on.connection, name)]


def test_gc_clears_a_check_that_was_killed_and_never_one_that_runs(on: Hypervisor) -> None:
    template = published("Booting\r\n", on=on)
    with verifying(template, on=on) as command:
        [folder] = folders(on)
        running = clones(on)
        assert collect(on, kept=True, dry_run=False, monitor=SilentMonitor()) == ()
        assert command.poll() is None
    assert clones(on) == running

    overlays = [str(on.store_pool.path / f"{name}.qcow2") for name in running]
    [found] = collect(on, kept=False, dry_run=True, monitor=SilentMonitor())
    assert (found.name, found.verdict, found.left) == (
        folder.name,
        "cleared",
        (*running, *overlays),
    )
    assert clones(on) == running
    assert collect(on, kept=False, dry_run=False, monitor=SilentMonitor()) == (found,)
    assert cleanup.left(on, folder.name) == ()
    assert folders(on) == []
    assert collect(on, kept=True, dry_run=False, monitor=SilentMonitor()) == ()
    assert registry.templates(on.store_pool.path) == (template,)
