"""Vendors' lists of checksums: which sha256 a list gives for a file.

Two forms are in use, also mixed with comments that tell sizes (which are wrong at times, and not
read): BSD's "SHA256 (NAME) = HEX", and that of sha256sum, "HEX  NAME".
"""

import re

import msgspec

_HEX = "[0-9A-Fa-f]{64}"
_NAME = r"[A-Za-z0-9][A-Za-z0-9._+~-]*"
"""What goes into file names and messages is plain, whatever a server sends."""
_BSD = re.compile(rf"SHA256 ?\(\s*(?P<name>{_NAME})\s*\) ?= ?(?P<digest>{_HEX})")
_COREUTILS = re.compile(rf"(?P<digest>{_HEX})(?:  | \*|\t)(?:\./)?(?P<name>{_NAME})")
_MOVES = "latest"
_DATE = r"20[0-9]{6}(?:\.[0-9]{1,3})?"
"""As in the names of composes: 20240603.0."""


class Unlisted(Exception):
    """The list gives no digest; the text says why."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What a list says of a file."""

    file: str
    """Its name; that with its date, where the one that was asked for moves."""
    sha256: str


def listed(text: str, name: str) -> Listed:
    """Return what the list says of the file `name`, or of the dated one that a `latest` stands for.

    Raises Unlisted for what is no list, for a file that it does not name, and for one that it
    gives two digests.
    """
    digests = _digests(text)
    if not digests:
        raise Unlisted("it is no list of sha256 checksums")
    dated = {file for file in digests if is_dated(file, name)}
    if name in digests:
        found = _only(digests[name], name)
        same = sorted(file for file in dated if digests[file] == {found})
        return Listed(file=same[0] if len(same) == 1 else name, sha256=found)
    if not dated:
        raise Unlisted(f"it does not name {name}")
    if len(dated) > 1:
        names = ", ".join(sorted(dated))
        raise Unlisted(f"it names {len(dated)} files that {name} may stand for: {names}")
    (file,) = dated
    return Listed(file=file, sha256=_only(digests[file], file))


def names_of(text: str, digest: str) -> tuple[str, ...]:
    """Return the names that the list has for files of a digest."""
    return tuple(name for name, found in _digests(text).items() if found == {digest})


def is_dated(file: str, name: str) -> bool:
    """Tell whether `name` is `file` with "latest" for its date."""
    before, moves, after = name.partition(_MOVES)
    return bool(
        moves and re.fullmatch(f"{re.escape(before)}{_DATE}{re.escape(after)}", file, re.ASCII)
    )


def _digests(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        match = _BSD.fullmatch(line.strip()) or _COREUTILS.fullmatch(line.strip())
        if match:
            found.setdefault(match["name"], set()).add(match["digest"].lower())
    return found


def _only(digests: set[str], name: str) -> str:
    if len(digests) > 1:
        raise Unlisted(f"it gives {name} {len(digests)} different checksums")
    return min(digests)
