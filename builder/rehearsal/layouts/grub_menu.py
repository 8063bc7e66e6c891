"""GRUB's menu as EL media have it: the second entry starts after a minute. Pure."""

import msgspec

from builder.rehearsal.layouts.entries import Entry, kernel_arguments

_HEAD = """\
set default="1"

function load_video {{
{video}}}

load_video
set gfxpayload=keep
{modules}
set timeout=60

search --no-floppy --set=root -l '{label}'

"""
_CLASSES = "--class fedora --class gnu-linux --class gnu --class os"

EFI_VIDEO = ("efi_gop", "efi_uga", "video_bochs", "video_cirrus", "all_video")
BIOS_VIDEO = ("all_video",)


class Drive(msgspec.Struct, frozen=True, kw_only=True):
    """A menu entry that hands over to a drive's own boot loader."""

    title: str
    drive: str
    """GRUB's name of it, such as hd0."""


class Menu(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the menus of layouts and firmwares."""

    volume_id: str
    video: tuple[str, ...]
    """The modules of GRUB that load_video loads."""
    modules: tuple[str, ...] = ("gzio", "part_gpt", "ext2")
    command_suffix: str = ""
    """"efi" for the commands linuxefi and initrdefi of older GRUBs."""
    main: tuple[Entry, ...]
    trouble: tuple[Entry, ...]
    drives: tuple[Drive, ...] = ()


def text(menu: Menu) -> str:
    """Return the menu as grub.cfg."""
    head = _HEAD.format(
        video="".join(f"  insmod {name}\n" for name in menu.video),
        modules="".join(f"insmod {name}\n" for name in menu.modules),
        label=menu.volume_id,
    )
    main = [_entry(menu, entry, indent="") for entry in menu.main]
    trouble = [_entry(menu, entry, indent="\t") for entry in menu.trouble]
    drives = [_drive(drive, indent="\t") for drive in menu.drives]
    return "".join([head, *main, "submenu 'Troubleshooting -->' {\n", *trouble, *drives, "}\n"])


def _entry(menu: Menu, entry: Entry, *, indent: str) -> str:
    arguments = kernel_arguments(entry, volume_id=menu.volume_id)
    commands = (
        f"linux{menu.command_suffix} /images/pxeboot/vmlinuz {arguments}",
        f"initrd{menu.command_suffix} /images/pxeboot/initrd.img",
    )
    return _block(entry.title, commands, indent=indent)


def _drive(drive: Drive, *, indent: str) -> str:
    return _block(drive.title, (f"chainloader ({drive.drive})+1",), indent=indent)


def _block(title: str, commands: tuple[str, ...], *, indent: str) -> str:
    body = (f"\t{command}" for command in commands)
    lines = (f"menuentry '{title}' {_CLASSES} {{", *body, "}")
    return "".join(f"{indent}{line}\n" for line in lines)
