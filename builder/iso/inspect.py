"""What an ISO says of itself."""

import configparser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from builder.iso import image
from builder.iso.bootloader import MENUS
from builder.model.media import BootEntry, IsoFacts

_STAGE2 = ("images/install.img", "LiveOS/squashfs.img")
_EFI = 0xEF  # El Torito's platform id of UEFI
_PLATFORMS = {0: "bios", _EFI: "uefi"}


def inspect(path: Path) -> IsoFacts:
    """Read the volume, tree and boot facts of the ISO at `path`.

    Raises MediaError when it is no ISO, truncated, damaged or unreadable.
    """
    with image.opened(path) as iso:
        return describe(iso, size=path.stat().st_size)


def describe(iso: Any, *, size: int) -> IsoFacts:  # noqa: ANN401  # pycdlib is untyped
    """Return the facts of an open ISO whose file has `size` bytes."""
    menus = tuple(menu for menu in MENUS if image.locate(iso, menu))
    tree = _treeinfo(image.read(iso, ".treeinfo", limit=1 << 16))
    stamp = _discinfo(image.read(iso, ".discinfo", limit=1 << 16))
    return IsoFacts(
        volume_id=iso.pvd.volume_identifier.decode("utf-8", "replace").rstrip(),
        size=size,
        layout=_layout(menus),
        product=_first(tree, ("general", "family"), ("release", "name")) or stamp[1],
        version=_first(tree, ("general", "version"), ("release", "version")) or stamp[1],
        arch=_first(tree, ("general", "arch"), ("tree", "arch")) or stamp[2],
        boot_configs=menus,
        boot_entries=tuple(_boot_entries(iso)),
        stage2=_stage2(iso, _first(tree, ("stage2", "mainimage"))),
    )


def _layout(menus: tuple[str, ...]) -> str:
    if "isolinux/isolinux.cfg" in menus:
        return "isolinux"
    return "grub2" if menus else "unknown"


def _treeinfo(content: bytes | None) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string((content or b"").decode("utf-8", "replace"))
    except configparser.Error:
        # It only labels the medium: a broken one must not stop an installation.
        return configparser.ConfigParser()
    return parser


def _discinfo(content: bytes | None) -> tuple[str, str, str]:
    """Return the time stamp, version (EL 7) or product (EL 8 on), and architecture."""
    lines = (content or b"").decode("utf-8", "replace").splitlines()
    stamp, name, arch = ([line.strip() for line in lines] + [""] * 3)[:3]
    return stamp, name, arch


def _first(tree: configparser.ConfigParser, *keys: tuple[str, str]) -> str:
    found = (tree.get(section, key, fallback="") for section, key in keys)
    return next((value for value in found if value), "")


def _stage2(iso: Any, named: str) -> str:  # noqa: ANN401  # pycdlib is untyped
    candidates = (named, *_STAGE2) if named else _STAGE2
    return next((path for path in candidates if image.locate(iso, path)), "")


def _boot_entries(iso: Any) -> Iterator[BootEntry]:  # noqa: ANN401  # pycdlib is untyped
    catalog = iso.eltorito_boot_catalog
    if catalog is None:
        return
    yield _boot_entry(iso, catalog.initial_entry, catalog.validation_entry.platform_id)
    for section in catalog.sections:
        for entry in section.section_entries:
            yield _boot_entry(iso, entry, section.platform_id)


def _boot_entry(iso: Any, entry: Any, platform: int) -> BootEntry:  # noqa: ANN401
    records = [record for record, primary in entry.inode.linked_records if primary]
    return BootEntry(
        platform=_PLATFORMS.get(platform, f"platform {platform}"),
        path=min((_path(iso, record) for record in records), default=""),
        lba=entry.get_rba(),
    )


def _path(iso: Any, record: Any) -> str:  # noqa: ANN401  # pycdlib is untyped
    rock_ridge = iso.has_rock_ridge()
    full: str = iso.full_path_from_dirrecord(record, rockridge=rock_ridge).lstrip("/")
    return full if rock_ridge else full.partition(";")[0].lower()
