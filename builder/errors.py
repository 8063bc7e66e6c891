"""What can go wrong, one class per remedy, each with the exit code that scripts rely on."""

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar


class BuilderError(Exception):
    """A failure that we can explain: one sentence of what happened, one hint of what to do."""

    exit_code: ClassVar[int] = 1

    may_pass: bool = False
    """Whether its cause may be gone in a few minutes, with nothing mended: worth another attempt.
    So is a server that does not answer; a missing file, a wrong checksum and a full disk are not.
    """

    def __init__(self, message: str, *, hint: str = "", may_pass: bool | None = None) -> None:
        """`may_pass` is for what is raised where it is known; None leaves the class's."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        if may_pass is not None:
            self.may_pass = may_pass
        self.evidence: Path | None = None
        """The folder of the build that it ended, where that has left one."""

    def reword(self, change: Callable[[str], str]) -> None:
        """Change all that it says."""
        self.message, self.hint = change(self.message), change(self.hint)
        self.args = (self.message,)


class UsageError(BuilderError):
    """The command line names something that does not exist or contradicts itself."""

    exit_code = 2


class ConfigError(BuilderError):
    """A configuration or input file is wrong: mend the file."""

    exit_code = 3


class HostError(BuilderError):
    """The host, its programs, libvirt or its storage refused: mend the host."""

    exit_code = 4


class MediaError(BuilderError):
    """A download, checksum or ISO is wrong: get the right medium."""

    exit_code = 5


class KickstartError(BuilderError):
    """A kickstart does not render or does not pass the linter: mend the kickstart."""

    exit_code = 6


class InstallError(BuilderError):
    """The guest reported a failure, or died: read the evidence."""

    exit_code = 7


class HangError(BuilderError):
    """The guest stopped moving or took too long: look at its screen."""

    exit_code = 8
    may_pass = True


class TemplateError(BuilderError):
    """A template failed its audit or verification and was not published, or it is revoked."""

    exit_code = 9


class BatchError(BuilderError):
    """Some of many builds failed: read the summary."""

    exit_code = 10


@contextmanager
def explained(
    what: str, *, hint: str = "", error_class: type[BuilderError] = HostError
) -> Iterator[None]:
    """Turn an OSError of the block into another: `what` failed, and why."""
    try:
        yield
    except OSError as error:
        raise error_class(f"{what}: {error.strerror}.", hint=hint) from error


def suggest(word: str, known: Iterable[str], *, none: str = "") -> str:
    """Return a hint for a name that nobody knows: the nearest known one, else all of them.

    `none` is what to say where there are none.
    """
    names = sorted(known)
    everything = f"Known: {', '.join(names)}." if names else none
    return nearest(word, names) or everything


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint with the known name that is nearest; empty where none is near."""
    names = {each.lower(): each for each in sorted(known, reverse=True)}
    near = difflib.get_close_matches(word.lower(), sorted(names), n=1)
    return f"Did you mean {names[near[0]]}?" if near else ""
