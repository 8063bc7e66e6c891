"""What becomes of the findings of all checks, of the disk and of its clones."""

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from builder.errors import TemplateError
from builder.model.audit import Finding
from builder.proof import clone_report, user_checks
from builder.proof.audit import freed, judge

NAMES = frozenset({*judge.EXPOSED, *judge.SEAL, freed.NAME, *clone_report.NAMES, user_checks.NAME})
"""Every check, by the name that waives it."""


def waive(findings: Iterable[Finding], names: Collection[str]) -> tuple[Finding, ...]:
    """Return the findings; those of these names that failed are waived."""
    return tuple(replace(each, waived=each.check in names and not each.passed) for each in findings)


def refuse(findings: Iterable[Finding]) -> None:
    """Raise TemplateError when a finding blocks."""
    blocking = [each for each in findings if each.blocks]
    if not blocking:
        return
    first = blocking[0]
    more = f", and {len(first.details) - 1} more" if len(first.details) > 1 else ""
    others = ", ".join(each.check for each in blocking[1:])
    waivers = " ".join(f"--waive {each.check}" for each in blocking)
    raise TemplateError(
        f"The template did not pass {first.check} ({first.says}): {first.details[0]}{more}"
        f"{f'; nor {others}' if others else ''}.",
        hint=f"Mend the kickstart, or build it with {waivers} if that is meant to be so.",
    )
