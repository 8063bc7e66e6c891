"""Damage done to small ISOs, where it hurts: the same damage again for the same seed."""

import random
import struct
from pathlib import Path

import small_media

from builder.iso import eltorito, fat, partitions, tree
from builder.iso.source import SECTOR, opened
from builder.iso.survey import survey

_BYTES = (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF)
_NUMBERS = (0, 1, 2, 15, 16, 17, 255, 4095, 65535, 1 << 16, 1 << 20, 1 << 31, (1 << 32) - 1)

MAKERS = ("mac", "no-pad", "xorriso", "grub", "grub-no-pad")


class Victim:
    """An ISO, and the ranges of bytes in it that readers follow."""

    def __init__(self, iso: Path) -> None:
        self.content = iso.read_bytes()
        with opened(iso) as source:
            medium = survey(source)
            table = partitions.gpt(source)
            catalogue = eltorito.catalogue(source) or 0
            descriptors = [each.descriptor for each in medium.trees]
            self.places = [
                (0, 512),
                (512, 2048),
                (catalogue * SECTOR, 256),
                *((each.sector * SECTOR, 256) for each in descriptors),
                *((each.base + 16, 4 * SECTOR) for each in descriptors),
                *(
                    ((each.base + place) * SECTOR, each.path_table_size)
                    for each in descriptors
                    for place in each.path_tables
                ),
                *(
                    ((each.base + found.extent) * SECTOR, found.listing.records[0].length)
                    for each in medium.trees
                    for found in tree.walk(source, each)
                ),
            ]
            for image in medium.efi_images:
                start = image.sector * SECTOR
                entries = [each.at for each in fat.FileSystem(source, start).files()]
                self.places += [(start, 64), (start + 512, 64), (start + 2048, 4096)]
                self.places += [(each - 64, 128) for each in entries]
            if table is not None:
                self.places.append((table.backup_start * 512, SECTOR))


def damaged(victim: Victim, seed: int) -> bytes:
    """Return the ISO with one to four things wrong."""
    chance = random.Random(seed)  # noqa: S311  # not for secrets
    content = bytearray(victim.content)
    for _ in range(chance.randint(1, 4)):
        start, length = chance.choice(victim.places)
        at = start + chance.randrange(max(length, 1))
        if at < len(content) - 64:
            chance.choice(_DAMAGES)(content, at, chance)
    if chance.random() < 0.1:
        del content[chance.randrange(len(content)) :]
    return bytes(content)


def _byte(content: bytearray, at: int, chance: random.Random) -> None:
    content[at] = chance.choice(_BYTES)


def _bit(content: bytearray, at: int, chance: random.Random) -> None:
    content[at] ^= 1 << chance.randrange(8)


def _number(content: bytearray, at: int, chance: random.Random) -> None:
    kind = chance.choice(("<I", ">I", "<H", "<Q"))
    struct.pack_into(kind, content, at, chance.choice(_NUMBERS) % (1 << 8 * struct.calcsize(kind)))


def _copy(content: bytearray, at: int, chance: random.Random) -> None:
    length = chance.choice((1, 8, 32, 64))
    start = chance.randrange(max(at - 4096, 0), at + 1)
    content[at : at + length] = content[start : start + length]


def _sector(content: bytearray, at: int, chance: random.Random) -> None:
    here = at // SECTOR * SECTOR
    there = chance.randrange(len(content) // SECTOR) * SECTOR
    content[here : here + SECTOR] = content[there : there + SECTOR]


def _noise(content: bytearray, at: int, chance: random.Random) -> None:
    length = chance.choice((1, 4, 64))
    content[at : at + length] = chance.randbytes(length)


def _nothing(content: bytearray, at: int, chance: random.Random) -> None:
    length = min(chance.choice((1, 32, SECTOR)), len(content) - at)
    content[at : at + length] = bytes(length)


_DAMAGES = (_byte, _byte, _bit, _bit, _number, _number, _number, _copy, _sector, _noise, _nothing)


def victims(folder: Path) -> dict[str, Victim]:
    """Make one ISO of each kind."""
    made = small_media.mastered(MAKERS, folder, files=3)
    return {name: Victim(iso) for name, iso in made.items()}
