"""The texts of an EL 7 medium: boot menus, .treeinfo, .discinfo. Pure.

The structure is that of CentOS 7 media, the words are ours.
"""

from builder.rehearsal.layouts import grub_menu
from builder.rehearsal.layouts.entries import ARCH, Entry, ini, kernel_arguments

PRODUCT = "Builder Rehearsal 7"
VOLUME_ID = PRODUCT
STAGE2 = "LiveOS/squashfs.img"
_VERSION = "7"

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


class _Entry(Entry, frozen=True, kw_only=True):
    """An entry as isolinux wants it."""

    name: str
    hotkey: str
    """The word of the title whose first letter is the key in isolinux."""
    help: str = ""


_MAIN = (
    _Entry(name="linux", title=f"Install {PRODUCT}", hotkey="Install", arguments="quiet"),
    _Entry(
        name="check",
        title=f"Test this media & install {PRODUCT}",
        hotkey="media",
        arguments="rd.live.check quiet",
    ),
)
_TROUBLE = (
    _Entry(
        name="vesa",
        title=f"Install {PRODUCT} in basic graphics mode",
        hotkey="basic",
        arguments="xdriver=vesa nomodeset quiet",
        help="For screens that stay dark with the usual entry.",
    ),
    _Entry(
        name="rescue",
        title="Rescue a system",
        hotkey="Rescue",
        arguments="rescue quiet",
        help="Reaches the files of a system that does not boot.",
    ),
)


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


def _isolinux_entry(entry: _Entry) -> str:
    title = entry.title.replace(entry.hotkey, f"^{entry.hotkey}", 1)
    lines = [f"label {entry.name}"]
    lines += ["  menu indent count 5"] if entry.help else []
    lines += [f"  menu label {title}"]
    lines += ["  menu default"] if entry.name == "check" else []
    lines += ["  text help", f"\t{entry.help}", "  endtext"] if entry.help else []
    arguments = kernel_arguments(entry, volume_id=VOLUME_ID)
    lines += ["  kernel vmlinuz", f"  append initrd=initrd.img {arguments}", ""]
    return "\n".join(lines)


def boot_message() -> str:
    """Return isolinux/boot.msg; \\f clears the screen, \\x0f changes its colour."""
    return "\f\n\n -  The \x0f01<ENTER>\x0f07 key starts the installation.\n\n"


def grub() -> str:
    """Return EFI/BOOT/grub.cfg, which efiboot.img holds as well."""
    return grub_menu.text(
        grub_menu.Menu(
            volume_id=VOLUME_ID,
            video=grub_menu.EFI_VIDEO,
            command_suffix="efi",
            main=_MAIN,
            trouble=_TROUBLE,
        )
    )


def treeinfo(timestamp: int) -> str:
    """Return .treeinfo in the old form of EL 7; `timestamp` in seconds since 1970."""
    general = {
        "name": "Builder-Rehearsal-7",
        "family": "Builder Rehearsal",
        "timestamp": f"{timestamp}.00",
        "variant": "",
        "version": _VERSION,
        "packagedir": "",
        "arch": ARCH,
    }
    images = {"kernel": "images/pxeboot/vmlinuz", "initrd": "images/pxeboot/initrd.img"}
    return ini(
        {
            "general": general,
            "stage2": {"mainimage": STAGE2},
            f"images-{ARCH}": images,
        }
    )


def discinfo(timestamp: int) -> str:
    """Return .discinfo: three lines on EL 7."""
    return f"{timestamp}.000000\n{_VERSION}\n{ARCH}\n"
