"""Records for what is added to an ISO: a name for each kind of tree, in the style of the ISO."""

from collections.abc import Collection

from builder.errors import UsageError
from builder.iso.iso9660 import DIRECTORY, both_endian
from builder.iso.tree import Tree

_STEM, _EXTENSION = 8, 3  # what every reader of ISO 9660 understands
_PLAIN_LONGEST = 30  # characters, ECMA-119 7.5.1; its letters alone no reader insists on
_PLAIN_ODD = frozenset('/\\:;*?"<>|')
_JOLIET_LONGEST = 103  # characters; the specification has 64, but mkisofs' -joliet-long is common
_JOLIET_ODD = frozenset("/\\:;*?")
_LAST_OF_UCS2 = 0xFFFF
_LOADERS = frozenset(
    {"boot", "efi", "isolinux", "syslinux"}
    | {"isolinux.cfg", "syslinux.cfg", "extlinux.cfg", "isolinux.bin", "grub.cfg"}
)
"""What isolinux, which knows ISO 9660's own names alone, would take for its own."""
_MOST = 100_000


def identifier(
    tree: Tree, name: str, *, folder: bool, taken: Collection[bytes], versioned: bool, leads: bool
) -> bytes:
    """Return the identifier of a new file or folder called `name`, unlike those `taken`.

    `versioned` tells whether Joliet names of this ISO carry a ";1"; in the tree that `leads` the
    name has to stay what it is. Raises UsageError where it cannot.
    """
    version = "" if folder else ";1"
    if tree.descriptor.joliet:
        version = version if versioned else ""
        return _whole_joliet(name, version) if leads else _joliet(name, version, taken)
    if leads and tree.skip is None:
        return _whole_plain(name, folder=folder)
    return _short(name, folder=folder, taken=taken)


def _short(name: str, *, folder: bool, taken: Collection[bytes]) -> bytes:
    version = "" if folder else ";1"
    stem, extension = _split(name)
    stem, extension = _plain(stem)[:_STEM], _plain(extension)[:_EXTENSION]
    joined = (stem if folder or not extension else f"{stem}.{extension}").lower()
    for number in range(joined in _LOADERS and joined != name.lower(), _MOST):
        digits = f"{number:03}" if number else ""
        short = f"{stem[: _STEM - len(digits)]}{digits}"
        full = (short if folder else f"{short}.{extension}{version}").encode()
        if full not in taken:
            return full
    raise _too_many(name)


def _too_many(name: str) -> UsageError:
    return UsageError(
        f"Too many names like {name} are in one folder of the ISO.",
        hint="Spread what you add over several folders.",
    )


def _split(name: str) -> tuple[str, str]:
    """Return what is before the last dot of a name, and what is behind it."""
    stem, _, extension = name.rpartition(".") if "." in name.strip(".") else (name, "", "")
    return stem, extension


def _whole_plain(name: str, *, folder: bool) -> bytes:
    """Return a name as ISO 9660 itself has it, where readers know no other."""
    possible = name.isascii() and name.isprintable() and not _PLAIN_ODD.intersection(name)
    if not possible or len(name) > _PLAIN_LONGEST or not name.strip(". "):
        raise UsageError(
            f"{name!r} is no name on this ISO, which has neither Rock Ridge nor Joliet.",
            hint=f"Give it one of at most {_PLAIN_LONGEST} plain letters, digits and dashes.",
        )
    upper = name.upper()
    return (upper if folder else f"{upper}{'' if '.' in upper else '.'};1").encode()


def _whole_joliet(name: str, version: str) -> bytes:
    """Return a name in Joliet's letters, where readers know no other."""
    if len(name) > _JOLIET_LONGEST:
        raise UsageError(
            f"The name {name} is too long for an ISO without Rock Ridge.",
            hint=f"Give it one of at most {_JOLIET_LONGEST} characters.",
        )
    if not all(map(_in_ucs2, name)) or name.endswith(";1"):
        raise UsageError(
            f"{name!r} is no name in Joliet, and the ISO has no Rock Ridge.",
            hint="Rename the file that you add: no emoji and the like, UTF-8, and no ;1.",
        )
    return f"{name}{version}".encode("utf-16-be")


def _joliet(name: str, version: str, taken: Collection[bytes]) -> bytes:
    """Return a name in Joliet's letters beside another one, as mkisofs makes it."""
    if any(0xD800 <= ord(each) < 0xE000 for each in name):  # noqa: PLR2004
        raise UsageError(f"{name!r} is no name in UTF-8.", hint="Rename the file that you add.")
    plain = "".join(each if _in_joliet(each) else "_" for each in name)
    stem, extension = _split(plain)
    end = f".{extension}"[: _JOLIET_LONGEST // 2] if extension else ""
    for number in range(_MOST):
        digits = f"{number:03}" if number else ""
        short = stem[: _JOLIET_LONGEST - len(digits) - len(end)] + digits + end
        full = f"{short}{version}".encode("utf-16-be")
        if full not in taken:
            return full
    raise _too_many(name)


def _in_ucs2(letter: str) -> bool:
    """Tell letters of the Basic Multilingual Plane from others, and from no letters at all."""
    return ord(letter) <= _LAST_OF_UCS2 and not 0xD800 <= ord(letter) < 0xE000  # noqa: PLR2004


def _in_joliet(letter: str) -> bool:
    return _in_ucs2(letter) and letter >= " " and letter not in _JOLIET_ODD


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
