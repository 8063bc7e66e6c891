"""Work in processes of its own, some of which are killed on the way."""

import multiprocessing
import os
import re
import signal
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess

from tests.waiting import PATIENCE

# Not by fork: libvirt's event loop is a thread of this process.
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["builder.record.journal", "builder.registry.channels", "store_pools"]
)
Point = tuple[str, str]
"""An event of Python's audit hooks, and a pattern of the file's name that it is about."""


def start(work: Callable[..., object], *arguments: object) -> BaseProcess:
    """Let a process do the work."""
    process = _SERVER.Process(target=work, args=arguments)
    process.start()
    return process


def doomed(point: Point, work: Callable[..., object], *arguments: object) -> None:
    """Do the work, and be killed at the point: what it is called by is not done yet."""
    wanted, name = point

    def hook(event: str, given: tuple[object, ...]) -> None:
        if event == wanted and re.search(name, str(given[0])):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    work(*arguments)


def kill_at(point: Point, work: Callable[..., object], *arguments: object) -> None:
    """Return when a process that did the work was killed at the point."""
    process = start(doomed, point, work, *arguments)
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL
