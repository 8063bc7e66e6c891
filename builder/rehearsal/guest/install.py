"""The installation, as Anaconda of EL 7 goes about it in text mode."""

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from builder.rehearsal.guest import (
    bootloader,
    disks,
    kickstart,
    payload,
    planning,
    scripts,
    software,
    target,
)
from builder.rehearsal.guest.layout import DiskLayout
from builder.rehearsal.guest.model import Failure, Order, ScriptKind, StorageRequest
from builder.rehearsal.guest.programs import Runner

_POST_TASKS = "Performing post-installation setup tasks"
_RULE = "=" * 80
_OPEN = "The following mandatory spokes are not completed:"


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


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Everything decided before the first byte is written."""

    layout: DiskLayout
    base: tuple[payload.Base, ...]
    extra: tuple[software.Package, ...]


def read(media: Media, runner: Runner) -> Order:
    """Run the %pre scripts, then read the kickstart. Raises SyntaxFailure and Failure."""
    before = kickstart.read_pre(media.kickstart)
    if before:
        runner.console.timed("Running pre-installation scripts")
        scripts.run(before, runner)
    return kickstart.read(media.kickstart)


def choose(order: Order, media: Media, runner: Runner) -> Choices:
    """Decide on packages and disks. Raises Failure."""
    console = runner.console
    console.timed("Not asking for VNC because of an automated install")
    console.say("Starting automated install............")
    console.say("Checking software selection")
    base, extra = _software(order, media, runner)
    console.say("Generating updated storage configuration")
    console.say("Checking storage configuration...")
    _require(order)
    layout = planning.plan(_without_oemdrv(order.storage, runner), disks.probe())
    console.log(f"{layout}", name="storage", level="DEBUG")
    return Choices(layout=layout, base=base, extra=extra)


def _without_oemdrv(storage: StorageRequest, runner: Runner) -> StorageRequest:
    """Ignore a disk that may have brought the kickstart: it is no place to install to."""
    name = runner.run("blkid", "-L", "OEMDRV", check=False).strip().removeprefix("/dev/")
    if not name:
        return storage
    runner.console.log(f"Adding disk {name} labeled OEMDRV to ignored disks.", name="anaconda")
    return replace(storage, ignored_disks=(*storage.ignored_disks, name))


def _software(
    order: Order, media: Media, runner: Runner
) -> tuple[tuple[payload.Base, ...], tuple[software.Package, ...]]:
    _reach(order, runner)
    base = payload.read_contents(media.root)
    names = frozenset(package.name for package in base)
    medium = software.read_repodata(media.root)
    lacking = software.missing(order.software, names, medium)
    for text in lacking:
        runner.console.log(text, name="packaging", level="WARN")
    if lacking and not order.software.ignore_missing:
        raise software.Missing("\n".join(lacking))
    return base, software.select(order.software, names, medium)


def _reach(order: Order, runner: Runner) -> None:
    """Try the kickstart's source. Raises NoSource: a rehearsal has no network."""
    if not order.source:
        return
    host = urlsplit(order.source).hostname or order.source
    text = f'curl#6 - "Could not resolve host: {host}; Unknown error"'
    runner.console.log(text, name="packaging", level="ERR")
    raise NoSource(f"{_OPEN}\nInstallation source\nSoftware selection")


def _require(order: Order) -> None:
    lacking = []
    if not (order.storage.partitions or order.storage.auto):
        lacking.append("Installation Destination")
    root_is_set = bool(order.root.text or order.root.lock)
    if not root_is_set and not any("wheel" in user.groups for user in order.users):
        lacking.append("Root password")
    if lacking:
        names = "\n".join(lacking)
        raise Incomplete(f"{_OPEN}\n{names}")


def carry_out(order: Order, choices: Choices, media: Media, runner: Runner) -> None:
    """Install. Raises Failure."""
    console = runner.console
    console.say(f"{_RULE}\n{_RULE}\nProgress")
    with console.stage("Setting up the installation environment"):
        disks.apply(choices.layout, runner)
        disks.mount(choices.layout, runner)
    with console.stage("Running pre-installation scripts"):
        scripts.run(order.scripts_of(ScriptKind.PRE_INSTALL), runner)
    console.say("Starting package installation process")
    console.say("Preparing transaction from installation source")
    payload.install(media.root, choices.base, choices.extra, runner)
    with console.stage(_POST_TASKS):
        target.write_fstab(choices.layout, runner)
    with console.stage("Installing boot loader"):
        bootloader.install(order.bootloader, choices.layout, media.kernel_arguments, runner)
    with console.stage(_POST_TASKS):
        pass
    _configure(order, runner)
    with console.stage("Running post-installation scripts"):
        scripts.run(order.scripts_of(ScriptKind.POST), runner)
    disks.unmount(runner)


def _configure(order: Order, runner: Runner) -> None:
    stage = runner.console.stage
    with stage("Configuring installed system"):
        target.configure(order, runner)
    with stage("Writing network configuration"):
        target.write_network(order.network, runner)
    with stage("Creating users"):
        target.create_users(order, runner)
    with stage("Configuring addons"):
        pass
    with stage("Generating initramfs"):
        # The payload's initramfs is made for any machine: what dracut does on EL is done already.
        pass
