"""The pages: what the records tell, for people."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

import jinja2
import msgspec

from builder.model.text import duration, plain
from builder.record.runs import Pool, Waiting
from builder.report import chart, names, words
from builder.report.chart import Chart
from builder.report.compare import compared, octets
from builder.report.history import History, Image, Night, Pipeline, State, bounded

_DATA = Path(__file__).parent / "data"
_WIDEST, _NARROWEST, _ROOM = 26, 10, 920
"""Pixels of a night in the grid, and of all where a screen is wide."""
_LABEL = 30
"""Pixels that a day's number needs."""
_CHANGES = 200
"""Packages that are named of one night: report.json has those of the newest."""


_LETTERS = {
    "published": "b",
    "unchanged": "k",
    "failed": "f",
    "skipped": "n",
    "lost": "x",
    "open": "o",
}
"""Classes of states: the grid has thousands of them."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A night of the grid; `day` is empty where there is no room for it."""

    night: Night
    day: str


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """Images and nights, newest first, for a phone shows the first ones."""

    width: int
    months: tuple[tuple[str, int], ...]
    """With how many columns each has."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Image, tuple[Night | None, ...]], ...]


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A pool, and how its use has been."""

    pool: Pool
    others: int
    """Bytes of its file system that others use."""
    line: Chart


def index(history: History, *, now: datetime) -> str:
    """Return the page of all images. Everything that comes from records is escaped."""
    uses, waiting = _uses(history), _waiting(history)
    newest = max((each.nights[-1].began for each in history.pipelines), default=now)
    return _render(
        "index.html.j2", history=history, pools=uses, waiting=waiting, newest=newest, now=now
    )


def image(history: History, name: str, *, now: datetime) -> str:
    """Return the page of one image; of several pipelines that make it, each has its part."""
    parts = history.of(name)
    return _render("image.html.j2", name=name, parts=parts, now=now)


def grid(pipeline: Pipeline) -> Grid:
    """Lay out the grid."""
    nights = pipeline.nights[::-1]
    width = max(_NARROWEST, min(_WIDEST, _ROOM // len(nights)))
    every = -(-_LABEL // width)
    months = dict[str, int]()
    for night in nights:
        month = f"{night.began:%b %Y}"
        months[month] = months.get(month, 0) + 1
    return Grid(
        width=width,
        months=tuple(months.items()),
        columns=tuple(
            Column(night=night, day=f"{night.began.day}" if at % every == 0 else "")
            for at, night in enumerate(nights)
        ),
        rows=tuple((each, tuple(_cells(each, nights))) for each in pipeline.images),
    )


def tally(pipeline: Pipeline) -> dict[State, int]:
    """Count the images of its newest run by their states."""
    newest = pipeline.nights[-1].run
    nights = [image.nights[-1] for image in pipeline.images]
    found = Counter(each.state for each in nights if each.run is newest)
    return {state: found[state] for state in words.STATES if found[state]}


def _cells(image: Image, nights: Sequence[Night]) -> Iterable[Night | None]:
    found = {night.run.run_id: night for night in image.nights}
    return (found.get(night.run.run_id) for night in nights)


def _uses(history: History) -> tuple[Use, ...]:
    if not history.pools:
        return ()
    found = []
    for pool in history.pools[-1][1]:
        used = [each.used for _when, pools in history.pools for each in pools if _same(each, pool)]
        others = max(pool.size - pool.free - pool.used, 0)
        found.append(Use(pool=pool, others=others, line=chart.line(used)))
    return tuple(found)


def _same(one: Pool, other: Pool) -> bool:
    return (one.name, one.path) == (other.name, other.path)


def _times(nights: Sequence[Night]) -> Chart:
    silent = ("skipped", "lost", "open")
    return chart.bars([None if each.state in silent else each.seconds for each in nights])


def _figure(nights: Sequence[Night], name: str) -> Chart:
    """Return the chart of a figure of the templates that there were in each night."""
    figures = [each.outcome.figures if each.outcome and each.good else None for each in nights]
    return chart.line([getattr(each, name) if each else None for each in figures])


def _waiting(history: History) -> Waiting | None:
    """Return what waits for all images together; None where nobody asked."""
    good = [each.good for each in history.current]
    found = [each.outcome.waiting for each in good if each and each.outcome]
    known = [each for each in found if each]
    if not known:
        return None
    return Waiting(
        updates=sum(each.updates for each in known),
        security=sum(each.security for each in known),
        important=sum(each.important for each in known),
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_DATA),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,  # names and errors are whatever somebody wrote
        finalize=_printable,
    )
    environment.filters |= {
        "at": "{:%Y-%m-%d %H:%M}".format,
        "changed": words.changed,
        "duration": lambda seconds: duration(bounded(seconds)),
        "octets": octets,
        "page": names.page_of,
        "anchor": names.anchor,
        "told": words.told,
        "waiting": words.waiting,
    }
    environment.globals |= {
        "HEIGHT": chart.HEIGHT,
        "CHANGES": _CHANGES,
        "LETTERS": _LETTERS,
        "STATES": words.STATES,
        "compared": compared,
        "count": words.count,
        "figure": _figure,
        "grid": grid,
        "names": names,
        "octets": octets,
        "span": lambda seconds: duration(bounded(seconds)),
        "tally": tally,
        "times": _times,
    }
    return environment


def _printable(value: object) -> object:
    """Return a text without what does not print; what a template made is safe and stays."""
    if isinstance(value, str) and not (value.isprintable() or hasattr(value, "__html__")):
        return plain(value, longest=len(value))
    return value


def _render(template: str, **values: object) -> str:
    return _environment().get_template(template).render(**values)
