"""Change fields of remastered ISOs, and ask whether the field's tools agree when we say "right".

`python judge.py SEED COUNT`: one changed field of one structure for each seed. Where our check
finds nothing, xorriso, isoinfo, sgdisk, fsck.fat and bsdtar must say of the ISO what they say of
the one that was not changed. Exits with 1 and the seeds where one of them does not.
"""

import os
import random
import re
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import fields
import small_media
from remastering import change

from builder.errors import MediaError
from builder.iso.source import SECTOR, Memory
from builder.iso.survey import survey
from builder.media import check, second_reader

_MAKERS = ("genisoimage", "no-pad", "mac", "xorriso", "xorriso-mac", "grub", "grub-no-pad")
_NUMBERS = (0, 1, 2, 16, 17, 255, 4095, 65535, 1 << 16, 1 << 20, 1 << 31, (1 << 32) - 1)

Opinion = dict[str, str]
"""What each tool says, without what may differ."""


class Case:
    """A remastered ISO, its fields, and what the tools say of it."""

    def __init__(self, iso: Path) -> None:
        self.content = iso.read_bytes()
        medium = survey(Memory(self.content))
        assert check.problems(medium) == ()
        self.fields = list(fields.all_fields(medium))
        self.efi = sorted({each.sector for each in medium.efi_images})
        self.opinion = opinion(iso, self.efi)

    def mutated(self, seed: int) -> tuple[str, bytes]:
        """Return what is changed, and the ISO with that."""
        chance = random.Random(seed)  # noqa: S311  # not for secrets
        kinds = sorted({each.kind for each in self.fields})
        kind = chance.choice(kinds)
        field = chance.choice([each for each in self.fields if each.kind == kind])
        content = bytearray(self.content)
        old = bytes(content[field.at : field.at + field.size])
        new = old
        while new == old:
            new = _other(old, field, chance)
        content[field.at : field.at + field.size] = new
        return f"{field.kind} {field.name} at {field.at}: {old.hex()} to {new.hex()}", bytes(
            content
        )


def _other(old: bytes, field: fields.Field, chance: random.Random) -> bytes:
    """Return another value of a field: a bit, a byte, a number that hurts, or the next one."""
    size = len(old)
    way = chance.randrange(5)
    if way == 0 or size > 8:
        at = chance.randrange(size)
        return old[:at] + bytes([old[at] ^ 1 << chance.randrange(8)]) + old[at + 1 :]
    if way == 1:
        at = chance.randrange(size)
        return old[:at] + bytes([chance.randrange(256)]) + old[at + 1 :]
    order: Literal["big", "little"] = "big" if field.big else "little"
    if way == 2:
        return (chance.choice(_NUMBERS) % (1 << 8 * size)).to_bytes(size, order)
    if way == 3:
        step = chance.choice((-1, 1, 2, 16))
        return ((int.from_bytes(old, order) + step) % (1 << 8 * size)).to_bytes(size, order)
    return chance.randbytes(size)


def right(iso: Path, content: bytes) -> bool:
    """Tell whether our check, with its second reader, finds nothing."""
    try:
        medium = survey(Memory(content))
        if check.problems(medium):
            return False
        iso.write_bytes(content)
        its = second_reader.theirs(str(iso))
        return not list(second_reader.differences(second_reader.ours(medium), its))
    except MediaError:
        return False
    except Exception:  # of pycdlib, which raises anything
        return False


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
    "isoinfo": re.compile(r"^(.)\S+ .* (\d+ \[.*)$", re.M),
    "bsdtar": re.compile(r"^(.)\S+ .* (\d+) \w{3} [ \d]\d +[\d:]+ (.*)$", re.M),
}
"""Modes, owners and dates may be any."""
_BOOT_IMAGE = re.compile(r"^(El Torito boot img .* none) +(0x\S+) +0x\S+ +(\d+)", re.M)
_MBR_ENTRY = re.compile(r"^MBR partition  .* 0x(\S\S) +(\d+) +(\d+)$", re.M)
_UNMINDED = re.compile(
    r"^System area options: .*\n| cyl-align-\w+| protective-msdos-label"
    r"|^libisofs: NOTE : EFI image start and size.*\n"
    r"|^isoinfo: Warning: Joliet escape sequence uses illegal space.*\n"
    r"|(?<=APM start and size : ...)( +\d+) +\d+$",
    re.M,
)
"""Old-style addresses, more blocks than an image has, and a blank that old tools left."""
_LABEL = re.compile(r"^(?:Label in boot sector|  Auto-removing label|Leaving file).*\n", re.M)
"""A label that is in one place alone: nobody boots by that."""
_HIDDEN = re.compile(r"(?<=\d 0)[13](?=\])")
"""Linux shows hidden files, unless it is told not to."""
_APPLE_TYPE = re.compile(r"^(APM partition type .*  )(?!Apple_partition_map$)[!-~]+$", re.M)


def meaningful(title: str, text: str, efi: list[int]) -> str:
    """Return what counts of a tool's words; `efi` are the sectors of what UEFI boots."""
    if title == "xorriso":
        text = _UNMINDED.sub(r"\1", _BOOT_IMAGE.sub(_loaded, text))
        text = _APPLE_TYPE.sub(r"\1", _partitions(text, efi))
        return "\n".join(sorted(filter(None, text.splitlines())))  # of two streams, mixed
    columns = _COLUMNS.get(title.split(maxsplit=1)[0])
    if title.startswith("fsck.fat") and "Label in boot sector" in text:
        text = _LABEL.sub("", text).replace("1\n", "0\n", 1)
    text = _UNMINDED.sub(r"\1", text).rstrip()
    text = _HIDDEN.sub(lambda found: "02"[found[0] == "3"], text)
    return columns.sub(r"\1 \2", text) if columns else text


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


def disagreements(case: Case, iso: Path, content: bytes) -> Iterator[str]:
    """Yield which tools say something else of the ISO than of the unchanged one."""
    if not right(iso, content):
        return
    now = opinion(iso, case.efi)
    for title, text in case.opinion.items():
        if meaningful(title, text, case.efi) != meaningful(title, now[title], case.efi):
            changed = set(now[title].splitlines()) ^ set(text.splitlines())
            yield f"{title}: {' | '.join(sorted(changed)[:6])}"


def main(arguments: list[str]) -> None:
    """Judge COUNT mutations, those of SEED and after."""
    first, count = int(arguments[0]), int(arguments[1])
    os.environ["LC_ALL"] = "C.UTF-8"
    began, done = time.monotonic(), Counter[str]()
    with TemporaryDirectory(prefix="judge-") as made, TemporaryDirectory(prefix="judge-") as folder:
        iso = Path(folder) / "judged.iso"
        cases = []
        for original in small_media.mastered(_MAKERS, Path(made), files=3).values():
            result = change(original).path
            iso.write_bytes(result.read_bytes())
            cases.append(Case(iso))
        for seed in range(first, first + count):
            case = cases[seed % len(cases)]
            what, content = case.mutated(seed)
            found = list(disagreements(case, iso, content))
            done["mutations"] += 1
            done["disagreements"] += bool(found)
            for each in found:
                print(f"seed {seed} ({_MAKERS[seed % len(cases)]}): {what}\n    {each}", flush=True)  # noqa: T201
    rate = count / (time.monotonic() - began)
    print(f"{dict(done)}, {rate:.1f} a second, from seed {first} on")  # noqa: T201
    sys.exit(bool(done["disagreements"]))


if __name__ == "__main__":
    main(sys.argv[1:])
