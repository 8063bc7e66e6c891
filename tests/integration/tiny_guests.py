"""Guests that are one boot sector long: they boot in seconds, say a line and end as told."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder import config
from builder.host.host import Host, open_host
from builder.model.domain import Channel, Disk, DomainSpec
from builder.monitor import SilentMonitor
from builder.virt import pools
from tests.values import machine

MACHINE = machine(
    osinfo="http://libosinfo.org/unknown",
    virt_type="qemu",
    cpu="qemu64",
    memory_mib=64,
    vcpus=1,
    network="none",
)

# What a guest does after its words, in 16-bit machine code.
HALT = bytes.fromhex("f4 ebfd")  # hlt; jmp to it
POWER_OFF = bytes.fromhex("ba0406 b80020 ef") + HALT  # ACPI's PM1a of the machine q35
REBOOT = bytes.fromhex("baf90c b006 ee") + HALT  # the chip set's reset register
PANIC = bytes.fromhex("ba0505 b001 ee") + HALT  # the port of pvpanic

_SAY = bytes.fromhex(
    "31c0 8ed8 be 0000"  # ds = 0; si = the words (their place is filled in)
    "ac 84c0 7412"  # al = the next byte; a zero leads to what follows these lines
    "88c3 bafd03 ec a820 74fb"  # bl = al; wait until the serial port is free
    "baf803 88d8 ee ebe9"  # write bl; next
)
_LOADED_AT = 0x7C00

FILL_DISK = bytes.fromhex(
    "b443 b000 b280 be 317c cd13"  # BIOS: write to the first disk as the packet below says
    "66 8306 397c 40 ebed"  # next place on the disk; again, for ever
    "1000 4000 00000010 4000000000000000"  # packet: 64 sectors from 1000:0000 to sector 64
)
assert _LOADED_AT + len(_SAY) + 19 == 0x7C31  # where the packet lies


def boot_sector(words: str, then: bytes) -> bytes:
    """Return a sector that writes `words` to the first serial port and does `then`."""
    place = (_LOADED_AT + len(_SAY) + len(then)).to_bytes(2, "little")
    sector = _SAY[:5] + place + _SAY[7:] + then + words.encode() + b"\0"
    assert len(sector) <= 510
    return sector.ljust(510, b"\0") + b"\x55\xaa"


def write_disk(path: Path, words: str, then: bytes, *, size: int = 2**20) -> Path:
    """Make a raw disk of `size` bytes that boots to `words`."""
    with path.open("wb") as disk:
        disk.write(boot_sector(words, then))
        disk.truncate(size)
    return path


def guest(
    name: str, disk: Path, *, logs: Path, form: str = "raw", channels: tuple[str, ...] = ()
) -> DomainSpec:
    """Return a domain that boots the disk."""
    return DomainSpec(
        name=name,
        title=name,
        machine=MACHINE,
        disks=(Disk(path=disk, format=form, boot_order=1),),
        console_log=logs / "console.log",
        channels=tuple(Channel(name=each, log=logs / f"{each}.log") for each in channels),
    )


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that QEMU can reach: libvirt runs it as another user, pytest's are private."""
    with tempfile.TemporaryDirectory(prefix="builder-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextmanager
def workplace(uri: str, name: str) -> Iterator[Host]:
    """Open a hypervisor for the block, with pools and folders that nobody else has."""
    with open_folder() as folder:
        settings = config.load(
            uri=uri,
            iso_pool=f"{name}-iso",
            iso_pool_path=folder / "iso",
            store_pool=f"{name}-store",
            store_pool_path=folder / "store",
            state=folder / "state",
        )
        settings.state.mkdir()
        with open_host(settings, SilentMonitor()) as opened:
            try:
                yield opened.prepared()
            finally:
                for pool in (settings.iso_pool, settings.store_pool):
                    pools.remove(opened.connection, pool)
