"""What waits for templates, as it is typed, of repositories that createrepo_c made."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from store_pools import issue, printed, typed_at

from builder import config
from builder.cli import app
from builder.errors import MediaError
from builder.kickstart.library import Library
from builder.kickstart.sources import Source
from builder.model.hiding import MARK
from builder.model.package import Package
from builder.pipeline.waiting import asked
from builder.recipes.updates import Repositories
from builder.record.runs import Outcome, Run, Waiting
from builder.releases.own import gathered
from tests import rpms
from tests.mirrors import Mirror, serving
from tests.monitors import Heard

pytestmark = [
    pytest.mark.skipif(bool(rpms.MISSING), reason=f"not installed: {rpms.MISSING}"),
    pytest.mark.usefixtures("mirror"),
]

_BASE = (
    "bash-5.1-2",
    "kernel-5.14-1",
    "kernel-5.14-2",
    "kernel-5.14-3",
    "tree-1.8-1",
    "node-18.2-1.module_el9+2",
    "node-20.1-1.module_el9+3",
)
_EXTRAS = ("less-1:1-1", "unknown-9-9")
_INSTALLED = (
    "bash-5.1-1",
    "kernel-5.14-1",
    "kernel-5.14-2",
    "tree-1.8-1",
    "node-18.1-1.module_el9+1",
    "less-600-1",
    "gone-1-1",
)
_UPDATEINFO = """\
<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="x" status="final" type="security" version="1">
    <id>RLSA-2026:1</id><title>Important: bash security update</title>
    <issued date="2026-10-01 10:00:00"/><severity>Important</severity>
    <references>{references}</references>
    <pkglist><collection><package name="bash" epoch="0" version="5.1" release="2" arch="noarch"/>
    </collection></pkglist>
  </update>
  <update from="x" status="final" type="bugfix" version="1">
    <id>RLBA-2026:2</id><title>bash and kernel bug fix update</title>
    <issued date="2026-10-02 10:00:00"/><severity>None</severity>
    <pkglist><collection><package name="bash" epoch="0" version="5.1" release="1.5" arch="noarch"/>
    <package name="kernel" epoch="0" version="5.14" release="3" arch="noarch"/>
    </collection></pkglist>
  </update>
  <update from="x" status="final" type="security" version="1">
    <id>RLSA-2025:3</id><title>Critical: kernel security update</title>
    <issued date="2025-10-02 10:00:00"/><severity>Critical</severity>
    <pkglist><collection>
    <package name="kernel" epoch="0" version="5.14" release="2" arch="noarch"/>
    </collection></pkglist>
  </update>
</updates>
"""
_REFERENCES = "".join(
    f'<reference href="x" id="CVE-2026-000{number}" type="cve" title=""/>' for number in range(5)
)
_MODULES = """\
---
document: modulemd
version: 2
data:
  name: node
  stream: "18"
  artifacts:
    rpms:
    - node-0:18.2-1.module_el9+2.noarch
...
---
document: modulemd
version: 2
data:
  name: node
  stream: "20"
  artifacts:
    rpms:
    - node-0:20.1-1.module_el9+3.noarch
...
---
document: modulemd-defaults
version: 1
data:
  module: node
  stream: "{default}"
...
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make two repositories; the first has advisories and streams of a module."""
    place = tmp_path_factory.mktemp("repositories")
    for folder, names in (("base", _BASE), ("extras", _EXTRAS), ("plain", _BASE)):
        for each in names:
            name, rest = each.split("-", 1)
            rpms.rpm(place / folder, name, rest)
        rpms.repository(place / folder)
    _add(place / "base", "updateinfo", _UPDATEINFO.format(references=_REFERENCES))
    _add(place / "base", "modules", _MODULES.format(default="18"))
    return place


def _add(folder: Path, kind: str, text: str) -> None:
    ending = {"updateinfo": "xml", "modules": "yaml"}[kind]
    file = folder / f"{kind}.{ending}"
    file.write_text(text)
    words = ["modifyrepo_c", f"--mdtype={kind}", str(file), str(folder / "repodata")]
    subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def mirror(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """Serve them, to releases of the user's own."""
    with serving(Mirror()) as running, typed_at(tmp_path, monkeypatch):
        for folder in made.iterdir():
            rpms.serve(running, folder, f"/{folder.name}")
        Path("releases").mkdir()
        Path("releases/own.toml").write_text(
            _row("mine", running, "base", "extras")
            + _row("plain", running, "plain")
            + _row("down", running, "base", "none")
        )
        monkeypatch.setenv("BUILDER_RELEASES", "releases")
        yield running


def _row(name: str, mirror: Mirror, *folders: str) -> str:
    """Return a row of which RHEL's has all but repositories."""
    urls = "".join(f'{each} = "{mirror.url}/{each}/"\n' for each in folders)
    return f'[{name}]\nextends = "rhel9"\n[{name}.repositories]\n{urls}'


Kind = Literal["rpm", "deb", ""]


def _packages(*texts: str, kind: Kind = "rpm") -> tuple[Package, ...]:
    parts = (each.split("-", 1) for each in texts)
    return tuple(Package(kind=kind, name=n, version=v, arch="noarch") for n, v in parts)


def _issue(
    release: str, *texts: str, kind: Kind = "rpm", build: str = "", **changes: object
) -> None:
    known = {"name": f"t-{release}", "release": release, "packages": _packages(*texts, kind=kind)}
    issue(Path("store"), build or f"build-{release}", **(known | changes))


def _rows(text: str) -> list[list[str]]:
    """Return a table's rows, whose cells are two spaces apart."""
    return [re.split(" {2,}", line) for line in text.splitlines()]


def test_what_waits(capsys: pytest.CaptureFixture[str]) -> None:
    _issue("mine", *_INSTALLED)
    updates = _rows(printed(capsys, "template", "updates", "t-mine"))
    assert updates == [
        ["PACKAGE", "INSTALLED", "AVAILABLE", "ADVISORY", "SEVERITY", "CVES"],
        [
            "bash.noarch",
            "5.1-1",
            "5.1-2",
            "RLSA-2026:1 +1",
            "Important",
            "CVE-2026-0000 CVE-2026-0001 CVE-2026-0002 +2",
        ],
        ["kernel.noarch", "5.14-2", "5.14-3", "RLBA-2026:2", "-", "-"],
        ["less.noarch", "600-1", "1:1-1", "-", "-", "-"],
        ["node.noarch", "18.1-1.module_el9+1", "18.2-1.module_el9+2", "-", "-", "-"],
        ["4 updates, 1 important"],
    ]
    said = printed(capsys, "template", "updates", "t-mine", "--security")
    assert _rows(said) == [*updates[:2], ["1 of 4 updates for security, 1 important"]]


def test_all_of_it_as_json(mirror: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    _issue("mine", *_INSTALLED)
    found = json.loads(printed(capsys, "template", "updates", "t-mine", "--json"))
    first, *others = found.pop("updates")
    assert found == {
        "name": "t-mine",
        "version": "20261123.1",
        "release": "mine",
        "repositories": [
            {"id": "base", "url": f"{mirror.url}/base/", "advisories": True},
            {"id": "extras", "url": f"{mirror.url}/extras/", "advisories": False},
        ],
        "waiting": {"updates": 4, "security": 1, "important": 1, "advisories": True},
        "streamless": [],
    }
    assert [each["id"] for each in first.pop("advisories")] == ["RLSA-2026:1", "RLBA-2026:2"]
    assert first == {
        "name": "bash",
        "arch": "noarch",
        "installed": "5.1-1",
        "available": "5.1-2",
        "repository": "base",
        "security": True,
        "severity": "Important",
    }
    assert [each["repository"] for each in others] == ["base", "extras", "base"]
    said = printed(capsys, "template", "updates", "t-mine", "--security", "--json")
    assert [each["name"] for each in json.loads(said)["updates"]] == ["bash"]


@pytest.mark.parametrize(
    ("installed", "words", "said"),
    [
        (["tree-1.8-1"], [], "no updates"),
        (["tree-1.8-1"], ["--security"], "no updates"),
        (["less-2-1"], [], "1 update"),
        (["less-2-1"], ["--security"], "0 of 1 update for security"),
    ],
)
def test_sentences(
    installed: list[str],
    words: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _issue("mine", *installed)
    found = printed(capsys, "template", "updates", "t-mine", *words)
    assert found.splitlines()[-1] == said


def test_where_nobody_publishes_advisories(capsys: pytest.CaptureFixture[str]) -> None:
    _issue("plain", "bash-5.1-1")
    assert _rows(printed(capsys, "template", "updates", "t-plain")) == [
        ["PACKAGE", "INSTALLED", "AVAILABLE"],
        ["bash.noarch", "5.1-1", "5.1-2"],
        ["1 update; plain has no repository with advisories"],
    ]
    assert _rows(printed(capsys, "template", "updates", "t-plain", "--security")) == [
        [
            "1 update; plain has no repository with advisories, "
            "so nobody can tell which are for security"
        ],
    ]


@pytest.mark.parametrize(
    ("kickstart", "found"),
    [
        ("", ["node.noarch", "20.0-1.module_el9", "20.1-1.module_el9+3"]),
        (
            "module --name=node --stream=20\n",
            ["node.noarch", "20.0-1.module_el9", "20.1-1.module_el9+3"],
        ),
        (
            "%packages\n@node:20/common\n%end\n",
            ["node.noarch", "20.0-1.module_el9", "20.1-1.module_el9+3"],
        ),
    ],
)
def test_the_kickstart_tells_the_stream(
    kickstart: str, found: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    _issue("mine", "node-20.0-1.module_el9", kickstart=kickstart)
    assert app.run(["template", "updates", "t-mine"]) == 0
    captured = capsys.readouterr()
    assert ("nobody names their modules' streams: node" in captured.err) == (not kickstart)
    rows = _rows(captured.out)
    assert [row[:3] for row in rows[1:-1]] == ([found] if kickstart else [])


def test_a_machine_of_an_older_minor_is_updated_to_the_newest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _issue("mine.6", "bash-5.1-1")
    assert "bash.noarch" in printed(capsys, "template", "updates", "t-mine.6")


@pytest.mark.parametrize(
    ("kickstart", "found"),
    [
        ("url --url={0}/plain/", ["bash"]),
        ("url --url={0}/$basearch/", ["less"]),
        ("url --url={0}/base\nrepo --name=extras --baseurl={0}/extras", ["bash", "less"]),
        ("url --url={0}/plain\nrepo --name=x --baseurl={0}/extras/ --includepkgs=a*", ["bash"]),
        ("url --mirrorlist={0}/list", ["less"]),
        # The vendor's as the catalogue has them, what is masked, and what is the guest's.
        ("url --url={0}/base/", ["bash", "less"]),
        (f"url --url=http://me:{MARK}@127.0.0.1/plain/", ["bash", "less"]),
        ("url --url=file:///mnt", ["bash", "less"]),
        ("cdrom", ["bash", "less"]),
    ],
)
def test_the_kickstart_may_name_other_repositories(
    kickstart: str, found: list[str], mirror: Mirror, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in [each for each in mirror.files if each.startswith("/extras/")]:
        mirror.files[path.replace("extras", "x86_64")] = mirror.files[path]
    mirror.files["/list"] = f"{mirror.url}/extras/\n".encode()
    _issue("mine", "bash-5.1-1", "less-600-1", kickstart=kickstart.format(mirror.url))
    assert app.run(["template", "updates", "t-mine", "--json"]) == 0
    captured = capsys.readouterr()
    assert [each["name"] for each in json.loads(captured.out)["updates"]] == found
    own = {each["url"] for each in json.loads(captured.out)["repositories"]}
    assert all(each in captured.err for each in own) == bool(captured.err)


def test_what_has_ended_is_told(mirror: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    row = _row("ended", mirror, "plain").replace("\n", "\nend_of_life = 2020-01-01\n", 1)
    Path("releases/ended.toml").write_text(row)
    _issue("ended", "tree-1.8-1")
    assert app.run(["template", "updates", "t-ended"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("no updates; ended has no repository with advisories")
    assert "has had no updates since 2020-01-01: its end of life." in captured.err


@pytest.mark.parametrize(
    ("release", "kind", "code", "said"),
    [
        ("rhel9", "rpm", 3, "gets updates from: Red Hat Enterprise Linux 9.8 has no public repos"),
        ("rehearsal9", "deb", 2, "is a rehearsal's: it holds packages of Debian or Ubuntu"),
        ("mine", "", 2, "does not say which versions are in it"),
        ("nosuch", "rpm", 2, "There is no release 'nosuch'"),
        ("down", "rpm", 5, "/none/ cannot be read: 404 Not Found."),
    ],
)
def test_what_cannot_be_asked(
    release: str,
    kind: Kind,
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _issue(release, "bash-5.1-1", kind=kind)
    for words in ([], ["--json"], ["--security"]):
        assert app.run(["template", "updates", f"t-{release}", *words]) == code
        captured = capsys.readouterr()
        assert said in captured.err
        assert captured.out == ""


@pytest.mark.parametrize(("folder", "code"), [("base", 0), ("none", 5)])
def test_logins_are_not_told(
    folder: str, code: int, mirror: Mirror, capsys: pytest.CaptureFixture[str]
) -> None:
    row = _row("closed", mirror, folder).replace("http://", "http://me:hunter2@")
    Path("releases/closed.toml").write_text(row)
    _issue("closed", "bash-5.1-1")
    for words in (["updates", "t-closed"], ["updates", "t-closed", "--json"]):
        assert app.run(["template", *words]) == code
        assert "hunter2" not in "".join(capsys.readouterr())
    app.run(["template", "list", "--updates"])
    captured = capsys.readouterr()
    assert "hunter2" not in "".join(captured)
    assert ("1 update, 1 important" in captured.out) == (not code)


def test_the_list(mirror: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    for release in ("mine", "plain", "down", "rhel9"):
        _issue(release, *_INSTALLED)
    for number in (1, 2):
        _issue("mine", "tree-1.8-1", build=f"more-{number}")
    mirror.asked.clear()
    assert app.run(["template", "list", "--updates"]) == 0
    captured = capsys.readouterr()
    header, *rows = _rows(captured.out)
    assert header[-2:] == ["UPDATES", "PATH"]
    assert sorted((row[0], row[-2]) for row in rows) == [
        ("t-down", "cannot be asked"),
        ("t-mine", "4 updates, 1 important"),
        ("t-mine", "no updates"),
        ("t-mine", "no updates"),
        ("t-plain", "3 updates"),
        ("t-rhel9", "-"),
    ]
    assert captured.err.count("warning") == 1
    assert "/none/ cannot be read: 404 Not Found" in captured.err
    assert sorted(mirror.asked) == sorted(set(mirror.asked))


def test_the_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    for release in ("mine", "down"):
        _issue(release, *_INSTALLED)
    plain = json.loads(printed(capsys, "template", "list", "--json"))
    assert app.run(["template", "list", "--updates", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each.pop("waiting") for each in found] == [
        None,
        {"updates": 4, "security": 1, "important": 1, "advisories": True},
    ]
    assert found == plain


def test_the_record_of_a_run(mirror: Mirror, tmp_path: Path) -> None:
    for release in ("mine", "plain", "down", "rhel9"):
        _issue(release, *_INSTALLED)
    names = ("t-mine", "t-plain", "t-down", "t-rhel9", "t-gone")
    outcomes = [
        Outcome(name=each, result="published", seconds=1, version="20261123.1") for each in names
    ]
    outcomes.append(Outcome(name="t-failed", result="failed", seconds=1))
    run = Run(run_id="x", pipeline="x", jobs=(), began="", outcomes=tuple(outcomes))
    library = Library(rows=gathered((tmp_path / "releases",)))
    monitor = Heard()
    mirror.asked.clear()
    found = asked(run, config.load(), library, monitor=monitor)
    assert [each.name for each in found.outcomes] == [*names, "t-failed"]
    assert [each.waiting for each in found.outcomes] == [
        Waiting(updates=4, security=1, important=1, advisories=True),
        Waiting(updates=3),
        None,
        None,
        None,
        None,
    ]
    assert [kind for kind, *_ in monitor.told] == ["warning"]
    assert sorted(mirror.asked) == sorted(set(mirror.asked))


def test_a_server_that_does_not_answer_is_asked_for_one_repository(mirror: Mirror) -> None:
    repositories, attempts, url = Repositories(), 2, mirror.url
    asked, mirror.faults = len(mirror.asked), ["503"] * attempts
    for name in ("base", "extras", "base"):
        with pytest.raises(MediaError, match="503"):
            repositories.offers(Source(id=name, address=f"{url}/{name}"))
    assert len(mirror.asked) == asked + attempts
    other = Source(id="base", address=f"{url.replace('127.0.0.1', 'localhost')}/none")
    with pytest.raises(MediaError, match="404"):
        repositories.offers(other)
