"""Builds of the rehearsal with more scripts in its kickstart, which must not be published."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from builder.cli.app import run as builder
from builder.config import Settings
from builder.host.host import Host
from builder.model.audit import Finding
from builder.model.media import StagedIso
from tests.values import environment

_BASE = Path(__file__).parents[2] / "kickstarts/base.ks.j2"
Built = Callable[..., int]


@pytest.fixture(name="built")
def built_fixture(
    settings: Settings,
    host: Host,
    rehearsal: StagedIso,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Built]:
    """Return a function that builds with these scripts after the seal, and its exit code."""
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    assert rehearsal.path.is_file()
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/spoilt.toml").touch()
    monkeypatch.setenv("BUILDER_KICKSTARTS", str(tmp_path))

    def run_it(scripts: str, *words: str) -> int:
        ours = _BASE.read_text()
        last = ours.rindex("%post")
        (tmp_path / "base.ks.j2").write_text(ours[:last] + scripts + ours[last:])
        return builder(["build", "rehearsal", "--profile", "spoilt", *words])

    yield run_it
    assert not list(host.store_pool.path.glob("rehearsal-spoilt*"))
    assert builder(["gc", "--kept"]) == 0  # a build that is refused keeps its machine and image
    for folder in settings.builds.glob("rehearsal-spoilt*"):
        shutil.rmtree(folder)


def findings(settings: Settings, name: str) -> dict[str, Finding]:
    """Return what a file of the only build of the spoilt kickstart found, by check."""
    [file] = settings.builds.glob(f"rehearsal-spoilt*/*/{name}")
    return {each.check: each for each in msgspec.json.decode(file.read_bytes(), type=list[Finding])}
