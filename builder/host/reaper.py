"""A stand-in for process 1: `python reaper.py PROGRAM…` runs a daemon whose orphans fall to it.

libvirtd lets go of its guests, so that they are process 1's children, and polls until an ended one
has been reaped. An init does that at once; what a container has as process 1 may take two seconds,
or never do it at all, and each guest that ends takes that much longer.
"""

import ctypes
import os
import signal
import sys

_DEATH_SIGNAL, _CHILD_SUBREAPER = 1, 36  # linux/prctl.h


def main() -> None:
    """Run the program that the arguments name; leave with its exit code when it ends."""
    libc = ctypes.CDLL(None)
    libc.prctl(_CHILD_SUBREAPER, 1)  # an older kernel has none: then it is as it was
    program = os.fork()
    if not program:
        libc.prctl(_DEATH_SIGNAL, signal.SIGKILL)
        os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  # our own arguments, no shell
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.kill(program, signal.SIGTERM))
    ended, status = os.wait()
    while ended != program:
        ended, status = os.wait()
    sys.exit(os.waitstatus_to_exitcode(status) % 256)


if __name__ == "__main__":
    main()
