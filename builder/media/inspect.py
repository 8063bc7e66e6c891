"""What an ISO says of itself."""

import re
from collections.abc import Iterator
from pathlib import Path

from builder.iso import implant, views
from builder.iso.partitions import PER_SECTOR, Partition
from builder.iso.source import Metered, Source, opened
from builder.iso.survey import Survey, survey
from builder.iso.tree import Tree, name_of, read_directory
from builder.media import menus, treeinfo
from builder.media.routes import routes
from builder.model.media import BootEntry, IsoFacts

STAGE2 = ("images/install.img", "LiveOS/squashfs.img")
"""Where an installer looks for its second stage."""

_FIRST_EL, _FIRST_FEDORA = 7, 17
_EL = re.compile("CentOS|Red Hat|Scientific|Oracle|Springdale|PUIAS|CERN|EuroLinux")


def inspect(path: Path) -> IsoFacts:
    """Read the volume, tree and boot facts of the ISO at `path`.

    Raises MediaError when it is no ISO, truncated, damaged or unreadable.
    """
    with opened(path) as source:
        return describe(survey(source))


def product(path: Path) -> tuple[str, str]:
    """Return what the ISO at `path` installs, and its version; empty for what it does not say."""
    with opened(path) as source:
        return _product(survey(source))


def describe(medium: Survey) -> IsoFacts:
    """Return the facts of a medium that was read."""
    found = menus.in_tree(medium, routes(medium))
    tree = treeinfo.parse(medium.text(".treeinfo") or b"")
    _name, _version, arch = _discinfo(medium.text(".discinfo") or b"")
    family, version = _product(medium)
    return IsoFacts(
        volume_id=medium.volume_id,
        size=medium.source.size,
        layout=_layout(found),
        product=family,
        version=version,
        arch=treeinfo.first(tree, ("general", "arch"), ("tree", "arch")) or arch,
        boot_configs=found,
        boot_entries=tuple(_boot_entries(medium)),
        partitions=tuple(map(_shown, medium.partitions)),
        names=(*(each.title for each in medium.trees), *views.foreign(medium)),
        media_check=implant.cleared(medium.source) is not None,
        stage2=_stage2(medium, treeinfo.first(tree, ("stage2", "mainimage"))),
    )


def _product(medium: Survey) -> tuple[str, str]:
    tree = treeinfo.parse(medium.text(".treeinfo") or b"")
    name, release, _arch = _discinfo(medium.text(".discinfo") or b"")
    family = treeinfo.first(tree, ("general", "family"), ("release", "name"))
    version = treeinfo.first(tree, ("general", "version"), ("release", "version"))
    return family or name, version or release


def too_old(medium: Survey) -> str:
    """Return the name of what a medium installs with an Anaconda before inst.ks; "" for others.

    EL 6 and Fedora 16 know ks alone, and take no kickstart from a volume called OEMDRV.
    """
    family, version = _product(medium)
    number = version.partition(".")[0]
    first = _FIRST_FEDORA if family == "Fedora" else _FIRST_EL if _EL.match(family) else 0
    return f"{family} {version}" if number.isdecimal() and int(number) < first else ""


def _layout(found: tuple[str, ...]) -> str:
    if any(path.endswith(("isolinux.cfg", "syslinux.cfg")) for path in found):
        return "isolinux"
    return "grub2" if found else "unknown"


def _discinfo(content: bytes) -> tuple[str, str, str]:
    """Return product, version and architecture; a time stamp is first.

    EL 7 has the version alone, EL 8 on the product before it: "Rocky Linux 8".
    """
    lines = content.decode("utf-8", "replace").splitlines()
    _stamp, name, arch = ([line.strip() for line in lines] + [""] * 3)[:3]
    product, _, version = name.rpartition(" ")
    return (product, version, arch) if version[:1].isdigit() else (name, "", arch)


def _stage2(medium: Survey, named: str) -> str:
    candidates = (named, *STAGE2) if named else STAGE2
    return next((path for path in candidates if medium.file(path)), "")


def _boot_entries(medium: Survey) -> Iterator[BootEntry]:
    wanted = {image.sector for image in medium.images}
    paths_of = dict(paths(medium.source, medium.readable[0], wanted))
    for image in medium.images:
        path = paths_of.get(image.sector) or _partition_at(medium, image.sector)
        yield BootEntry(platform=image.platform, path=path, lba=image.sector)


def _partition_at(medium: Survey, sector: int) -> str:
    """Return the name of the partition that begins there; "" for none."""
    found = (each for each in medium.partitions if each.start == sector * PER_SECTOR)
    return next((f"{each.table} partition {each.number}" for each in found), "")


def _shown(each: Partition) -> str:
    first, last = each.start // PER_SECTOR, (each.end - 1) // PER_SECTOR
    return f"{each.table} {each.number} from sector {first} to {last}"


def paths(source: Source, tree: Tree, wanted: set[int]) -> Iterator[tuple[int, str]]:
    """Yield the sector and path of the files that begin at the `wanted` sectors."""
    source = Metered(source)
    waiting, seen = [("", read_directory(source, tree, tree.descriptor.root))], set[int]()
    while waiting:
        prefix, directory = waiting.pop()
        seen.add(directory.extent)
        for record in directory.listing.records[2:]:
            if not record.is_directory and record.extent in wanted and record.length:
                yield record.extent, f"{prefix}{name_of(source, tree, record)}"
        for record in directory.listing.directories:
            if record.extent not in seen:
                inside = read_directory(source, tree, record)
                waiting.append((f"{prefix}{name_of(source, tree, record)}/", inside))
