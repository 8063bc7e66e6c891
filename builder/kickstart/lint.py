"""Read a kickstart as its installer will, before twenty minutes are lost on it."""

import re
import shlex
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from msgspec.structs import replace
from pykickstart.errors import KickstartError as ParseError
from pykickstart.errors import KickstartVersionError
from pykickstart.parser import KickstartParser
from pykickstart.version import F7, F14, F23, makeVersion, versionMap

from builder.errors import KickstartError, UsageError, suggest
from builder.kickstart.checks import CHECKS, FOR_ANYBODY, readable_bytes, reports_success
from builder.kickstart.masking import Secret, mask, secrets
from builder.kickstart.parsed import Parsed
from builder.model.hiding import MARK
from builder.model.kickstart import Kickstart, LintFinding

# What pykickstart did not foresee comes as one of Python's own errors.
_WRONG = (
    ParseError, ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError,
    RecursionError, TypeError, ValueError,
)  # fmt: skip
_NAMED = (
    r"(Unknown (?:command:?|kickstart section:) %?+[a-z]*+"
    r"|ignored explicit argument |Unexpected arguments[^:]*: )"
)
"""Says that what comes after it is unknown; a command and a section are shown by their names."""
_LONGEST = 60
"""Letters that are shown of a line which is in no file."""


class _Parser(KickstartParser):  # type: ignore[misc]  # pykickstart has no types
    """Goes on after an error, and remembers each error and warning with its line."""

    def __init__(self, syntax: str, text: str) -> None:
        # Whatever a kickstart includes is there only when it installs: never read, never fetched.
        super().__init__(makeVersion(syntax), followIncludes=False)
        if self.handler.version < F14:
            self.version = F7  # until EL 6 a section might end where the next one began
        self.findings: list[LintFinding] = []
        self._text = text.splitlines(keepends=True)
        self._secrets = secrets(text)
        self._at = 0

    def _tryFunc(self, fn: Callable[[], object]) -> None:
        self._at = self._find(self._line, start=self._at + 1)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                self._leniently(fn)
            except _WRONG as error:
                self.add_error(error)
        for warning in caught:
            self._add(self._at, "warning", str(warning.message))

    def _leniently(self, fn: Callable[[], object]) -> None:
        """Handle a line; leave out words that installers in Python 2 did not look at."""
        try:
            fn()
        except ParseError as error:
            words = _idle_words(error.message)
            if not words or self.handler.version >= F23:
                raise
            section = self._sections.get(self._state)
            handle = section.handleHeader if section else self.handleCommand
            args = shlex.split(self._line, comments=True)
            handle(self._at, [each for each in args if each not in words])
            self._add(self._at, "warning", error.message)

    def handleCommand(self, lineno: int, args: list[str]) -> object:
        """Remember the line: the same words may stand in a script before it."""
        self._at = lineno
        return super().handleCommand(lineno, args)

    def add_error(self, error: Exception) -> None:
        """Remember an error; its own line is better than the one that we are at."""
        line = getattr(error, "lineno", None) or self._at
        said = error.message if isinstance(error, ParseError) else f"cannot be read: {error}"
        self._add(line, "error", said or "cannot be read")

    def stopped(self, error: Exception) -> None:
        """Remember the error that ended the parsing at the current line."""
        self._at = self._find(self._line, start=self._at)
        self.add_error(error)

    def _add(self, line: int, severity: str, message: str) -> None:
        here = (each for each in self._secrets if each.line == line)
        text = " ".join(_masked(str(message), here).split())
        self.findings.append(LintFinding(line=line, severity=severity, message=text))

    def _find(self, line: str, *, start: int) -> int:
        # pykickstart's warnings have no line numbers, but it reads forwards only.
        for number in range(max(start, 1), len(self._text) + 1):
            if self._text[number - 1] == line:
                return number
        return self._at


def _idle_words(message: str) -> list[str]:
    """Return the words of which a parser says that nothing takes them; none if one is an option."""
    words = message.partition("unrecognized arguments: ")[2].split()
    return [] if any(each.startswith("-") for each in words) else words


def lint(
    kickstart: Kickstart, *, at_hand: bool = False, capacity: int = 0, binds: bool = False
) -> tuple[LintFinding, ...]:
    """Return everything wrong or doubtful in `kickstart`, sorted by line.

    `at_hand` is for a user's file as it is, before a build adds what reports its outcome; what was
    added is ours, and not looked at. `capacity` is that of a build's disk in bytes: what
    cannot be installed there is an error. Without it names of other disks are warnings, and so
    are disks that nobody opens. `binds` says that the installer is Anaconda, which binds the
    network to its card.
    Parses with the kickstart's own syntax version; reads no other file and no network.
    Raises UsageError for an unknown syntax version.
    """
    parser = _parse(kickstart)
    parsed = Parsed(handler=parser.handler, text=kickstart.written, capacity=capacity, binds=binds)
    checks = CHECKS if at_hand or kickstart.added else (*CHECKS, reports_success)
    found = (finding for check in checks for finding in check(parsed))
    placed = _placed((*parser.findings, *found), kickstart.written)
    findings = dict.fromkeys(placed)  # a line may say the same of two words
    return tuple(sorted(findings, key=lambda finding: (finding.line, finding.severity)))


def lint_for_others(kickstart: Kickstart) -> tuple[LintFinding, ...]:
    """Return the same for a medium that somebody will boot: no build's guest, no template.

    Only what its installer cannot read is an error: it may ask, and somebody may be there.
    """
    parser = _parse(kickstart)
    parsed = Parsed(handler=parser.handler, text=kickstart.text)
    told = (
        each if check is readable_bytes else replace(each, severity="warning")
        for check in FOR_ANYBODY
        for each in check(parsed)
    )
    placed = _placed((*parser.findings, *told), kickstart.text)
    return tuple(sorted(dict.fromkeys(placed), key=lambda each: (each.line, each.severity)))


def check(kickstart: Kickstart, findings: Iterable[LintFinding]) -> None:
    """Raise KickstartError for the first error among `findings`."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        return
    line = errors[0].line
    place = f"{kickstart.source}, line {line}{shown(kickstart, line)}" if line else kickstart.source
    more = f"; errors: {len(errors)} in all" if len(errors) > 1 else ""
    raise KickstartError(
        f"{place}: {errors[0].message.rstrip('.')}.",
        hint=f"Mend the kickstart{more}.",
    )


def shown(kickstart: Kickstart, line: int) -> str:
    """Return what is said after a line's number if that is of no file: the template's result."""
    if not kickstart.source.endswith(".j2"):
        return ""
    words = mask(kickstart.written).split("\n")[line - 1]
    return f' as it is filled in ("{textwrap.shorten(words, _LONGEST)}")'


def show(finding: LintFinding, *, source: str) -> str:
    """Return a finding as compilers print theirs: file:line: severity: message."""
    source += " (filled in)" if source.endswith(".j2") else ""
    return f"{PurePosixPath(source)}:{finding.line}: {finding.severity}: {finding.message}"


def _placed(findings: Iterable[LintFinding], text: str) -> Iterator[LintFinding]:
    """Yield findings with the lines that editors count: pykickstart ends some at a form feed."""
    numbers = [0, 1]
    for line in text.splitlines(keepends=True):
        numbers.append(numbers[-1] + line.endswith("\n"))
    for each in findings:
        yield replace(each, line=numbers[min(each.line, len(numbers) - 1)])


def _parse(kickstart: Kickstart) -> _Parser:
    try:
        parser = _Parser(kickstart.syntax, kickstart.written)
    except KickstartVersionError as error:
        raise UsageError(
            f"There is no kickstart syntax {kickstart.syntax!r}.",
            hint=suggest(kickstart.syntax, versionMap),
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser.readKickstartFromString(kickstart.written)
    except _WRONG as error:
        parser.stopped(error)
    return parser


def _masked(message: str, known: Iterable[Secret]) -> str:
    """Return what a parser says of a line without what it quotes of the line's secrets."""
    values = {shown for each in known for shown in (each.value, repr(each.value)[1:-1]) if shown}
    for value in sorted(values, key=len, reverse=True):
        message = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", MARK, message)
    # What the parser does not know may be a secret whose option is misspelt.
    message = re.sub(r"(--[\w-]+=)\S+", rf"\1{MARK}", message)
    # So may be all of which it only knows that it stands at a wrong place.
    message = re.sub(rf"{_NAMED}.+", rf"\1{MARK}", message, flags=re.DOTALL)
    before, said, words = message.partition("unrecognized arguments: ")
    return before + said + re.sub(r"(?<!\S)(?!--[a-z-]+(?:[=\s]|$))\S+", MARK, words)
