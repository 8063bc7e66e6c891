"""Which syntax of kickstarts the installer of a medium reads."""

import re

from pykickstart.version import versionMap

_NUMBER = re.compile(r"[0-9]+")
_RHEL = re.compile(
    r"red ?hat enterprise linux|rhel|centos|alma|rocky|oracle linux|scientific|eurolinux"
    r"|springdale|miracle ?linux|cloudlinux|navy linux|circle linux"
)
"""Products whose numbers are RHEL's. Others that Anaconda installs count by themselves, such as
oVirt Node 4.4, Qubes 4.2, openEuler 22.03."""
_FIRST_FEDORA = 18
"""The first that has the installer of EL 7; no RHEL has such a number yet."""


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
