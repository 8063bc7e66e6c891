"""Which syntax of kickstarts the installer of a medium reads."""

import re
from contextlib import suppress

import msgspec
from pykickstart.errors import KickstartVersionError
from pykickstart.version import stringToVersion, versionMap, versionToString

from builder.errors import UsageError, nearest
from builder.model.kickstart import LintFinding

_NUMBER = re.compile(r"[0-9]+")
_RHEL = re.compile(
    r"red ?hat enterprise linux|rhel|centos|alma|rocky|oracle linux|scientific|eurolinux"
    r"|springdale|miracle ?linux|cloudlinux|navy linux|circle linux"
)
"""Products whose numbers are RHEL's. Others that Anaconda installs count by themselves, such as
oVirt Node 4.4, Qubes 4.2, openEuler 22.03."""
_HEADER = "#version="
_FIRST_FEDORA = 18
"""The first that has the installer of EL 7; no RHEL has such a number yet."""


NAMES = frozenset(versionMap)
"""Of all syntaxes."""
NEWEST = "DEVEL"
"""What headers call the newest syntax; Anaconda of EL 7 wrote it into its own files."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a kickstart says of its own syntax: #version=, as ksvalidator takes it."""

    line: int
    said: str

    @property
    def syntax(self) -> str:
        """The name of the syntax. Raises UsageError where there is none."""
        try:
            return str(versionToString(stringToVersion(self.said), skipDevel=True))
        except KickstartVersionError as error:
            near = nearest(self.said.upper(), versionMap) or "Mend that line."
            raise UsageError(
                f"Line {self.line} says #version={self.said}, which is no syntax of kickstarts.",
                hint=f"{near} --syntax goes before what the file says.",
            ) from error

    @property
    def findings(self) -> tuple[LintFinding, ...]:
        """What is to be said of it."""
        if self.said.upper() != NEWEST:
            return ()
        said = f"{NEWEST} is read as {self.syntax}; EL 7 wrote it as well: for that, --syntax RHEL7"
        return (LintFinding(line=self.line, severity="warning", message=said),)


def named_by(text: str) -> str:
    """Return the syntax that a kickstart names itself; "" where it names none that there is.

    DEVEL names none: EL 7 wrote it as well, and would be refused by what it reads.
    """
    said = header(text)
    with suppress(UsageError):
        return said.syntax if said and said.said.upper() != NEWEST else ""
    return ""


def header(text: str) -> Header | None:
    """Return what a kickstart says of its syntax, if it does."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(_HEADER):
            return Header(line=number, said=line.removeprefix(_HEADER).strip())
    return None


def of_medium(product: str, version: str) -> str:
    """Return the name of the syntax; empty where the medium does not say what it installs.

    The version may be a product's name with it, as .discinfo has it: "Rocky Linux 8".

    Of one that is newer than pykickstart the newest that it knows is taken, as Anaconda itself
    would.
    """
    number = _NUMBER.search(version)
    family = _family(product.lower()) if number else ""
    if not number or not family:
        return ""
    known = [int(name[len(family) :]) for name in versionMap if re.fullmatch(rf"{family}\d+", name)]
    fitting = min(int(number[0]), max(known))
    return f"{family}{fitting}" if fitting in known else ""


def _family(product: str) -> str:
    if "fedora" in product:
        return "F"
    if _RHEL.search(product):
        return "RHEL"
    # .discinfo of EL 7 is a number alone, 7.9, and so is Fedora's, 41.
    bare = re.fullmatch(r"(\d{1,2})(\.\d+)*", product)
    return ("RHEL" if int(bare[1]) < _FIRST_FEDORA else "F") if bare else ""
