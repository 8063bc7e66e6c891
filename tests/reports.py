"""A few nights of a few images, and what a browser would make of a page of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from builder.model.package import PackageChange
from builder.model.text import rfc3339
from builder.monitor import SilentMonitor
from builder.record.runs import Figures, Outcome, Pool, Run, Waiting
from builder.report.gather import gather, readable
from builder.report.history import History
from builder.report.summary import summarize
from builder.report.write import files_of, render

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
FIRST = datetime(2026, 11, 27, 2, 30, tzinfo=UTC)
ID = "urn:uuid:6b7c6a52-4a5c-4f5e-9f0a-0d3f3a1a2b3c"
EVIL = "<script>alert(1)</script>\"'&\x1b[31m\x9b2J\u202e\x00"
FIGURES = Figures(
    size=700 << 20, virtual_size=10 << 30, install_seconds=612, boot_seconds=21, packages=402,
    checks=64, passed=64,
)  # fmt: skip
UPDATED = PackageChange(name="kernel", arch="x86_64", before="5.14.0-611", after="5.14.0-633")
ADDED = PackageChange(name="tree", arch="x86_64", before="", after="1.8.0-10")
REMOVED = PackageChange(name="nano", arch="x86_64", before="5.6.1-5", after="")
POOL = Pool(name="store", path="/srv/store", size=500 << 30, free=320 << 30, used=150 << 30)
_VOID = ("meta", "link", "img")


def published(name: str, version: str, **more: Any) -> Outcome:  # noqa: ANN401
    """Return the outcome of an image that was built."""
    values: dict[str, Any] = {
        "seconds": 1024.5,
        "figures": FIGURES,
        "reason": "There is no template of it.",
    }
    return Outcome(name=name, result="published", version=version, **(values | more))


def kept(name: str, version: str, **more: Any) -> Outcome:  # noqa: ANN401
    """Return the outcome of an image in which nothing had changed."""
    values: dict[str, Any] = {
        "seconds": 1.25,
        "figures": FIGURES,
        "reason": "Nothing in it has changed.",
    }
    return Outcome(name=name, result="unchanged", version=version, **(values | more))


def failed(name: str, **more: Any) -> Outcome:  # noqa: ANN401
    """Return the outcome of an image that could not be built."""
    values: dict[str, Any] = {
        "seconds": 74.0,
        "error": "The mirror is down.",
        "hint": "Wait.",
        "exit_code": 5,
    }
    return Outcome(name=name, result="failed", **(values | more))


def run(night: int, *outcomes: Outcome, pipeline: str = "nightly", **more: Any) -> Run:  # noqa: ANN401
    """Return the run of a night, counted from 0, which has ended unless `ended` says otherwise."""
    began = FIRST + timedelta(days=night)
    values: dict[str, Any] = {
        "run_id": f"{began:%Y%m%dT%H%M%S}-0000000{night}",
        "title": "Every image that lives",
        "jobs": tuple(each.name for each in outcomes),
        "began": rfc3339(began),
        "ended": rfc3339(began + timedelta(minutes=40)),
    }
    return Run(pipeline=pipeline, outcomes=outcomes, **(values | more))


def few() -> list[Run]:
    """Return four nights of one pipeline, of which one was killed, and one of another."""
    updates = Waiting(updates=14, security=5, important=3, advisories=True)
    larger = Figures(
        size=712 << 20, virtual_size=10 << 30, install_seconds=600, boot_seconds=19, packages=402,
        checks=64, passed=63,
    )  # fmt: skip
    jobs = ("alma9", "rocky9")
    return [
        run(0, published("alma9", "20261127.1"), published("rocky9", "20261127.1")),
        run(1, failed("alma9", attempts=3), kept("rocky9", "20261127.1"), pools=(POOL,)),
        run(2, kept("alma9", "20261127.1"), jobs=jobs, ended=""),
        run(
            3,
            published(
                "alma9", "20261130.1", figures=larger, changes=(UPDATED, ADDED, REMOVED),
                reason="kernel 5.14.0-611 → 5.14.0-633",
            ),
            failed("rocky9", error="The kickstart's line 3 is wrong.", hint="", exit_code=6),
            pools=(POOL,),
        ),
        run(3, kept("centos7", "20260101.1", waiting=updates), pipeline="golden", title=""),
    ]  # fmt: skip


def sorted_out(runs: Sequence[Run], *, dossier: str = "") -> History:
    """Return the history of runs; each failure has a dossier at that address."""
    known = readable(runs, monitor=SilentMonitor())
    return gather(known, dossier=lambda each: dossier if each.result == "failed" else "")


def files(runs: Sequence[Run], *, dossier: str = "") -> dict[str, str]:
    """Return the whole report of runs, by the names of its files."""
    known = sorted_out(runs, dossier=dossier)
    report = summarize(known, identity=ID, files=files_of(known), now=NOW)
    return render(known, report, now=NOW)


class Page(HTMLParser):
    """What a browser would make of a page: its tags, attributes and text; all is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def values(self, name: str, *, of: str = "") -> list[str]:
        """Return the values of an attribute, of all tags or of one kind."""
        return [value for tag, key, value in self.attributes if key == name and of in ("", tag)]

    @property
    def words(self) -> str:
        """The text, with single spaces."""
        return " ".join(self.text.split())
