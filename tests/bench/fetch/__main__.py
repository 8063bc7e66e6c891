"""Measure how long it takes to download and verify an ISO, beside curl and then sha256sum.

`make bench-fetch`. A server on the loopback sends the same file to each, from memory, and they take
turns; aria2c is there where it is installed. OURS is on the disk when it is done (fsync), as an ISO
must be that others rely on; that is not asked of the others. RATIO is the median of the rounds'.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.options import add_folder, conclude, parser
from tests.bench.tables import Target, most, say, spread, table
from tests.bench.usage import Usage, cache, turns, usage

OURS, CURL, ARIA = "ours", "curl, sha256sum", "aria2c"
_NAME = "Medium-9.iso"
_OURS = """
import sys
from pathlib import Path
from builder.media.fetch import fetch
from builder.model.media import Download
from builder.model.release import Medium
from builder.monitor import SilentMonitor
url, digest, name, cache = sys.argv[1:]
source = Download(urls=(url,), medium=Medium(file=name, sha256=digest))
fetch(source, cache=Path(cache), monitor=SilentMonitor())
"""
_CURL = 'curl -s -f -o "$2" "$1" && echo "$3  $2" | sha256sum -c --quiet'
_SERVER = """
import os, sys, http.server
size = os.stat(sys.argv[1]).st_size
file = os.open(sys.argv[1], os.O_RDONLY)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
    def do_GET(self):
        self.do_HEAD()
        self.wfile.flush()
        sent = 0
        while sent < size:
            sent += os.sendfile(self.connection.fileno(), file, sent, size - sent)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


def main() -> None:
    """Print the table."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        here = Path(folder)
        digest = _medium(here / _NAME, options.mib << 20)
        say(f"{len(os.sched_getaffinity(0))} processors, load {os.getloadavg()[0]:.1f}")
        with _serving(here / _NAME) as url:
            rows = _rows(url, digest, here)
            results = turns(
                rows, options.runs, measured=lambda argv: _measured(argv, here, options.mib)
            )
    conclude(options, _report(results, options.mib), _targets(results), results)


def _options() -> argparse.Namespace:
    made = parser("bench-fetch", __doc__, runs=5)
    made.add_argument("--mib", type=int, default=1024, help="MiB of the ISO")
    add_folder(made, needs="three times as much free")
    return made.parse_args()


def _medium(path: Path, size: int) -> str:
    """Make a file of so many random bytes; return its sha256."""
    content = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(size >> 20):
            block = os.urandom(1 << 20)
            content.update(block)
            file.write(block)
    return content.hexdigest()


def _measured(argv: list[str], here: Path, mib: int) -> Usage:
    cache(here / _NAME)
    _warm(mib)
    used = usage(argv)
    shutil.rmtree(here / "made")
    return used


def _warm(mib: int) -> None:
    """Touch as much memory as the download's cache takes: the host may have to find it first."""
    size = mib << 20
    program = f"x = bytearray({size})\nfor at in range(0, {size}, 4096): x[at] = 1"
    subprocess.run([sys.executable, "-c", program], check=True)


@contextmanager
def _serving(path: Path) -> Iterator[str]:
    argv = [sys.executable, "-c", _SERVER, str(path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def _rows(url: str, digest: str, here: Path) -> dict[str, list[str]]:
    made, address = here / "made", f"{url}/{_NAME}"
    curl = f"mkdir {made} && {_CURL}"
    rows = {
        OURS: [sys.executable, "-c", _OURS, url, digest, _NAME, str(made)],
        CURL: ["sh", "-c", curl, "sh", address, str(made / _NAME), digest],
    }
    if shutil.which("aria2c"):
        options = ["-q", "--check-integrity=true", f"--checksum=sha-256={digest}"]
        rows[ARIA] = ["aria2c", *options, "-d", str(made), address]
    return rows


def _report(results: dict[str, list[Usage]], mib: int) -> str:
    header = ("BY", "SECONDS", "MIN-MAX", "MiB/s", "PROCESSOR s", "MB", "OURS TO IT")
    rows = [
        (
            who,
            *spread([each.wall for each in runs]),
            f"{mib / sorted(each.wall for each in runs)[len(runs) // 2]:.0f}",
            *spread([each.processor for each in runs])[:1],
            f"{max(each.memory for each in runs):.0f}",
            f"{_ratio(results, who):.2f}",
        )
        for who, runs in results.items()
    ]
    return table(header, rows)


def _targets(results: dict[str, list[Usage]]) -> list[Target]:
    ratio = _ratio(results, CURL)
    return [most("fetch", f"RATIO to {CURL}", ratio, limit=0.7, unit="times")]


def _ratio(results: dict[str, list[Usage]], other: str) -> float:
    pairs = zip(results[OURS], results[other], strict=True)
    found = sorted(ours.wall / others.wall for ours, others in pairs)
    return found[len(found) // 2]


if __name__ == "__main__":
    main()
