"""Pools and volumes, as libvirt means them."""

from pathlib import Path

import msgspec


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """A directory pool."""

    name: str
    path: Path
    active: bool
    autostart: bool
    capacity: int
    available: int


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """A file in a pool; sizes in bytes."""

    pool: str
    name: str
    path: Path
    format: str
    capacity: int
    allocation: int
    backing: Path | None = None
