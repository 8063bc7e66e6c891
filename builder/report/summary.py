"""report.json: the report for other programs.

One object: `schema` (1), `generator` ("builder"), `id` (of this report, for ever), `written`
(RFC 3339, UTC, like all times), `files` (all that the report consists of; no other is ever replaced
or removed), and `pipelines`. Each has `name`, `title`, `runs` (those that are shown, oldest first,
with counts of images by their states) and `images`. An image has its newest `state`, since when and
for how many nights it is good or bad, what is known of its newest good template (`good`) and of the
template before it (`before`), the packages that differ (`changes`), and its `nights`: run, state
and seconds. States are published, unchanged, failed, skipped (not begun), lost (its run was
killed) and open (its run has not ended).
"""

from datetime import datetime
from typing import Literal

import msgspec

from builder.model.package import PackageChange
from builder.model.text import rfc3339
from builder.record.runs import Figures, Pool, Waiting
from builder.report import names
from builder.report.history import History, Image, Night, Pipeline, State


class OfRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run, and how many images came out how."""

    run_id: str
    began: str
    ended: str
    """Empty for one that has not ended, or was killed."""
    seconds: float
    images: dict[State, int]
    trouble: tuple[str, ...]
    """What failed of that which followed the builds."""


class OfTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A good template, in the newest night that tells of it."""

    version: str
    run_id: str
    began: str
    figures: Figures | None


class OfNight(msgspec.Struct, frozen=True, kw_only=True):
    """An image in a run."""

    run_id: str
    state: State
    seconds: float


class OfImage(msgspec.Struct, frozen=True, kw_only=True):
    """An image of a pipeline."""

    name: str
    page: str
    """Its file."""
    left: bool
    """Whether the pipeline has it no more."""
    state: State
    since: str
    """When the first of the newest nights began that were all good, or all bad."""
    in_succession: int
    reason: str
    error: str
    hint: str
    exit_code: int
    good: OfTemplate | None
    before: OfTemplate | None
    changes: tuple[PackageChange, ...]
    """Of the newest template that was published."""
    waiting: Waiting | None
    nights: tuple[OfNight, ...]


class OfPipeline(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline."""

    name: str
    title: str
    runs: tuple[OfRun, ...]
    images: tuple[OfImage, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    schema: Literal[1] = 1
    generator: Literal["builder"] = "builder"
    id: str
    written: str
    files: tuple[str, ...]
    pipelines: tuple[OfPipeline, ...]
    pools: tuple[Pool, ...]
    """At the end of the newest run that tells of them."""


def summarize(history: History, *, identity: str, files: tuple[str, ...], now: datetime) -> Report:
    """Return what report.json holds."""
    return Report(
        id=identity,
        written=rfc3339(now),
        files=files,
        pipelines=tuple(map(_pipeline, history.pipelines)),
        pools=history.pools[-1][1] if history.pools else (),
    )


def _pipeline(pipeline: Pipeline) -> OfPipeline:
    counts: dict[str, dict[State, int]] = {}
    for image in pipeline.images:
        for night in image.nights:
            found = counts.setdefault(night.run.run_id, {})
            found[night.state] = found.get(night.state, 0) + 1
    return OfPipeline(
        name=pipeline.name,
        title=pipeline.title,
        runs=tuple(
            OfRun(
                run_id=each.run.run_id,
                began=rfc3339(each.began),
                ended=each.run.ended,
                seconds=each.seconds,
                images=counts.get(each.run.run_id, {}),
                trouble=each.run.trouble,
            )
            for each in pipeline.nights
        ),
        images=tuple(map(_image, pipeline.images)),
    )


def _image(image: Image) -> OfImage:
    newest, published = image.newest, image.published
    outcome = newest.outcome
    good = image.good.outcome if image.good else None
    streak = image.streak or (newest,)
    return OfImage(
        name=image.name,
        page=names.page_of(image.name),
        left=image.left,
        state=newest.state,
        since=rfc3339(streak[0].began),
        in_succession=len(streak),
        reason=outcome.reason if outcome else "",
        error=outcome.error if outcome else "",
        hint=outcome.hint if outcome else "",
        exit_code=outcome.exit_code if outcome else 0,
        good=_template(image.good),
        before=_template(image.before),
        changes=published.outcome.changes if published and published.outcome else (),
        waiting=good.waiting if good else None,
        nights=tuple(
            OfNight(run_id=each.run.run_id, state=each.state, seconds=each.seconds)
            for each in image.nights
        ),
    )


def _template(night: Night | None) -> OfTemplate | None:
    if night is None or night.outcome is None:
        return None
    return OfTemplate(
        version=night.outcome.version,
        run_id=night.run.run_id,
        began=rfc3339(night.began),
        figures=night.outcome.figures,
    )
