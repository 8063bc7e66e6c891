"""Which firmware comes to our entry by itself, read as the loaders read it: word by word."""

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from builder.media import cmdline, grub_menu, grub_run, isolinux, syslinux_menu
from builder.media.grub_menu import Files, Menu
from builder.media.grub_state import Load
from builder.media.routes import ELF_SINCE, Route
from builder.media.unattended import TITLE, Unattended, is_live

# The kernel groups by double quotes alone.
_ARGUMENT = re.compile(r"""(?:"[^"]*"|[^\s"])+""")


_LIBRARY = re.compile(rb"\blib[a-z0-9_]+\.c32\b")
_LARGEST_MODULE = 1 << 20  # bytes


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a medium that one firmware boots."""

    firmware: str
    """"BIOS", "UEFI", "32-bit UEFI" or "Mac firmware"."""
    reason: str
    """Why it does not start by itself; "" if it does."""
    ours: bool
    """A menu on the way has our entry."""

    @property
    def sentence(self) -> str:
        """What to tell of a reason."""
        return f"{self.firmware} will not start by itself: {self.reason}."


def starts(ways: Iterable[Route], label: str) -> tuple[Start, ...]:
    """Return what each firmware comes to on the medium of that volume id."""
    found: dict[str, Start] = {}
    for route in ways:
        start = Start(firmware=route.firmware, reason=_reason(route, label), ours=_is_ours(route))
        before = found.get(route.firmware, start)
        found[route.firmware] = before if before.reason else start
    return tuple(found.values())


def _is_ours(route: Route) -> bool:
    if route.syslinux:
        paths = (route.syslinux, *route.included)
        lines = "\n".join(route.files.text(("iso", each)) or "" for each in paths).split("\n")
        return ("label", isolinux.LABEL) in map(syslinux_menu.directive, lines)
    return any(each.title == TITLE for menu in route.grub for each in menu.entries)


def _reason(route: Route, label: str) -> str:
    if route.trouble:
        return route.trouble
    if route.syslinux:
        return next(_syslinux(route, label), "")
    found = (_named(menu, route, label) for menu in route.grub)
    return next((each for each in found if each), "")


def _named(menu: Menu, route: Route, label: str) -> str:
    device, path = menu.place
    where = f"{path.lstrip('/')} in its boot image" if device == "image" else path.lstrip("/")
    trouble = next(_grub(menu, route, label), "")
    return f"{where} {trouble}" if trouble else ""


def _syslinux(route: Route, label: str) -> Iterator[str]:
    path, files = route.syslinux, route.files
    entry = syslinux_menu.started(path, lambda each: files.text(("iso", each)))
    if isinstance(entry, str):
        yield f"{path} {entry}"
        return
    if entry.module:
        yield from _module(entry.module, route)
    for wrong in _arguments(_ARGUMENT.findall(entry.arguments), label):
        yield f"{path} {wrong}"
    for each in (entry.kernel, *entry.initrd):
        if not files.exists(("iso", each)):
            yield f"{path} starts {each}, which is not there"
    if not entry.initrd:
        yield f"{path} starts a kernel without initrd"


def _module(path: str, route: Route) -> Iterator[str]:
    """Yield what a module lacks that shows the menu: since version 5 they are ELF libraries."""
    content = route.files.content(("iso", path), _LARGEST_MODULE)
    if content is None:
        yield f"{route.syslinux} shows its menu by {path}, which is not there"
    elif route.version >= ELF_SINCE and content[:4] != b"\x7fELF":
        yield f"{path} is of another isolinux than that of version {route.version}"
    elif content[:4] == b"\x7fELF" and 0 < route.version < ELF_SINCE:
        yield f"{path} is of a later isolinux than that of version {route.version}"
    elif content[:4] == b"\x7fELF":
        folder = path.rpartition("/")[0]
        for each in sorted({found.decode() for found in _LIBRARY.findall(content)}):
            places = (f"{folder}/{each}", *syslinux_menu.beside(each))
            if not any(route.files.exists(("iso", place)) for place in places):
                yield f"{path} needs {each}, which is not there"


def _grub(menu: Menu, route: Route, label: str) -> Iterator[str]:
    """Yield what is wrong with a menu, in words that go on after its path."""
    if menu.trouble:
        yield menu.trouble
        return
    waiting = grub_menu.waits(menu)
    if waiting:
        yield waiting
    modules = menu.state.place(f"{menu.state.get('prefix')}/{route.modules}/linux.mod")
    if route.modules and not (modules and route.files.exists(modules)):
        yield "has moved GRUB away from its modules"
    entry = grub_menu.started(menu)
    if entry is None:
        yield "may start another entry than ours"
        return
    if grub_menu.asks(menu, entry):
        yield "asks for a password"
    after = grub_run.Run(route.files).body(entry, menu.state)
    if not after:
        yield "starts an entry that is no installer's"
    for state in after:
        yield from _loaded(state.loads, route.files, label)
        escaped = [each for load in state.loads for each in load.arguments or () if "\\x" in each]
        if escaped and not route.escapes:
            yield f"starts a kernel by a GRUB that spoils {escaped[0]}"


def _loaded(loads: Sequence[Load], files: Files, label: str) -> Iterator[str]:
    kernels = [each for each in loads if each.kind == "linux"]
    if len(kernels) != 1 or len(loads) == 1:
        yield "starts an entry that is no installer's"
        return
    arguments = kernels[0].arguments
    if arguments is None:
        yield "starts a kernel with arguments that only the machine knows"
    else:
        yield from _arguments(arguments, label)
    for place in (each for load in loads for each in load.files):
        if place is None:
            yield "starts a file of a device that only the machine knows"
        elif not files.exists(place):
            yield f"starts {place[1]}, which is not there"


def _arguments(arguments: Sequence[str], label: str) -> Iterator[str]:
    """Yield what is wrong with a command line: every kickstart counts, and the last one wins."""
    wanted = Unattended(label=label).kickstart
    kickstarts = [each for each in arguments if cmdline.key(each) in {"inst.ks", "ks"}]
    if kickstarts != [wanted]:
        other = f"{' '.join(kickstarts)} instead of" if kickstarts else "no"
        yield f"starts an entry that has {other} {wanted}"
    elif is_live(arguments):
        yield "starts a live system, which reads no kickstart"
    for each in arguments:
        named = cmdline.label_of(each) if cmdline.key(each) == "inst.stage2" else None
        if named is not None and named != cmdline.escape_label(label):
            yield f"starts an entry that has {each}, and the volume is {label!r}"
