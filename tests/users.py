"""A test that is root becomes a user, to whom folders can be closed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def as_a_user(place: Path) -> Iterator[None]:
    """Be nobody for the block, who may come as far as to the folder."""
    for each in (place, *place.parents[:3]):
        each.chmod(each.stat().st_mode | 0o011)
    os.chown(place, 12345, 12345)
    for each in place.rglob("*"):
        os.chown(each, 12345, 12345)
    os.seteuid(12345)
    try:
        yield
    finally:
        os.seteuid(0)
