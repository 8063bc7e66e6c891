"""What a build, or a check of a template, is known by on a host."""

from datetime import datetime
from pathlib import Path

import msgspec


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """Its id, and the names that follow from it: all that it makes on the host has one of them.

    So what a killed process left is found by the id, and nobody keeps a list that could be lost.
    """

    id: str
    folder: Path
    """Where its logs and pictures are kept."""
    began: datetime

    def domain(self, role: str) -> str:
        """Return the name of the domain that has the role: a template's name, "audit", …"""
        return f"builder-{role}-{self.id}"

    def file(self, pool: Path, ending: str) -> Path:
        """Return a file in the folder of a pool, by its ending such as ".qcow2"."""
        return pool / f"{self.id}{ending}"

    def hidden(self, pool: Path, ending: str) -> Path:
        """Return a file that libvirt does not list among the pool's volumes."""
        return pool / f".{self.id}{ending}"
