"""Makes the installed system bootable: GRUB for BIOS or for UEFI."""

import shlex

from builder.rehearsal.guest.layout import Firmware, Layout
from builder.rehearsal.guest.model import Bootloader, Failure
from builder.rehearsal.guest.programs import Runner


def install(wanted: Bootloader, layout: Layout, kernel_arguments: str, runner: Runner) -> None:
    """Install GRUB and write its menu. `kernel_arguments` are the installer's. Raises Failure."""
    if wanted.location == "none":
        return
    append = target_arguments(wanted.append, kernel_arguments)
    file = runner.sysroot / "etc/default/grub"
    file.parent.mkdir(exist_ok=True)
    file.write_text(defaults(append, wanted.timeout))
    for argv in _installs(wanted, layout):
        runner.chroot(*argv)
    runner.chroot("grub-mkconfig", "-o", "/boot/grub/grub.cfg")


def target_arguments(append: str, kernel_arguments: str) -> str:
    """Return the installed kernel's arguments: a serial console of the installer is kept."""
    own = append.split()
    if any(argument.startswith("console=") for argument in own):
        return " ".join(own)
    serial = [
        argument for argument in kernel_arguments.split() if argument.startswith("console=ttyS")
    ]
    return " ".join([*own, *serial[-1:]])


def defaults(append: str, timeout: int) -> str:
    """Return the text of /etc/default/grub."""
    lines = [
        f"GRUB_TIMEOUT={timeout}",
        "GRUB_DISTRIBUTOR='Builder Rehearsal'",
        "GRUB_CMDLINE_LINUX_DEFAULT=",
        f"GRUB_CMDLINE_LINUX={shlex.quote(append)}",
        "GRUB_DISABLE_OS_PROBER=true",
        "GRUB_DISABLE_RECOVERY=true",
    ]
    if "console=ttyS" in append:
        lines += ["GRUB_TERMINAL='serial console'", "GRUB_SERIAL_COMMAND='serial --speed=115200'"]
    return "\n".join([*lines, ""])


def _installs(wanted: Bootloader, layout: Layout) -> list[list[str]]:
    if layout.firmware is Firmware.UEFI:
        # --removable: the template's clones have firmware variables of their own, all empty.
        return [["grub-install", "--target=x86_64-efi", "--efi-directory=/boot/efi",
                 "--removable", "--no-nvram"]]  # fmt: skip
    bios = ["grub-install", "--target=i386-pc"]
    if wanted.location in ("partition", "boot"):
        return [[*bios, "--force", _boot_device(layout)]]
    return [[*bios, f"/dev/{wanted.disk or layout.boot_disk}"]]


def _boot_device(layout: Layout) -> str:
    devices = {made.mountpoint: made.device for made in layout.filesystems}
    device = devices.get("/boot", devices.get("/"))
    if device is None:
        raise Failure("There is no partition to put the boot loader on.")
    return device
