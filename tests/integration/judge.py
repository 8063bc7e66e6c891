"""Change fields of remastered ISOs, and ask whether others agree when we say "right".

`python judge.py SEED COUNT [--boots EVERY]`: one changed field of one structure
for each seed. Where our check finds nothing, xorriso, isoinfo, sgdisk, fsck.fat and bsdtar must say
of the ISO what they say of the one that was not changed; and every EVERY-th of those must come to
the same command line of the kernel by each firmware and from each drive that `iso verify` promises.
Exits with 1 and the seeds where one of them does not. Processes of their own may share the seeds.
"""

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import fields
import opinions
import programs
import sealing
import small_media
from remastering import change

from builder.errors import MediaError
from builder.iso import eltorito
from builder.iso.source import Memory
from builder.iso.survey import Survey, survey
from builder.media import check, second_reader, starting
from builder.media.routes import routes
from tests import booting
from tests.booting import Firmware, Way

MAKERS = ("genisoimage", "no-pad", "mac", "xorriso", "xorriso-mac", "grub", "grub-no-pad")
_NUMBERS = (0, 1, 2, 16, 17, 255, 4095, 65535, 1 << 16, 1 << 20, 1 << 31, (1 << 32) - 1)
_SEALED = 0.5
_FIRMWARE: dict[str, Firmware] = {"BIOS": "bios", "UEFI": "uefi"}
_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of our own is made in it


def promised(medium: Survey) -> Iterator[Way]:
    """Yield how an ISO that is right comes to our kickstart, by what `iso verify` says."""
    plugs = booting.PLUGS[:1] if list(check.usb_problems(medium)) else booting.PLUGS
    for start in starting.starts(routes(medium), medium.volume_id):
        if not start.reason and start.firmware in _FIRMWARE:
            yield from (Way(firmware=_FIRMWARE[start.firmware], plug=plug) for plug in plugs)


class Case:
    """A remastered ISO, its fields, and what tools and firmware make of it."""

    def __init__(self, iso: Path) -> None:
        self.content = iso.read_bytes()
        medium = survey(Memory(self.content))
        assert check.problems(medium) == ()
        self.catalogue = eltorito.catalogue(medium.source) or 0
        self.fields = list(fields.all_fields(medium))
        self.efi = sorted({each.sector for each in medium.efi_images})
        self.opinion = opinions.opinion(iso, self.efi)
        self.ways = tuple(promised(medium))
        self.lines: dict[Firmware, str] = {}

    def boot(self, iso: Path) -> None:
        """Boot the ISO itself, each firmware from a CD."""
        for way in self.ways:
            if way.plug == "cd":
                self.lines[way.firmware] = booting.command_line(iso, way, iso.parent)
        assert all("inst.ks=" in each for each in self.lines.values()), self.lines

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
        sealed = chance.random() < _SEALED
        if sealed:
            sealing.seal(content, field, self.catalogue)
        where = f"{field.kind} {field.name} at {field.at}{', sealed' if sealed else ''}"
        return f"{where}: {old.hex()} to {new.hex()}", bytes(content)


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
        found = [*second_reader.differences(second_reader.ours(medium), its)]
        return not [*found, *second_reader.trees(medium)]
    except MediaError:
        return False
    except Exception:  # of pycdlib, which raises anything
        return False


def booted(case: Case, iso: Path, done: Counter[str]) -> Iterator[str]:
    """Yield how an ISO that is there does not boot as the unchanged one does."""
    done["media"] += 1
    for way in promised(survey(Memory(iso.read_bytes()))):
        done[way.firmware] += 1
        wanted = case.lines[way.firmware]
        # Once more before it counts: the hypervisor itself may have been in trouble.
        found = [booting.command_line(iso, way, iso.parent)]
        if found != [wanted]:
            found.append(booting.command_line(iso, way, iso.parent))
        if wanted not in found:
            yield f"{way}: {found}"


def disagreements(
    case: Case, iso: Path, content: bytes, *, every: int, done: Counter[str]
) -> Iterator[str]:
    """Yield who says something else of the ISO than of the unchanged one."""
    if not right(iso, content):
        return
    done["right"] += 1
    yield from opinions.differences(case.opinion, opinions.opinion(iso, case.efi), case.efi)
    if every and done["right"] % every == 0:
        yield from booted(case, iso, done)


def _cases(made: Path, iso: Path, *, boots: bool) -> Iterator[Case]:
    files = programs.bootable(made)
    media = small_media.mastered(MAKERS, made, files=3, programs=files, varied=True)
    for original in media.values():
        iso.write_bytes(change(original).path.read_bytes())
        case = Case(iso)
        if boots:
            case.boot(iso)
        yield case


def judge(seeds: range, folder: Path, *, every: int, done: Counter[str]) -> None:
    """Judge mutations, and count what is done; boot every so manieth that is right."""
    iso = folder / "judged.iso"
    (folder / "made").mkdir()
    cases = list(_cases(folder / "made", iso, boots=bool(every)))
    for seed in seeds:
        case = cases[seed % len(cases)]
        what, content = case.mutated(seed)
        found = list(disagreements(case, iso, content, every=every, done=done))
        done["mutations"] += 1
        done["disagreements"] += bool(found)
        for each in found:
            print(f"seed {seed} ({MAKERS[seed % len(cases)]}): {what}\n    {each}", flush=True)  # noqa: T201


def main(arguments: list[str]) -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("seed", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--boots", type=int, default=0, metavar="EVERY")
    wishes = parser.parse_args(arguments)
    os.environ["LC_ALL"] = "C.UTF-8"
    began, done = time.monotonic(), Counter[str]()
    seeds = range(wishes.seed, wishes.seed + wishes.count)
    place = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    # Whoever interrupts it is told of what is done.
    with suppress(KeyboardInterrupt), TemporaryDirectory(prefix="judge-", dir=place) as folder:
        judge(seeds, Path(folder), every=wishes.boots, done=done)
    boots = done["bios"] + done["uefi"]
    print(  # noqa: T201
        f"{done['mutations']} mutations from seed {wishes.seed} on, "
        f"{done['mutations'] / (time.monotonic() - began):.1f} a second: {done['right']} right, "
        f"{done['media']} media booted in {boots} boots "
        f"({done['bios']} by BIOS, {done['uefi']} by UEFI), {done['disagreements']} disagreements"
    )
    sys.exit(done["disagreements"] > 0 or done["mutations"] < wishes.count)


if __name__ == "__main__":
    main(sys.argv[1:])
