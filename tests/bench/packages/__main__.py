"""Measure how long it takes to look for %packages on a DVD, beside createrepo_c's own reader.

`make bench-packages`. An ISO laid out as EL 9's, with --packages packages, and a kickstart that
names 40 of them: FOUND. MISSING has three names more that nobody has, each of which is looked for
among all that packages provide. THEIRS only reads the same lists, unpacked into a folder before, by
the bindings of createrepo_c (`pip install createrepo_c`, in this Python or the one that --python
names): it needs no ISO, asks for nothing, and has no "did you mean". START is a Python that does
nothing but import what ours needs. All take turns; each is a whole process. Targets are of the
processor's time, which says what a machine would take that does nothing else.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from statistics import median

from tests.bench.options import add_folder, conclude, parser
from tests.bench.packages.media import Contents, large, repository
from tests.bench.packages.repodata import numbered
from tests.bench.tables import Target, most, say, spread, table
from tests.bench.usage import Usage, turns

START, FOUND, MISSING, THEIRS = "start", "found", "missing", "createrepo_c"
ONLINE = "online"
_OURS = """
import sys
from pathlib import Path
from builder.kickstart.wanted import wanted
from builder.media.selection import missing
from builder.model.kickstart import Kickstart
if len(sys.argv) > 2:
    text = Path(sys.argv[2]).read_text()
    found = missing(wanted(Kickstart(source="x", syntax="RHEL9", text=text)), Path(sys.argv[1]))
    assert len(found) == int(sys.argv[3]), found
"""
_THEIRS = """
import sys
import createrepo_c
names = []
for path in sys.argv[1:]:
    createrepo_c.xml_parse_primary(path, pkgcb=lambda each: names.append(each.name), do_files=True)
"""
_ONLINE = """
import sys
from builder.media.online import look, packages
assert len(packages(look(sys.argv[1]))) == int(sys.argv[2])
"""
_SECONDS, _MEMORY = 1.0, 200.0
_ONLINE_SECONDS, _ONLINE_MEMORY = 2.0, 300.0


def main() -> None:
    """Print the table."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        here = Path(folder)
        rows = _rows(here, options)
        with _served(here / "online", options.packages) as url:
            rows[ONLINE] = [sys.executable, "-c", _ONLINE, url, str(options.packages)]
            say(f"{len(os.sched_getaffinity(0))} processors, load {os.getloadavg()[0]:.1f}")
            results = turns(rows, options.runs)
    conclude(options, _report(results), _targets(results), results)


def _options() -> argparse.Namespace:
    made = parser("bench-packages", __doc__, runs=7)
    made.add_argument("--packages", type=int, default=10_000, help="packages on the ISO")
    made.add_argument("--python", default=sys.executable, help="a Python that has createrepo_c")
    add_folder(made, needs="300 MB")
    return made.parse_args()


def _rows(here: Path, options: argparse.Namespace) -> dict[str, list[str]]:
    iso = large(options.packages, here, names=("bash", "kernel"))
    names = list(islice(numbered(options.packages - 2), 0, options.packages - 2, 251))[:40]
    ours = [sys.executable, "-c", _OURS]
    rows = {START: ours}
    wrong = ("libary00123-devl", "yum-utls", "httpd-*-none")
    for who, more in ((FOUND, ()), (MISSING, wrong)):
        kickstart = here / f"{who}.ks"
        lines = "\n".join(("cdrom", "%packages", "@core", *names, *more, "%end", ""))
        kickstart.write_text(lines)
        rows[who] = [*ours, str(iso), str(kickstart), str(len(more))]
    if _has_createrepo(options.python):
        lists = sorted(map(str, here.glob("*/*/repodata/*-primary.xml.gz")))
        rows[THEIRS] = [options.python, "-c", _THEIRS, *lists]
    return rows


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Keep the table clean."""


@contextmanager
def _served(here: Path, count: int) -> Iterator[str]:
    """Yield the address of a repository of so many packages."""
    repository(here, Contents(names=tuple(numbered(count))), large=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=here)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _has_createrepo(python: str) -> bool:
    done = subprocess.run([python, "-c", "import createrepo_c"], capture_output=True, check=False)
    return done.returncode == 0


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
    def typical(who: str) -> float | None:
        used = [each.processor for each in results.get(who, ())]
        return median(used) if used else None

    theirs, found = typical(THEIRS), typical(FOUND)
    more = found / theirs if found and theirs else None
    memory = max(each.memory for who in (FOUND, MISSING) for each in results[who])
    online = max(each.memory for each in results[ONLINE])
    return [
        most("packages", "all are there", found, limit=_SECONDS, unit="s"),
        most("packages", "three are missing", typical(MISSING), limit=2 * _SECONDS, unit="s"),
        most("packages", "memory", memory, limit=_MEMORY, unit="MB"),
        most("packages", "online", typical(ONLINE), limit=_ONLINE_SECONDS, unit="s"),
        most("packages", "online, memory", online, limit=_ONLINE_MEMORY, unit="MB"),
        most("packages", "all are there, RATIO to createrepo_c's", more, limit=3, unit="times"),
    ]


if __name__ == "__main__":
    main()
