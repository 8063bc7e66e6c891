"""What the remaster promises, and whether the figures keep it."""

from collections.abc import Iterator

import msgspec

from tests.bench.remaster.measure import Sample
from tests.bench.remaster.rows import CP, MKKSISO, OURS, OURS_MD5, OVERLAY, REPLAY
from tests.bench.tables import Target, most, ratio, typical

Results = dict[str, list[Sample]]
"""The samples of each row, in the order of the rounds; empty for a row that failed."""


class Group(msgspec.Struct, frozen=True):
    """The rows of one medium on one file system."""

    medium: str
    place: str
    reflinks: bool
    rows: Results


_SPEED_UP = {"Minimal": 15, "DVD": 50}
_SIZES = 1.25  # a DVD has nine times as many names to read: "independent" within this


def targets(groups: list[Group]) -> list[Target]:
    """Return every promise that the groups say something about."""
    found = [target for group in groups for target in _of_group(group)]
    return [*found, *_independence(groups)]


def _of_group(group: Group) -> Iterator[Target]:
    faster = _SPEED_UP[group.medium]
    if group.reflinks:
        yield from _instant(group, OURS, faster)
    else:
        yield _most(group, 1.1, "x", f"{OURS} / {CP}", ratio(group.rows, OURS, CP))
        yield _least(group, 2, f"{REPLAY} / {OURS}", ratio(group.rows, REPLAY, OURS))
        yield _least(group, 3, f"{MKKSISO} / {OURS}", ratio(group.rows, MKKSISO, OURS))
        text = f"{OURS_MD5} / {MKKSISO}"
        yield _most(group, 0.7, "x", text, ratio(group.rows, OURS_MD5, MKKSISO))
    yield from _instant(group, OVERLAY, faster)
    ours = [group.rows.get(row, []) for row in (OURS, OURS_MD5, OVERLAY)]
    memory = [sample.memory for samples in ours for sample in samples]
    yield _most(group, 60, "MB", "memory of builder", max(memory, default=None))


def _instant(group: Group, row: str, faster: int) -> Iterator[Target]:
    yield _most(group, 0.1, "s", row, _wall(group, row))
    yield _least(group, faster, f"{REPLAY} / {row}", ratio(group.rows, REPLAY, row))


def _independence(groups: list[Group]) -> Iterator[Target]:
    small = {each.place: each for each in groups if each.medium == "Minimal"}
    for group in (each for each in groups if each.medium == "DVD" and each.place in small):
        for row in (OURS, OVERLAY) if group.reflinks else (OVERLAY,):
            one, other = _wall(small[group.place], row), _wall(group, row)
            measured = other / one if one and other else None
            yield _most(group, _SIZES, "x", f"{row}: DVD / Minimal", measured)


def _wall(group: Group, row: str) -> float | None:
    return typical(group.rows.get(row, []), lambda each: each.wall)


def _most(group: Group, limit: float, unit: str, text: str, measured: float | None) -> Target:
    return most(_where(group), text, measured, limit=limit, unit=unit)


def _least(group: Group, limit: float, text: str, measured: float | None) -> Target:
    kept = measured is not None and measured >= limit
    return Target(_where(group), f"{text}: at least {limit:g} x", measured, "x", kept)


def _where(group: Group) -> str:
    return f"{group.medium}, {group.place}"
