"""Signatures of lists of checksums, checked by gpgv: it knows no keys but those it is given.

Its words are read as GnuPG's doc/DETAILS has them. A list's signature with SHA-1 or MD5 is refused:
to make two texts of one such sum is what attackers can. So is a key that has signed its user ids
with these alone. Whether gpgv accepts those differs: GnuPG's does (sig-check.c spares signatures of
keys on themselves), Sequoia's no longer. Here it is the same on every host, but for keys whose
vendors have no better ones: they are pinned by their whole fingerprints, so that what they say of
themselves proves nothing more.
"""

import re
import tempfile
from pathlib import Path

import msgspec

from builder import process
from builder.media.openpgp import Ring

_BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_END = "-----END PGP SIGNATURE-----"
_CLEAR = re.compile(
    rf"\s*{_BEGIN}\r?\n.*?^{_SIGNATURE}[^\S\n]*\n.*?^{_END}\s*", re.DOTALL | re.MULTILINE
)
_STRONG = {"8", "9", "10", "11"}
"""Of OpenPGP's digests: SHA-256, -384, -512 and -224."""
_NO_KEY = "9"
_STATES = {
    "EXPKEYSIG": "the key {key} that signed it has expired",
    "EXPSIG": "its signature by {key} has expired",
    "REVKEYSIG": "the key {key} that signed it is revoked",
    "BADSIG": "it is not what {key} signed",
}
_WEAK = "signed itself with SHA-1 or MD5 alone"
_SECONDS = 60


class Unsigned(Exception):
    """The signature does not hold; the text says why."""

    def __init__(self, message: str, *, key: bool = False) -> None:
        super().__init__(message)
        self.key = key
        """Whether another copy of the key could mend it."""


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A text whose signature holds."""

    text: str
    """Of a clear-signed one that alone which is signed."""
    fingerprint: str
    """Of the primary key whose signature it has, or of the first."""


def clear_signed(data: bytes, ring: Ring) -> Signed:
    """Return what is signed in a clear-signed text. Raises Unsigned."""
    text = data.decode("utf-8", "replace")
    if _BEGIN not in text:
        raise Unsigned("it has no signature, where one is expected")
    if _SIGNATURE not in text or _END not in text:
        raise Unsigned("its signature is cut off")
    if not _CLEAR.fullmatch(text) or text.count(_BEGIN) > 1 or text.count(_SIGNATURE) > 1:
        raise Unsigned("it has lines outside of what is signed")
    with tempfile.TemporaryDirectory(prefix="builder-") as name:
        folder = Path(name)
        (folder / "list").write_bytes(data)
        fingerprint = _check(folder, ring, "--output", folder / "text", folder / "list")
        signed = (folder / "text").read_text("utf-8", "replace")
    return Signed(text=signed, fingerprint=fingerprint)


def detached(data: bytes, signature: bytes, ring: Ring) -> Signed:
    """Return the text that a signature of its own file belongs to. Raises Unsigned."""
    with tempfile.TemporaryDirectory(prefix="builder-") as name:
        folder = Path(name)
        (folder / "list").write_bytes(data)
        (folder / "signature").write_bytes(signature)
        fingerprint = _check(folder, ring, folder / "signature", folder / "list")
    return Signed(text=data.decode("utf-8", "replace"), fingerprint=fingerprint)


def _check(folder: Path, ring: Ring, *arguments: str | Path) -> str:
    """Return the primary fingerprint of who signed. All signatures must hold."""
    (folder / "ring").write_bytes(ring.content)
    # A home of its own: gpgv reads options and trusted keys from the user's.
    options = ("--homedir", folder, "--status-fd", "1", "--keyring", folder / "ring")
    done = process.run(["gpgv", *options, *arguments], check=False, seconds=_SECONDS)
    lines = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("[GNUPG:] ")]
    begun = sum(words[:1] == ["NEWSIG"] for words in lines)
    for words in filter(None, lines):
        _refuse(words[0], words[1:], ring, several=begun > 1)
    signers = [words[-1] for words in lines if words[:1] == ["VALIDSIG"]]
    if done.returncode or not signers or len(signers) != begun:
        raise Unsigned("its signature cannot be read")
    return signers[0]


def _refuse(word: str, rest: list[str], ring: Ring, *, several: bool) -> None:
    """Raise Unsigned for a line of gpgv's that says so."""
    key = rest[0] if rest else ""
    if word in _STATES:
        raise Unsigned(_STATES[word].format(key=key), key=word == "EXPKEYSIG")
    if word == "ERRSIG":
        whole = rest[6] if len(rest) > 6 and rest[6] != "-" else key  # noqa: PLR2004  # as in DETAILS
        if len(rest) > 5 and rest[5] == _NO_KEY:  # noqa: PLR2004
            what = "one of its signatures is" if several else "it is signed"
            raise Unsigned(f"{what} by another key, {whole}", key=True)
        _refuse_weak(whole, ring)
        why = f", which has {_WEAK}" if _named(whole, ring.weak) else ", or how it signed"
        raise Unsigned(f"gpgv does not accept the key {whole}{why}", key=True)
    if word == "VALIDSIG":
        if rest[7] not in _STRONG:
            raise Unsigned(f"its signature by {rest[-1]} is of a digest that is no longer safe")
        _refuse_weak(rest[-1], ring)


def _refuse_weak(key: str, ring: Ring) -> None:
    if _named(key, ring.weak - ring.excused):
        raise Unsigned(f"the key {key} that signed it has {_WEAK}, not safe any more", key=True)


def _named(key: str, fingerprints: frozenset[str]) -> bool:
    """Tell whether a key is among others; gpgv may give no more of it than its number."""
    return any(each.endswith(key) for each in fingerprints)
