"""What the field's tools say of an ISO, and what counts of their words."""

import re
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

from builder.iso.source import SECTOR

Opinion = dict[str, str]
"""What each tool says, without what may differ."""

_TOOLS = {
    "xorriso": "xorriso -indev stdio:{iso} -report_el_torito plain -report_system_area plain",
    "isoinfo -R": "isoinfo -R -l -i {iso}",
    "isoinfo -J": "isoinfo -J -l -i {iso}",
    "isoinfo -d": "isoinfo -d -i {iso}",
    "sgdisk": "sgdisk -v {iso}",
    "bsdtar": "bsdtar -tvf {iso}",
}


def opinion(iso: Path, efi: list[int]) -> Opinion:
    """Return what all tools say: what they print, and their exit codes."""
    running = {
        title: subprocess.Popen(
            command.format(iso=iso).split(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        for title, command in _TOOLS.items()
    }
    said = {title: _said(program, iso) for title, program in running.items()}
    content = iso.read_bytes()
    for sector in efi:
        part = iso.with_name("efi.img")
        start = sector * SECTOR
        (small,) = struct.unpack_from("<H", content, start + 19)
        part.write_bytes(content[start : start + max(small, 1) * 512])
        done = subprocess.run(["fsck.fat", "-n", "-V", part], capture_output=True, check=False)
        said[f"fsck.fat {sector}"] = _UNTOLD.sub(
            "", f"{done.returncode}\n{done.stdout.decode('latin-1')}"
        )
    return said


_UNTOLD = re.compile(
    r"^(?:xorriso : UPDATE|Media summary|Boot record|MBR (?:heads|secs) per"
    r"| +Sys type| +Nsect|.* files, \d+/\d+ clusters).*$",
    re.M,
)
"""Free space of the host, a geometry guessed from addresses that nobody uses, mere numbers."""
_COLUMNS = {
    "isoinfo": re.compile(r"^(.)\S+ .* +(\d+) .{11} (\[ *\d+ \d+\].*)$", re.M),
    "bsdtar": re.compile(r"^(.)\S+ .* (\d+) \w{3} [ \d]\d +[\d:]+ (.*)$", re.M),
}
"""Modes, owners and dates may be any."""
_EMPTY = re.compile(r"^(?:(l)|[-bcfps])(\S+(?: +\d+){3} +0 .{11} \[) *\d+(?= )", re.M)
"""A link, an empty file and a pipe are nowhere; only its own mode tells a pipe from the second."""
_EMPTY_OF_BSDTAR = re.compile(r"^[ps-](?=\S+ +\d+ \S+ +\S+ +0 )", re.M)
_GPT_SIZE = re.compile(r"^(GPT start and size : +\d+ +\d+) +(\d+)$", re.M)
_BOOT_IMAGE = re.compile(r"^(El Torito boot img .* none) +(0x\S+) +0x\S+ +(\d+)", re.M)
_SECOND_BIOS = re.compile(r"^(El Torito boot img : +(?!1 )\d+ +)BIOS( .* (\d+))$", re.M)
_MBR_ENTRY = re.compile(r"^MBR partition  .* 0x(\S\S) +(\d+) +(\d+)$", re.M)
_UNMINDED = re.compile(
    r"^System area options: .*\n| cyl-align-\w+| protective-msdos-label"
    r"|^libisofs: NOTE : EFI image start and size.*\n"
    r"|^libisofs: \w+ : Found hidden El-Torito image.*\n"
    r"|^isoinfo: Warning: Joliet escape sequence uses illegal space.*\n"
    r"|(?<=APM start and size : ...)( +\d+) +\d+$"
    r"|^GPT lba range .*\n|^GPT type GUID .*\n|^El Torito img blks .*\n"
    r"|^.*\]  \.\. $\n?"
    r"|^ISO image size/512 .*\n|^Volume size is: \d+\n"
    r"|^Volume set (?:size|sequence number) is: \d+\n"
    r"|^GPT backup problems: +Implausible array LBA .*\n|^GPT entry array .*\n"
    r"|^(GPT start and size : +\d+ +(?:0|64) +)\d+$",
    re.M,
)
"""Old-style addresses, more blocks than an image has, and a blank that old tools left.

xorriso takes the length of UEFI's image from its partition, and not that of one for BIOS.
What is usable of a disk our check judges as UEFI and Linux do, and gdisk counts it for what may be
added. The entries may be anywhere before that (UEFI 2.10, 5.3.1). What has the whole volume, by its
start, may end behind it. Types of a GPT's partitions are for who looks for one: EDK2 and Linux take
any. Linux has not looked at the numbers of sets of volumes since 2.6. isohybrid's table of 248
entries reaches into what it calls usable, which our check minds where a partition begins there.
How many blocks an image has xorriso guesses from what looks like partitions around it. The parent
that a directory names itself, xorriso's own are wrong about, and our check looks at. A volume that
ends behind all of its contents, and within the image, is as large as any reader wants.
"""
_GDISK = re.compile(
    r"^(?:\d+$|Problem: (?!Main partition table extends).*|Warning! (?!Main partition table).*"
    r"|No problems|Found.*|Invalid.*|  Partition \d+:.*)",
    re.M,
)
"""Its cautions are about speed, and its plain warnings about what no other program minds."""
_UNUSED = re.compile(r"^GPT type GUID +: +(\d+) +0{32}$", re.M)
"""What has no type is no partition (UEFI 2.10, 5.3.3), whatever else its entry says."""
_LABEL = re.compile(
    r"^(?:Label in boot sector|  Auto-removing label|Leaving file|Volume label '.*' stored in root"
    r"|  Auto-copying volume label).*\n",
    re.M,
)
"""A label that is in one place alone: nobody boots by that."""
_HIDDEN = re.compile(r"(?<=\d 0)[13](?=\])")
"""Linux shows hidden files, unless it is told not to."""
_APPLE_TYPE = re.compile(r"^(APM partition type .*  )(?!Apple_partition_map$)[!-~]+$", re.M)


def meaningful(title: str, text: str, efi: list[int]) -> str:
    """Return what counts of a tool's words; `efi` are the sectors of what UEFI boots."""
    if title == "xorriso":
        for number in _UNUSED.findall(text):
            text = re.sub(rf"^GPT (?!type)[^:\n]*: +{number} .*\n", "", text, flags=re.M)
        text = _SECOND_BIOS.sub(lambda found: _by_content(found, efi), text)
        text = _UNMINDED.sub(r"\1\2", _BOOT_IMAGE.sub(_loaded, text))
        text = _APPLE_TYPE.sub(r"\1", _partitions(text, efi))
        return "\n".join(sorted(filter(None, text.splitlines())))  # of two streams, mixed
    text = _EMPTY_OF_BSDTAR.sub("-", _EMPTY.sub(r"\1-\g<2>0", text))
    columns = _COLUMNS.get(title.split(maxsplit=1)[0])
    if title.startswith("fsck.fat") and _LABEL.search(text):
        text = _LABEL.sub("", text).replace("1\n", "0\n", 1)
    if title == "sgdisk":
        return re.sub(r"(?<=partition by )\d+", "", "\n".join(_GDISK.findall(text)))
    text = _UNMINDED.sub(r"\1\2", text).rstrip()
    text = _HIDDEN.sub(lambda found: "02"[found[0] == "3"], text)
    return columns.sub(r"\1 \2 \3", text) if columns else text


def _by_content(found: re.Match[str], efi: list[int]) -> str:
    """Return a second image for BIOS as EDK2 takes it, which looks at its content alone."""
    return f"{found[1]}UEFI{found[2]}" if int(found[3]) in efi else found[0]


def _loaded(found: re.Match[str]) -> str:
    """Return what firmware makes of how an image is loaded.

    EDK2 minds no segment, and what follows an image does no harm, which is also so for BIOS
    until the memory ends. None minds what a disk would be called that is not emulated.
    """
    head, segment, blocks = found.groups()
    if " UEFI " in head:
        return head
    enough = 4 <= int(blocks) <= 1218
    return f"{head} {segment.replace('07c0', '0000')} {'enough' if enough else blocks}"


def _partitions(text: str, efi: list[int]) -> str:
    """Return what counts of an MBR: that UEFI would find an image, and partitions for anybody.

    It looks for types of its own or FAT's; those of type 0 are unused, and what protects a GPT
    begins in block 1, however long it is.
    """
    found = [(int(kind, 16), int(start), count) for kind, start, count in _MBR_ENTRY.findall(text)]
    fat = {0xEF, 0x01, 0x04, 0x06, 0x0B, 0x0C, 0x0E}
    boots = any(kind in fat for kind, start, _ in found if start // 4 in efi)
    others = [(start, kind == 0xEE or count) for kind, start, count in found if kind]
    return (
        f"{_MBR_ENTRY.sub('', text)} {boots} {[each for each in others if each[0] // 4 not in efi]}"
    )


def _said(program: subprocess.Popen[bytes], iso: Path) -> str:
    out, _ = program.communicate(timeout=60)
    text = out.decode("latin-1").replace(str(iso), "ISO").replace(iso.name, "ISO")
    return f"{program.returncode}\n{_UNTOLD.sub('', text)}"


def _as_large(before: str, now: str) -> str:
    """Return xorriso's words now, with the old size of what begins where it did and has grown.

    What a partition holds knows its own size; our check minds what would reach into another one.
    """
    sizes = {head: int(size) for head, size in _GPT_SIZE.findall(before)}

    def old(found: re.Match[str]) -> str:
        size = sizes.get(found[1], 0)
        return f"{found[1]}  {size}" if 0 < size <= int(found[2]) else found[0]

    return _GPT_SIZE.sub(old, now)


def differences(before: Opinion, now: Opinion, efi: list[int]) -> Iterator[str]:
    """Yield which tools say something else that counts."""
    for title, text in before.items():
        other = _as_large(text, now[title]) if title == "xorriso" else now[title]
        if meaningful(title, text, efi) != meaningful(title, other, efi):
            changed = set(now[title].splitlines()) ^ set(text.splitlines())
            yield f"{title}: {' | '.join(sorted(changed)[:6])}"
