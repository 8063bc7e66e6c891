"""Read a kickstart as its installer will, before twenty minutes are lost on it."""

import textwrap
from collections.abc import Iterable
from pathlib import PurePosixPath

from msgspec.structs import replace
from pykickstart.errors import KickstartVersionError
from pykickstart.version import versionMap

from builder.errors import KickstartError, UsageError, suggest
from builder.kickstart.checks import AT_READING, CHECKS, FOR_ANYBODY, reports_success
from builder.kickstart.masking import mask
from builder.kickstart.parsed import Parsed
from builder.kickstart.parser import Parser
from builder.model.kickstart import Kickstart, LintFinding

_LONGEST = 60
"""Letters that are shown of a line which is in no file."""


def lint(
    kickstart: Kickstart,
    *,
    at_hand: bool = False,
    capacity: int = 0,
    firmware: str = "",
    binds: bool = False,
) -> tuple[LintFinding, ...]:
    """Return everything wrong or doubtful in `kickstart`, sorted by line, the whole file last.

    `at_hand` is for a user's file as it is, before a build adds what reports its outcome; what was
    added is ours, and not looked at. `capacity` is that of a build's disk in bytes: what
    cannot be installed there is an error. Without it names of other disks are warnings, and so
    are disks that nobody opens. `firmware` is what the image boots with. `binds` says that the
    installer is Anaconda, which binds the network to its card.
    Parses with the kickstart's own syntax version; reads no other file and no network.
    Raises UsageError for an unknown syntax version.
    """
    parser = parse(kickstart)
    parsed = replace(
        _parsed(parser, kickstart.written), capacity=capacity, firmware=firmware, binds=binds
    )
    checks = CHECKS if at_hand or kickstart.added else (*CHECKS, reports_success)
    found = (finding for check in checks for finding in check(parsed))
    return by_line((*parser.findings, *kickstart.said, *found))


def lint_for_others(kickstart: Kickstart) -> tuple[LintFinding, ...]:
    """Return the same for a medium that somebody will boot: no build's guest, no template.

    Only what its installer cannot read is an error: it may ask, and somebody may be there.
    """
    parser = parse(kickstart)
    parsed = _parsed(parser, kickstart.text)
    told = (
        each if check in AT_READING else replace(each, severity="warning")
        for check in FOR_ANYBODY
        for each in check(parsed)
    )
    return by_line((*parser.findings, *told))


def _parsed(parser: Parser, text: str) -> Parsed:
    return Parsed(
        handler=parser.handler, text=text, whole=parser.whole, broken=frozenset(parser.broken)
    )


def by_line(findings: Iterable[LintFinding]) -> tuple[LintFinding, ...]:
    """Return findings once each, by lines; those of no line are last.

    What a file lacks is, more often than not, what a line of it has misspelt: that one is the first
    error, which builds end with.
    """
    once = dict.fromkeys(findings)  # a line may say the same of two words
    return tuple(sorted(once, key=lambda each: (not each.line, each.line, each.severity)))


def check(kickstart: Kickstart, findings: Iterable[LintFinding]) -> None:
    """Raise KickstartError for the first error among `findings`."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        return
    more = f"; errors: {len(errors)} in all" if len(errors) > 1 else ""
    raise KickstartError(sentence(kickstart, errors[0]), hint=f"Mend the kickstart{more}.")


def sentence(kickstart: Kickstart, finding: LintFinding) -> str:
    """Return what a finding says, and where."""
    line = finding.line
    place = f"{kickstart.source}, line {line}{shown(kickstart, line)}" if line else kickstart.source
    return f"{place}: {finding.message.rstrip('.?')}{'?' if finding.message[-1:] == '?' else '.'}"


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


def parse(kickstart: Kickstart) -> Parser:
    """Read a kickstart by its own syntax. Raises UsageError for one that nobody knows."""
    try:
        parser = Parser(kickstart.syntax, kickstart.written)
    except KickstartVersionError as error:
        raise UsageError(
            f"There is no kickstart syntax {kickstart.syntax!r}.",
            hint=suggest(kickstart.syntax, versionMap),
        ) from error
    parser.read()
    return parser
