"""dnf is asked the same of the same packages: it must see the updates, and the advisories, that we
see. Where dnf is not installed nobody is asked.
"""

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from builder.kickstart.sources import Source
from builder.model.package import Package
from builder.recipes.newer import newer
from builder.recipes.updates import Repositories
from tests import rpms

_DNF = Path(shutil.which("dnf") or "/none").resolve().name
MISSING = [*rpms.MISSING, *([] if _DNF.startswith("dnf-") else ["dnf 4"])]
"""dnf 5, whose program is called dnf5, lists otherwise."""
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {MISSING}")

_STREAM = """\
---
document: modulemd
version: 2
data:
  name: {name}
  stream: "{stream}"
  version: {version}
  context: abcdef
  arch: x86_64
  summary: A module
  description: >-
    A module
  license:
    module:
    - MIT
  artifacts:
    rpms:
{rpms}
...
"""
_DEFAULT = """\
---
document: modulemd-defaults
version: 1
data:
  module: {name}
  stream: "{stream}"
...
"""
_VERSIONS = ("1-1", "1-2", "1.1-1", "1.10-1", "1.9-1", "2~rc1-1", "2-1", "2^git1-1", "1:0-1")


def _dnf(root: Path, *words: str, repositories: tuple[str, ...] = ("then", "now")) -> str:
    options = (
        f"--installroot={root}",
        *(f"--repofrompath={each},{(root.parent / each).as_uri()}" for each in repositories),
        "--releasever=9",
        "--setopt=module_platform_id=platform:el9",
        "--setopt=metadata_expire=0",
        f"--setopt=cachedir={root.parent / 'cache'}",
        f"--setopt=reposdir={root.parent / 'none'}",
        "--nogpgcheck",
        "--assumeyes",
        "--quiet",
    )
    done = subprocess.run(
        ["dnf", *options, *words],
        capture_output=True,
        text=True,
        env=os.environ | {"LC_ALL": "C"},
        check=False,
    )
    assert done.returncode in (0, 100), done.stderr
    return done.stdout


def _add(folder: Path, kind: str, text: str, ending: str) -> None:
    file = folder / f"{kind}.{ending}"
    file.write_text(text)
    words = ["modifyrepo_c", f"--mdtype={kind}", str(file), str(folder / "repodata")]
    subprocess.run(words, check=True, capture_output=True)


def _advisory(number: int, name: str, evr: str) -> str:
    epoch, _, rest = evr.rpartition(":")
    version, release = rest.split("-")
    severity = ("Critical", "Important", "Moderate", "Low")[number % 4]
    return f"""
  <update from="x" status="final" type="security" version="1">
    <id>X-{number}</id><title>{name}</title><issued date="2026-01-01 00:00:00"/>
    <severity>{severity}</severity><release>9</release>
    <pkglist><collection short="x"><name>x</name>
      <package name="{name}" epoch="{epoch or 0}" version="{version}" release="{release}"
        arch="noarch" src="x"><filename>x</filename></package>
    </collection></pkglist>
  </update>"""


def _installed(root: Path) -> list[Package]:
    query = [
        "rpm",
        "--root",
        str(root),
        "-qa",
        "--qf",
        "%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH}\n",
    ]
    lines = subprocess.run(query, check=True, capture_output=True, text=True).stdout.splitlines()
    parts = [line.split() for line in lines]
    return [
        Package(kind="rpm", name=name, version=version, arch=arch) for name, version, arch in parts
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_dnf_sees_the_same(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311  # chance, not secrets
    then, now, root = (tmp_path / each for each in ("then", "now", "root"))
    names = [f"p{number}" for number in range(6)]
    advisories: list[str] = []
    for name in names:
        rpms.rpm(then, name, chance.choice(_VERSIONS))
        for version in chance.sample(_VERSIONS, 2):
            rpms.rpm(now, name, version)
            advisories.append(_advisory(len(advisories), name, version))
    _kernels(then, now)
    streams = _streams(then, now, chance)
    for folder in (then, now):
        rpms.repository(folder)
    _add(now, "updateinfo", f"<updates>{''.join(advisories)}\n</updates>\n", "xml")
    _add(now, "modules", streams, "yaml")
    wanted = (*names, "lone", "node", "kernel-1-1", "kernel-1-2")
    _dnf(root, "install", *wanted, repositories=("then",))
    enabled = {1: {"node": "20"}, 2: {"node": "18"}}.get(seed, {})
    for name, stream in enabled.items():
        _dnf(root, "module", "enable", f"{name}:{stream}")

    offers = {each.name: Repositories().offers(_source(each)) for each in (then, now)}
    found = newer(_installed(root), offers, enabled=enabled).updates
    said = _dnf(root, "check-update")
    theirs = {tuple(line.split()[:2]) for line in said.splitlines() if line.strip()}
    assert {(f"{each.name}.{each.arch}", each.available) for each in found} == theirs
    assert len(theirs) >= 3
    listed = _dnf(root, "updateinfo", "list", "--updates")
    ids = {tuple(line.split()[::2]) for line in listed.splitlines()}
    about = {one.id: one.title for each in found for one in each.advisories}
    assert set(about.items()) == {(id_, package.partition("-")[0]) for id_, package in ids}


def _source(folder: Path) -> Source:
    return Source(id=folder.name, address=folder.as_uri())


def _kernels(then: Path, now: Path) -> None:
    for folder, versions in ((then, ("1-1", "1-2")), (now, ("1-2", "1-3"))):
        for each in versions:
            rpms.rpm(folder, "kernel", each)


def _streams(then: Path, now: Path, chance: random.Random) -> str:
    """Make packages of two streams of a module, and one of none that has the name of both's."""
    rpms.rpm(then, "node", "18.1-1")
    rpms.rpm(then, "lone", "1-1")
    rpms.rpm(now, "lone", "3-1")
    rpms.rpm(now, "node", "30-1")
    documents = []
    for stream in ("18", "20"):
        listed = []
        for name, version in (("node", f"{stream}.{chance.randrange(2, 9)}"), ("lone", "2")):
            if name == "lone" and stream == "18":
                continue
            release = f"{chance.randrange(1, 9)}.module_el9+{stream}"
            rpms.rpm(now, name, f"{version}-{release}")
            listed.append(f"    - {name}-0:{version}-{release}.noarch")
        content = {"name": "node", "stream": stream, "version": 9000 + int(stream)}
        documents.append(_STREAM.format(**content, rpms="\n".join(listed)))
    return "".join([*documents, _DEFAULT.format(name="node", stream="18")])
