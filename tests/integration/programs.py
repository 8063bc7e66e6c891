"""Programs that boot in the place of an installer's: GRUB, and a kernel that says who called it.

The kernel prints the mark of tests/booting.py and its command line on the first serial port, and
leaves a machine of QEMU's that has isa-debug-exit at port F4.
"""

import struct
from pathlib import Path

from small_media import Programs, call

_MODULES = (
    "all_video", "boot", "configfile", "echo", "gzio", "iso9660", "linux", "normal", "part_gpt",
    "part_msdos", "search", "search_label", "test",
)  # fmt: skip
_EFI_MODULES = ("fat", "linuxefi")
_GRUB = Path("/usr/lib/grub")

# Send the mark (3F8), then letter after letter as soon as the port takes one (3FD), a line's end,
# and leave (F4): the same instructions in 16, 32 and 64 bits but for the size of two numbers.
_REAL_MODE = bytes.fromhex(
    "8cc8 83e820 8ed8 66a12802 6689c3 66c1e804 8ed8 83e30f 89de baf803 b002 ee"
    "bafd03 ec a820 74fb baf803 ac 84c0 7508 b00a ee e6f4 f4 ebfd ee ebe5"
)
"""The parameters are 512 bytes before the code: the command line's address is there."""
_PROTECTED = bytes.fromhex(
    "28020000 66baf803 b002 ee"
    "66bafd03 ec a820 74fb 66baf803 ac 84c0 7508 b00a ee e6f4 f4 ebfd ee ebe3"
)
_BY_ESI, _BY_RDX = (bytes.fromhex(each) + _PROTECTED for each in ("8bb6", "8bb2"))
"""Where the parameters are, is in a register."""
_HANDOVER = 0x100


def bootable(folder: Path) -> Programs:
    """Make programs that work."""
    return Programs(
        kernel=kernel(),
        uefi=_grub(folder / "grub.efi", "x86_64-efi", "/EFI/BOOT", _EFI_MODULES),
        bios=_grub(folder / "grub.img", "i386-pc-eltorito", "/boot/grub2", ("biosdisk",)),
    )


def _grub(file: Path, target: str, prefix: str, more: tuple[str, ...]) -> bytes:
    modules = _GRUB / target.removesuffix("-eltorito")
    # Newer releases of GRUB have merged linuxefi into linux.
    names = [each for each in (*_MODULES, *more) if (modules / f"{each}.mod").exists()]
    call("grub-mkimage", "-O", target, "-p", prefix, "-o", file, *names)
    return file.read_bytes()


def kernel() -> bytes:
    """Return a kernel by Linux' boot protocol 2.12: 16-bit, 32-bit and EFI handover entries."""
    protected = bytearray(4096)
    handed = 512 + _HANDOVER  # what has 64 bits is entered so much later
    protected[: len(_BY_ESI)] = _BY_ESI
    protected[handed : handed + len(_BY_RDX)] = _BY_RDX
    fields = {
        0x1F1: b"\1",  # sectors of setup behind the first
        0x1F4: struct.pack("<I", len(protected) // 16),
        0x1FE: b"\x55\xaa",
        0x200: b"\xeb\x7eHdrS" + struct.pack("<H", 0x020C),
        0x211: b"\1",  # it belongs at 1 MiB
        0x214: struct.pack("<I", 1 << 20),
        0x22C: struct.pack("<II", 0x37FFFFFF, 1 << 20),
        0x234: struct.pack("<BBHI", 1, 21, 8, 2047),  # relocatable, has a handover; longest line
        0x258: struct.pack("<QII", 1 << 20, 1 << 20, _HANDOVER),
        0x280: _REAL_MODE,
    }
    setup = bytearray(1024)
    for at, content in fields.items():
        setup[at : at + len(content)] = content
    return bytes(setup + protected)
