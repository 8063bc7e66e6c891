"""A stand-in for process 1: `python reaper.py LOCK NOTE LOGGER PROGRAM…` runs a daemon.

The daemon's orphans fall to us. libvirtd lets go of its guests, so that they are process 1's
children, and polls until an ended one has been reaped. An init does that at once; what a container
has as process 1 may take two seconds, or never do it at all, and each guest that ends takes that
much longer.

LOGGER is the process of the virtlogd that goes with the daemon, or 0. It is ended when the daemon
is gone, no orphan is left that may write through it, and nobody holds LOCK any more; not if NOTE
names another process than us by then: the next daemon has it.
"""

import ctypes
import fcntl
import os
import signal
import sys
from contextlib import suppress

_DEATH_SIGNAL, _CHILD_SUBREAPER = 1, 36  # linux/prctl.h
_TO_LEAVE = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    """Run the program that the arguments name; leave with its exit code when it ends."""
    lock, note, logger, *words = sys.argv[1:]
    code = _run(words)
    if int(logger) and os.path.exists(note):  # noqa: PTH110  # -S; else it has never come up
        _end_logger(int(logger), lock, note)
    sys.exit(code)


def _run(words: list[str]) -> int:
    libc = ctypes.CDLL(None)
    libc.prctl(_CHILD_SUBREAPER, 1)  # an older kernel has none: then it is as it was
    signal.pthread_sigmask(signal.SIG_BLOCK, _TO_LEAVE)  # the program may be up before us
    program = os.fork()
    if not program:
        libc.prctl(_DEATH_SIGNAL, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _TO_LEAVE)
        os.execvp(words[0], words)  # noqa: S606  # our own arguments, no shell
    for number in _TO_LEAVE:
        signal.signal(number, lambda *_: _end(program))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _TO_LEAVE)
    ended, status = os.wait()
    while ended != program:
        ended, status = os.wait()
    return os.waitstatus_to_exitcode(status) % 256


def _end_logger(logger: int, lock: str, note: str) -> None:
    with suppress(ChildProcessError):  # no more of them
        while True:
            os.wait()
    with open(lock) as users, open(note) as daemon:  # noqa: PTH123  # -S
        fcntl.flock(users, fcntl.LOCK_EX)
        if daemon.read() == str(os.getpid()):
            _end(logger)


def _end(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)


if __name__ == "__main__":
    main()
