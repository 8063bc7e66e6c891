"""Which packages a rehearsal is made of, on the distributions that we know."""

import platform
from pathlib import Path

import msgspec

from builder.errors import HostError


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """Names that differ between Debian and its relatives."""

    name: str
    suite: str
    installer_kernel: str
    """Drives what a virtual machine may have, such as the SATA CD drive of a q35."""
    target_kernel: str
    """Small: paravirtual devices are enough for a template."""
    sources: tuple[Path, ...]
    """apt's sources of the distribution itself."""


_KERNELS = {
    "debian": ("linux-image-amd64", "linux-image-cloud-amd64"),
    "ubuntu": ("linux-image-generic", "linux-image-virtual"),
}
_SOURCES = ("sources.list.d/debian.sources", "sources.list.d/ubuntu.sources", "sources.list")


def detect(*, apt: Path = Path("/etc/apt")) -> Distribution:
    """Return the host's distribution. Raises HostError on one that we cannot build from."""
    release = platform.freedesktop_os_release()
    name, suite = release["ID"], release.get("VERSION_CODENAME", "")
    sources = tuple(apt / file for file in _SOURCES if _has_entries(apt / file))
    if name in _KERNELS and not sources:
        raise HostError(
            f"None of the files that {name} keeps its own package sources in is in {apt}.",
            hint=f"Put them into one of {', '.join(_SOURCES)} there.",
        )
    if name not in _KERNELS or not suite:
        raise HostError(
            f"A rehearsal ISO cannot be made on {release.get('PRETTY_NAME', name)}.",
            hint="Make it on Debian or Ubuntu with `builder rehearsal make`, and copy it here.",
        )
    installer, target = _KERNELS[name]
    return Distribution(
        name=name, suite=suite, installer_kernel=installer, target_kernel=target, sources=sources
    )


def _has_entries(file: Path) -> bool:
    if not file.is_file():
        return False
    return any(line.startswith(("deb ", "Types:")) for line in file.read_text().splitlines())
