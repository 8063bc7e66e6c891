"""Which syntax of kickstarts the installer of a medium reads."""

import re

from pykickstart.version import versionMap

_NUMBER = re.compile(r"[0-9]+")


def of_medium(product: str, version: str) -> str:
    """Return the name of the syntax; empty where the medium does not say what it installs.

    The version may be a product's name with it, as .discinfo has it: "Rocky Linux 8".

    All that is no Fedora follows RHEL: CentOS, Rocky, Alma, Oracle Linux, Scientific Linux. Of one
    that is newer than pykickstart the newest that it knows is taken, as Anaconda itself would.
    """
    number = _NUMBER.search(version)
    if not number:
        return ""
    family = "F" if "fedora" in product.lower() else "RHEL"
    known = [int(name[len(family) :]) for name in versionMap if re.fullmatch(rf"{family}\d+", name)]
    fitting = min(int(number[0]), max(known))
    return f"{family}{fitting}" if fitting in known else ""
