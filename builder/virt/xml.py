"""libvirt's XML for pools and volumes, from values and back."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import msgspec

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class DiskFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file, or block device, that a domain has as a disk or below one."""

    path: Path
    raw: bool
    """Whether the domain takes its content for data, not for an image."""


def pool_xml(name: str, path: Path) -> str:
    """Return the definition of a directory pool."""
    pool = Element("pool", type="dir")
    SubElement(pool, "name").text = name
    SubElement(SubElement(pool, "target"), "path").text = str(path)
    return text(pool)


def pool_path(document: str) -> Path | None:
    """Return the folder of a directory pool; None for a pool of another kind."""
    pool = ElementTree.fromstring(document)  # noqa: S314  # libvirt wrote it
    if pool.get("type") not in ("dir", "fs", "netfs"):
        return None
    return Path(pool.findtext("target/path", ""))


def pool_mounts(document: str) -> bool:
    """Tell whether libvirt mounts something at the folder of a directory pool when it starts."""
    return ElementTree.fromstring(document).get("type") != "dir"  # noqa: S314  # libvirt wrote it


def pool_target(document: str) -> Path | None:
    """Return where a pool's volumes are, also for one of devices; None for one on the network."""
    found = ElementTree.fromstring(document).findtext("target/path")  # noqa: S314  # libvirt wrote it
    return Path(found) if found else None


def disk_files(document: str, *, pools: Mapping[str, Path]) -> tuple[DiskFile, ...]:
    """Return the local files of all disks in a domain's or a snapshot's XML, and of their chains.

    And what it boots with: kernel, firmware and its variables. `pools` says where the volumes of
    each pool are.
    """
    root = ElementTree.fromstring(document)  # noqa: S314  # libvirt wrote it
    places = [
        each
        for disk in root.iter("disk")
        for each in disk.iter()
        if each.find("source") is not None
    ]
    found = [(place, path) for place in places if (path := _source(place, pools))]
    disks = tuple(DiskFile(path=path, raw=_format(place) == "raw") for place, path in found)
    return (*disks, *_boot_files(root))


def _boot_files(root: Element) -> Iterator[DiskFile]:
    for each in root.iter("os"):
        for tag in ("kernel", "initrd", "dtb", "loader", "nvram"):
            source = each.find(f"{tag}/source")
            name = each.findtext(tag, "").strip() if source is None else source.get("file", "")
            if name.startswith("/"):
                yield DiskFile(path=Path(name), raw=True)


def _source(place: Element, pools: Mapping[str, Path]) -> Path | None:
    source = place.find("source")
    if source is None:
        return None
    folder, volume = pools.get(source.get("pool", "")), source.get("volume")
    if folder and volume:
        return folder / volume
    name = source.get("file") or source.get("dev")
    return Path(name) if name else None


def _format(place: Element) -> str:
    """A disk says it of its driver, a backing store or mirror of itself."""
    for tag in ("driver", "format"):
        if (said := place.find(tag)) is not None:
            return said.get("type", "")
    return ""


def with_uuid(document: str) -> str:
    """Return a domain's definition with a uuid, drawn by lot unless it has one."""
    domain = ElementTree.fromstring(document)  # noqa: S314  # we, or libvirt, wrote it
    if domain.find("uuid") is None:
        SubElement(domain, "uuid").text = str(uuid4())
    return text(domain)


def volume_xml(name: str, capacity: int, *, backing: Path | None = None, cluster: int = 0) -> str:
    """Return the definition of a qcow2 volume of `capacity` bytes.

    `cluster` is the size of its clusters in bytes, a power of 2; 0 leaves it to QEMU.
    """
    volume = Element("volume")
    SubElement(volume, "name").text = name
    SubElement(volume, "capacity", unit="bytes").text = str(capacity)
    target = SubElement(volume, "target")
    SubElement(target, "format", type="qcow2")
    # Without it libvirt makes version 2 images, which know no discard and no lazy refcounts.
    SubElement(target, "compat").text = "1.1"
    if cluster:
        SubElement(target, "clusterSize", unit="bytes").text = str(cluster)
    if backing is not None:
        store = SubElement(volume, "backingStore")
        SubElement(store, "path").text = str(backing)
        SubElement(store, "format", type="qcow2")
    return text(volume)


def parse_volume(document: str) -> tuple[str, Path | None]:
    """Return the format and the backing file of a volume."""
    # libvirt puts a backing file's name there as it is, and XML has no word for most controls.
    volume = ElementTree.fromstring(_NO_XML.sub("\ufffd", document))  # noqa: S314  # libvirt wrote it
    form = volume.find("target/format")
    backing = volume.findtext("backingStore/path")
    kind = "raw" if form is None else form.get("type", "raw")
    return kind, Path(backing) if backing else None


def text(root: Element) -> str:
    """Return the document, indented, with a final line break."""
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"
