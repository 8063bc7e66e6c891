"""The only door to other programs inside the rehearsal."""

import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from builder.rehearsal.guest.console import Console
from builder.rehearsal.guest.model import Failure

SYSROOT = Path("/mnt/sysimage")

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "linux",
    "DEBIAN_FRONTEND": "noninteractive",
    # There is no udev here: the device mapper must make its nodes itself.
    "DM_DISABLE_UDEV": "1",
}


class Runner:
    """Runs programs of the installer and of the installed system, and logs them."""

    def __init__(self, console: Console, *, sysroot: Path = SYSROOT) -> None:
        self.console = console
        self.sysroot = sysroot

    def run(self, *argv: str | Path, stdin: str = "", check: bool = True) -> str:
        """Run a program of the installer; return what it printed. Raises Failure."""
        command = [str(argument) for argument in argv]
        self.console.log(f"Running... {shlex.join(command)}", name="program")
        done = subprocess.run(  # noqa: S603  # an argument list, no shell
            command,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_ENVIRONMENT,
            text=True,
            errors="replace",
            check=False,
        )
        for line in done.stdout.splitlines():
            self.console.log(line, name="program")
        if check and done.returncode:
            said = (done.stdout.strip().splitlines() or ["it said nothing"])[-1]
            raise Failure(f"{command[0]} failed with code {done.returncode}: {said}")
        return done.stdout

    def chroot(self, *argv: str | Path, stdin: str = "", check: bool = True) -> str:
        """Run a program of the installed system; return what it printed. Raises Failure."""
        return self.run("chroot", self.sysroot, *argv, stdin=stdin, check=check)

    def uuid(self, device: str) -> str:
        """Return by what a file system is mounted. Raises Failure."""
        return self.run("blkid", "-s", "UUID", "-o", "value", device).strip()

    def script(self, argv: Sequence[str], *, log: Path) -> int:
        """Run a script with its output in `log`; return its exit code."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            done = subprocess.run(  # noqa: S603  # an argument list, no shell
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_ENVIRONMENT,
                cwd="/",
                check=False,
            )
        return done.returncode

    @contextmanager
    def lines(self, *argv: str | Path) -> Iterator[Iterator[str]]:
        """Yield a program's lines as it prints them. Raises Failure when it fails."""
        command = [str(argument) for argument in argv]
        self.console.log(f"Running... {shlex.join(command)}", name="program")
        with subprocess.Popen(  # noqa: S603  # an argument list, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_ENVIRONMENT,
            text=True,
            errors="replace",
        ) as process:
            if process.stdout is None:
                raise Failure(f"{command[0]} has no output")
            yield iter(process.stdout)
        if process.returncode:
            raise Failure(f"{command[0]} failed with code {process.returncode}")
