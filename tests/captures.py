"""What genuine installers wrote, cut to size, as it would arrive: byte by byte and in its time.

They are Anaconda 34.25.7.19 (EL 9) installing on an emulated machine. The log says when each line
was written; a line of the console was when the log had the same text, or when the kernel's clock
before it says.
"""

import lzma
import random
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec

from builder.install.log_line import CONSOLE, message, said
from builder.model.domain import ANACONDA_PORT
from builder.model.installation import Output
from builder.record.terminal import Lines

FOLDER = Path(__file__).parent / "unit" / "install" / "captures"
_STAMP = re.compile(rb"\[ *(\d+\.\d+)\]")
_CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d)(?:,(\d{3}))? ")
_DISTINCT = 15
"""Characters of a text that two witnesses hardly say by chance."""
_START = 40.0
"""Seconds between the console's last stamp and the log's first line."""


class Piece(msgspec.Struct, frozen=True):
    """Bytes that arrive at one moment."""

    seconds: float
    source: str
    data: bytes


@cache
def arrivals(name: str) -> tuple[Piece, ...]:
    """Return all lines of a case with their times, in their order."""
    console, log = _read(name, "console"), _read(name, "virtio")
    stamps = [float(each) for each in _STAMP.findall(console)]
    logged = list(_logged(log, begin=max(stamps, default=0.0) + _START))
    return tuple(sorted([*logged, *_drawn(console, logged)], key=lambda piece: piece.seconds))


def cut(pieces: tuple[Piece, ...], seed: int | None) -> Iterator[tuple[float, Output]]:
    """Cut lines into single bytes, or by chance where there is a seed."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    for piece in pieces:
        rest = piece.data
        while rest:
            length = 1 if seed is None else chance.choice((1, 2, 3, 7, 16, 61, 4096))
            yield piece.seconds, Output(source=piece.source, data=rest[:length])
            rest = rest[length:]


def said_at(pieces: tuple[Piece, ...], source: str, text: str) -> float:
    """Return when a text was said first."""
    return next(
        piece.seconds for piece in pieces if piece.source == source and text.encode() in piece.data
    )


def console_of(name: str) -> bytes:
    """Return what a case wrote to its console."""
    return _read(name, "console")


def _read(name: str, what: str) -> bytes:
    path = FOLDER / f"{name}.{what}.xz"
    return lzma.decompress(path.read_bytes()) if path.is_file() else b""


def _logged(log: bytes, *, begin: float) -> Iterator[Piece]:
    lines = log.splitlines(keepends=True)
    clocks = [clock(line.decode(errors="replace")) for line in lines]
    first = next((each for each in clocks if each is not None), 0.0)
    for line, now in zip(lines, clocks, strict=True):
        if now is not None:
            yield Piece(begin + now - first, ANACONDA_PORT, line)


def clock(line: str) -> float | None:
    """Return the time of day at the beginning of a line, in seconds."""
    found = _CLOCK.match(line)
    if found is None:
        return None
    hours, minutes, seconds, thousandths = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(thousandths or 0) / 1000


def _drawn(console: bytes, logged: list[Piece]) -> Iterator[Piece]:
    """Yield what was written to the console, up to each line break or cursor move."""
    parts = re.split(rb"(?<=[\n\r])|(?=\x1b\[[0-9;]*[Hd])", console)
    known = list(_anchors(parts, logged))
    known = [(0, 0.0), *known, (len(parts), known[-1][1] if known else 0.0)]
    for (first, begin), (last, end) in pairwise(known):
        for number in range(first, last):
            share = (number - first) / (last - first)
            yield Piece(begin + share * (end - begin), CONSOLE, parts[number])


def _anchors(parts: list[bytes], logged: list[Piece]) -> Iterator[tuple[int, float]]:
    """Yield the numbers of parts whose time is known, and that."""
    texts = [
        (text, piece.seconds)
        for piece in logged
        if (record := said(piece.data.decode(errors="replace"))).program == "anaconda"
        for text in record.lines
        if len(text) > _DISTINCT
    ]
    day = _day(logged)
    terminal, now = Lines(), 0.0
    for number, part in enumerate(parts):
        for line in terminal.feed(part):
            stamp, hour, text = _STAMP.match(line.encode()), clock(line), message(line)
            when = next((at for said_then, at in texts if said_then == text and at > now), None)
            when = day + hour if hour is not None else when
            when = float(stamp[1]) if stamp else when
            if when is not None and when > now:
                now = when
                yield number, now


def _day(logged: list[Piece]) -> float:
    """Return what the log's clock must be moved by."""
    first = clock(logged[0].data.decode(errors="replace")) if logged else 0.0
    return logged[0].seconds - (first or 0.0) if logged else 0.0
