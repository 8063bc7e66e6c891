"""How big things become; MiB throughout."""

from collections.abc import Sequence
from dataclasses import dataclass

from builder.rehearsal.guest.model import Failure


class NoRoom(Failure):
    """The plain sizes do not fit."""


@dataclass(frozen=True, kw_only=True)
class Want:
    """The size that something asks for; `most` 0 knows no limit."""

    size: int
    grow: bool = False
    most: int = 0


def share(wants: Sequence[Want], room: int) -> tuple[int, ...]:
    """Give everyone what it asks for and share the rest among those that grow, by their size.

    Raises NoRoom when the plain sizes do not fit.
    """
    spare = room - sum(want.size for want in wants)
    if spare < 0:
        raise NoRoom(
            f"storage configuration failed: not enough free space: {-spare} MiB are missing"
        )
    sizes = [want.size for want in wants]
    while spare and (growing := [n for n, want in enumerate(wants) if _can_grow(want, sizes[n])]):
        spare = _grow(wants, sizes, growing, spare)
    return tuple(sizes)


def _can_grow(want: Want, size: int) -> bool:
    return want.grow and (not want.most or size < want.most)


def _grow(wants: Sequence[Want], sizes: list[int], growing: list[int], spare: int) -> int:
    weight = sum(max(wants[n].size, 1) for n in growing)
    left = spare
    for n in growing:
        step = max(spare * max(wants[n].size, 1) // weight, 1)
        step = min(step, left, (wants[n].most - sizes[n]) if wants[n].most else left)
        sizes[n] += step
        left -= step
    return left


def recommended_swap(memory: int, disk: int) -> int:
    """Return the swap that suits `memory`: twice a small one, a tenth of the disk at most."""
    wanted = memory * 2 if memory < 2048 else min(max(memory, 2048), 8192)  # noqa: PLR2004
    return max(min(wanted, disk // 10), 64)
