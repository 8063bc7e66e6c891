"""From what firmware boots to the menu that it comes to: each boot image, its loader, its menus."""

import re
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from builder.errors import MediaError
from builder.iso import fat
from builder.iso.partitions import BLOCK
from builder.iso.source import SECTOR, Source
from builder.iso.survey import Survey
from builder.media import grub_image, syslinux_menu
from builder.media.grub_image import Core
from builder.media.grub_menu import Menu
from builder.media.grub_run import Run
from builder.media.grub_state import Place, State
from builder.media.seen import Seen

_BIOS_IMAGE = 1 << 20  # bytes of it that are looked at
_LOADER = 16 << 10  # bytes in which a loader says who it is: what follows may be any other file
_PROGRAM = 16 << 20  # bytes
_BOOTED = re.compile(r"EFI/BOOT/BOOT(X64|IA32|AA64)\.EFI", re.IGNORECASE)
"""The programs that UEFI starts from removable media, by the specification's table 3.5.1.1."""
_FIRMWARE = {"X64": "UEFI", "AA64": "UEFI", "IA32": "32-bit UEFI"}
_VERSION = re.compile(rb"ISOLINUX (\d+)\.\d+")
ELF_SINCE = 5
"""The version of isolinux since which it is in pieces, which are ELF libraries."""
_LEGACY = (b"/boot/grub/menu.lst", b"GNU GRUB  version 0.9", b"grub.conf")
_OTHERS = {b"LoaderInfo: systemd-boot": "systemd-boot", b"r\0E\0F\0I\0n\0d\0": "rEFInd"}
_SHIM = re.compile(rb"g\0r\0u\0b\0\w\0\w\0\w\0?\w?\0?\w?\0?\.\0e\0f\0i\0", re.IGNORECASE)
_CPUS = {"BIOS": "i386", "UEFI": "x86_64", "32-bit UEFI": "i386"}
_MODULES = {"BIOS": "i386-pc", "UEFI": "x86_64-efi", "32-bit UEFI": "i386-efi"}
# What all have, and Red Hat's alone: by that those are known that keep \x20.
_TELLING = ("normal", "blscfg")
_LINUX = b"initrd"
_NORMAL, _RED_HAT = b"normal_exit", (b"blscfg", b"linuxefi")
# What GRUB 2.02 and later set for scripts to look at (normal/main.c).
_FEATURES = dict.fromkeys(
    (
        "feature_chainloader_bpb", "feature_ntldr", "feature_platform_search_hint",
        "feature_default_font_path", "feature_all_video_module", "feature_menuentry_id",
        "feature_menuentry_options", "feature_200_final", "feature_nativedisk_cmd",
        "feature_timeout_style",
    ),
    "y",
)  # fmt: skip
_GRUB_FOLDERS = ("boot/grub2", "boot/grub")


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What one firmware boots."""

    firmware: str
    """"BIOS", "UEFI" or "32-bit UEFI"."""
    trouble: str = ""
    """Why no menu of ours can be reached, as a sentence without its full stop."""
    syslinux: str = ""
    """The path of the menu, where the loader is isolinux."""
    included: tuple[str, ...] = ()
    """The paths of the files that it includes."""
    version: int = 0
    """The major version of isolinux."""
    grub: tuple[Menu, ...] = ()
    """The menus, where the loader is GRUB: all that it may come to."""
    escapes: bool = True
    """Its GRUB hands \\x20 on to the kernel as it stands: Red Hat's builds alone do."""
    modules: str = ""
    """The folder below its prefix from which its GRUB loads most commands; "" where it has them."""
    read: tuple[Place, ...] = ()
    """The files in which those are written: a menu may include others."""
    files: Seen


def routes(medium: Survey) -> tuple[Route, ...]:
    """Return a route for each firmware and image that the medium boots."""
    return (*_bios(medium), *_uefi(medium))


def _bios(medium: Survey) -> Iterator[Route]:
    image = next((each for each in medium.images if each.platform == "bios"), None)
    if image is None:
        return
    files = Seen(medium)
    content = _read(medium.source, image.sector * SECTOR, _BIOS_IMAGE)
    if b"ISOLINUX " in content[:SECTOR]:
        yield _isolinux(content, files)
        return
    core = grub_image.core(content)
    if core is None and not any(each in content[:_LOADER] for each in _LEGACY):
        # A loader in clothes that we do not know: the place that all of the family have.
        folder = next((each for each in _GRUB_FOLDERS if medium.file(f"{each}/grub.cfg")), "")
        core = Core(prefix=f"/{folder}") if folder else None
    if core is None:
        trouble = "its boot image is no loader whose menu builder knows"
        yield Route(firmware="BIOS", trouble=trouble, files=files)
    else:
        yield _grub("BIOS", core, ("iso",), "", files)


def _isolinux(content: bytes, files: Seen) -> Route:
    """Return the route of isolinux, which is in pieces since version 5."""
    path = next((each for each in syslinux_menu.search_order() if files.exists(("iso", each))), "")
    trouble = "" if path else "isolinux finds no menu of its own"
    found = _VERSION.search(content)
    version = int(found[1]) if found else 0
    if version >= ELF_SINCE and not any(
        files.exists(("iso", each)) for each in syslinux_menu.beside("ldlinux.c32")
    ):
        trouble = f"its isolinux is of version {version} and there is no ldlinux.c32 for it"
    others = syslinux_menu.included(path, lambda each: files.text(("iso", each)))
    return Route(
        firmware="BIOS",
        syslinux=path,
        included=others,
        version=version,
        trouble=trouble,
        files=files,
    )


def _read(source: Source, at: int, length: int) -> bytes:
    return source.read(at, max(min(length, source.size - at), 0))


def _uefi(medium: Survey) -> Iterator[Route]:
    images = sorted({each.sector * SECTOR for each in medium.efi_images})
    systems = {start: each for start in images if (each := _system(medium, start))}
    parts = {each.start * BLOCK for each in medium.partitions}
    trouble = "its boot image is no FAT file system"
    if images and not systems:
        yield Route(firmware="UEFI", trouble=trouble, files=Seen(medium))
    elif any(fat.is_hfs(medium.source, start) for start in images):
        # lorax's images/macboot.img
        yield Route(firmware="Mac firmware", trouble=trouble, files=Seen(medium))
    for at, system in systems.items():
        files = Seen(medium, system)
        devices = ("image", "iso") if at in parts else ("iso",)
        found = [each for _, each in files.inside() if _BOOTED.fullmatch(each.path)]
        if not found:
            trouble = "its boot image has no EFI/BOOT/BOOTX64.EFI"
            yield Route(firmware="UEFI", trouble=trouble, files=files)
        for program in found:
            yield _program(program.path, files, devices)


def _system(medium: Survey, start: int) -> fat.FileSystem | None:
    try:
        return fat.FileSystem(medium.source, start)
    except MediaError:
        return None


def _program(path: str, files: Seen, devices: tuple[str, ...]) -> Route:
    """Return the route of an EFI program in the boot image, by way of its shim.

    GRUB knows the partition of a stick as its device, and of a CD the whole: `devices` may be both.
    """
    kind = (_BOOTED.fullmatch(path) or [path, "X64"])[1].upper()
    firmware, folder = _FIRMWARE[kind], path.rpartition("/")[0]
    content = files.content(("image", path), _PROGRAM) or b""
    second = f"{folder}/grub{kind.lower()}.efi"
    if grub_image.core(content) is None and _SHIM.search(content):
        path, content = second, files.content(("image", second), _PROGRAM) or b""
    if not content:
        return Route(firmware=firmware, trouble=f"{path} is not there, or too large", files=files)
    other = _other(content, path, files)
    if other:
        return Route(firmware=firmware, trouble=f"its loader is {other}", files=files)
    core = grub_image.core(content) or Core(prefix=f"/{folder}")
    route = _grub(firmware, core, devices, folder, files)
    plain = _NORMAL in content and not any(each in content for each in _RED_HAT)
    modules = "" if _NORMAL in content and _LINUX in content else route.modules
    return replace(route, escapes=route.escapes and not plain, modules=modules)


def _other(content: bytes, path: str, files: Seen) -> str:
    """Return the name of a loader that is not GRUB 2; "" for one that may be."""
    if grub_image.core(content) is not None:
        return ""
    menu = f"{path[:-4]}.conf"
    if any(each in content for each in _LEGACY) or files.exists(("image", menu)):
        return f"GRUB legacy, whose menu {menu} builder does not edit"
    return next((name for mark, name in _OTHERS.items() if mark in content), "")


def _grub(firmware: str, core: Core, devices: tuple[str, ...], folder: str, files: Seen) -> Route:
    """Return where GRUB comes to, whichever of the devices is its first."""
    found: list[Menu] = []
    read: list[Place] = []
    trouble = ""
    core = core if core.prefix else replace(core, prefix=f"/{folder}")
    # "()" is the device from which the firmware has loaded it, as is none at all.
    prefix = core.prefix.removeprefix("()")
    files = files.with_memdisk(core.memdisk)
    for device in devices:
        state = State(
            values={
                "root": device,
                "prefix": prefix if prefix.startswith("(") else f"({device}){prefix}",
                "cmdpath": f"({device})/{folder}",
                "grub_platform": "pc" if firmware == "BIOS" else "efi",
                "grub_cpu": _CPUS[firmware],
                **_FEATURES,
            }
        )
        run = Run(files)
        for each in run.script(core.config, ("", "the script in its loader"), state):
            place = each.place(f"{each.get('prefix')}/grub.cfg")
            text = files.text(place) if place else None
            if place and text is not None:
                run.menu(text, place, each)
                run.read.append(place)
        # One that looks beside itself finds its menu there or none; others look for a disk first.
        if not run.found and prefix == f"/{folder}":
            where = " in its boot image" if device == "image" else ""
            trouble = trouble or f"GRUB finds no menu at {prefix}/grub.cfg{where}"
        found += run.found
        read += run.read
    trouble = trouble if found else f"GRUB finds no menu at {prefix}/grub.cfg"
    modules = f"{prefix.rpartition(')')[2]}/{_MODULES[firmware]}"
    return Route(
        firmware=firmware,
        grub=tuple(found),
        read=tuple(dict.fromkeys(read)),
        escapes=not _is_plain(modules, files),
        modules=_MODULES[firmware] if files.exists(("iso", f"{modules}/linux.mod")) else "",
        trouble=trouble,
        files=files,
    )


def _is_plain(modules: str, files: Seen) -> bool:
    """Tell whether the modules in a folder are those of a GRUB without Red Hat's changes."""
    return [files.exists(("iso", f"{modules}/{each}.mod")) for each in _TELLING] == [True, False]
