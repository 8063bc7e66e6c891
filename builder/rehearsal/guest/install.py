"""The installation, as Anaconda goes about it in text mode."""

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from builder.rehearsal.guest import (
    bls,
    bootloader,
    disks,
    dnf,
    kept,
    kickstart,
    payload,
    planning,
    repositories,
    scripts,
    software,
    target,
)
from builder.rehearsal.guest.family import FAMILIES, Family
from builder.rehearsal.guest.layout import DiskLayout
from builder.rehearsal.guest.model import Failure, Order, ScriptKind, StorageRequest
from builder.rehearsal.guest.programs import Runner
from builder.rehearsal.guest.sizes import NoRoom
from builder.rehearsal.guest.stages import Progress, Step, stages

_NO_ROOM = "Unable to allocate requested partition scheme."
_NOT_SAVED = "Failed to save storage configuration"
_RULE = "=" * 80
_OPEN = "The following mandatory spokes are not completed:"
_NO_VNC = "Not asking for VNC because of an automated install"
_NO_RDP = "Not asking for remote desktop session because of an automated install"


class Incomplete(Failure):
    """Something must be decided that the kickstart does not decide."""


class NoSource(Incomplete):
    """The packages are nowhere to be had."""


@dataclass(frozen=True, kw_only=True)
class Media:
    """Where things are in this machine."""

    root: Path
    """The mounted ISO."""
    kickstart: Path
    kernel_arguments: str = ""
    product: str = "Builder Rehearsal 7"
    family: Family = FAMILIES["el7"]

    @property
    def keeps(self) -> bool:
        """Whether the kickstart and the logs are to stay in the installed system."""
        return "inst.nosave=all" not in self.kernel_arguments.split()


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Everything decided before the first byte is written."""

    layout: DiskLayout
    base: tuple[payload.Base, ...]
    extra: tuple[repositories.Package, ...]


def read(media: Media, runner: Runner) -> Order:
    """Run the %pre scripts, then read the kickstart. Raises SyntaxFailure and Failure."""
    syntax = media.family.syntax
    before = kickstart.read_pre(media.kickstart, syntax=syntax)
    if before:
        runner.console.timed("Running pre-installation scripts")
        scripts.run(before, runner)
    return kickstart.read(media.kickstart, syntax=syntax)


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


def carry_out(order: Order, choices: Choices, media: Media, runner: Runner) -> None:
    """Install. Raises Failure."""
    console, family = runner.console, media.family
    console.show(f"{_RULE}\n{_RULE}\nProgress")
    progress = Progress(console, family, stages(family, keeps=media.keeps))
    with progress.step(Step.STORAGE):
        disks.apply(choices.layout, runner)
        disks.mount(choices.layout, runner)
    with progress.step(Step.PRE_INSTALL):
        scripts.run(order.scripts_of(ScriptKind.PRE_INSTALL), runner)
    with progress.step(Step.SOFTWARE):
        payload.install(media.root, choices.base, choices.extra, runner, family=family)
        if family.dnf:
            dnf.leave(runner.sysroot)
    _finish(order, choices, media, runner, progress)
    disks.unmount(runner)
    if family.name == "el10":
        console.show("Complete!")


def _finish(
    order: Order, choices: Choices, media: Media, runner: Runner, progress: Progress
) -> None:
    step, family, layout = progress.step, media.family, choices.layout

    def fstab() -> None:
        with step(Step.ENVIRONMENT):
            target.write_fstab(layout, runner)

    if not family.dnf:
        fstab()
    with step(Step.BOOT_LOADER):
        target.make_identity(runner)
        bootloader.install(order.bootloader, layout, media.kernel_arguments, runner)
        if family.bls:
            bls.write(runner.sysroot, family)
    if family.dnf:
        fstab()
    with step(Step.SYSTEM):
        target.configure(order, runner, family=family)
    with step(Step.NETWORK):
        target.write_network(order.network, runner, family=family)
    with step(Step.USERS):
        target.create_users(order, runner)
    with step(Step.INITRAMFS):
        # The payload's initramfs is made for any machine: what dracut does on EL is done already.
        pass
    with step(Step.KICKSTART):
        if family.keeps_kickstart and media.keeps:
            kept.kickstart(media.kickstart, runner)
    with step(Step.POST):
        scripts.run(order.scripts_of(ScriptKind.POST), runner)
        if family.post_scripts:
            kept.by_scripts(media.kickstart, runner)
    if family.dnf and not family.post_scripts and media.keeps:
        kept.original(media.kickstart, runner)
