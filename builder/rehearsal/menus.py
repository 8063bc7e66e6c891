"""The texts of an EL 7 medium: boot menus, .treeinfo, .discinfo. Pure.

The structure is that of CentOS 7 media, the words are ours.
"""

from collections.abc import Sequence

import msgspec

PRODUCT = "Builder Rehearsal 7"
VOLUME_ID = PRODUCT
_VERSION = "7"
_ARCH = "x86_64"

_ISOLINUX_HEAD = """\
default vesamenu.c32
timeout 600

display boot.msg

menu clear
menu title {product}
menu vshift 8
menu rows 18
menu margin 8
menu helpmsgrow 15
menu tabmsgrow 13

menu color border * #00000000 #00000000 none
menu color sel 0 #ffffffff #00000000 none
menu color title 0 #ff7ba3d0 #00000000 none

menu tabmsg Tab edits the options of an entry.

menu separator # insert an empty line
"""
_ISOLINUX_TAIL = """\
menu separator # insert an empty line

label local
  menu label Boot from the ^local drive
  localboot 0xffff

menu separator # insert an empty line

label returntomain
  menu label Return to the ^main menu
  menu exit

menu end
"""
_GRUB_HEAD = """\
set default="1"

function load_video {{
  insmod efi_gop
  insmod efi_uga
  insmod video_bochs
  insmod video_cirrus
  insmod all_video
}}

load_video
set gfxpayload=keep
insmod gzio
insmod part_gpt
insmod ext2

set timeout=60

search --no-floppy --set=root -l '{label}'

"""
_GRUB_CLASSES = "--class fedora --class gnu-linux --class gnu --class os"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A menu entry that starts the installer."""

    name: str
    title: str
    hotkey: str
    """The word of the title whose first letter is the key in isolinux."""
    arguments: str
    help: str = ""


_MAIN = (
    Entry(name="linux", title=f"Install {PRODUCT}", hotkey="Install", arguments="quiet"),
    Entry(
        name="check",
        title=f"Test this media & install {PRODUCT}",
        hotkey="media",
        arguments="rd.live.check quiet",
    ),
)
_TROUBLE = (
    Entry(
        name="vesa",
        title=f"Install {PRODUCT} in basic graphics mode",
        hotkey="basic",
        arguments="xdriver=vesa nomodeset quiet",
        help="For screens that stay dark with the usual entry.",
    ),
    Entry(
        name="rescue",
        title="Rescue a system",
        hotkey="Rescue",
        arguments="rescue quiet",
        help="Reaches the files of a system that does not boot.",
    ),
)


def escape(label: str) -> str:
    """Return a label as udev writes it in kernel arguments: a space is \\x20."""
    return "".join(char if char.isalnum() or char in "-_." else f"\\x{ord(char):02x}"
                   for char in label)  # fmt: skip


def _kernel_arguments(entry: Entry) -> str:
    # Without the mitigations an emulated installer takes half the time; they guard nothing here.
    return f"inst.stage2=hd:LABEL={escape(VOLUME_ID)} mitigations=off {entry.arguments}"


def isolinux() -> str:
    """Return isolinux/isolinux.cfg: the media check is the default, after 60 seconds."""
    trouble = "menu begin ^Troubleshooting\n  menu title Troubleshooting\n"
    return "\n".join(
        [
            _ISOLINUX_HEAD.format(product=PRODUCT),
            *(_isolinux_entry(entry) for entry in _MAIN),
            "menu separator # insert an empty line\n",
            trouble,
            *(_isolinux_entry(entry) for entry in _TROUBLE),
            "label memtest\n  menu label Run a ^memory test\n  kernel memtest\n",
            _ISOLINUX_TAIL,
        ]
    )


def _isolinux_entry(entry: Entry) -> str:
    title = entry.title.replace(entry.hotkey, f"^{entry.hotkey}", 1)
    lines = [f"label {entry.name}"]
    lines += ["  menu indent count 5"] if entry.help else []
    lines += [f"  menu label {title}"]
    lines += ["  menu default"] if entry.name == "check" else []
    lines += ["  text help", f"\t{entry.help}", "  endtext"] if entry.help else []
    lines += ["  kernel vmlinuz", f"  append initrd=initrd.img {_kernel_arguments(entry)}", ""]
    return "\n".join(lines)


def boot_message() -> str:
    """Return isolinux/boot.msg; \\f clears the screen, \\x0f changes its colour."""
    return "\f\n\n -  The \x0f01<ENTER>\x0f07 key starts the installation.\n\n"


def grub() -> str:
    """Return EFI/BOOT/grub.cfg, which efiboot.img holds as well."""
    trouble = [_grub_entry(entry, indent="\t") for entry in _TROUBLE]
    return "".join(
        [
            _GRUB_HEAD.format(label=VOLUME_ID),
            *(_grub_entry(entry, indent="") for entry in _MAIN),
            "submenu 'Troubleshooting -->' {\n",
            *trouble,
            "}\n",
        ]
    )


def _grub_entry(entry: Entry, *, indent: str) -> str:
    lines = (
        f"menuentry '{entry.title}' {_GRUB_CLASSES} {{",
        f"\tlinuxefi /images/pxeboot/vmlinuz {_kernel_arguments(entry)}",
        "\tinitrdefi /images/pxeboot/initrd.img",
        "}",
    )
    return "".join(f"{indent}{line}\n" for line in lines)


def treeinfo(timestamp: int) -> str:
    """Return .treeinfo in the old form of EL 7; `timestamp` in seconds since 1970."""
    sections: Sequence[tuple[str, dict[str, str]]] = (
        (
            "general",
            {
                "name": "Builder-Rehearsal-7",
                "family": "Builder Rehearsal",
                "timestamp": f"{timestamp}.00",
                "variant": "",
                "version": _VERSION,
                "packagedir": "",
                "arch": _ARCH,
            },
        ),
        ("stage2", {"mainimage": "LiveOS/squashfs.img"}),
        (
            f"images-{_ARCH}",
            {"kernel": "images/pxeboot/vmlinuz", "initrd": "images/pxeboot/initrd.img"},
        ),
    )
    return "\n".join(_section(name, values) for name, values in sections)


def _section(name: str, values: dict[str, str]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in values.items()), ""])


def discinfo(timestamp: int) -> str:
    """Return .discinfo: three lines on EL 7."""
    return f"{timestamp}.000000\n{_VERSION}\n{_ARCH}\n"
