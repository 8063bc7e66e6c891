"""The package repositories of the medium: .treeinfo names them, their repodata lists all."""

import configparser
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from builder.rehearsal.guest.model import Failure

_COMMON = "{http://linux.duke.edu/metadata/common}"
_RPM = "{http://linux.duke.edu/metadata/rpm}"
_REPO = "{http://linux.duke.edu/metadata/repo}"


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package of the medium."""

    name: str
    location: str
    """Path of its file, from the medium's root."""
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    """Other names of it."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Everything that the medium has to choose from; groups and environments by their ids."""

    packages: dict[str, Package] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The packages that each brings."""
    environments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The groups that each brings."""

    def named(self, name: str) -> Package | None:
        """Return the package of this name, or one that provides it."""
        if name in self.packages:
            return self.packages[name]
        given = (package for package in self.packages.values() if name in package.provides)
        return next(given, None)

    def within(self, group: str) -> tuple[str, ...] | None:
        """Return the packages of a group or, with ^ in front, of an environment's groups."""
        if not group.startswith("^"):
            return self.groups.get(group)
        groups = self.environments.get(group.removeprefix("^"))
        if groups is None:
            return None
        return tuple(name for each in groups for name in self.groups.get(each, ()))


def folders(root: Path) -> tuple[str, ...]:
    """Return where the repositories are: each variant of .treeinfo is one, else the root is it."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(root / ".treeinfo")
    variants = [name for name in parser.sections() if name.startswith("variant-")]
    return tuple(parser[name]["repository"] for name in variants) or (".",)


def read(root: Path) -> Offer:
    """Return what all repositories of the medium offer. Raises Failure."""
    offer = Offer()
    for folder in folders(root):
        _add(root, folder, offer)
    return offer


def _add(root: Path, folder: str, offer: Offer) -> None:
    files = dict(_files(root / folder))
    if "primary" not in files:
        raise Failure(f"The repodata of {folder} on the medium has no list of packages.")
    for element in ET.fromstring(gzip.decompress(files["primary"].read_bytes())):  # noqa: S314
        package = _package(element, folder)
        offer.packages[package.name] = package
    if "group" in files:
        _add_groups(ET.parse(files["group"]).getroot(), offer)  # noqa: S314  # our own medium


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    repomd = ET.parse(folder / "repodata/repomd.xml").getroot()  # noqa: S314  # our own medium
    for data in repomd.iterfind(f"{_REPO}data"):
        location = data.find(f"{_REPO}location")
        if location is not None:
            yield data.attrib["type"], folder / location.attrib["href"]


def _package(element: ET.Element, folder: str) -> Package:
    location = element.find(f"{_COMMON}location")
    name = element.findtext(f"{_COMMON}name", "")
    provides = _entries(element, "provides")
    return Package(
        name=name,
        location="" if location is None else str(Path(folder) / location.attrib["href"]),
        requires=_entries(element, "requires"),
        provides=tuple(other for other in provides if other != name),
    )


def _entries(element: ET.Element, kind: str) -> tuple[str, ...]:
    found = element.iterfind(f"{_COMMON}format/{_RPM}{kind}/{_RPM}entry")
    return tuple(entry.attrib["name"] for entry in found)


def _add_groups(comps: ET.Element, offer: Offer) -> None:
    for group in comps.iterfind("group"):
        listed = group.iterfind("packagelist/packagereq")
        names = (entry.text or "" for entry in listed if entry.get("type") != "optional")
        packages = (*offer.groups.get(group.findtext("id", ""), ()), *names)
        # Kickstarts may call it by either.
        for key in (group.findtext("id", ""), group.findtext("name", "")):
            offer.groups[key] = packages
    for environment in comps.iterfind("environment"):
        groups = tuple(each.text or "" for each in environment.iterfind("grouplist/groupid"))
        for key in (environment.findtext("id", ""), environment.findtext("name", "")):
            offer.environments[key] = groups
