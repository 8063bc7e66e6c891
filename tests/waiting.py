"""Waiting for others as long as they live: a busy machine is slow, not broken."""

import time
from collections.abc import Callable

PATIENCE = 900
"""Seconds, the last resort: for what lives and does nothing. A busy machine took over 180 to boot
two clones."""


def wait_until(
    true: Callable[[], bool],
    *,
    alive: Callable[[], object] = lambda: True,
    told: Callable[[], str] = str,
) -> None:
    """Return when it is true; fail at once, with what was told, when who makes it so has ended."""
    end = time.monotonic() + PATIENCE
    while not true():
        # What it did last may be what we wait for.
        assert alive() or true(), f"it has ended: {told()}"
        assert time.monotonic() < end, f"waited in vain: {told()}"
        time.sleep(0.05)
