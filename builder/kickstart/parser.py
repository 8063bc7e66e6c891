"""A kickstart read as its installer reads it, and on past what ends the installer's reading."""

import re
import shlex
import warnings
from collections.abc import Callable
from typing import Any, Self

from pykickstart.errors import KickstartError as ParseError
from pykickstart.parser import STATE_COMMANDS, KickstartParser, Packages
from pykickstart.sections import PackageSection
from pykickstart.version import F7, F14, F18, F23, makeVersion, stringToVersion

from builder.kickstart.masking import Secret, secrets
from builder.kickstart.quoting import elsewhere, quoted
from builder.kickstart.remedies import remedied
from builder.model.kickstart import LintFinding

# What pykickstart did not foresee comes as one of Python's own errors.
_WRONG = (
    ParseError, ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError,
    RecursionError, TypeError, ValueError,
)  # fmt: skip
_OF_OLD = ("%packages", "%post", "%pre", "%traceback")
"""Sections until EL 6; to its installer all others are unknown."""
_NO_FILE = "{} names no file"
_ON_EACH_DISK = re.compile(
    r"A partition with the mountpoint (?:\w+boot|[nN]one) has already been defined\."
)
"""pykickstart takes for a place what is none; a mirror of two disks has such a part on both."""
_INCLUDED = ("%include", "%ksappend")
_TO_LINE_FEED = re.compile(r"[^\n]*\n|[^\n]+")
_TO_EITHER = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")


def _pieces(text: str, version: int) -> list[str]:
    """Return what a version takes for lines: Python 3 ends them at form feeds and more as well.

    EL 6 asked for lines of the file, EL 7 split bytes in Python 2.
    """
    if version >= F23:
        return text.splitlines(keepends=True)
    return (_TO_EITHER if version >= F14 else _TO_LINE_FEED).findall(text)


class _Lines:
    """The lines as pykickstart wants them, the last one empty; they know where it is."""

    def __init__(self, text: str, version: int) -> None:
        self._all = [*_pieces(text, version), ""]
        self._numbers = [1]
        for each in self._all:
            self._numbers.append(self._numbers[-1] + each.endswith("\n"))
        # Nothing stands in the line after the last line feed.
        self._last = max(1, text.count("\n") + (not text.endswith("\n")))
        self._read = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if not self.left:
            raise StopIteration
        self._read += 1
        return self.line

    def put(self, _line: str) -> None:
        """Take the last line back."""
        self._read -= 1

    @property
    def line(self) -> str:
        """The line that was read last."""
        return self._all[self._read - 1]

    @property
    def first(self) -> str:
        """The first word of that line."""
        return (self.line.split(maxsplit=1) or [""])[0]

    @property
    def number(self) -> int:
        """The number that editors show for it."""
        return min(self._numbers[max(self._read - 1, 0)], self._last)

    @property
    def left(self) -> bool:
        return self._read < len(self._all)


class _Packages(PackageSection):  # type: ignore[misc]  # pykickstart has no types
    """Reads each package by itself: pykickstart sorts all that it has for each line."""

    tell: Callable[[Exception], None]

    def handleLine(self, line: str) -> None:
        """Hold a line against what a package may be called; the next one is read in any case."""
        name = line.partition("#")[0].strip()
        try:
            if name in ("-", "@", "-@"):
                raise ParseError(f"{name} stands before no name")
            Packages().add([name])
        except _WRONG as error:
            self.tell(error)


class Parser(KickstartParser):  # type: ignore[misc]
    """Goes on after an error, and remembers each error and warning with its line."""

    _sections: dict[str, Any]
    _state: str

    def __init__(self, syntax: str, text: str) -> None:
        # Whatever a kickstart includes is there only when it installs: never read, never fetched.
        super().__init__(makeVersion(stringToVersion(syntax)), followIncludes=False)
        self._lines = _Lines(text, self.handler.version)
        if self.handler.version < F14:
            self.version = F7  # until EL 6 a section might end where the next one began
        self.findings: list[LintFinding] = []
        self.whole = True
        """Whether all was read: a line or a section that was not may hold whatever is missing."""
        self.broken: set[str] = set()
        """Commands of which a line has an error, so that nobody knows what it says."""
        self._secrets: dict[int, list[Secret]] = {}
        for each in secrets(text):
            self._secrets.setdefault(each.line, []).append(each)
        self._opened = 0
        if self.handler.version < F18:
            self._sections = {each: self._sections[each] for each in _OF_OLD}
        packages = _Packages(self.handler)
        packages.tell = self._add_error
        self.registerSection(packages)
        # What is put into the file before it is read, within scripts as well.
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip() == "%ksappend":
                self._add("error", _NO_FILE.format("%ksappend"), line=number)

    def read(self) -> None:
        """Read all lines."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            while self._lines.left:
                try:
                    self._read_on()
                except _WRONG as error:
                    self.whole = False
                    self._add_error(error)
                    self._pass_by()

    def _read_on(self) -> None:
        if self._state != STATE_COMMANDS:
            self._readSection(self._lines, 0)
        self._stateMachine(self._lines)

    def _pass_by(self) -> None:
        """Make ready to go on behind what ended the reading at the current line."""
        if self._state == STATE_COMMANDS:
            first = self._lines.first
            if first.startswith("%") and first not in (*_INCLUDED, "%end"):
                self._skip()
        elif self._validState(self._lines.first):  # another section, and no %end before it
            self._close()
            self._lines.put("")

    def _skip(self) -> None:
        """Pass by a section that nobody can read, to its end or to where another begins."""
        for _ in self._lines:
            if self._lines.first == "%end":
                return
            if self._validState(self._lines.first):
                self._lines.put("")
                return

    def _close(self) -> None:
        section = self._sections[self._state]
        self._state = STATE_COMMANDS
        try:
            section.finalize()
        except _WRONG as error:
            self._add_error(error)

    def _tryFunc(self, _fn: Callable[[], object]) -> None:
        # pykickstart's function would hand on its own number, which does not know where we went on.
        section = self._sections.get(self._state)
        self._opened = self._lines.number if section else self._opened
        args = shlex.split(self._line, comments=True)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                self._leniently(section.handleHeader if section else self.handleCommand, args)
            except _WRONG as error:
                self.broken.add(args[0])
                self._add_error(error)
        for warning in caught:
            if not _ON_EACH_DISK.match(str(warning.message)):
                self._add("warning", str(warning.message))

    def _leniently(self, handle: Callable[[int, list[str]], object], args: list[str]) -> None:
        """Handle a line; leave out words that installers in Python 2 did not look at."""
        try:
            handle(self._lines.number, args)
        except ParseError as error:
            words = _idle_words(error.message)
            if not words or self.handler.version >= F23:
                raise
            handle(self._lines.number, [each for each in args if each not in words])
            self._add("warning", error.message)

    def _add_error(self, error: Exception) -> None:
        said = error.message if isinstance(error, ParseError) else f"cannot be read: {error}"
        if said and "does not end with %end" in said:
            said += f" It begins in line {self._opened}."
        if self._state == STATE_COMMANDS and self._lines.line.rstrip("\r\n").endswith("\\"):
            said = "a command ends with its line: a backslash continues none"
        if not said and self._lines.first == "%include":
            said = _NO_FILE.format("%include")
        self._add("error", elsewhere(said, self._lines.first) if said else "cannot be read")

    def _add(self, severity: str, message: str, *, line: int = 0) -> None:
        line = line or self._lines.number
        text = " ".join(quoted(str(message), self._secrets.get(line, ())).split())
        text = remedied(text, self._lines.line, self.handler.version)
        self.findings.append(LintFinding(line=line, severity=severity, message=text))


def _idle_words(message: str) -> list[str]:
    """Return the words of which a parser says that nothing takes them; none if one is an option."""
    words = message.partition("unrecognized arguments: ")[2].split()
    return [] if any(each.startswith("-") for each in words) else words
