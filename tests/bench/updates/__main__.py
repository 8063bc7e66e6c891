"""Measure how long it takes to say which updates wait for a template, and what they are for.

`make bench-updates`. A server on the loopback has a repository with --packages packages, with
--advisories advisories about ten of them each and with a list of modules as long as EL 8's; 600
of its packages are in a template, one in ten in an older version. LOOKED is one template, SEVERAL
are ten of the same repository, which is read once. THEIRS reads the same lists by the bindings of
createrepo_c (`pip install createrepo_c`, in this Python or the one that --python names), and asks
for nothing. START is a Python that does nothing but import what ours needs.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import msgspec

from builder.model.package import Package
from tests.bench.options import add_folder, conclude, parser
from tests.bench.packages.media import Contents, pack, repository
from tests.bench.packages.repodata import numbered
from tests.bench.tables import Target, most, say, spread, table
from tests.bench.usage import Usage, turns
from tests.values import manifest

START, LOOKED, SEVERAL, THEIRS = "start", "looked", "several", "createrepo_c"
_TEMPLATES = 10
_INSTALLED, _OLD = 600, 10
_ABOUT = 10
"""Packages of an advisory."""
_STREAMS, _OF_STREAM = 500, 80
_OURS = """
import sys
from pathlib import Path
from builder.kickstart.library import Library
from builder.model.template import Manifest
from builder.monitor import SilentMonitor
from builder.recipes.updates import Repositories, updates
from builder.releases.own import gathered
if len(sys.argv) > 2:
    library = Library(rows=gathered((Path(sys.argv[2]),)))
    text, repositories = Path(sys.argv[1]).read_bytes(), Repositories()
    for _ in range(int(sys.argv[3])):
        template = Manifest.parse(text)
        found = updates(template, library, repositories, monitor=SilentMonitor())
    assert found.waiting.updates == int(sys.argv[4]), found.waiting
    assert found.waiting.security > 0, found.waiting
"""
_THEIRS = """
import sys
import createrepo_c
names = []
primary, updateinfo = sys.argv[1:]
createrepo_c.xml_parse_primary(primary, pkgcb=lambda each: names.append(each.name), do_files=False)
createrepo_c.UpdateInfo(updateinfo).updates
"""
_SERVER = """
import functools, http.server, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass
handler = functools.partial(Handler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
_SECONDS, _MEMORY = 2.0, 300.0


def main() -> None:
    """Print the table."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        here = Path(folder)
        _repository(here / "repository", options.packages, options.advisories)
        with _serving(here / "repository") as url:
            rows = _rows(here, url, options)
            say(f"{len(os.sched_getaffinity(0))} processors, load {os.getloadavg()[0]:.1f}")
            results = turns(rows, options.runs)
    conclude(options, _report(results), _targets(results), results)


def _options() -> argparse.Namespace:
    made = parser("bench-updates", __doc__, runs=7)
    made.add_argument("--packages", type=int, default=10_000, help="packages of the repository")
    made.add_argument("--advisories", type=int, default=3_000, help="advisories of the repository")
    made.add_argument("--python", default=sys.executable, help="a Python that has createrepo_c")
    add_folder(made, needs="50 MB")
    return made.parse_args()


def _repository(folder: Path, packages: int, advisories: int) -> None:
    names = tuple(numbered(packages))
    repository(folder, Contents(names=names), large=True)
    _add(folder, "updateinfo", "updateinfo.xml", _updateinfo(names, advisories))
    _add(folder, "modules", "modules.yaml", _modules())


def _add(folder: Path, kind: str, name: str, text: bytes) -> None:
    content = pack(text, "gz")
    digest = hashlib.sha256(content).hexdigest()
    (folder / f"repodata/{name}.gz").write_bytes(content)
    row = (
        f'<data type="{kind}"><checksum type="sha256">{digest}</checksum>'
        f'<location href="repodata/{name}.gz"/></data>'
    )
    repomd = folder / "repodata/repomd.xml"
    repomd.write_text(repomd.read_text().replace("</repomd>", f"{row}</repomd>"))


def _updateinfo(names: tuple[str, ...], count: int) -> bytes:
    """Return as many advisories, with as much text as Rocky's have."""
    several = "".join(_advisory(number, names) for number in range(count))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<updates>{several}</updates>\n'.encode()


def _advisory(number: int, names: tuple[str, ...]) -> str:
    kind = ("security", "bugfix")[number % 2]
    about = "".join(
        f'<package name="{names[(number * _ABOUT + each) % len(names)]}" version="5.14.0" '
        'release="427.13.1.el9" epoch="0" arch="x86_64" src="x-5.14.0-427.13.1.el9.src.rpm">'
        "<filename>x-5.14.0-427.13.1.el9.x86_64.rpm</filename>"
        f'<sum type="sha256">{"ab" * 32}</sum></package>\n'
        for each in range(_ABOUT)
    )
    references = "".join(
        f'<reference href="https://example.org/CVE-2026-{number}{each}" type="cve" '
        f'id="CVE-2026-{number}{each}" title="CVE-2026-{number}{each}"/>\n'
        for each in range(5)
    )
    return (
        f'<update from="x" status="final" type="{kind}" version="2"><id>RLSA-2026:{number}</id>'
        f'<title>Important: {names[0]} update</title><issued date="2026-06-16 13:45:00"/>'
        f"<severity>Important</severity><description>{'What it mends. ' * 100}</description>\n"
        f"<references>{references}</references><pkglist><collection short='el9'><name>x</name>\n"
        f"{about}</collection></pkglist></update>\n"
    )


def _modules() -> bytes:
    documents = []
    for number in range(_STREAMS):
        rpms = "".join(
            f"    - module{number // 5}-{each}-0:{number % 5}.1-1.module_el8.x86_64\n"
            for each in range(_OF_STREAM)
        )
        documents.append(
            f"---\ndocument: modulemd\nversion: 2\ndata:\n  name: module{number // 5}\n"
            f'  stream: "{number % 5}"\n  version: 8\n  artifacts:\n    rpms:\n{rpms}...\n'
        )
    return "".join(documents).encode()


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    argv = [sys.executable, "-c", _SERVER, str(folder)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def _rows(here: Path, url: str, options: argparse.Namespace) -> dict[str, list[str]]:
    versions = ("5.14.0-427.13.1.el9",) * (_OLD - 1) + ("5.14.0-427.el9",)
    packages = tuple(
        Package(kind="rpm", name=name, arch="x86_64", version=versions[number % _OLD])
        for number, name in enumerate(numbered(_INSTALLED))
    )
    template = manifest(name="mine", release="mine", packages=packages)
    (here / "manifest.json").write_bytes(msgspec.json.encode(template))
    (here / "releases").mkdir()
    row = f'[mine]\nextends = "rhel9"\n[mine.repositories]\nbase = "{url}/"\n'
    (here / "releases/own.toml").write_text(row)
    ours = [sys.executable, "-c", _OURS]
    asked = [*ours, str(here / "manifest.json"), str(here / "releases")]
    updates = str(_INSTALLED // _OLD)
    rows = {START: ours, LOOKED: [*asked, "1", updates], SEVERAL: [*asked, "10", updates]}
    done = subprocess.run(
        [options.python, "-c", "import createrepo_c"], capture_output=True, check=False
    )
    if done.returncode == 0:
        lists = (here / "repository/repodata").glob("*.xml.gz")
        found = sorted(map(str, lists), key=lambda each: "primary" not in each)
        rows[THEIRS] = [options.python, "-c", _THEIRS, *found]
    return rows


def _report(results: dict[str, list[Usage]]) -> str:
    header = ("BY", "SECONDS", "MIN-MAX", "PROCESSOR s", "MB")
    rows = [
        (
            who,
            *spread([each.wall for each in runs]),
            f"{median(each.processor for each in runs):.2f}",
            f"{max(each.memory for each in runs):.0f}",
        )
        for who, runs in results.items()
    ]
    return table(header, rows)


def _targets(results: dict[str, list[Usage]]) -> list[Target]:
    def typical(who: str) -> float:
        return median(each.processor for each in results[who])

    memory = max(each.memory for who in (LOOKED, SEVERAL) for each in results[who])
    more = (typical(SEVERAL) - typical(LOOKED)) / (_TEMPLATES - 1)
    return [
        most("updates", "one template", typical(LOOKED), limit=_SECONDS, unit="s"),
        most("updates", "each one more", more, limit=_SECONDS / 10, unit="s"),
        most("updates", "memory", memory, limit=_MEMORY, unit="MB"),
    ]


if __name__ == "__main__":
    main()
