"""By which names something that opens something is known, whoever mistyped or quoted them."""

import difflib
import re
from collections.abc import Iterable
from functools import cache

OPTIONS = (
    "--activation-key", "--activationkey", "--hw-passphrase", "--md5pass", "--one-time-password",
    "--password", "--passphrase", "--reverse-password", "--sslclientkey", "--wepkey",
    "--winbindjoin", "--wpakey",
)  # fmt: skip
BARE = ("rootpw", "sshpw")
"""Commands whose words are the password, but for FLAGS."""
FLAGS = ("--allow-ssh", "--iscrypted", "--lock", "--plaintext", "--sshkey", "--username")
VALUELESS = ("--allow-ssh", "--encrypted", "--iscrypted", "--lock", "--plaintext")
"""Options that take no value: one that is given after = was meant as the password."""

_Q = r"""["'\\]*"""
"""Where a name may have quotes that mean nothing."""
_NEAR = 0.85
"""How alike one of OPTIONS a mistyped one is; --sslclientcert is --sslclientkey to 0.83."""


def _quoted(name: str) -> str:
    """Return a pattern for a name in which, and after which, there may be quotes."""
    return "".join(f"{re.escape(each)}{_Q}" for each in name)


def _begun(option: str) -> str:
    """Return a pattern for an option, or a beginning of it, in which there may be quotes."""
    more = ""
    for letter in reversed(option[len("--p") :]):
        more = f"(?:{_quoted(letter)}{more})?"
    return f"{_quoted(option[: len('--p')])}{more}"


def _any(*names: str) -> str:
    return f"(?:{'|'.join(map(_quoted, names))})"


# As in cifspass, inst.vncpassword, rd.nvmf.dhchap_secret, X-Amz-Signature; not in NOPASSWD.
_NAME = "|".join(
    (
        rf"(?<!by)(?<!com)(?<!no){_any('pass', 'passwd')}",
        rf"(?<![a-z]){_quoted('sig')}",
        _any("credential", "passcode", "passphrase", "password", "psk", "pw", "pwd"),
        _any("secret", "set_credential_binary", "signature", "token"),
    )
)
# A gpgkey is public, a hotkey is none.
_KEY = (
    rf"(?:(?<![a-z])|{_any('access', 'account', 'api', 'private', 'secret', 'wep', 'wpa')})"
    + _quoted("key")
)
_USER = r"""(?:--user(?:name)?|(?<!\S)-U)[=\s]*["']?[\w.@\\-]+%(?=\S)"""
"""A user as Samba has it: name%password."""

_TELLING = re.compile(rf"-{{1,2}}[\w.-]*(?:{_NAME}|{_KEY})", re.IGNORECASE)
_NONE = re.compile(r"--no-?pass", re.IGNORECASE)
ARGUMENT = re.compile(rf"(?:{_NAME})[0-9]?{_Q}=|(?:{_KEY})=(?!{_Q}/)|{_USER}", re.IGNORECASE)
"""Begins a secret in a word: an argument of the kernel, a URL's query, options of a mount."""
TOLD = re.compile(
    rf"(?:{_any(*BARE)}|(?:{'|'.join(map(_begun, OPTIONS))})(?![\w-])"
    rf"|{_quoted('--pass')}[\w-]*{_Q}"
    rf"|(?:{_NAME})[0-9]?{_Q}[^\S\n]*(?:=|:(?=[\s\"'\\]))"
    rf"|(?:{_KEY})[^\S\n]*=(?![^\S\n]*{_Q}[=/])|{_USER})=?[^\S\n]*",
    re.IGNORECASE,
)
"""Begins a secret in a line of a kickstart that a script or a comment tells of."""


@cache
def meant(name: str) -> str:
    """Return which of OPTIONS is meant, however mistyped: --password where the name says no more.

    Empty for any other option or word.
    """
    if option := begun(name, OPTIONS):
        return option
    # As --no-password of realm and --nopassword say that there is none.
    if not name.startswith("-") or _NONE.match(name):
        return ""
    near = difflib.get_close_matches(name.lower(), OPTIONS, n=1, cutoff=_NEAR)
    if near:
        return near[0]
    return "--password" if name.startswith("-p") or _TELLING.fullmatch(name) else ""


def begun(name: str, names: Iterable[str]) -> str:
    """Return which of `names` is meant: parsers take each beginning of an option for it."""
    known = (each for each in names if each.startswith(name))
    return next(known, "") if len(name) > len("--") else ""
