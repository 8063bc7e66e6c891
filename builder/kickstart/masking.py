"""What opens something in a kickstart: found for the linter, hidden in all that is recorded.

Words are split as installers split them, whoever wrote the kickstart, and also where it does not
parse. Sections are looked through, too: a %pre may write lines of a kickstart. What else scripts
hold cannot be known, which is why files with a kickstart's text are their owner's alone.
"""

import re
from collections.abc import Iterator
from itertools import groupby

import msgspec

from builder.kickstart.names import ARGUMENT, BARE, FLAGS, VALUELESS, begun, meant
from builder.kickstart.told import cut, hidden
from builder.kickstart.words import WORD, anonymous, comment, logins, unquoted
from builder.model.hiding import MARK
from builder.model.octets import readable

LOGIN = "a login in a URL"
KERNEL = "a password for the kernel"

_ENCRYPTING = ("autopart", "logvol", "part", "partition", "raid")
"""Commands to which --pass is a passphrase; to all others it is a password."""
_BARE = re.compile(rf"\W*(?:{'|'.join(BARE)})(?:$|([^\w-])(.*))", re.IGNORECASE | re.DOTALL)

_HASH = re.compile(
    r"\$(?:1|2[abxy]|5|6|7|g?y)(?:\$[./A-Za-z0-9=,]+){1,2}\$[./A-Za-z0-9]{22,}"
    r"|grub\.pbkdf2\.\w+\.\d+\.[0-9A-Fa-f]+\.[0-9A-Fa-f]+"
)
_MEANS_MORE = re.compile(
    r".{,7}|[A-Za-z]?[a-z]*|[A-Z]*|/[\w./-]*|\d{4}-\d\d-\d\d|ssh-(?:rsa|dss|ed25519)"
)


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """What opens something, in a line of the command section."""

    line: int
    command: str
    option: str = ""
    """Empty for a command's own words, LOGIN in a URL, KERNEL for the kernel or the installer."""
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
        (number, line.splitlines()[0])
        for number, line, scripted in lines(text)
        if not scripted and not line.lstrip().startswith("#")
    )
    return tuple(found for number, line in commands for found in _of_line(line, number=number))


def mask(text: str) -> str:
    """Return `text` without what opens something, for people; its lines stay the same lines.

    What a command has is hidden where a script repeats it, too, unless it is so short or so plain
    a word that it may well mean something else.
    """
    text = readable(text)
    for value in sorted({each.value for each in secrets(text)}, key=len, reverse=True):
        text = text.replace(value, MARK) if telling(value) else text
    return _HASH.sub(MARK, "".join(_hiding(text)))


def telling(value: str) -> bool:
    """Tell whether a value means nothing else wherever it is repeated."""
    return not _MEANS_MORE.fullmatch(value)


def lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """Give each line with its number, and whether a section has it.

    Installers in Python 3 end lines at form feeds and more, but editors do not count those.
    """
    scripted, number = False, 1
    for line in text.splitlines(keepends=True):
        first = line.lstrip().split(maxsplit=1)[:1]
        if first and first[0].startswith("%") and first[0] not in ("%include", "%ksappend"):
            scripted = first[0] != "%end"
        yield number, line, scripted
        number += line.endswith("\n")


def _of_line(line: str, *, number: int) -> Iterator[Secret]:
    first, *words = [unquoted(each) for each in WORD.findall(line)] or [""]
    command = re.split(r"\W", first, maxsplit=1)[0].lower()
    hashed = any(begun(each.partition("=")[0], ("--iscrypted",)) for each in words)
    for word in _opening(line):
        option = word.option
        if option == "--password" and command in _ENCRYPTING:  # no more than --pass was written
            option = "--passphrase"
        yield Secret(line=number, command=command, option=option, value=word.value, hashed=hashed)
    known = [line[begin:end] for begin, end in logins(line)]
    known += [each[begin:end] for each in words for begin, end in logins(each, one=True)]
    for login in dict.fromkeys(known):
        value = login.partition(":")[2] or login
        yield Secret(line=number, command=command, option=LOGIN, value=value)


def _hiding(text: str) -> Iterator[str]:
    for kind, parts in groupby(_kinds(text), key=lambda each: each[0]):
        together = [line for _, line in parts]
        if isinstance(kind, str):
            yield cut("".join(together))
        else:
            yield from _commands(together)


def _kinds(text: str) -> Iterator[tuple[str | int, str]]:
    """Give each line with what it belongs to: a section, comments on end, or itself alone.

    Python ends lines at more than others do, as at a form feed: an installer may read on there.
    """
    kind: str | int = 0
    ended = True
    for number, line, scripted in lines(text):
        if ended:
            kind = "comments" if line.lstrip().startswith("#") else number
            kind = "section" if scripted else kind
        ended = line.endswith("\n")
        yield kind, line


def _commands(together: list[str]) -> Iterator[str]:
    opened = False
    for line in together:
        if opened:
            yield hidden(line)
            continue
        (bare,) = line.splitlines()
        at = comment(bare)
        command = _hidden(bare[:at])
        opened = _opened(command)
        # What the password was before, more often than not.
        rest = re.sub(r"[^\s#](?:.*\S)?", MARK, bare[at:]) if opened else cut(bare[at:])
        yield command + rest + line[len(bare) :]


def _opened(command: str) -> bool:
    """Tell whether a command has a secret, or ends where one is due."""
    words = command.split() or [""]
    return MARK in command or words[0] in BARE or bool(meant(words[-1]))


def _hidden(line: str) -> str:
    for word in reversed(tuple(_opening(line))):
        line = line[: word.begin] + word.instead + line[word.end :]
    return anonymous(line)


def _opening(line: str) -> Iterator[_Word]:
    """Give the words of a command that hold a secret.

    Plain words after one belong to it: a space that should be in quotes.
    """
    bare, due, waiting = False, False, ""
    begin = len(line) - len(line.lstrip(" \t"))
    for found in WORD.finditer(line, begin, max(begin, comment(line))):
        word = unquoted(found[0])
        if found.start() == begin and (command := _BARE.match(word)):
            bare = True
            if command[1]:
                yield _word(found, value=command[2], begun=word[: command.start(2)])
            continue
        name, equals, value = (*re.split("([=:])", word, maxsplit=1), "", "")[:3]
        option = meant(name) or (equals and begun(name, VALUELESS) and "--password")
        plain = not word.startswith("-")
        if due or (waiting and plain) or (bare and not option and not begun(name, FLAGS)):
            yield _word(found, option=waiting, value=word)
        elif equals and option:
            yield _word(found, option="" if bare else option, value=value, begun=name + equals)
        elif name[:2] == "-p" and name[2:]:
            yield _word(found, option=option, value=name[2:], begun="-p")
        elif argument := ARGUMENT.search(found[0]):
            yield _argument(found, argument.end())
        due = bool(option and not equals and not due)
        waiting = option or (waiting if plain else "")


def _argument(found: re.Match[str], at: int) -> _Word:
    """Take the arguments after it along: the kernel has quotes of its own."""
    before, rest = found[0][:at], found[0][at:]
    closing = rest[-1:] if rest[-1:] in tuple("\"'") and rest.count(rest[-1:]) % 2 else ""
    value = (unquoted(rest.rstrip("\"'")).split() or [""])[0].strip("\"'")
    option = LOGIN if "://" in before or before.endswith("%") else KERNEL
    begin, end = found.span()
    return _Word(begin=begin + at, end=end, instead=MARK + closing, option=option, value=value)


def _word(found: re.Match[str], *, option: str = "", value: str, begun: str = "") -> _Word:
    begin, end = found.span()
    return _Word(begin=begin, end=end, instead=f"{begun}{MARK}", option=option, value=value)
