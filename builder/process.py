"""The only door to other programs: argument lists in, text out, errors that can be pasted."""

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from builder.errors import HostError

_PACKAGES = {
    "gpgv": "gpgv (Debian) or gnupg2 (EL)",
    "grub-mkimage": "grub-common",
    "implantisomd5": "isomd5sum",
    "isohybrid": "syslinux-utils",
    "mmdebstrap": "mmdebstrap",
    "mksquashfs": "squashfs-tools",
    "mcopy": "mtools",
    "mdir": "mtools",
    "openssl": "openssl",
    "ssh-keygen": "openssh-client (Debian) or openssh (EL)",
    "qemu-img": "qemu-utils (Debian) or qemu-img (EL)",
    "systemd-analyze": "systemd",
    "xorriso": "xorriso",
    "libvirtd": "libvirt-daemon-system (Debian) or libvirt-daemon (EL)",
}


_TIMED_OUT = 124


Completed = subprocess.CompletedProcess[str]
"""A program that ran to its end."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours from scratch, so that nobody's locale or aliases change what programs print."""
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "PATH") if name in os.environ}
    return {"PATH": os.defpath, **kept, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **(extra or {})}


def run(
    argv: Sequence[str | Path],
    *,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float | None = None,
    check: bool = True,
    alone: bool = False,
) -> Completed:
    """Run `argv` to its end and return what it printed.

    `stdin` is the place for secrets: arguments can be read by everyone in `ps`. After `seconds` the
    program is killed; it then has the exit code 124, as from timeout(1). With `alone` it has a
    session of its own, and what it has started is killed with it: for programs of users'.
    Raises HostError when the program is missing, or, with `check`, when it fails.
    """
    command = tuple(str(argument) for argument in argv)
    given = environment(env)
    pipe = subprocess.PIPE
    program = _started(command, stdin=pipe, stderr=pipe, env=given, alone=alone)
    try:
        with _ended(program, alone=alone):
            said = program.communicate(stdin or "", timeout=seconds)
        done = Completed(command, program.returncode, *said)
    except subprocess.TimeoutExpired:
        late = f"it took longer than {seconds} s"
        done = Completed(command, _TIMED_OUT, "", late)
    if check and done.returncode:
        raise failure(done)
    return done


def follow(argv: Sequence[str | Path], *, on_line: Callable[[str], None]) -> Completed:
    """Run `argv` to its end, and hand over each line of its output as it comes.

    A carriage return ends a line too: that is how programs count up in one. Whatever ends the wait
    ends the program. Raises HostError when the program is missing or fails.
    """
    command = tuple(str(argument) for argument in argv)
    with tempfile.TemporaryFile("w+", errors="replace") as words:  # a pipe would have to be read
        program = _started(command, stdin=subprocess.DEVNULL, stderr=words, env=environment())
        lines = []
        with _ended(program):
            for line in program.stdout or ():
                lines.append(line)
                on_line(line.rstrip("\n"))
        words.seek(0)
        said = words.read()
    done = Completed(command, program.returncode, "".join(lines), said)
    if done.returncode:
        raise failure(done)
    return done


def _started(
    command: tuple[str, ...],
    *,
    stdin: int,
    stderr: int | IO[str],
    env: Mapping[str, str],
    alone: bool = False,
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=env,
            text=True,
            errors="replace",
            start_new_session=alone,
        )
    except OSError as error:
        raise _not_started(command[0], error) from error


@contextmanager
def _ended(program: subprocess.Popen[str], *, alone: bool = False) -> Iterator[None]:
    """End the program with the block, whatever ends that: its files may be removed next."""
    with program:
        try:
            yield
        except BaseException:
            if alone and program.returncode is None:  # else its number may be another's
                os.killpg(program.pid, signal.SIGKILL)
            program.kill()
            program.wait()  # after Ctrl-C the block's own end waits for a quarter of a second only
            raise


def start(argv: Sequence[str | Path], *, log: Path) -> subprocess.Popen[bytes]:
    """Start a program that keeps running; what it prints goes to `log`. The caller ends it."""
    command = [str(argument) for argument in argv]
    try:
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment(),
                start_new_session=True,
            )
    except OSError as error:
        raise _not_started(command[0], error) from error


def run_attached(argv: Sequence[str], *, umask: int = -1) -> int:
    """Run `argv` on our own terminal and environment; return its exit code as a shell would.

    Ctrl-C reaches it from the terminal, SIGTERM is passed on: it decides, and we wait for it. Its
    `umask` may be another than ours.
    """
    with _signals_left_to_child() as adopt:
        try:
            child = subprocess.Popen(list(argv), umask=umask)
        except OSError as error:
            raise _not_started(argv[0], error) from error
        with child:
            adopt(child)
            code = child.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _signals_left_to_child() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Yield what makes a process the child; a SIGTERM that comes before waits for it."""
    children: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for child in children:
            child.send_signal(number)
        if not children:
            early.append(number)

    def adopt(child: subprocess.Popen[bytes]) -> None:
        children.append(child)
        for number in early:
            child.send_signal(number)

    interrupt = signal.signal(signal.SIGINT, lambda *_: None)
    terminate = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield adopt
    finally:
        signal.signal(signal.SIGINT, interrupt)
        signal.signal(signal.SIGTERM, terminate)


def failure(done: Completed) -> HostError:
    """Explain a program that failed: its last line, and the command ready to paste."""
    said = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
    ended = f"exit {done.returncode}" if done.returncode > 0 else f"signal {-done.returncode}"
    return HostError(
        f"{Path(done.args[0]).name} failed ({ended}): {said}",
        hint=f"Run it by hand: {shlex.join(done.args)}",
    )


def package(program: str) -> str:
    """Return the package that brings a program."""
    return _PACKAGES.get(program, program)


def _not_started(program: str, error: OSError) -> HostError:
    name = Path(program).name
    # The search along PATH ends with "permission denied" where a folder of it is closed to us.
    searched = isinstance(error, FileNotFoundError) or "/" not in program
    # The error names what it is about: a missing folder or log is no missing program.
    if not searched or str(error.filename) != program:
        return HostError(
            f"Cannot run {name}: {error.strerror}: {error.filename}.",
            hint="Check that path and its permissions.",
        )
    return HostError(
        f"The program {name} is not installed.",
        hint=f"Install {package(name)}.",
    )
