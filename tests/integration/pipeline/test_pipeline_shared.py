"""What several builds of a run need is had once, by processes side by side."""

import hashlib
import os
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from builder.errors import HostError
from builder.media.fetch import fetch
from builder.media.pace import Patience
from builder.model.media import Download
from builder.model.release import Medium
from builder.model.template import Built
from builder.monitor import Monitor
from builder.pipeline import runner
from builder.pipeline.display import Blind
from builder.pipeline.job import Job, Retry
from builder.pipeline.runner import Rules
from builder.pipeline.schedule import Room, Task
from builder.recipes.order import Request
from builder.record.runs import Outcome
from builder.rehearsal import cache, make
from tests.values import template

CONTENT = b"a medium " * 200_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = Patience(connect=2.0, silence=2.0)


class _Mirror(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []
    failures: ClassVar[int] = 0

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        if len(self.asked) <= self.failures:
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        for at in range(0, len(CONTENT), 1 << 17):
            self.wfile.write(CONTENT[at : at + (1 << 17)])
            time.sleep(0.05)  # others have time to ask as well

    def log_message(self, *_words: object) -> None:
        pass


def run(names: str, work: object, *, retry: Retry | None = None) -> list[Outcome]:
    came: list[Outcome] = []
    tasks = [Task(job=Job(name=name, medium="x", request=Request(release="x"))) for name in names]
    room = Room(parallel=4, memory_mib=1, vcpus=1, disk_gib=1)
    rules = Rules(room=room, retry=retry or Retry(times=0))
    runner.run(tasks, work, rules=rules, display=Blind(), over=came.append)  # type: ignore[arg-type]
    return came


def download(job: Job, monitor: Monitor, *, url: str, pool: Path) -> Built:
    medium = Medium(file="x.iso", sha256=SHA256)
    path = fetch(Download(medium=medium, urls=(url,)), cache=pool, monitor=monitor, patience=QUICK)
    assert path.read_bytes() == CONTENT
    return Built(template=template(name=job.name), fresh=True)


@pytest.mark.parametrize(
    ("failures", "retry", "results", "asked"),
    [
        (0, Retry(times=0), "published", 1),
        (8, Retry(times=3, wait_minutes=0.001), "published", 9),
        (99, Retry(times=0), "failed", 12),
    ],
    ids=["one download", "a mirror that comes back", "a mirror that does not"],
)
def test_an_iso_is_downloaded_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
    retry: Retry,
    results: str,
    asked: int,
) -> None:
    monkeypatch.setattr(_Mirror, "asked", [])
    monkeypatch.setattr(_Mirror, "failures", failures)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Mirror) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        came = run("abc", partial(download, url=url, pool=tmp_path), retry=retry)
        server.shutdown()
    assert [each.result for each in came] == [results] * 3, came
    assert len(_Mirror.asked) == asked
    assert {each.exit_code for each in came} == ({0} if results == "published" else {5})


def make_medium(job: Job, monitor: Monitor, *, folder: Path) -> Built:
    """Have the cache's medium, where what makes it is a line in a file."""

    def made(_layout: object, output: Path, *_more: object) -> None:
        with (folder / "made").open("a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(0.5)
        output.write_bytes(b"x")

    make._make = made  # type: ignore[assignment]  # in a process of its own
    path = cache.cached(folder / "cache", layout="el7", monitor=monitor)
    if path.read_bytes() != b"x":
        raise HostError("It is another one.")
    return Built(template=template(name=job.name), fresh=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="making a rehearsal ISO needs root")
def test_a_rehearsal_medium_is_made_once(tmp_path: Path) -> None:
    came = run("abc", partial(make_medium, folder=tmp_path))
    assert [each.error for each in came] == [""] * 3
    assert len((tmp_path / "made").read_text().splitlines()) == 1
