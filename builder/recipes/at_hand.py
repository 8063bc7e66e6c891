"""An ISO that the user gives: what it must have, and who says so."""

import re
from pathlib import Path

from builder.errors import MediaError, UsageError
from builder.model.media import AtHand, Download
from builder.paths.reading import is_file

_DIGEST = re.compile("[0-9a-f]{64}")


def at_hand(path: Path, known: Download, *, title: str, sha256: str, unverified: bool) -> AtHand:
    """Return the ISO with the sha256 that it must have: the given one, or what is known of it.

    `title` is the release's. Raises MediaError where it is not there, or where nobody says a
    sha256; UsageError for what is no sha256.
    """
    if not is_file(path):
        what = f"{path} is no file." if path.exists() else f"There is no file {path}."
        raise MediaError(what, hint="Check the path given with --iso.")
    sha256 = digest(sha256)
    path = path.absolute()
    if sha256:
        return AtHand(path=path, sha256=sha256, given=True)
    if unverified:
        return AtHand(path=path)
    if known.sha256:
        return AtHand(path=path, sha256=known.sha256)
    if known.checksums is None:
        raise MediaError(
            f"Nobody says which sha256 {path.name} must have: {title} has no public list.",
            hint="Give the one of the vendor's page of downloads with --sha256 HEX, or take the "
            "file as it is with --allow-unverified.",
        )
    return AtHand(path=path, known=known)


def digest(text: str) -> str:
    """Return a sha256 that somebody has typed, as we write it. Raises UsageError for another word.

    A digit that was left out would else be blamed on the ISO.
    """
    found = text.strip().lower().removeprefix("sha256:")
    if found and not _DIGEST.fullmatch(found):
        raise UsageError("--sha256 takes 64 hexadecimal digits.", hint="Copy them from the vendor.")
    return found
