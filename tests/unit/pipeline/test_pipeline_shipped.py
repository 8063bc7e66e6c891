"""The pipelines that come with us, and the file to begin from."""

import re
from datetime import date
from pathlib import Path

import msgspec
import pytest

from builder.kickstart.library import Library
from builder.monitor import SilentMonitor
from builder.pipeline import definition
from builder.pipeline.job import Limits, Mail, Notify, Pipeline, Publish, Retry, Webhook
from builder.pipeline.rows import KEYS
from builder.releases.life import state

ROOT = Path(__file__).parents[3]
SHIPPED = sorted((ROOT / "pipelines").glob("*.toml"))
STARTERS = [
    ROOT / "builder/cli/starter/pipeline-new.toml",
]


def ours(name: str) -> Pipeline:
    return definition.load(definition.find(name), Library())


@pytest.mark.parametrize("path", [*SHIPPED, *STARTERS], ids=lambda path: path.name)
def test_ours_are_right(path: Path) -> None:
    found = definition.examined(path, Library(), source=path.name)
    assert found.findings == ()
    assert found.pipeline


def test_these_come_with_us() -> None:
    found = definition.available(Library(), monitor=SilentMonitor())
    assert [each.name for each in found] == ["golden", "nightly", "rehearsal"]


def test_every_el_that_gets_updates_is_in_nightly() -> None:
    living = {
        release.name
        for release in Library().releases(monitor=SilentMonitor())
        if release.family.startswith("el") and release.urls and not release.made_here
        if state(release, date.today()) != "past"
    }
    assert len(living) > 3
    assert living <= {job.request.release for job in ours("nightly").jobs}


def test_nightly_needs_nothing_that_only_customers_get() -> None:
    for job in ours("nightly").jobs:
        assert Library().release(job.request.release).urls


def test_golden_has_all_ways_to_start() -> None:
    shapes = {
        (job.request.firmware or "bios", job.request.secure_boot, job.request.tpm)
        for job in ours("golden").jobs
    }
    assert shapes == {
        ("bios", False, False),
        ("uefi", False, False),
        ("uefi", True, True),
        ("hybrid", False, False),
    }


def test_the_rehearsal_runs_anywhere() -> None:
    found = ours("rehearsal").jobs
    assert [job.name for job in found] == ["rehearsal", "rehearsal-tools"]
    assert all(Library().release(job.request.release).made_here for job in found)


def switched_on(text: str) -> str:
    """Return the starting file with all that is switched off in it, but what excludes others."""
    on = re.sub(r"^#(?=\w+ =|\[)", "", text, flags=re.MULTILINE)
    return on.replace("secure_boot = true", "secure_boot = false")


def test_all_that_is_switched_off_in_the_starting_file_is_right(tmp_path: Path) -> None:
    (tmp_path / "our-own.ks.j2").write_text("cmdline\n")
    text = switched_on(STARTERS[0].read_text())
    assert not re.search(r"^#\w", text, re.MULTILINE)
    found = definition.examine(text, Library(), path=tmp_path / "x.toml", source="x.toml")
    assert found.findings == ()
    assert found.pipeline
    assert found.pipeline.notify.webhook
    assert "rocky9-dvd-uefi-tpm-swap-mib-512-us" in [job.name for job in found.pipeline.jobs]


def test_the_starting_file_has_every_key() -> None:
    text = switched_on(STARTERS[0].read_text())
    kinds = (Limits, Retry, Publish, Notify, Mail, Webhook)
    known = {each.name for kind in kinds for each in msgspec.structs.fields(kind)}
    for key in (known | KEYS.keys()) - {"mail", "webhook"}:
        assert re.search(rf"^{key} = ", text, re.MULTILINE), key
