"""Makes the installed system bootable: GRUB for BIOS or for UEFI."""

import shlex
from dataclasses import dataclass

from builder.rehearsal.guest.layout import DiskLayout, Firmware
from builder.rehearsal.guest.model import Bootloader
from builder.rehearsal.guest.programs import Runner

_SERIAL = (
    "serial --speed=115200",
    "terminal_input serial console",
    "terminal_output serial console",
)


def install(wanted: Bootloader, layout: DiskLayout, kernel_arguments: str, runner: Runner) -> None:
    """Install GRUB and write its menu. `kernel_arguments` are the installer's. Raises Failure."""
    if wanted.location == "none":
        return
    append = target_arguments(wanted.append, kernel_arguments)
    file = runner.sysroot / "etc/default/grub"
    file.parent.mkdir(exist_ok=True)
    file.write_text(defaults(append, wanted.timeout))
    runner.chroot(*_install(wanted, layout))
    # Under emulation grub-mkconfig would take as long as half of the installation, for this text.
    kernel = sorted(path.name for path in (runner.sysroot / "boot").glob("vmlinuz-*"))[-1]
    root, boot = (_device(layout, place) for place in ("/", "/boot"))
    menu = Menu(
        release=kernel.removeprefix("vmlinuz-"),
        root=f"UUID={runner.uuid(root)}",
        boot_uuid=runner.uuid(boot),
        boot_is_own=boot != root,
        arguments=append,
        timeout=wanted.timeout,
    )
    (runner.sysroot / "boot/grub/grub.cfg").write_text(menu_text(menu))


@dataclass(frozen=True, kw_only=True)
class Menu:
    """What the boot menu of the installed system says; `timeout` in seconds."""

    release: str
    root: str
    boot_uuid: str
    boot_is_own: bool
    """/boot is a file system of its own."""
    arguments: str
    timeout: int


def menu_text(menu: Menu) -> str:
    """Return the text of grub.cfg."""
    folder = "" if menu.boot_is_own else "/boot"
    serial = "console=ttyS" in menu.arguments
    lines = [
        *(_SERIAL if serial else ()),
        f"set timeout={menu.timeout}",
        f"search --no-floppy --fs-uuid --set=root {menu.boot_uuid}",
        "menuentry 'Builder Rehearsal' {",
        f"\tlinux {folder}/vmlinuz-{menu.release} root={menu.root} ro {menu.arguments}".rstrip(),
        f"\tinitrd {folder}/initrd.img-{menu.release}",
        "}",
    ]
    return "\n".join([*lines, ""])


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


def _install(wanted: Bootloader, layout: DiskLayout) -> list[str]:
    if layout.firmware is Firmware.UEFI:
        # --removable: the template's clones have firmware variables of their own, all empty.
        return ["grub-install", "--target=x86_64-efi", "--efi-directory=/boot/efi",
                "--removable", "--no-nvram"]  # fmt: skip
    bios = ["grub-install", "--target=i386-pc"]
    if wanted.location in ("partition", "boot"):
        return [*bios, "--force", _device(layout, "/boot")]
    return [*bios, f"/dev/{wanted.disk or layout.boot_disk}"]


def _device(layout: DiskLayout, place: str) -> str:
    devices = {made.mountpoint: made.device for made in layout.filesystems}
    return devices.get(place, devices["/"])
