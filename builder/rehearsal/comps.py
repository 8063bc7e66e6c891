"""comps.xml: the groups and environments of a package repository. Pure."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

import msgspec


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group: `@id` in a kickstart."""

    id: str
    name: str
    mandatory: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment: `@^id` in a kickstart."""

    id: str
    name: str
    groups: tuple[str, ...]
    options: tuple[str, ...] = ()


def comps(groups: Sequence[Group], environments: Sequence[Environment]) -> bytes:
    """Return comps.xml."""
    root = ET.Element("comps")
    for group in groups:
        element = _entry(root, "group", group.id, group.name)
        ET.SubElement(element, "default").text = "false"
        ET.SubElement(element, "uservisible").text = "true"
        listed = ET.SubElement(element, "packagelist")
        for kind, names in (("mandatory", group.mandatory), ("optional", group.optional)):
            for name in names:
                ET.SubElement(listed, "packagereq", {"type": kind}).text = name
    for environment in environments:
        element = _entry(root, "environment", environment.id, environment.name)
        ET.SubElement(element, "display_order").text = "5"
        _ids(element, "grouplist", environment.groups)
        _ids(element, "optionlist", environment.options)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _entry(root: ET.Element, tag: str, identifier: str, name: str) -> ET.Element:
    element = ET.SubElement(root, tag)
    ET.SubElement(element, "id").text = identifier
    ET.SubElement(element, "name").text = name
    ET.SubElement(element, "description").text = name
    return element


def _ids(element: ET.Element, tag: str, names: Sequence[str]) -> None:
    listed = ET.SubElement(element, tag)
    for name in names:
        ET.SubElement(listed, "groupid").text = name
