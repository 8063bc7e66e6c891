"""What there is to tell of a run that a place has not been told yet.

What a place was told is compared with how things are, not one run with the one before it: so a
message that could not be delivered is due again with the next run, for as long as it is true.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

from builder.errors import BuilderError
from builder.model.text import unbroken
from builder.pipeline.job import Occasion
from builder.record.runs import Outcome, Run

PIPELINE = ""
"""Stands among the names of images for the run itself, which could not begin."""
AFTERWARDS = "*"
"""Stands there for what follows the builds."""
_LONGEST = 300
_VARYING = re.compile(
    r"\d{8}T\d{6}-[0-9a-f]{8}"  # ids of builds and runs
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"  # uuids
    r"|\b\d{4}-\d\d-\d\d(?:[T ][\d:.]+Z?)?|\b\d{8}\.\d+"  # times, versions of templates
    r"|\b(?:0x[0-9a-f]+|(?=[0-9a-f]*\d)[0-9a-f]{6,})\b"  # addresses, digests
    r"|(?<![\w.-])\d+(?:[.,:]\d+)*(?!\w)"  # not the numbers in names, as in python3.11
)
_UNIT = r" ?(?:h|min|ms|s|%|[KMGT]?i?B)\b"
_MEASURED = re.compile(rf"#(?:{_UNIT})?(?: #(?:{_UNIT})?)*")


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be told of runs, and not of one image."""

    kind: Literal["killed", "not begun", "begins again", "afterwards"]
    text: str
    hint: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What one place knows of a pipeline."""

    failures: dict[str, tuple[str, ...]] = {}
    """Of each image that is not well: what its failures came down to, all since it was well."""
    versions: dict[str, str] = {}
    """Of each image the version that was published last."""
    run_id: str = ""
    """The last run that it knows of."""


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to tell, and what is known once that was delivered."""

    failed: tuple[Outcome, ...] = ()
    recovered: tuple[Outcome, ...] = ()
    changed: tuple[Outcome, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    told: Told

    @property
    def occasions(self) -> tuple[Occasion, ...]:
        """What kinds of news there are."""
        bad = any(each.kind != "begins again" for each in self.trouble)
        good = any(each.kind == "begins again" for each in self.trouble)
        there: dict[Occasion, bool] = {
            "failure": bool(self.failed) or bad,
            "recovery": bool(self.recovered) or good,
            "change": bool(self.changed),
        }
        return tuple(name for name, true in there.items() if true)


def news(run: Run, earlier: Sequence[Run], told: Told, *, on: Collection[Occasion]) -> News:
    """Return what a place is to be told of a run; `earlier` are those before it, oldest first.

    What it does not want to be told counts as told.
    """
    before = _before(earlier)
    failed = tuple(each for each in run.failed if is_new(each.name, key(each), told))
    good = [each for each in run.outcomes if each.result != "failed"]
    recovered = tuple(
        each for each in good if each.name in told.failures or _failed(before.get(each.name))
    )
    changed = tuple(_published(each, earlier) for each in good if _is_change(each, told))
    wanted: Callable[[Occasion], bool] = on.__contains__
    return News(
        failed=failed if wanted("failure") else (),
        recovered=recovered if wanted("recovery") else (),
        changed=changed if wanted("change") else (),
        trouble=(
            *(_killed(earlier, told) if wanted("failure") else ()),
            *(_afterwards(run, told) if wanted("failure") else ()),
            *(_again(told) if wanted("recovery") else ()),
        ),
        told=_after(run, told),
    )


def not_begun(error: BuilderError, told: Told, *, on: Collection[Occasion]) -> News:
    """Return what a place is to be told of a run that could not begin."""
    found = _key(error.exit_code, error.message)
    after = _with_failure(told.failures, PIPELINE, found)
    trouble = Trouble(kind="not begun", text=error.message, hint=error.hint)
    new = is_new(PIPELINE, found, told) and "failure" in on
    return News(trouble=(trouble,) if new else (), told=replace(told, failures=after))


def is_new(name: str, failure: str, told: Told) -> bool:
    """Tell whether a failure was not told since its image was well the last time.

    Of one that fails for two reasons in turn each is told once.
    """
    return failure not in told.failures.get(name, ())


def key(outcome: Outcome) -> str:
    """Return what a failure comes down to: its exit code, and its sentence without numbers."""
    return _key(outcome.exit_code, outcome.error)


def _key(exit_code: int, text: str) -> str:
    """Leave out what differs each night: times, sizes, digests, ids of builds in paths."""
    bare = _MEASURED.sub("#", _VARYING.sub("#", unbroken(text)))
    return f"{exit_code} {bare[:_LONGEST]}"


def _before(earlier: Sequence[Run]) -> dict[str, Outcome]:
    """Return how each image ended the last time; not every run has every image."""
    return {each.name: each for run in earlier for each in run.outcomes}


def _failed(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.result == "failed"


def _is_change(outcome: Outcome, told: Told) -> bool:
    known = told.versions.get(outcome.name)
    # Of a place that knows nothing yet what was kept tonight is no news.
    return outcome.result == "published" if known is None else outcome.version != known


def _published(outcome: Outcome, earlier: Sequence[Run]) -> Outcome:
    """Return the outcome that tells what changed: of news that are late, that of an earlier run."""
    if outcome.result == "published":
        return outcome
    found = (each for run in reversed(earlier) for each in run.outcomes)
    same = (each for each in found if (each.name, each.version) == (outcome.name, outcome.version))
    return next((each for each in same if each.result == "published"), outcome)


def _killed(earlier: Sequence[Run], told: Told) -> tuple[Trouble, ...]:
    """Tell of runs that have no end: two of a pipeline are never at work at once.

    Of a place that knows nothing yet those count that came after the last one that has an end.
    """
    known = told.run_id or max((each.run_id for each in earlier if each.ended), default="")
    lost = (each for each in earlier if not each.ended and each.run_id > known)
    return tuple(
        Trouble(
            kind="killed",
            text=f"The run of {each.began} was killed: "
            f"{len(each.outcomes)} of {len(each.jobs)} images were done.",
        )
        for each in lost
    )


def _afterwards(run: Run, told: Told) -> tuple[Trouble, ...]:
    new = (each for each in run.trouble if is_new(AFTERWARDS, _key(0, each), told))
    return tuple(Trouble(kind="afterwards", text=each) for each in new)


def _again(told: Told) -> tuple[Trouble, ...]:
    if PIPELINE not in told.failures:
        return ()
    return (Trouble(kind="begins again", text="Runs begin again."),)


def _after(run: Run, told: Told) -> Told:
    failures, versions = dict(told.failures), dict(told.versions)
    failures.pop(PIPELINE, None)
    if not run.trouble:
        failures.pop(AFTERWARDS, None)
    for text in run.trouble:
        failures = _with_failure(failures, AFTERWARDS, _key(0, text))
    for each in run.outcomes:
        if each.result == "failed":
            failures = _with_failure(failures, each.name, key(each))
        else:
            failures.pop(each.name, None)
            versions[each.name] = each.version
    return Told(failures=failures, versions=versions, run_id=run.run_id)


def _with_failure(
    failures: Mapping[str, tuple[str, ...]], name: str, found: str
) -> dict[str, tuple[str, ...]]:
    known = failures.get(name, ())
    return {**failures, name: known if found in known else (*known, found)}
