"""A template beside the one before it: size, times, packages, checks."""

from collections.abc import Callable

import msgspec

from builder.model.text import duration
from builder.record.runs import Figures
from builder.report.history import Image, Night, bounded

_STEP = 1024


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A figure, as people read it; what is not known is empty."""

    key: str
    label: str
    before: str
    now: str
    change: str
    """Empty also where nothing has changed."""


def compared(image: Image) -> tuple[Compared, ...]:
    """Return the figures of the newest good template of an image, with those before it."""
    now, before = _figures(image.good), _figures(image.before)
    rows = [
        ("size", "Size", lambda each: each.size, octets),
        ("install", "Installs in", lambda each: bounded(each.install_seconds), duration),
        ("boot", "Boots in", lambda each: bounded(each.boot_seconds), duration),
        ("packages", "Packages", lambda each: each.packages, "{:.0f}".format),
    ]
    found = [_row(key, label, value, text, now, before) for key, label, value, text in rows]
    return (*found, _checks(now, before))


def octets(count: float) -> str:
    """Return a number of bytes as people read it, in binary units."""
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < _STEP:
            return f"{size:.0f} {unit}"
        size /= _STEP
    return f"{size:.1f} GiB" if size < 100 * _STEP else f"{size / _STEP:.1f} TiB"


def _figures(night: Night | None) -> Figures:
    outcome = night.outcome if night else None
    return (outcome.figures if outcome else None) or Figures()


def _row(  # a table's row
    key: str,
    label: str,
    value: Callable[[Figures], float],
    text: Callable[[float], str],
    now: Figures,
    before: Figures,
) -> Compared:
    new, old = value(now), value(before)
    shown = [text(each) if each > 0 else "" for each in (old, new)]
    more = new - old
    differs = old > 0 and new > 0 and shown[0] != shown[1]
    change = f"{'+' if more > 0 else '−'}{text(abs(more))}" if differs else ""  # noqa: RUF001
    return Compared(key=key, label=label, before=shown[0], now=shown[1], change=change)


def _checks(now: Figures, before: Figures) -> Compared:
    old, new = (f"{each.passed} of {each.checks}" if each.checks else "" for each in (before, now))
    return Compared(key="checks", label="Checks passed", before=old, now=new, change="")
