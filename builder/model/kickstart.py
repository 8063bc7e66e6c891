"""Kickstarts."""

import re
from collections.abc import Iterator

import msgspec

from builder.model.release import Release

DEFAULT_PROFILE = "minimal"

NONCE = "@BUILDER_NONCE@"
"""Stands in a rendered kickstart for what differs in every build: two renderings are equal."""

Value = bool | int | str | tuple[str, ...]


class Variable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The declaration of a variable of kickstarts."""

    help: str
    default: Value
    pattern: str = "[A-Za-z0-9][A-Za-z0-9_.:/@+=,-]{0,200}"
    """What a text, or each item of a list, must match as a whole."""


class CheckFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a profile's checks."""

    content: bytes
    executable: bool


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """What is run against a clone over ssh, with everything that it may read."""

    programs: tuple[str, ...] = ()
    """Names of those files that are run, in this order."""
    files: dict[str, CheckFile] = {}
    """They, and what is beside them, by paths below one folder."""


class Variation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a profile holds for one family of releases, or one medium, alone."""

    variables: dict[str, object] = {}


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variation of a release: variables for its kickstart."""

    name: str = DEFAULT_PROFILE
    title: str = ""
    releases: tuple[str, ...] = ()
    """Releases, and families of such, that it is for; empty means all."""
    variables: dict[str, object] = {}
    family: dict[str, Variation] = {}
    """What goes before those variables, by families: packages have other names in each."""
    medium: dict[str, Variation] = {}
    """What goes before both, by media, as releases call them: minimal ones lack packages."""
    checks: tuple[str, ...] = ()
    """What is run against a clone over ssh: programs, and Python files for testinfra; each by its
    path from the folder that holds profiles/."""

    def fits(self, release: Release) -> bool:
        """Tell whether it is for a release; for one that is made here only if it names it.

        That one is of a family for the sake of its installer: it has other packages.
        """
        of_family = release.family in self.releases and not release.made_here
        named = any(name in self.releases for name in (release.name, *release.kin))
        return not self.releases or named or of_family

    def layers(self, release: Release, medium: str) -> Iterator[tuple[str, dict[str, object]]]:
        """Give its variables for a release and a medium, first what others override, with names."""
        yield f"profile {self.name}", self.variables
        parts = (("family", self.family, release.family), ("medium", self.medium, medium))
        for kind, variations, name in parts:
            if name in variations:
                yield f"profile {self.name}, {kind} {name}", variations[name].variables


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """Password hashes (crypt's $6$ form); never a password. None locks the account."""

    root_password_hash: str | None = None
    user_password_hash: str | None = None

    def __repr__(self) -> str:
        """Say nothing: values end up in logs and tracebacks."""
        return "Secrets(…)"


class KickstartSource(msgspec.Struct, frozen=True, kw_only=True):
    """What a kickstart is rendered from: the text itself, and all that it may include."""

    name: str
    """Of the file; one that ends in .j2 is a template."""
    texts: dict[str, str]
    """Its text, and those of the files that it includes or extends, by their names."""
    damaged: tuple[str, ...] = ()
    """Names of such files that are no texts."""
    variables: dict[str, Variable]
    """Those that are declared."""
    own: bool = False
    """Whether the user gave that file, instead of the release's."""

    @property
    def stem(self) -> str:
        """The name without its endings, as part of a template's name; empty where it gives none.

        What comes after another dot may be a version. Letters beyond ASCII would be lost, and two
        names one.
        """
        if not self.name.isascii():
            return ""
        bare = re.sub(r"(?:\.(?:ks|cfg|j2))+$", "", self.name, flags=re.IGNORECASE)
        # Registries of others take no dot beside a dash.
        parted = re.sub("[^A-Za-z0-9]*[^A-Za-z0-9.][^A-Za-z0-9]*|[.]{2,}", "-", bare)
        return parted.strip("-.").lower()


class LintFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One remark of the linter."""

    line: int
    """1-based; 0 when it concerns the whole file."""
    severity: str
    """"error", "warning" or "note": that something could not be looked at."""
    message: str


class Kickstart(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered kickstart."""

    source: str
    """The template or file that it came from, for messages."""
    syntax: str
    text: str
    """With the mark NONCE where the guest reports."""
    added: int = 0
    """How many characters at its end are ours, and not of the user's file."""
    values: dict[str, Value] = {}
    """What each variable came to."""
    said: tuple[LintFinding, ...] = ()
    """Of variables that come to nothing."""

    @property
    def written(self) -> str:
        """The text as somebody wrote it, without what was added."""
        return self.text[: len(self.text) - self.added]

    def for_build(self, nonce: str) -> str:
        """Return the text for one build: `nonce` is what its guest will report.

        It is new for each build, so that no older success can be taken for it.
        """
        return self.text.replace(NONCE, nonce)
