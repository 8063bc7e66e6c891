"""What was looked at before a build, and how it was found."""

from typing import Literal

import msgspec

from builder.errors import BuilderError
from builder.monitor import Monitor

State = Literal["ok", "warning", "problem"]


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    subject: str
    state: State
    detail: str
    hint: str = ""
    exit_code: int = 0
    """What a problem ends the build with."""


def judged(subject: str, detail: str, *, fine: bool = True, hint: str = "") -> Remark:
    """Return the remark that all is well; or, with the hint, the warning that it is not."""
    if fine:
        return Remark(subject=subject, state="ok", detail=detail)
    return Remark(subject=subject, state="warning", detail=detail, hint=hint)


def problem(subject: str, error: BuilderError) -> Remark:
    """Return the remark that an error is."""
    return Remark(
        subject=subject,
        state="problem",
        detail=error.message,
        hint=error.hint,
        exit_code=error.exit_code,
    )


def refuse(remarks: tuple[Remark, ...], *, monitor: Monitor) -> None:
    """Tell what is no good; raise the first problem, as the error that it is."""
    wrong = [each for each in remarks if each.state == "problem"]
    for each in remarks:
        if each.state == "warning":
            monitor.tell("warning", f"{each.detail} {each.hint}".strip())
    for each in wrong[1:]:
        monitor.tell("note", f"error: {each.detail} {each.hint}".strip())
    if wrong:
        kinds = {each.exit_code: each for each in BuilderError.__subclasses__()}
        raise kinds[wrong[0].exit_code](wrong[0].detail, hint=wrong[0].hint)
