"""Which packages to install, from %packages and the medium's repodata; pure but for reading."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from builder.rehearsal.guest.model import Failure, Software

COMMON = "{http://linux.duke.edu/metadata/common}"
RPM = "{http://linux.duke.edu/metadata/rpm}"

# The groups that the payload stands for; a leading ^ marks an environment, as in kickstarts.
_BASE_GROUPS = ("core", "Core", "base", "^minimal", "^minimal-environment")


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package of the medium beyond the base system."""

    name: str
    location: str
    """Path of its file, from the medium's root."""
    requires: tuple[str, ...] = ()


class Missing(Failure):
    """%packages names something that the medium does not have."""


def read_repodata(root: Path) -> dict[str, Package]:
    """Return the packages of the medium by name."""
    repomd = ET.parse(root / "repodata/repomd.xml").getroot()  # noqa: S314  # our own medium
    space = "{http://linux.duke.edu/metadata/repo}"
    location = repomd.find(f"{space}data[@type='primary']/{space}location")
    if location is None:
        raise Failure("The repodata of the medium has no list of packages.")
    primary = gzip.decompress((root / location.attrib["href"]).read_bytes())
    found = (_package(element) for element in ET.fromstring(primary))  # noqa: S314
    return {package.name: package for package in found}


def _package(element: ET.Element) -> Package:
    location = element.find(f"{COMMON}location")
    requires = element.iterfind(f"{COMMON}format/{RPM}requires/{RPM}entry")
    return Package(
        name=element.findtext(f"{COMMON}name", ""),
        location="" if location is None else location.attrib["href"],
        requires=tuple(entry.attrib["name"] for entry in requires),
    )


def missing(software: Software, base: frozenset[str], medium: Mapping[str, Package]) -> list[str]:
    """Return the sentences about everything asked for that is not there."""
    packages = [name for name in software.packages if name not in base and name not in medium]
    groups = [name for name in software.groups if name not in _BASE_GROUPS]
    return [
        *(f"You have specified that the package '{name}' should be installed.  "
          "This package does not exist." for name in packages),
        *(f"The group '{name.lstrip('^')}' is required for this installation. "
          "This group does not exist." for name in groups),
    ]  # fmt: skip


def select(
    software: Software, base: frozenset[str], medium: Mapping[str, Package]
) -> tuple[Package, ...]:
    """Return what to install beyond the base, requirements first; what is missing is left out."""
    chosen: dict[str, Package] = {}
    for name in software.packages:
        if name not in base and name not in software.excluded:
            _add(name, medium, chosen)
    return tuple(chosen.values())


def _add(name: str, medium: Mapping[str, Package], chosen: dict[str, Package]) -> None:
    pending = [name]
    order: list[str] = []
    while pending:
        current = pending.pop()
        if current in medium and current not in order:
            order.append(current)
            pending += medium[current].requires
    for current in reversed(order):
        chosen.setdefault(current, medium[current])
