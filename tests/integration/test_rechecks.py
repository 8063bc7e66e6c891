"""Checks of a published template, with guests that are one boot sector long: what they leave."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Unpack

import pytest
from msgspec.structs import replace
from tiny_guests import HALT, open_folder, write_disk

from builder import config
from builder.errors import TemplateError
from builder.host import cleanup
from builder.host.host import Host, open_host
from builder.model.event import Details, Kind
from builder.model.template import Manifest, Template
from builder.monitor import SilentMonitor
from builder.process import run
from builder.recipes.audit import boot_template
from builder.recipes.gc import collect
from builder.registry.image import measure
from builder.registry.publish import publish
from builder.registry.registry import Registry
from builder.virt import domains, pools

PANICS = "Kernel panic - not syncing: No init found.\r\n"
POOL = f"bt-rechecks-{os.getpid()}"


@pytest.fixture
def host(libvirt_uri: str) -> Iterator[Host]:
    """Return a host with a pool of this test's own, and a state folder in it."""
    with open_folder() as place:
        settings = config.load(
            uri=libvirt_uri,
            iso_pool=POOL,
            store_pool=POOL,
            iso_pool_path=place / "store",
            store_pool_path=place / "store",
            state=place / "state",
            artifacts=place / "artifacts",
        )
        settings.state.mkdir()
        with open_host(settings) as host:
            try:
                yield host
            finally:
                for folder in folders(host):
                    cleanup.clear(host, folder.name, monitor=SilentMonitor())
                pools.remove(host.connection, POOL)


def published(record: Manifest, words: str, *, host: Host) -> Template:
    """Return a template that says the words on its console, and no more."""
    raw = write_disk(host.settings.state / "raw", words, HALT)
    image = host.store_pool.path / ".x.candidate"
    run(["qemu-img", "convert", "-O", "qcow2", raw, image])
    record = replace(record, release="rehearsal")
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


def test_a_template_that_does_not_boot_leaves_its_logs_and_nothing_else(
    host: Host, record: Manifest
) -> None:
    template = published(record, PANICS, host=host)
    monitor = Notes()
    with pytest.raises(TemplateError, match="does not boot: Kernel panic"):
        boot_template(template, host=host, monitor=monitor)
    [evidence] = folders(host)
    assert monitor.texts == [f"evidence: {evidence}"]
    said = [(evidence / f"clone-{letter}.log").read_text() for letter in "ab"]
    assert PANICS.strip() in "".join(said)
    assert cleanup.left(host, evidence.name) == ()
    assert collect(host, kept=True, dry_run=False, monitor=monitor) == ()
    assert folders(host) == [evidence]


@contextmanager
def verifying(template: Template, *, host: Host) -> Iterator[subprocess.Popen[bytes]]:
    """Run `builder template verify --boot` until its two clones are running, and for the block."""
    given = {key: getattr(host.settings, key) for key in type(host.settings).__struct_fields__}
    environment = {f"BUILDER_{key.upper()}": str(each) for key, each in given.items() if each}
    log = host.settings.state / "said"
    with log.open("wb") as file:
        command = subprocess.Popen(
            [sys.executable, "-m", "builder", "template", "verify", template.name, "--boot"],
            env={**os.environ, **environment},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    deadline = time.monotonic() + 120
    try:
        while len(clones(host)) < len("ab"):
            assert command.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield command
    finally:
        command.kill()
        command.wait()


def clones(host: Host) -> list[str]:
    """Return the names of what runs for checks of our templates."""
    names = [f"builder-check-{letter}-{folder.name}" for folder in folders(host) for letter in "ab"]
    return [name for name in names if domains.active(host.connection, name)]


def test_gc_clears_a_check_that_was_killed_and_never_one_that_runs(
    host: Host, record: Manifest
) -> None:
    template = published(record, "Booting\r\n", host=host)
    with verifying(template, host=host) as command:
        [folder] = folders(host)
        running = clones(host)
        assert collect(host, kept=True, dry_run=False, monitor=SilentMonitor()) == ()
        assert command.poll() is None
    assert clones(host) == running

    overlays = [str(host.store_pool.path / f"{name}.qcow2") for name in running]
    [found] = collect(host, kept=False, dry_run=True, monitor=SilentMonitor())
    assert (found.name, found.verdict, found.left) == (
        folder.name,
        "cleared",
        (*running, *overlays),
    )
    assert clones(host) == running
    assert collect(host, kept=False, dry_run=False, monitor=SilentMonitor()) == (found,)
    assert cleanup.left(host, folder.name) == ()
    assert folders(host) == []
    assert collect(host, kept=True, dry_run=False, monitor=SilentMonitor()) == ()
    assert Registry(host.store_pool.path).templates() == (template,)
