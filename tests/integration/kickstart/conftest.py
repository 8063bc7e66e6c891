"""The throw-away root, for every test here."""

from roots import root, run

__all__ = ["root", "run"]
