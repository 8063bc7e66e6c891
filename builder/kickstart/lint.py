"""Read a kickstart as its installer will, before twenty minutes are lost on it."""

import re
import warnings
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from pykickstart.errors import KickstartError as ParseError
from pykickstart.errors import KickstartVersionError
from pykickstart.parser import KickstartParser
from pykickstart.version import makeVersion, versionMap

from builder.errors import KickstartError, UsageError, suggest
from builder.kickstart.checks import CHECKS, Parsed, reports_success
from builder.kickstart.masking import Secret, secrets
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


class _Parser(KickstartParser):  # type: ignore[misc]  # pykickstart has no types
    """Goes on after an error, and remembers each error and warning with its line."""

    def __init__(self, syntax: str, text: str) -> None:
        # Whatever a kickstart includes is there only when it installs: never read, never fetched.
        super().__init__(makeVersion(syntax), followIncludes=False)
        self.findings: list[LintFinding] = []
        self._text = text.splitlines(keepends=True)
        self._secrets = secrets(text)
        self._at = 0

    def _tryFunc(self, fn: Callable[[], object]) -> None:
        self._at = self._find(self._line, start=self._at + 1)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                fn()
            except _WRONG as error:
                self.add_error(error)
        for warning in caught:
            self._add(self._at, "warning", str(warning.message))

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


def lint(kickstart: Kickstart, *, at_hand: bool = False) -> tuple[LintFinding, ...]:
    """Return everything wrong or doubtful in `kickstart`, sorted by line.

    `at_hand` is for a user's file as it is, before a build adds what reports its outcome.
    Parses with the kickstart's own syntax version; reads no other file and no network.
    Raises UsageError for an unknown syntax version.
    """
    parser = _parse(kickstart)
    parsed = Parsed(handler=parser.handler, text=kickstart.text)
    checks = CHECKS if at_hand else (*CHECKS, reports_success)
    found = (finding for check in checks for finding in check(parsed))
    findings = dict.fromkeys((*parser.findings, *found))  # a line may say the same of two words
    return tuple(sorted(findings, key=lambda finding: (finding.line, finding.severity)))


def check(kickstart: Kickstart, findings: Iterable[LintFinding]) -> None:
    """Raise KickstartError for the first error among `findings`."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        return
    where = f"{kickstart.source}, line {errors[0].line}" if errors[0].line else kickstart.source
    more = f"; errors: {len(errors)} in all" if len(errors) > 1 else ""
    raise KickstartError(
        f"{where}: {errors[0].message.rstrip('.')}.", hint=f"Mend the kickstart{more}."
    )


def show(finding: LintFinding, *, source: str) -> str:
    """Return a finding as compilers print theirs: file:line: severity: message."""
    return f"{PurePosixPath(source)}:{finding.line}: {finding.severity}: {finding.message}"


def _parse(kickstart: Kickstart) -> _Parser:
    try:
        parser = _Parser(kickstart.syntax, kickstart.text)
    except KickstartVersionError as error:
        raise UsageError(
            f"There is no kickstart syntax {kickstart.syntax!r}.",
            hint=suggest(kickstart.syntax, versionMap),
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser.readKickstartFromString(kickstart.text)
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
