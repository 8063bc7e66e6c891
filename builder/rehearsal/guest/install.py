"""The installation, as Anaconda goes about it in text mode."""

from builder.rehearsal.guest import (
    bls,
    bootloader,
    disks,
    dnf,
    kept,
    kickstart,
    payload,
    scripts,
    target,
)
from builder.rehearsal.guest.choosing import Choices
from builder.rehearsal.guest.media import Media
from builder.rehearsal.guest.model import Order, ScriptKind
from builder.rehearsal.guest.programs import Runner
from builder.rehearsal.guest.stages import Progress, Step, stages

_RULE = "=" * 80


def read(media: Media, runner: Runner) -> Order:
    """Run the %pre scripts, then read the kickstart. Raises SyntaxFailure and Failure."""
    syntax = media.family.syntax
    before = kickstart.read_pre(media.kickstart, syntax=syntax)
    if before:
        runner.console.timed("Running pre-installation scripts")
        scripts.run(before, runner)
    return kickstart.read(media.kickstart, syntax=syntax)


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
