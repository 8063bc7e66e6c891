"""How progress and results look: bars on a terminal, plain lines when piped, never an escape."""

import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Unpack

import msgspec

from builder.cli.streams import bare
from builder.model.event import Details, Kind
from builder.model.text import shown
from builder.monitor import Progress

if TYPE_CHECKING:
    from typing import Never

    from tqdm import tqdm

    Counter = tqdm[Never]  # it goes through nothing


class _Bar:
    def __init__(self, bar: "Counter") -> None:
        self._bar = bar

    def advance(self, amount: int = 1) -> None:
        self._bar.update(amount)

    def describe(self, text: str) -> None:
        self._bar.set_postfix_str(_line(text))


class _PercentBar(_Bar):
    """Without tqdm's guess of the time that is left: phases do not share a speed."""

    shape = "    {percentage:3.0f}% |{bar}| {desc}"

    def describe(self, text: str) -> None:
        self._bar.set_description_str(_line(text))


class _Lines:
    """Progress for logs: a line when something else is worked on, never more than one in 10 s."""

    def __init__(self, title: str, total: int | None, unit: str) -> None:
        self._title, self._total, self._unit = title, total, unit
        self._done, self._said, self._text = 0, time.monotonic(), ""

    def advance(self, amount: int = 1) -> None:
        self._done += amount
        if time.monotonic() - self._said >= 10:  # noqa: PLR2004  # seconds between lines
            self._said = time.monotonic()
            _say(f"{self._title}: {self._count()}")

    def describe(self, text: str) -> None:
        self._text = text

    def _count(self) -> str:
        if self._unit == "%":
            return f"{self._done} %, {self._text}"
        if self._unit != "B":
            return f"{self._done}/{self._total or '?'} {self._unit}"
        total = size(self._total) if self._total else "?"
        return f"{size(self._done)} of {total}"


_ODD = re.compile(r"[^\n -~]")
_WORDS: dict[Kind, str] = {"phase": "phase: ", "note": "", "warning": "warning: "}
"""What comes before the text of those events that are printed."""


class TerminalMonitor:
    """Writes to stderr, so that what a command prints for other programs stays clean.

    `prefix` begins each line: it tells builds apart that run at once.
    """

    def __init__(self, *, bars: bool, prefix: str = "") -> None:
        self._bars = bars
        self._prefix = prefix

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce the step, and say at its end how long it took."""
        began = time.monotonic()
        _say(f"{self._prefix}==> {title}")
        yield
        seconds = time.monotonic() - began
        if seconds >= 1:
            _say(f"{self._prefix}    done in {seconds:.0f} s")

    @contextmanager
    def progress(
        self, title: str, *, total: int | None = None, unit: str = "B"
    ) -> Iterator[Progress]:
        """Count with a bar, or with a line now and then."""
        label = f"{self._prefix}    {title}"
        if not self._bars:
            yield _Lines(label, total, unit)
            return
        from tqdm import tqdm

        if unit == "%":
            shape = f"{self._prefix}{_PercentBar.shape}"
            with tqdm(
                desc=_line(title), total=total, bar_format=shape, leave=False, file=bare(sys.stderr)
            ) as bar:
                yield _PercentBar(bar)
            return
        with tqdm(
            desc=_line(label),
            total=total,
            unit=unit,
            unit_scale=unit == "B",
            leave=False,
            file=bare(sys.stderr),
        ) as bar:
            yield _Bar(bar)

    def tell(self, kind: Kind, text: str, **details: Unpack[Details]) -> None:
        """Print what people want to read; bars count packages, the dossier shows the screen.

        A failure is the error that is printed when the command ends.
        """
        if kind in _WORDS:
            earlier = " (began earlier)" if details.get("replayed") else ""
            _say(f"{self._prefix}    {_WORDS[kind]}{text}{earlier}")


def _say(line: str) -> None:
    stream = bare(sys.stderr)  # bars move the cursor: they write past what shows escapes
    with suppress(OSError):  # a full disk under a log is no reason to end a build
        if "tqdm" in sys.modules:  # there may be a bar, which has to step aside
            from tqdm import tqdm

            tqdm.write(shown(line), file=stream)
        else:
            stream.write(f"{shown(line)}\n")
        stream.flush()


def _line(text: str) -> str:
    return shown(text, keep="")


def size(count: int) -> str:
    """Return a count of bytes as people read it, in binary units: 1572864 is "1.5 MiB"."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:  # noqa: PLR2004  # one binary step
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows in columns, left-aligned, two spaces apart."""
    lines = [tuple(map(_line, line)) for line in (header, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def to_json(value: object) -> str:
    """Return any of our values as indented JSON; paths become strings.

    What a terminal would obey is escaped, as JSON can, so that it says the same to programs.
    """
    import json

    values = msgspec.to_builtins(value, enc_hook=str, str_keys=True)
    return _ODD.sub(_escaped, json.dumps(values, indent=2, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    import json

    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]
