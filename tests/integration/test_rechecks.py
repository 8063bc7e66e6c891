"""Checks of a published template, with guests that are one boot sector long: what they leave."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from exporting import template
from tiny_guests import HALT, workplace

from builder.errors import TemplateError
from builder.host import cleanup
from builder.host.host import Host
from builder.model.template import Template
from builder.monitor import SilentMonitor
from builder.recipes.audit import boot_template
from builder.recipes.gc import Leftover, collect_garbage
from builder.record import verifications
from builder.registry.registry import Registry
from builder.virt import domains
from tests.monitors import Heard
from tests.program import Program
from tests.waiting import wait_until

PANICS = "Kernel panic - not syncing: No init found.\r\n"


@pytest.fixture
def host(libvirt_uri: str) -> Iterator[Host]:
    with workplace(libvirt_uri, f"bt-rechecks-{os.getpid()}") as host:
        yield host
        for folder in folders(host):
            cleanup.clear(host, verifications.traces(folder), monitor=SilentMonitor())


def published(words: str, *, host: Host) -> Template:
    """Return a template that says the words on its console, and no more."""
    return template(host.store_pool.path, words=words, then=HALT, release="rehearsal")


def folders(host: Host) -> list[Path]:
    return sorted(host.settings.state.glob("again-*"))


def test_a_template_that_does_not_boot_leaves_its_logs_and_nothing_else(host: Host) -> None:
    source = published(PANICS, host=host)
    monitor = Heard()
    with pytest.raises(TemplateError, match="does not boot: its kernel panicked"):
        boot_template(source, host=host, monitor=monitor)
    [evidence] = folders(host)
    notes = [text for kind, text, _ in monitor.told if kind == "note"]
    assert notes == [f"evidence: {evidence}"]
    said = [(evidence / f"clone-{letter}.log").read_text() for letter in "ab"]
    assert PANICS.strip() in "".join(said)
    assert cleanup.left(host, verifications.traces(evidence)) == ()
    assert gc(host, kept=True) == ()
    assert folders(host) == [evidence]


def gc(host: Host, *, kept: bool = False, dry_run: bool = False) -> tuple[Leftover, ...]:
    """Return what gc tells, but for the guests of others on this hypervisor."""
    known = {folder.name for folder in folders(host)}
    found = collect_garbage(host, kept=kept, dry_run=dry_run, monitor=SilentMonitor())
    return tuple(each for each in found if each.build_id in known)


@contextmanager
def verifying(source: Template, *, host: Host) -> Iterator[subprocess.Popen[bytes]]:
    """Run `builder template verify --boot` until its two clones are running, and for the block."""
    cli = Program(host.settings, host.settings.state / "said")
    with cli.run("template", "verify", source.name, "--boot") as command:
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
    source = published("Booting\r\n", host=host)
    with verifying(source, host=host) as command:
        [folder] = folders(host)
        running = clones(host)
        assert gc(host, kept=True) == ()
        assert command.poll() is None
    assert clones(host) == running

    overlays = [str(host.store_pool.path / f"{name}.qcow2") for name in running]
    [found] = gc(host, dry_run=True)
    assert (found.build_id, found.verdict, found.left) == (
        folder.name,
        "would be cleared",
        (*running, *overlays),
    )
    assert clones(host) == running
    [found] = gc(host)
    assert (found.build_id, found.verdict) == (folder.name, "cleared")
    assert cleanup.left(host, verifications.traces(folder)) == ()
    assert folders(host) == [folder]
    assert Registry(host.store_pool.path).templates() == (source,)
