"""What opens something in a kickstart: found for the linter, hidden in all that is recorded.

Words are split as installers split them, whoever wrote the kickstart, and also where it does not
parse. Sections are looked through, too: a %pre may write lines of a kickstart. What else scripts
hold cannot be known, which is why files with a kickstart's text are their owner's alone.
"""

import re
import shlex
from collections.abc import Iterable, Iterator

import msgspec

MARK = "**masked**"
LOGIN = "a login in a URL"

_OPTIONS = (
    "--activation-key", "--activationkey", "--hw-passphrase", "--md5pass", "--one-time-password",
    "--passphrase", "--password", "--reverse-password", "--wepkey", "--winbindjoin", "--wpakey",
)  # fmt: skip
_BARE = ("rootpw", "sshpw")
"""Commands whose words are the password, but for these options."""
_FLAGS = ("--allow-ssh", "--iscrypted", "--lock", "--plaintext", "--sshkey", "--username")

# A quotation that never ends takes the rest of the line along.
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^ \t\r\n"'\\])+(?:["'\\].*)?|["'\\].*""")
# A proxy needs no scheme.
_LOGIN = re.compile(
    r"""(\b[a-z][a-z0-9+.-]{0,30}://|--pro?x?y?[=\s]\s*["']?)([^\s/"'<>]+)@""", re.IGNORECASE
)
_HASH = re.compile(
    r"\$(?:1|2[abxy]|5|6|7|g?y)(?:\$[./A-Za-z0-9=,]+){1,2}\$[./A-Za-z0-9]{22,}"
    r"|grub\.pbkdf2\.\w+\.\d+\.[0-9A-Fa-f]+\.[0-9A-Fa-f]+"
)
_MEANS_MORE = re.compile(r".{,7}|[A-Za-z]?[a-z]*|[A-Z]*")


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """What opens something, in a line of the command section."""

    line: int
    command: str
    option: str = ""
    """Empty for a command's own words, LOGIN in a URL."""
    value: str
    hashed: bool = False
    """Whether the line calls it so."""

    def __repr__(self) -> str:
        """Say nothing: values end up in logs and tracebacks."""
        return "Secret(…)"


class _Word(msgspec.Struct, frozen=True, kw_only=True):
    begin: int
    end: int
    instead: str
    option: str
    value: str


def secrets(text: str) -> tuple[Secret, ...]:
    """Return what opens something, as far as the syntax tells."""
    commands = (
        (number, line)
        for number, line, scripted in _lines(text)
        if not scripted and not line.lstrip().startswith("#")
    )
    return tuple(found for number, line in commands for found in _of_line(line, number=number))


def mask(text: str) -> str:
    """Return `text` without what opens something; its lines stay the same lines.

    What a command has is hidden where a script repeats it, too, unless it is so short or so plain
    a word that it may well mean something else.
    """
    masked = "".join(_without(line, scripted=scripted) for _, line, scripted in _lines(text))
    masked = _HASH.sub(MARK, _LOGIN.sub(_without_login, masked))
    for value in sorted({each.value for each in secrets(text)}, key=len, reverse=True):
        masked = masked if _MEANS_MORE.fullmatch(value) else masked.replace(value, MARK)
    return masked


def mask_quoted(message: str, secrets: Iterable[Secret]) -> str:
    """Return what a parser says of a line without what it quotes of the line's secrets."""
    for each in secrets:
        message = re.sub(rf"(?<!\w){re.escape(each.value)}(?!\w)", MARK, message)
    # What the parser does not know may be a secret whose option is misspelt.
    message = re.sub(r"(--[\w-]+=)\S+", rf"\1{MARK}", message)
    known, said, words = message.partition("unrecognized arguments: ")
    return known + said + re.sub(r"(?<!\S)(?!--)\S+", MARK, words)


def _lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """Give each line with its number, and whether a section has it."""
    scripted = False
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        first = line.lstrip().split(maxsplit=1)[:1]
        if first and first[0].startswith("%") and first[0] not in ("%include", "%ksappend"):
            scripted = first[0] != "%end"
        yield number, line, scripted


def _of_line(line: str, *, number: int) -> Iterator[Secret]:
    command, *words = [_unquoted(each) for each in _WORD.findall(line)] or [""]
    hashed = any(_meant(each, ("--iscrypted",)) for each in words)
    for word in _opening(line, exactly=False):
        yield Secret(
            line=number, command=command, option=word.option, value=word.value, hashed=hashed
        )
    for scheme, login in _LOGIN.findall(line):
        if _opens(scheme, login):
            value = login.partition(":")[2] or login
            yield Secret(line=number, command=command, option=LOGIN, value=value)


def _without(line: str, *, scripted: bool) -> str:
    for word in reversed(tuple(_opening(line, exactly=scripted))):
        line = line[: word.begin] + word.instead + line[word.end :]
    return line


def _opening(line: str, *, exactly: bool) -> Iterator[_Word]:
    """Give the words of a line that hold a secret; commented out it is one all the same."""
    words = list(_WORD.finditer(line, len(line) - len(line.lstrip(" \t#"))))
    bare = bool(words) and _unquoted(words[0][0]) in _BARE
    waiting = ""
    for found in words[1:]:
        word = _unquoted(found[0])
        name, equals, value = word.partition("=")
        option = _meant(name, _OPTIONS, exactly=exactly)
        if word.startswith("#"):  # the rest is a comment
            return
        if waiting or (bare and not _meant(name, _FLAGS)):
            yield _word(found, option=waiting, value=word)
        elif equals and option:
            yield _word(found, option=option, value=value, begun=f"{name}=")
        waiting = option if not (waiting or equals) else ""


def _word(found: re.Match[str], *, option: str, value: str, begun: str = "") -> _Word:
    begin, end = found.span()
    return _Word(begin=begin, end=end, instead=f"{begun}{MARK}", option=option, value=value)


def _meant(name: str, names: Iterable[str], *, exactly: bool = False) -> str:
    """Return which of `names` is meant: parsers take each beginning of an option for it."""
    name = name.partition("=")[0]
    known = (each for each in names if each.startswith(name) and (each == name or not exactly))
    return next(known, "") if len(name) > len("--") else ""


def _unquoted(word: str) -> str:
    try:
        return "".join(shlex.split(word))
    except ValueError:  # a quotation that never ends
        return word


def _opens(scheme: str, login: str) -> bool:
    """Tell a login from a name alone, as in ssh://git@host; where pages are, it is a token."""
    return ":" in login or scheme.lower().startswith(("http", "ftp", "--"))


def _without_login(found: re.Match[str]) -> str:
    return f"{found[1]}{MARK}@" if _opens(found[1], found[2]) else found[0]
