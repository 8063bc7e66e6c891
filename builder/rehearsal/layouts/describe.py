"""What a medium says of itself: .treeinfo, .discinfo and, from EL 8 on, media.repo."""

import configparser
import io
import shutil
from pathlib import Path

from builder import files
from builder.monitor import SilentMonitor
from builder.rehearsal.layouts.layout import Layout, Medium

_DATA = Path(__file__).parents[1] / "data"
_ARCH = "x86_64"
_NAME = "Builder Rehearsal"
_PLATFORMS = f"{_ARCH},xen"
_KEYS = {"vmlinuz": "kernel", "initrd.img": "initrd"}
"""What productmd calls an image; others go by their file's name."""

Sections = dict[str, dict[str, str]]


def describe(layout: Layout, medium: Medium) -> None:
    """Write the medium's descriptions; its tree is complete otherwise."""
    if layout.family == "el7":
        for name in ("treeinfo", "discinfo"):
            shutil.copy(_DATA / layout.family / name, medium.root / f".{name}")
        return
    digests = {
        path: files.sha256(medium.root / path, monitor=SilentMonitor()) for path in layout.checked
    }
    (medium.root / ".treeinfo").write_text(treeinfo(layout, digests))
    (medium.root / ".discinfo").write_text(
        f"{layout.timestamp}.000000\n{layout.product}\n{_ARCH}\nALL\n"
    )
    (medium.root / "media.repo").write_text(
        f"[InstallMedia]\nname={layout.product}\nmediaid={layout.timestamp}.000000\n"
        "metadata_expire=-1\ngpgcheck=0\ncost=500\n"
    )


def treeinfo(layout: Layout, digests: dict[str, str]) -> str:
    """Return .treeinfo in the form of productmd 1.2, as lorax writes it from EL 8 on."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict(_sections(layout, digests))
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def _sections(layout: Layout, digests: dict[str, str]) -> Sections:
    base = layout.repositories[0]
    variants = ",".join(sorted(layout.repositories))
    return {
        "checksums": {path: f"sha256:{digest}" for path, digest in sorted(digests.items())},
        # For programs that know the old form only.
        "general": {
            "arch": _ARCH,
            "family": _NAME,
            "name": layout.product,
            "packagedir": f"{base}/Packages",
            "platforms": _PLATFORMS,
            "repository": base,
            "timestamp": str(layout.timestamp),
            "variant": base,
            "variants": variants,
            "version": layout.version,
        },
        "header": {"type": "productmd.treeinfo", "version": "1.2"},
        f"images-{_ARCH}": {
            _KEYS.get(name := Path(path).name, name): path for path in _images(layout)
        },
        "release": {
            "name": _NAME,
            "short": _NAME.replace(" ", "-"),
            "version": layout.version,
        },
        "stage2": {"mainimage": layout.stage2},
        "tree": {
            "arch": _ARCH,
            "build_timestamp": str(layout.timestamp),
            "platforms": _PLATFORMS,
            "variants": variants,
        },
        **{f"variant-{name}": _variant(name) for name in sorted(layout.repositories)},
    }


def _images(layout: Layout) -> tuple[str, ...]:
    # The El Torito image has no sum: xorriso writes into it where it lies.
    own = ("images/eltorito.img",) if layout.family == "el10" else ()
    return (*own, *(path for path in layout.checked if path != layout.stage2))


def _variant(name: str) -> dict[str, str]:
    return {
        "id": name,
        "name": name,
        "packages": f"{name}/Packages",
        "repository": name,
        "type": "variant",
        "uid": name,
    }
