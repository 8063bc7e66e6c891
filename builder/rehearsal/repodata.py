"""The medium's list of packages, in the form of EL's repodata. Pure."""

import gzip
import hashlib
from collections.abc import Sequence
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

import msgspec

_COMMON = "http://linux.duke.edu/metadata/common"
_RPM = "http://linux.duke.edu/metadata/rpm"
_REPO = "http://linux.duke.edu/metadata/repo"
PRIMARY = "primary.xml.gz"
COMPS = "comps.xml"


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """A package file; `location` counts from the medium's root."""

    name: str
    version: str
    arch: str
    summary: str
    location: PurePosixPath
    size: int
    sha256: str
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    """Names that it goes by beside its own."""


def parse_control(text: str) -> dict[str, str]:
    """Return the fields of a Debian control file; continued lines are left out."""
    pairs = (line.partition(":") for line in text.splitlines() if not line.startswith(" "))
    return {name: value.strip() for name, _, value in pairs}


def alternatives(depends: str) -> tuple[tuple[str, ...], ...]:
    """Return a Depends field as names: every element is one need with its alternatives."""
    needs = (need.split("|") for need in depends.split(",") if need.strip())
    return tuple(tuple(choice.split()[0].partition(":")[0] for choice in need) for need in needs)


def requires(depends: str, *, base: frozenset[str], offered: frozenset[str]) -> tuple[str, ...]:
    """Return which packages of the medium a Depends field needs beyond the base system."""
    needed = [
        next((name for name in need if name in offered), "")
        for need in alternatives(depends)
        if not any(name in base for name in need)
    ]
    return tuple(dict.fromkeys(name for name in needed if name))


def primary(packages: Sequence[Package]) -> bytes:
    """Return primary.xml.gz, the same bytes for the same packages."""
    root = ET.Element("metadata", {"xmlns": _COMMON, "xmlns:rpm": _RPM,
                                   "packages": str(len(packages))})  # fmt: skip
    for package in sorted(packages, key=lambda package: package.name):
        _add_package(root, package)
    return gzip.compress(ET.tostring(root, encoding="utf-8", xml_declaration=True), mtime=0)


def _add_package(root: ET.Element, package: Package) -> None:
    element = ET.SubElement(root, "package", {"type": "deb"})
    ET.SubElement(element, "name").text = package.name
    ET.SubElement(element, "arch").text = package.arch
    ET.SubElement(element, "version", {"epoch": "0", "ver": package.version, "rel": "0"})
    checksum = ET.SubElement(element, "checksum", {"type": "sha256", "pkgid": "YES"})
    checksum.text = package.sha256
    ET.SubElement(element, "summary").text = package.summary
    ET.SubElement(element, "size", {"package": str(package.size)})
    ET.SubElement(element, "location", {"href": str(package.location)})
    details = ET.SubElement(element, "format")
    for tag, names in (
        ("rpm:provides", (package.name, *package.provides)),
        ("rpm:requires", package.requires),
    ):
        entries = ET.SubElement(details, tag)
        for name in names:
            ET.SubElement(entries, "rpm:entry", {"name": name})


def repomd(primary: bytes, comps: bytes = b"", *, timestamp: int) -> bytes:
    """Return repomd.xml for what `primary` and comps.comps returned."""
    root = ET.Element("repomd", {"xmlns": _REPO})
    ET.SubElement(root, "revision").text = str(timestamp)
    files = [("primary", PRIMARY, primary)]
    files += [("group", COMPS, comps)] if comps else []
    for kind, name, content in files:
        data = ET.SubElement(root, "data", {"type": kind})
        checksum = ET.SubElement(data, "checksum", {"type": "sha256"})
        checksum.text = hashlib.sha256(content).hexdigest()
        ET.SubElement(data, "location", {"href": f"repodata/{name}"})
        ET.SubElement(data, "timestamp").text = str(timestamp)
        ET.SubElement(data, "size").text = str(len(content))
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))
