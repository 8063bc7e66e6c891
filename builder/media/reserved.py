"""Places on an ISO that `--add` may not take: what a remaster writes, and what firmware boots.

What firmware boots it finds by sectors, in boot catalogue, partition tables and boot code, or in
the EFI image, never by a name on the ISO: a file under that name would lie there unused.
"""

import re
from collections.abc import Collection, Iterable, Iterator

import msgspec

from builder.errors import UsageError
from builder.iso import eltorito
from builder.iso.partitions import PER_SECTOR
from builder.iso.survey import Survey
from builder.media import inspect

_VERSION = re.compile(r";\d*$")
# In lower case: where isolinux and GRUB look first, whatever else is there; and what pungi, lorax
# and mkisofs call what boots, which may have no name on the ISO itself.
_MENUS = re.compile(
    r"(?:(?:boot/)?(?:iso|sys)linux/)?(?:iso|sys|ext)linux\.(?:cfg|conf)"
    r"|boot/grub2?/grub\.cfg|efi/boot/[^/]*\.(?:cfg|conf)"
)
_BOOTED = re.compile(
    r"(?:(?:boot/)?(?:iso|sys)linux/)?(?:isolinux\.bin|boot\.cat(?:alog)?)"
    r"|images/(?:efiboot|macboot|eltorito)\.img|efi/boot/[^/]*\.efi"
)

_CORE = re.compile(r"(?:(?:boot/)?(?:iso|sys)linux/)?ldlinux\.c32")


class _Taken(msgspec.Struct, frozen=True):
    reason: str
    hint: str


_KICKSTART = _Taken(
    "is where the kickstart goes, which --kickstart names", "Give it another name on the ISO."
)
_MENU = _Taken(
    "is a boot menu, which builder itself edits",
    "--append and --remove change the kernel's arguments in our entry.",
)
_SUMS = _Taken(
    "has the sums of what boots, which builder itself brings up to date",
    "Give it another name on the ISO.",
)
_BOOT = _Taken(
    "is what firmware boots; boot catalogue, partition tables and EFI image would go on to the "
    "old one",
    "Make an ISO with it, as by xorriso, and remaster that.",
)
_LOADER = _Taken(
    "is the other half of isolinux.bin, which starts with its own alone",
    "Give it another name on the ISO.",
)
_MOVED = _Taken(
    "is where Rock Ridge keeps folders that are nested too deep, which readers do not show",
    "Give it another name on the ISO.",
)
_MOVED_UP = {"rr_moved", ".rr_moved"}


def refuse(
    medium: Survey, places: Collection[str], *, kickstart: str, menus: Iterable[str]
) -> None:
    """Raise UsageError if one of the places is taken, or lies below one that is.

    `menus` are the paths of those that are edited.
    """
    taken = {plain(path): _BOOT for path in _booted(medium)}
    taken |= {plain(path): _MENU for path in menus}
    taken |= {plain(kickstart): _KICKSTART, ".treeinfo": _SUMS}
    if medium.primary.skip is None:
        _refuse_twins(places)
    else:
        taken |= dict.fromkeys(_MOVED_UP, _MOVED)
    for place in places:
        for path in _with_parents(plain(place)):
            found = taken.get(path) or _usual(path)
            if found:
                raise UsageError(
                    f"Nothing can be added as {place}: that {found.reason}.", hint=found.hint
                )


def _refuse_twins(places: Iterable[str]) -> None:
    """Raise UsageError for two places that are one where names have no case."""
    known: dict[str, str] = {}
    for place in places:
        first = known.setdefault(plain(place), place)
        if first != place:
            raise UsageError(
                f"{first} and {place} are one name on the ISO, which has no Rock Ridge.",
                hint="Give one of them another name.",
            )


def plain(path: str) -> str:
    """Return a path as those read it who know no case, no versions and no dots at the end.

    So does Linux with names of Joliet and with those of ISO 9660 itself.
    """
    parts = (_VERSION.sub("", each).rstrip(".") or each for each in path.split("/"))
    return "/".join(parts).casefold()


def _usual(path: str) -> _Taken | None:
    if _MENUS.fullmatch(path):
        return _MENU
    if _CORE.fullmatch(path):
        return _LOADER
    return _BOOT if _BOOTED.fullmatch(path) else None


def _with_parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def _booted(medium: Survey) -> Iterator[str]:
    """Yield the paths of files that begin where a boot image, the catalogue or a partition does."""
    starts = [each.start for each in medium.partitions if each.start % PER_SECTOR == 0]
    wanted = {each.sector for each in medium.images} | {each // PER_SECTOR for each in starts}
    wanted.add(eltorito.catalogue(medium.source) or 0)
    for where in medium.readable:
        for _, path in inspect.paths(medium.source, where, wanted):
            yield path
