"""Heads of disk images that name other files."""

import struct


def qcow(version: int, at: int, length: int, rest: bytes = b"") -> bytes:
    return struct.pack(">4sIQI", b"QFI\xfb", version, at, length).ljust(104, b"\0") + rest


def external(*extensions: bytes, version: int = 3, features: int = 4, length: int = 104) -> bytes:
    """Return the header of a qcow2 whose data are in another file, as its extensions tell."""
    fields = struct.pack(">QQQII", features, 0, 0, 4, length)
    return qcow(version, 0, 0)[:72] + fields + b"".join(extensions)


def extension(kind: int, content: bytes, *, length: int | None = None) -> bytes:
    head = struct.pack(">II", kind, len(content) if length is None else length)
    return head + content.ljust(-(-len(content) // 8) * 8, b"\0")


def qed(features: int) -> bytes:
    header = struct.pack("<4sIIIQQQQQII", b"QED\0", 4096, 1, 1, features, 0, 0, 0, 0, 64, 4)
    return header + b"base"
