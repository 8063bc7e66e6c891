"""What a rehearsal is made from, on this host's distribution and others."""

import platform
from pathlib import Path

import pytest

from builder.errors import HostError
from builder.rehearsal import distribution

DEBIAN = {"ID": "debian", "VERSION_CODENAME": "bookworm", "PRETTY_NAME": "Debian 12"}
ENTRY = "deb https://deb.example bookworm main\n"


def _host(apt: Path, *files: str) -> Path:
    for file in files:
        (apt / file).parent.mkdir(parents=True, exist_ok=True)
        (apt / file).write_text(ENTRY)
    return apt


def test_the_distribution_s_own_sources_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: DEBIAN)
    found = distribution.detect(apt=_host(tmp_path, "sources.list", "sources.list.d/other.list"))
    assert (found.name, found.suite) == ("debian", "bookworm")
    assert found.sources == (tmp_path / "sources.list",)


@pytest.mark.parametrize(
    ("release", "file", "sentence", "hint"),
    [
        (DEBIAN, "sources.list.d/0000debian.sources", "None of the files that debian", "Put them"),
        ({"ID": "fedora", "PRETTY_NAME": "Fedora 43"}, "sources.list", "made on Fedora", "Make it"),
    ],
)
def test_hosts_that_cannot_are_told_why(
    release: dict[str, str],
    file: str,
    sentence: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    with pytest.raises(HostError, match=sentence) as caught:
        distribution.detect(apt=_host(tmp_path, file))
    assert caught.value.hint.startswith(hint)
