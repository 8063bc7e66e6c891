"""One message of a run: for machines as it is, for people its subject and text."""

import socket
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from builder.model.package import PackageChange
from builder.model.text import duration, moment, plain, rfc3339, unbroken
from builder.pipeline.job import Occasion
from builder.pipeline.notify.occasions import News, Trouble
from builder.record.runs import Outcome, Result, Run

_LONGEST = 500
"""Characters of a sentence on a phone."""
_MOST_CHANGES = 3


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """One image of the run."""

    name: str
    occasions: tuple[Occasion, ...] = ()
    """Why it is told of; empty for one of which there is nothing new."""
    result: Result
    version: str = ""
    error: str = ""
    hint: str = ""
    exit_code: int = 0
    reason: str = ""
    folder: str = ""
    seconds: float = 0
    changes: tuple[PackageChange, ...] = ()


_SAME = tuple(each for each in Image.__struct_fields__ if each != "occasions")


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many images there are, and what became of them."""

    images: int = 0
    published: int = 0
    unchanged: int = 0
    failed: int = 0


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a place is told; its fields are what a command gets as JSON."""

    schema: Literal[1] = 1
    pipeline: str
    title: str = ""
    host: str
    run_id: str
    """Empty where no run could begin."""
    began: str = ""
    ended: str = ""
    occasions: tuple[Occasion, ...] = ()
    """Empty for a trial."""
    subject: str
    text: str
    """The same for people; `subject` is not in it."""
    counts: Counts = Counts()
    trouble: tuple[Trouble, ...] = ()
    """Of the run itself, or of earlier ones."""
    images: tuple[Image, ...] = ()
    report: str = ""
    """Path of the report; empty where none was written."""


def of_run(run: Run, news: News, *, report: str = "") -> Message:
    """Return the message about a run."""
    return Message(
        pipeline=run.pipeline,
        title=run.title,
        host=_host(),
        run_id=run.run_id,
        began=run.began,
        ended=run.ended,
        occasions=news.occasions,
        subject=f"builder: {_headline(run, news)} on {_host()}",
        text="\n".join(_lines(run, news, report)).strip("\n") + "\n",
        counts=_counts(run),
        trouble=news.trouble,
        images=tuple(_image(each, news) for each in run.outcomes),
        report=report,
    )


def of_start(pipeline: str, title: str, news: News) -> Message:
    """Return the message about a run that could not begin."""
    lines = [line for each in news.trouble for line in (each.text, each.hint) if line]
    return Message(
        pipeline=pipeline,
        title=title,
        host=_host(),
        run_id="",
        began=rfc3339(datetime.now(UTC)),
        occasions=news.occasions,
        subject=f"builder: {pipeline} could not begin on {_host()}",
        text="\n".join(_bounded(each) for each in lines) + "\n",
        trouble=news.trouble,
    )


def trial(pipeline: str, title: str) -> Message:
    """Return a message that only shows that messages arrive."""
    return Message(
        pipeline=pipeline,
        title=title,
        host=_host(),
        run_id="",
        began=rfc3339(datetime.now(UTC)),
        subject=f"builder: a test of {pipeline} on {_host()}",
        text=f"This is a test: what there is to tell of the pipeline {pipeline} arrives here.\n",
    )


def _host() -> str:
    return plain(socket.gethostname()) or "localhost"


def _counts(run: Run) -> Counts:
    results = [each.result for each in run.outcomes]
    return Counts(
        images=max(len(run.jobs), len(results)),
        published=results.count("published"),
        unchanged=results.count("unchanged"),
        failed=results.count("failed"),
    )


def _image(outcome: Outcome, news: News) -> Image:
    sorts: dict[Occasion, Sequence[Outcome]] = {
        "failure": news.failed,
        "recovery": news.recovered,
        "change": news.changed,
    }
    names = {sort: {each.name for each in those} for sort, those in sorts.items()}
    fields = {each: getattr(outcome, each) for each in _SAME}
    told = tuple(sort for sort in sorts if outcome.name in names[sort])
    return Image(occasions=told, **fields)


def _headline(run: Run, news: News) -> str:
    """Return the subject's middle: "1 of 8 images failed in nightly"."""
    counts = _counts(run)
    of_all = f"of {counts.images} {'image' if counts.images == 1 else 'images'}"
    parts = []
    if any(each.kind == "killed" for each in news.trouble):
        parts.append("a run was killed")
    if news.failed:
        parts.append(f"{counts.failed} {of_all} failed")
    if any(each.kind == "afterwards" for each in news.trouble):
        parts.append("what follows the builds failed")
    if news.recovered:
        parts.append(_some(news.recovered, "is well again", "are well again"))
    if news.changed:
        number = len(news.changed)
        parts.append(f"{number} published" if parts else f"{number} {of_all} published")
    return f"{', '.join(parts)} in {run.pipeline}" if parts else f"{run.pipeline} begins again"


def _some(outcomes: Sequence[Outcome], one: str, several: str) -> str:
    return f"{outcomes[0].name} {one}" if len(outcomes) == 1 else f"{len(outcomes)} {several}"


def _lines(run: Run, news: News, report: str) -> Iterator[str]:
    for each in news.trouble:
        yield _bounded(" ".join(filter(None, (each.text, each.hint))))
    yield from _section("Failed", [line for each in _alike(news.failed) for line in _failure(each)])
    yield from _section("Well again", [_good(each) for each in news.recovered])
    yield from _section("Published", [line for each in news.changed for line in _change(each)])
    known = {each.name for each in news.failed}
    still = [each.name for each in run.failed if each.name not in known]
    yield from _section("Failed as before", [", ".join(still)] if still else [])
    yield from _section("The run", [*_summary(run), *([f"Report: {report}"] if report else [])])


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from ("", f"{title}:", *lines)


def _alike(failed: Sequence[Outcome]) -> list[list[Outcome]]:
    """Return those together that failed for one reason, such as a libvirt that is away."""
    found = dict[tuple[str, str], list[Outcome]]()
    for each in failed:
        found.setdefault((each.error, each.hint), []).append(each)
    return list(found.values())


def _failure(alike: Sequence[Outcome]) -> Iterator[str]:
    first = alike[0]
    yield f"- {', '.join(each.name for each in alike)}: {_bounded(first.error)}"
    if first.hint:
        yield f"  {_bounded(first.hint)}"
    yield from (f"  {each.folder}" for each in alike if each.folder)


def _good(outcome: Outcome) -> str:
    how = "published" if outcome.result == "published" else "kept"
    return f"- {outcome.name} {outcome.version}, {how}"


def _change(outcome: Outcome) -> Iterator[str]:
    yield f"- {outcome.name} {outcome.version}"
    shown = [_package(each) for each in outcome.changes[:_MOST_CHANGES]]
    if more := len(outcome.changes) - len(shown):
        shown.append(f"and {more} more")
    if detail := ", ".join(shown) or outcome.reason:
        yield f"  {_bounded(detail)}"


def _package(change: PackageChange) -> str:
    if not change.before:
        return f"{change.name} {change.after} is new"
    if not change.after:
        return f"{change.name} is gone"
    return f"{change.name} {change.before} → {change.after}"


def _summary(run: Run) -> Iterator[str]:
    counts = _counts(run)
    yield (
        f"{counts.published} published, {counts.unchanged} unchanged, {counts.failed} failed; "
        f"{counts.images} in all."
    )
    took = ""
    if run.ended:
        seconds = (moment(run.ended) - moment(run.began)).total_seconds()
        took = f", took {duration(seconds)}"
    yield f"Began {run.began[:16].replace('T', ' ')} UTC{took}."
    yield f"Run {run.run_id}"


def _bounded(text: str) -> str:
    return plain(unbroken(text), longest=_LONGEST)
