"""A dynamic VHDX for Hyper-V.

Microsoft's [MS-VHDX] describes it. qemu-img draws GUIDs and sequence numbers by lot; here they
follow from the template, so that the same template makes the same file.
"""

import struct
import uuid
from pathlib import Path
from typing import BinaryIO

from builder.errors import HostError
from builder.export import convert
from builder.export.order import ExportSource
from builder.monitor import Monitor

_HEADERS = (0x10000, 0x20000)
_HEADER_SIZE = 4096
_REGIONS = 0x30000
_METADATA = uuid.UUID("8b7ca206-4790-4b9a-b8fe-575f050f886e").bytes_le
_PAGE_83 = uuid.UUID("beca12ab-b2e6-4523-93ef-c309e000c746").bytes_le
_SIZE = uuid.UUID("2fa54224-cd1b-4876-b211-5dbed83bf4b8").bytes_le
_PHYSICAL = 4096
"""Bytes of a physical sector, as qemu-img says in each VHDX. Programs refuse a part of one."""
_POLYNOMIAL = 0x82F63B78  # CRC-32C (Castagnoli), reflected


def write(source: ExportSource, part: Path, *, name: str, monitor: Monitor) -> None:  # noqa: ARG001
    """See formats.Writer."""
    options = ("-o", "subformat=dynamic")
    convert.convert(source, part, to="vhdx", options=options, monitor=monitor)
    facts = source.manifest.image
    with part.open("r+b") as file:
        _settle(file, seed=facts.sha256 if facts else "")
        _round_up(file)
    convert.check(part, to="vhdx")
    convert.compare(source, part, to="vhdx", monitor=monitor)


def _settle(file: BinaryIO, *, seed: str) -> None:
    """Replace all that was drawn by lot, in both headers, the log and the disk's own data."""
    headers = {at: _read(file, at, _HEADER_SIZE) for at in _HEADERS}
    # The later of the two is the one that counts.
    by_age = sorted(headers, key=lambda at: struct.unpack_from("<Q", headers[at], 8))
    for number, at in enumerate(by_age, start=1):
        file.seek(at)
        file.write(settled(headers[at], number=number, seed=seed))
        log_length, log_at = struct.unpack_from("<IQ", headers[at], 0x44)
        file.seek(log_at)
        file.write(bytes(log_length))  # nothing is left to be replayed
    file.seek(_value(file, _PAGE_83))
    file.write(_guid(seed, "disk"))


def _round_up(file: BinaryIO) -> None:
    """Let the disk end with a physical sector; blocks end so too: what is added is there, zeros."""
    at = _value(file, _SIZE)
    (size,) = struct.unpack("<Q", _read(file, at, 8))
    file.seek(at)
    file.write(struct.pack("<Q", -(-size // _PHYSICAL) * _PHYSICAL))


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)


def settled(header: bytes, *, number: int, seed: str) -> bytes:
    """Return one of the two headers with its sequence number, GUIDs from `seed`, and a checksum.

    Raises HostError when its log must still be replayed.
    """
    if header[:4] != b"head" or any(header[0x30:0x40]):
        raise HostError(
            "qemu-img left a VHDX that is not finished.", hint="Try again; look at dmesg."
        )
    guids = _guid(seed, "file") + _guid(seed, "data")
    blank = header[:4] + bytes(4) + struct.pack("<Q", number) + guids + header[0x30:]
    return blank[:4] + crc32c(blank).to_bytes(4, "little") + blank[8:]


def crc32c(content: bytes) -> int:
    """Return the checksum that VHDX uses; Python's zlib has that of another polynomial."""
    value = 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ _POLYNOMIAL * (value & 1)
    return value ^ 0xFFFFFFFF


def _value(file: BinaryIO, key: bytes) -> int:
    """Return where an item of the metadata lies."""
    metadata = _entry(file, _REGIONS + 16, _METADATA, "<Q")
    return metadata + _entry(file, metadata + 32, key, "<I")


def _entry(file: BinaryIO, at: int, key: bytes, form: str) -> int:
    """Return the offset that an entry of a table has: a GUID, then the offset; 32 bytes in all."""
    file.seek(at)
    for raw in iter(lambda: file.read(32), b""):
        if raw[:16] == key:
            return int(struct.unpack_from(form, raw, 16)[0])
    raise HostError("qemu-img wrote a VHDX that lacks a part.", hint="Is qemu-img damaged?")


def _guid(seed: str, what: str) -> bytes:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{seed} {what}").bytes_le
