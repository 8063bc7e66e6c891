"""Which records of the past stay, and why: the newest, what was well last, and young failures."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

_SHOWN = 3
"""Names of images in a reason."""


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the past stays at least."""

    keep: int
    """So many of the newest."""
    failure_days: int
    """Failures that ended within so many days."""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """A build, or a run with many images, that has ended."""

    id: str
    began: datetime
    ended: datetime
    good: tuple[str, ...]
    """Names of the images that were well."""
    failed: bool
    """Whether anything was not; in a run the one may hold as well as the other."""


def judge(every: Iterable[Past], rule: Retention, *, now: datetime) -> dict[str, tuple[str, ...]]:
    """Return for each, newest first, why it stays; empty for those that go.

    What ended in a time to come, for a clock was ahead, is young.
    """
    newest_first = sorted(every, key=lambda each: (each.began, each.id), reverse=True)
    newest = frozenset(each.id for each in newest_first[: rule.keep])
    well = _last_good(newest_first)
    return {
        each.id: (
            *((f"one of the newest {rule.keep}",) if each.id in newest else ()),
            *((_was_well(well[each.id], each),) if each.id in well else ()),
            *((f"a failure of the last {_days(rule)}",) if _is_young(each, rule, now) else ()),
        )
        for each in newest_first
    }


def _last_good(newest_first: Sequence[Past]) -> dict[str, list[str]]:
    """Return the images that were well then, and not since, by the record's id."""
    seen = set[str]()
    found: dict[str, list[str]] = {}
    for each in newest_first:
        if last := [image for image in dict.fromkeys(each.good) if image not in seen]:
            found[each.id] = last
            seen.update(last)
    return found


def _was_well(images: Sequence[str], past: Past) -> str:
    if not past.failed and len(set(past.good)) == len(images):
        return "the last good one"
    more = f" and {len(images) - _SHOWN} more" if len(images) > _SHOWN else ""
    return f"the last good one of {', '.join(images[:_SHOWN])}{more}"


def _is_young(past: Past, rule: Retention, now: datetime) -> bool:
    return past.failed and now - past.ended < timedelta(days=rule.failure_days)


def _days(rule: Retention) -> str:
    return "day" if rule.failure_days == 1 else f"{rule.failure_days} days"
