"""What happens in a build, as records for machines: one JSON object a line."""

from typing import Literal, TypedDict

import msgspec

Kind = Literal[
    "step", "phase", "package", "note", "warning", "screen", "failure", "end"
]  # fmt: skip
"""step and phase: one begins, and the one before it is over. package: a count moved. screen: a
picture was kept, its path in the build's folder is the text. failure: the reason, once. end: the
build's last event, its state is the text."""


class Details(TypedDict, total=False):
    """The optional fields of an Event."""

    done: int
    total: int
    percent: float
    source: str
    line: str
    replayed: bool


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened."""

    time: str
    """RFC 3339, UTC."""
    seconds: float
    """Since the build began."""
    kind: Kind
    text: str
    done: int | None = None
    """Of `total`, such as packages."""
    total: int | None = None
    percent: float | None = None
    """Of the whole build, as far as it can be told."""
    source: str = ""
    """Of a failure: which witness told of it, by the name of its log without ".log": "console"."""
    line: str = ""
    """Of a failure: the cleaned line in that log."""
    replayed: bool = False
    """Whether it happened before `time`, while no process was at the build: nobody knows when."""
    name: str = ""
    """Of the image, where the events of several are in one file."""
