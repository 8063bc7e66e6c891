"""Checks of a published template, with guests that are one boot sector long: what they leave."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Unpack

import pytest
from tiny_guests import HALT, workplace, write_disk

from builder.errors import TemplateError
from builder.host import cleanup
from builder.host.host import Host
from builder.model.event import Details, Kind
from builder.model.template import Template
from builder.monitor import SilentMonitor
from builder.process import run
from builder.recipes.audit import boot_template
from builder.recipes.gc import collect_garbage
from builder.registry.image import measure
from builder.registry.publish import publish
from builder.registry.registry import Registry
from builder.virt import domains
from tests.program import Program
from tests.values import manifest
from tests.waiting import wait_until

PANICS = "Kernel panic - not syncing: No init found.\r\n"


@pytest.fixture
def host(libvirt_uri: str) -> Iterator[Host]:
    with workplace(libvirt_uri, f"bt-rechecks-{os.getpid()}") as host:
        yield host
        for folder in folders(host):
            cleanup.clear(host, folder.name, monitor=SilentMonitor())


def published(words: str, *, host: Host) -> Template:
    """Return a template that says the words on its console, and no more."""
    raw = write_disk(host.settings.state / "raw", words, HALT)
    image = host.store_pool.path / ".x.candidate"
    run(["qemu-img", "convert", "-O", "qcow2", raw, image])
    record = manifest(release="rehearsal")
    return publish(image, record, measure(image), today=date(2026, 11, 23))


def folders(host: Host) -> list[Path]:
    return sorted(host.settings.state.glob("again-*"))


class Notes(SilentMonitor):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def tell(self, kind: Kind, text: str, **_details: Unpack[Details]) -> None:
        if kind == "note":
            self.texts.append(text)


def test_a_template_that_does_not_boot_leaves_its_logs_and_nothing_else(host: Host) -> None:
    template = published(PANICS, host=host)
    monitor = Notes()
    with pytest.raises(TemplateError, match="does not boot: its kernel panicked"):
        boot_template(template, host=host, monitor=monitor)
    [evidence] = folders(host)
    assert monitor.texts == [f"evidence: {evidence}"]
    said = [(evidence / f"clone-{letter}.log").read_text() for letter in "ab"]
    assert PANICS.strip() in "".join(said)
    assert cleanup.left(host, evidence.name) == ()
    assert collect_garbage(host, kept=True, dry_run=False, monitor=monitor) == ()
    assert folders(host) == [evidence]


@contextmanager
def verifying(template: Template, *, host: Host) -> Iterator[subprocess.Popen[bytes]]:
    """Run `builder template verify --boot` until its two clones are running, and for the block."""
    cli = Program(host.settings, host.settings.state / "said")
    with cli.run("template", "verify", template.name, "--boot") as command:
        wait_until(
            lambda: len(clones(host)) == len("ab"),
            alive=lambda: command.poll() is None,
            told=cli.said,
        )
        yield command


def clones(host: Host) -> list[str]:
    """Return the names of what runs for checks of our templates."""
    names = [f"builder-check-{letter}-{folder.name}" for folder in folders(host) for letter in "ab"]
    return [name for name in names if domains.active(host.connection, name)]


def test_gc_clears_a_check_that_was_killed_and_never_one_that_runs(host: Host) -> None:
    template = published("Booting\r\n", host=host)
    with verifying(template, host=host) as command:
        [folder] = folders(host)
        running = clones(host)
        assert collect_garbage(host, kept=True, dry_run=False, monitor=SilentMonitor()) == ()
        assert command.poll() is None
    assert clones(host) == running

    overlays = [str(host.store_pool.path / f"{name}.qcow2") for name in running]
    [found] = collect_garbage(host, kept=False, dry_run=True, monitor=SilentMonitor())
    assert (found.name, found.verdict, found.left) == (
        folder.name,
        "cleared",
        (*running, *overlays),
    )
    assert clones(host) == running
    assert collect_garbage(host, kept=False, dry_run=False, monitor=SilentMonitor()) == (found,)
    assert cleanup.left(host, folder.name) == ()
    assert folders(host) == []
    assert collect_garbage(host, kept=True, dry_run=False, monitor=SilentMonitor()) == ()
    assert Registry(host.store_pool.path).templates() == (template,)
