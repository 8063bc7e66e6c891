"""What opens something in a kickstart: found for the linter, hidden in all that is recorded.

Words are split as installers split them, whoever wrote the kickstart, and also where it does not
parse. Sections are looked through, too: a %pre may write lines of a kickstart. What else scripts
hold cannot be known, which is why files with a kickstart's text are their owner's alone.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from builder.kickstart.words import MARK, WORD, anonymous, logins, unquoted

LOGIN = "a login in a URL"
ARGUMENT = "a password for the kernel"

OPTIONS = (
    "--activation-key", "--activationkey", "--hw-passphrase", "--md5pass", "--one-time-password",
    "--password", "--passphrase", "--reverse-password", "--sslclientkey", "--wepkey",
    "--winbindjoin", "--wpakey",
)  # fmt: skip
_ENCRYPTING = ("autopart", "logvol", "part", "partition", "raid")
"""Commands to which --pass is a passphrase; to all others it is a password."""
BARE = ("rootpw", "sshpw")
"""Commands whose words are the password, but for these options."""
_BARE = re.compile(rf"({'|'.join(BARE)})(?:$|([^\w-])(.*))", re.IGNORECASE | re.DOTALL)
_FLAGS = ("--allow-ssh", "--iscrypted", "--lock", "--plaintext", "--sshkey", "--username")
_VALUELESS = ("--allow-ssh", "--encrypted", "--iscrypted", "--lock", "--plaintext")
"""Options that take no value: one that is given after = was meant as the password."""

_QUOTATION = re.compile(r""""(?:\\.|[^"\\])*"|'[^']*'|\\.|["'\\].*""")
_Q = r"""["'\\]*"""
"""Where a name may have quotes that mean nothing."""


def _quoted(name: str) -> str:
    """Return a pattern for a name in which, and after which, there may be quotes."""
    return "".join(f"{re.escape(each)}{_Q}" for each in name)


def _begun(option: str) -> str:
    """Return a pattern for an option, or a beginning of it, in which there may be quotes."""
    more = ""
    for letter in reversed(option[len("--p") :]):
        more = f"(?:{_quoted(letter)}{more})?"
    return f"{_quoted(option[: len('--p')])}{more}"


# As in inst.vncpassword=, rd.iscsi.password=, systemd.set_credential=.
_ARGUMENT = (
    rf"(?:{'|'.join(map(_quoted, ('password', 'passwd', 'passphrase')))}"
    rf"|{_quoted('set_credential')}(?:{_quoted('_binary')})?)="
)
_KERNEL = re.compile(_ARGUMENT, re.IGNORECASE)
"""Begins a secret among a kernel's arguments, which are one word of a kickstart."""
_TOLD = re.compile(
    rf"(?:(?:{'|'.join(map(_quoted, BARE))})|(?:{'|'.join(map(_begun, OPTIONS))})(?![\w-])"
    rf"|{_quoted('--pass')}[\w-]*{_Q}|{_ARGUMENT})=?\s*",
    re.IGNORECASE,
)
"""Begins a secret in a line of a kickstart that a script or a comment tells of."""
_HASH = re.compile(
    r"\$(?:1|2[abxy]|5|6|7|g?y)(?:\$[./A-Za-z0-9=,]+){1,2}\$[./A-Za-z0-9]{22,}"
    r"|grub\.pbkdf2\.\w+\.\d+\.[0-9A-Fa-f]+\.[0-9A-Fa-f]+"
)
_MEANS_MORE = re.compile(r".{,7}|[A-Za-z]?[a-z]*|[A-Z]*|/[\w./-]*")


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """What opens something, in a line of the command section."""

    line: int
    command: str
    option: str = ""
    """Empty for a command's own words, LOGIN in a URL, ARGUMENT for the kernel or the installer."""
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
    masked = _HASH.sub(MARK, "".join(_hiding(text)))
    for value in sorted({each.value for each in secrets(text)}, key=len, reverse=True):
        masked = masked if _MEANS_MORE.fullmatch(value) else masked.replace(value, MARK)
    return masked


def _lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """Give each line with its number, and whether a section has it."""
    scripted = False
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        first = line.lstrip().split(maxsplit=1)[:1]
        if first and first[0].startswith("%") and first[0] not in ("%include", "%ksappend"):
            scripted = first[0] != "%end"
        yield number, line, scripted


def _of_line(line: str, *, number: int) -> Iterator[Secret]:
    first, *words = [unquoted(each) for each in WORD.findall(line)] or [""]
    command = re.split(r"\W", first, maxsplit=1)[0].lower()
    hashed = any(_meant(each.partition("=")[0], ("--iscrypted",)) for each in words)
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
    """Give each line without its secrets, nor that which a script's line before it ends before."""
    due = False
    for _, line, scripted in _lines(text):
        due = due and scripted
        yield (
            re.sub(r"\S(?:.*\S)?", MARK, line, count=1)
            if due
            else _without(line, scripted=scripted)
        )
        found = _TOLD.search(line) if scripted else None
        rest = line[found.end() :].rstrip() if found else ""
        due = rest.endswith("\\") or bool(found and not re.search(r"\w", rest))


def _without(line: str, *, scripted: bool) -> str:
    if scripted or line.lstrip().startswith("#"):
        return _cut(line)
    at = _comment(line)
    command, comment = _hidden(line[:at]), _cut(line[at:])
    if MARK in command or command.split(maxsplit=1)[:1] in ([each] for each in BARE):
        # What the password was before, more often than not.
        comment = re.sub(r"[^\s#](?:.*\S)?", MARK, comment, count=1)
    return command + comment


def _hidden(line: str) -> str:
    for word in reversed(tuple(_opening(line))):
        line = line[: word.begin] + word.instead + line[word.end :]
    return anonymous(line)


def _cut(line: str) -> str:
    """Hide the rest of a line that tells of a secret: how it is put together, only scripts know."""
    found = _TOLD.search(line)
    if found is None or not line[found.end() :].strip():
        return anonymous(line)
    ending = line[len(line.rstrip("\r\n")) :]
    return anonymous(line[: found.end()]) + MARK + ending


def _opening(line: str) -> Iterator[_Word]:
    """Give the words of a command that hold a secret.

    Plain words after one belong to it: a space that should be in quotes.
    """
    bare, due, waiting = False, False, ""
    begin = len(line) - len(line.lstrip(" \t"))
    for found in WORD.finditer(line, begin, max(begin, _comment(line))):
        word = unquoted(found[0])
        if found.start() == begin and (command := _BARE.match(word)):
            bare = True
            if command[2]:
                yield _word(found, value=command[3], begun=command[1] + command[2])
            continue
        name, equals, value = word.partition("=")
        option = _meant(name, OPTIONS) or (equals and _meant(name, _VALUELESS) and "--password")
        plain = not word.startswith("-")
        if due or (waiting and plain) or (bare and not option and not _meant(name, _FLAGS)):
            yield _word(found, option=waiting, value=word)
        elif equals and option:
            yield _word(found, option="" if bare else option, value=value, begun=f"{name}=")
        elif argument := _KERNEL.search(found[0]):
            yield _argument(found, argument.end())
        due = bool(option and not equals and not due)
        waiting = option or (waiting if plain else "")


def _comment(line: str) -> int:
    """Return where a line's comment begins: a # in quotes begins none, one within a word does."""
    for found in WORD.finditer(line):
        if "#" in _QUOTATION.sub("", found[0]):
            return found.start() if found[0].startswith("#") else found.end()
    return len(line)


def _argument(found: re.Match[str], at: int) -> _Word:
    """Take the arguments after it along: the kernel has quotes of its own."""
    rest = found[0][at:]
    closing = rest[-1:] if rest[-1:] in tuple("\"'") and rest.count(rest[-1:]) % 2 else ""
    value = (unquoted(rest.rstrip("\"'")).split() or [""])[0].strip("\"'")
    begin, end = found.span()
    instead = MARK + closing
    return _Word(begin=begin + at, end=end, instead=instead, option=ARGUMENT, value=value)


def _word(found: re.Match[str], *, option: str = "", value: str, begun: str = "") -> _Word:
    begin, end = found.span()
    return _Word(begin=begin, end=end, instead=f"{begun}{MARK}", option=option, value=value)


def _meant(name: str, names: Iterable[str]) -> str:
    """Return which of `names` is meant: parsers take each beginning of an option for it."""
    known = (each for each in names if each.startswith(name))
    return next(known, "") if len(name) > len("--") else ""
