"""Kickstarts."""

import hashlib
import re
from pathlib import Path
from typing import Literal

import msgspec

DEFAULT_PROFILE = "minimal"


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variation of a release: variables for its kickstart."""

    name: str = DEFAULT_PROFILE
    title: str = ""
    releases: tuple[str, ...] = ()
    """Releases that it is for; empty means all."""
    variables: dict[str, object] = {}
    checks: tuple[Path, ...] = ()
    """What is run against a clone over ssh: programs, and Python files for testinfra."""


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """Password hashes (crypt's $6$ form); never a password. None locks the account."""

    root_password_hash: str | None = None
    user_password_hash: str | None = None

    def __repr__(self) -> str:
        """Say nothing: values end up in logs and tracebacks."""
        return "Secrets(…)"


class RenderOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a kickstart depends on besides its release and profile."""

    medium: str = ""
    """A key of the release's media; empty means its default."""
    firmware: Literal["bios", "uefi"] = "bios"
    variables: dict[str, str] = {}
    """As given by the user (--set name=value), not yet converted."""
    secrets: Secrets = Secrets()
    nonce: str = "preview"
    """What the guest will report; new for each build, so no older success can be taken for it."""


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


class OwnKickstart(msgspec.Struct, frozen=True, kw_only=True):
    """A kickstart of the user's, instead of a release's."""

    name: str
    """The file's; one that ends in .j2 is a template like ours."""
    text: str

    @property
    def stem(self) -> str:
        """The name without its endings, as part of a template's name."""
        return re.sub("[^A-Za-z0-9]+", "-", self.name.partition(".")[0]).strip("-").lower()


class LintFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One remark of the linter."""

    line: int
    """1-based; 0 when it concerns the whole file."""
    severity: str
    """"error" or "warning"."""
    message: str
