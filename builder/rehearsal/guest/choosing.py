"""What an installation will do, decided before the first byte is written."""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from builder.rehearsal.guest import disks, payload, planning, repositories, software
from builder.rehearsal.guest.layout import DiskLayout
from builder.rehearsal.guest.media import Media
from builder.rehearsal.guest.model import Failure, Order, StorageRequest
from builder.rehearsal.guest.programs import Runner
from builder.rehearsal.guest.sizes import NoRoom

_NO_ROOM = "Unable to allocate requested partition scheme."
_NOT_SAVED = "Failed to save storage configuration"
_OPEN = "The following mandatory spokes are not completed:"
_NO_VNC = "Not asking for VNC because of an automated install"
_NO_RDP = "Not asking for remote desktop session because of an automated install"


class Incomplete(Failure):
    """Something must be decided that the kickstart does not decide."""


class NoSource(Incomplete):
    """The packages are nowhere to be had."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Everything decided before the first byte is written."""

    layout: DiskLayout
    base: tuple[payload.Base, ...]
    extra: tuple[repositories.Package, ...]


def choose(order: Order, media: Media, runner: Runner) -> Choices:
    """Decide on packages and disks. Raises Failure."""
    console = runner.console
    console.timed(_NO_RDP if media.family.name == "el10" else _NO_VNC)
    console.show("Starting automated install............")
    if media.family.dnf:
        return _choose_all(order, media, runner)
    console.say("Checking software selection")
    base, extra = _software(order, media, runner)
    console.say("Generating updated storage configuration")
    console.say("Checking storage configuration...")
    _require(order, ())
    return Choices(layout=_plan(order, media, runner), base=base, extra=extra)


def _choose_all(order: Order, media: Media, runner: Runner) -> Choices:
    """Look at everything before any of it is found wanting, as from EL 8 on."""
    console = runner.console
    console.show("Saving storage configuration...")
    layout = None
    open_spokes: list[str] = []
    try:
        layout = _plan(order, media, runner) if _has_storage(order) else None
        console.show("Checking storage configuration...")
    except Failure as error:
        refused = isinstance(error, planning.Refused)
        console.show("Checking storage configuration..." if refused else _NOT_SAVED)
        text = _NO_ROOM if isinstance(error, NoRoom) else str(error)
        console.show(text)
        console.log(text, name="anaconda", level="ERR", part="ui.lib.storage")
        open_spokes = ["Installation Destination"]
    try:
        base, extra = _software(order, media, runner)
    except NoSource:
        base, extra = (), ()
        open_spokes = ["Installation source", "Software selection", *open_spokes]
    _require(order, tuple(open_spokes))
    if layout is None:  # _require has said so
        raise Incomplete(_OPEN)
    return Choices(layout=layout, base=base, extra=extra)


def _plan(order: Order, media: Media, runner: Runner) -> DiskLayout:
    storage = _without_oemdrv(order.storage, runner)
    layout = planning.plan(storage, disks.probe(), family=media.family)
    runner.console.log(f"{layout}", name="storage", level="DEBUG")
    return layout


def _without_oemdrv(storage: StorageRequest, runner: Runner) -> StorageRequest:
    """Ignore a disk that may have brought the kickstart: it is no place to install to."""
    name = runner.run("blkid", "-L", "OEMDRV", check=False).strip().removeprefix("/dev/")
    if not name:
        return storage
    runner.console.log(f"Adding disk {name} labeled OEMDRV to ignored disks.", name="anaconda")
    return replace(storage, ignored_disks=(*storage.ignored_disks, name))


def _software(
    order: Order, media: Media, runner: Runner
) -> tuple[tuple[payload.Base, ...], tuple[repositories.Package, ...]]:
    _reach(order, runner)
    base = payload.read_contents(media.root)
    offer = repositories.read(media.root)
    names = frozenset(package.name for package in base) | payload.held(offer)
    lacking = software.missing(order.software, offer, base=names)
    if lacking:
        _tell_of(lacking, order, media, runner)
    return base, software.select(order.software, offer, base=names)


def _tell_of(lacking: software.Lacking, order: Order, media: Media, runner: Runner) -> None:
    console = runner.console
    if media.family.dnf:
        for name in lacking.packages:
            console.log(f"No match for argument: {name}", name="dnf", level="ERR")
        text = "\n".join(lacking.by_dnf())
        start = "Some packages, groups or modules are missing or broken:"
        console.log(f"{start}\n{text}", name="packaging", level="DEBUG")
    else:
        text = "\n".join(lacking.by_yum())
        for line in lacking.by_yum():
            console.log(line, name="packaging", level="WARN")
    if not order.software.ignore_missing:
        raise software.Missing(text)


def _reach(order: Order, runner: Runner) -> None:
    """Try the kickstart's source. Raises NoSource: a rehearsal has no network."""
    if not order.source:
        return
    host = urlsplit(order.source).hostname or order.source
    text = f'curl#6 - "Could not resolve host: {host}; Unknown error"'
    runner.console.log(text, name="packaging", level="ERR")
    raise NoSource(f"{_OPEN}\nInstallation source\nSoftware selection")


def _has_storage(order: Order) -> bool:
    return bool(order.storage.partitions or order.storage.auto)


def _require(order: Order, lacking: tuple[str, ...]) -> None:
    names = list(lacking)
    if not _has_storage(order) and "Installation Destination" not in names:
        names.append("Installation Destination")
    root_is_set = bool(order.root.text or order.root.lock)
    if not root_is_set and not any("wheel" in user.groups for user in order.users):
        names.append("Root password")
    if not names:
        return
    text = "\n".join([_OPEN, *names])
    if "Installation source" in names:
        raise NoSource(text)
    raise Incomplete(text)
