"""Records for what is added to an ISO: a name for each kind of tree, in the style of the ISO."""

from collections.abc import Collection

from builder.errors import UsageError
from builder.iso.iso9660 import DIRECTORY, both_endian
from builder.iso.tree import Tree

_STEM, _EXTENSION = 8, 3  # what every reader of ISO 9660 understands
_JOLIET_LONGEST = 103  # characters; the specification has 64, but mkisofs' -joliet-long is common


def identifier(
    tree: Tree, name: str, *, folder: bool, taken: Collection[bytes], versioned: bool
) -> bytes:
    """Return the identifier of a new file or folder called `name`, unlike those `taken`.

    `versioned` tells whether Joliet names of this ISO carry a ";1".
    """
    version = "" if folder else ";1"
    if tree.descriptor.joliet:
        return _joliet(name) + (version if versioned else "").encode("utf-16-be")
    stem, _, extension = name.rpartition(".") if "." in name.strip(".") else (name, "", "")
    stem, extension = _plain(stem)[:_STEM], _plain(extension)[:_EXTENSION]
    for number in range(100_000):
        digits = f"{number:03}" if number else ""
        short = f"{stem[: _STEM - len(digits)]}{digits}"
        full = (short if folder else f"{short}.{extension}{version}").encode()
        if full not in taken:
            return full
    raise UsageError(f"Too many names like {name} are in one folder of the ISO.")


def _joliet(name: str) -> bytes:
    try:
        encoded = name.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{name!r} is no name in UTF-8.", hint="Rename the file that you add."
        ) from error
    if len(encoded) > 2 * _JOLIET_LONGEST:
        raise UsageError(
            f"The name {name} is too long for an ISO.",
            hint=f"Give it one of at most {_JOLIET_LONGEST} characters.",
        )
    return encoded


def _plain(text: str) -> str:
    return "".join(each if each.isascii() and each.isalnum() else "_" for each in text).upper()


def record(name: bytes, *, folder: bool, date: bytes, system_use: bytes = b"") -> bytes:
    """Return a directory record (ECMA-119 9.1) that points nowhere yet; `date` in its 7 bytes."""
    flags = DIRECTORY if folder else 0
    first_volume = b"\x01\x00\x00\x01"  # of its set, in both byte orders
    head = bytes(16) + date + bytes([flags, 0, 0]) + first_volume + bytes([len(name)])
    body = head + name + bytes((len(name) + 1) % 2) + system_use
    body += bytes(len(body) % 2)
    return bytes([len(body) + 2, 0]) + body


def placed(raw: bytes, *, extent: int, length: int) -> bytes:
    """Return a record that points elsewhere."""
    return raw[:2] + both_endian(extent) + both_endian(length) + raw[18:]
