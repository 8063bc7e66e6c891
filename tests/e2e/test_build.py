"""Whole builds of the rehearsal release, as users run them."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from attempts import left

from builder.attest.sbom import sbom
from builder.config import Settings
from builder.host.host import Host
from builder.kickstart.library import Library
from builder.model.media import StagedIso
from builder.model.template import Manifest
from builder.monitor import SilentMonitor
from builder.process import run
from builder.recipes.build import build
from builder.recipes.order import Request, resolve
from builder.registry.image import measure
from tests import rpms
from tests.bench.packages.media import Contents, repository
from tests.mirrors import Mirror, serving
from tests.opening import KICKSTART, tellers
from tests.program import Program
from tests.waiting import PATIENCE, wait_until

PASSWORD = "correct horse battery"  # noqa: S105  # what must not be found anywhere


@pytest.fixture
def kickstart(tmp_path: Path) -> Iterator[Path]:
    """Return one with all kinds of secrets, whose repository is there to be asked."""
    with serving(Mirror()) as mirror:
        repository(tmp_path / "tree", Contents(names=("bash",)))
        rpms.serve(mirror, tmp_path / "tree", "/x")
        path = tmp_path / KICKSTART.name
        there = mirror.url.removeprefix("http://")
        path.write_text(KICKSTART.read_text().replace("repo.invalid", there))
        yield path


def test_build_publishes_a_template_that_boots(
    host: Host, rehearsal: StagedIso, kickstart: Path
) -> None:
    """With UEFI; test_attach.py builds one with a BIOS."""
    request = Request(release="rehearsal", firmware="uefi", kickstart=kickstart)
    order = resolve(request, Library(), environ={"BUILDER_ROOT_PASSWORD": PASSWORD})

    built = build(order, host=host, monitor=SilentMonitor())

    template = built.template
    manifest = Manifest.parse(template.manifest.read_bytes())
    assert built.fresh
    assert measure(template.path) == template.image == manifest.image
    assert manifest.iso_sha256 == rehearsal.sha256
    assert manifest.boot_seconds > 1
    assert [bool(each.digest) for each in manifest.repositories] == [True]
    assert any(package.name == "openssh-server" for package in manifest.packages)
    assert {package.kind for package in manifest.packages} == {"deb"}
    assert all(package.version and package.source for package in manifest.packages)
    assert json.loads(sbom(manifest))["metadata"]["component"]["name"] == template.path.name
    assert "backing" not in run(["qemu-img", "info", template.path]).stdout
    assert left(host) == ([], [])
    assert built.folder is not None
    assert (built.folder / template.path.name).samefile(template.path)
    assert "no_timer_check" in (built.folder / "clone-a.log").read_text(errors="replace")
    folders = (built.folder, host.store_pool.path)
    assert [tellers(each, PASSWORD) for each in folders] == [{}, {}]

    again = build(order, host=host, monitor=SilentMonitor())

    assert not again.fresh
    assert again.template == template
    assert again.reason == f"unchanged since {template.version}"


def test_ctrl_c_during_an_installation_cleans_up_everything(
    settings: Settings, host: Host, rehearsal: StagedIso, tmp_path: Path
) -> None:
    assert rehearsal.path.is_file()
    cli = Program(settings, tmp_path / "log")
    with cli.run("build", "rehearsal", "--force") as command:
        wait_until(
            lambda: "phase:" in cli.said(),
            alive=lambda: command.poll() is None,
            told=cli.said,
        )

        command.send_signal(signal.SIGINT)

        assert command.wait(timeout=PATIENCE) == 130
    assert left(host) == ([], [])
