"""Kickstarts."""

import hashlib

import msgspec


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variation of a release: variables for its kickstart."""

    name: str = ""
    title: str = ""
    releases: tuple[str, ...] = ()
    """Releases that it is for; empty means all."""
    variables: dict[str, object] = {}


class Kickstart(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered kickstart."""

    source: str
    """The template or file that it came from, for messages."""
    syntax: str
    text: str

    @property
    def sha256(self) -> str:
        """Digest of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class LintFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One remark of the linter."""

    line: int
    """1-based; 0 when it concerns the whole file."""
    severity: str
    """"error" or "warning"."""
    message: str
