"""Where what a layout makes may be mounted: Anaconda's own rules for a system's folders."""

import re
from collections.abc import Iterator

from pykickstart.constants import KS_SCRIPT_PRE
from pykickstart.version import F18

from builder.kickstart.lying import Layout
from builder.kickstart.parsed import Parsed, error
from builder.model.kickstart import LintFinding

_PLACES = re.compile(r"/|$|swap$|(?:pv|btrfs)\.|[nN]one$")
_PLACES_OF_VOLUMES = re.compile(r"/|$|swap$")
"""Where something is mounted, or what it is instead; of volumes none but a pool is nowhere."""
_OF_ROOT = ("/bin", "/dev", "/etc", "/lib", "/mnt", "/proc", "/root", "/sbin")
_OF_LINUX = ("/", "/home", "/tmp", "/usr", "/usr/lib", "/usr/share", "/var")  # noqa: S108
_FOREIGN = ("vfat", "efi", "ntfs", "hfs", "hfs+", "swap")


def mounted(parsed: Parsed, layout: Layout) -> Iterator[LintFinding]:
    """A place must be one, and fit what is mounted there."""
    yield from _places(layout)
    yield from _folders(layout)
    # What is made before the installation is there already, and may be empty.
    if not any(each.type == KS_SCRIPT_PRE for each in parsed.handler.scripts):
        yield from _kept_root(layout)


def _places(layout: Layout) -> Iterator[LintFinding]:
    volumes = [each for each in layout.volumes if not getattr(each, "thin_pool", False)]
    kinds = [(_PLACES_OF_VOLUMES, volumes), (_PLACES, [*layout.raids, *layout.btrfs])]
    for place, made in kinds:
        for each in (each for each in made if not place.match(each.mountpoint)):
            yield error(f"{each.mountpoint} is no place to mount: one begins with /", each.lineno)
    for each in (each for each in layout.raids if each.format and not each.preexist):
        if each.mountpoint.lower() == "none":
            yield error("none is no place to mount: one begins with /", each.lineno)


def _folders(layout: Layout) -> Iterator[LintFinding]:
    """Some folders are the root's own, some need what only Linux's file systems have."""
    auto = layout.handler.autopart
    if getattr(auto, "fstype", "") in _FOREIGN:
        yield error(f"autopart makes no / of {auto.fstype}", auto.lineno)
    # Whether a boot loader reads a / that has /boot in it is said elsewhere.
    linux = set(_OF_LINUX) - (set() if "/boot" in layout.points else {"/"})
    for each in (*layout.all, *layout.btrfs):
        point, fstype = each.mountpoint, getattr(each, "fstype", "")
        if point in _OF_ROOT:
            yield error(f"{point} must be on the file system of /", each.lineno)
        elif point in linux and fstype in _FOREIGN:
            yield error(f"{point} is {fstype}, and wants a file system of Linux", each.lineno)


def _kept_root(layout: Layout) -> Iterator[LintFinding]:
    """Anaconda installs into no / with files in it; a subvolume may have been made empty."""
    for each in layout.all if layout.handler.version >= F18 else ():
        if each.mountpoint == "/" and not each.format:
            yield error("/ is not formatted, and Anaconda wants a new file system", each.lineno)
