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

OPTIONS = (
    "--activation-key", "--activationkey", "--hw-passphrase", "--md5pass", "--one-time-password",
    "--password", "--passphrase", "--reverse-password", "--sslclientkey", "--wepkey",
    "--winbindjoin", "--wpakey",
)  # fmt: skip
_ENCRYPTING = ("autopart", "logvol", "part", "partition", "raid")
"""Commands to which --pass is a passphrase; to all others it is a password."""
BARE = ("rootpw", "sshpw")
"""Commands whose words are the password, but for these options."""
_AROUND = "\"',:=("
"""What may stand between such a command and its password where a script has them."""
_FLAGS = ("--allow-ssh", "--iscrypted", "--lock", "--plaintext", "--sshkey", "--username")

# A quotation that never ends takes the rest of the line along.
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^ \t\r\n"'\\])+(?:["'\\].*)?|["'\\].*""")
_QUOTATION = re.compile(r""""(?:\\.|[^"\\])*"|'[^']*'|\\.|["'\\].*""")
_SCHEME = r"\b[a-z][a-z0-9+.-]{0,30}://"
# A proxy needs no scheme.
_URL = re.compile(
    rf"""{_SCHEME}|--pro?x?y?["']?[=\s](?!\s*["']?{_SCHEME})\s*["']?""", re.IGNORECASE
)
_HOST = re.compile(r"(?:\[[^]]*\]|[\w.-]*)(?::\d+)?/")


def _quoted(*names: str) -> str:
    """Return a pattern for names in which, and after which, there may be quotes."""
    return "|".join("".join(rf"""{re.escape(each)}["'\\]*""" for each in name) for name in names)


_OPTION = rf"""{_quoted(*OPTIONS)}|{_quoted("--pas")}s[\w"'\\]*"""
_TOLD = re.compile(rf"(?:{_quoted(*BARE)}|{_OPTION})(?:=|\s|\\t)\s*")
"""Begins a secret in a line of a kickstart that a script or a comment quotes."""
_ENDS = re.compile(rf"(?:{_OPTION})$")
"""Ends what a script quotes: the secret is the next word."""
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
    masked = _HASH.sub(MARK, masked)
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
    command, *words = [_unquoted(each) for each in _WORD.findall(line)] or [""]
    hashed = any(_meant(each, ("--iscrypted",)) for each in words)
    for word in _opening(line):
        option = word.option
        if option == "--password" and command in _ENCRYPTING:  # no more than --pass was written
            option = "--passphrase"
        yield Secret(line=number, command=command, option=option, value=word.value, hashed=hashed)
    logins = [line[begin:end] for begin, end in _logins(line)]
    logins += [each[begin:end] for each in words for begin, end in _logins(each, one=True)]
    for login in dict.fromkeys(logins):
        value = login.partition(":")[2] or login
        yield Secret(line=number, command=command, option=LOGIN, value=value)


def _without(line: str, *, scripted: bool) -> str:
    if scripted or line.lstrip().startswith("#"):
        return _hidden(line, exactly=scripted, told=True)
    at = _comment(line)
    command = _hidden(line[:at])
    comment = _hidden(line[at:], told=True)
    if MARK in command or command.split(maxsplit=1)[:1] in ([each] for each in BARE):
        # What the password was before, more often than not.
        comment = re.sub(r"[^\s#](?:.*\S)?", MARK, comment, count=1)
    return command + comment


def _hidden(line: str, *, exactly: bool = False, told: bool = False) -> str:
    for word in reversed(tuple(_opening(line, exactly=exactly, told=told))):
        line = line[: word.begin] + word.instead + line[word.end :]
    return _anonymous(line)


def _opening(line: str, *, exactly: bool = False, told: bool = False) -> Iterator[_Word]:
    """Give the words of a line that hold a secret; commented out it is one all the same.

    Where a line of a kickstart is but told of, it may begin anywhere, or be a word in quotes.
    """
    bare, waiting = False, ""
    begin = len(line) - len(line.lstrip(" \t#"))
    for found in _WORD.finditer(line, begin, len(line) if told else max(begin, _comment(line))):
        word = _unquoted(found[0])
        name, equals, value = word.partition("=")
        option = _meant(name, OPTIONS, exactly=exactly)
        if waiting or (bare and not _meant(name, _FLAGS)):
            yield _word(found, option=waiting, value=word)
        elif equals and option:
            yield _word(found, option=option, value=value, begun=f"{name}=")
        elif told and (inner := _TOLD.search(found[0])):
            yield _told(found, inner.end())
        waiting = option if not (waiting or equals) else ""
        if told and _ENDS.search(found[0]):
            waiting = waiting or "--password"
        if told:
            bare = bare or word.rstrip(_AROUND).endswith(BARE)
        elif found.start() == begin:
            bare = word in BARE


def _comment(line: str) -> int:
    """Return where a line's comment begins: a # in quotes begins none, one within a word does."""
    for found in _WORD.finditer(line):
        if "#" in _QUOTATION.sub("", found[0]):
            return found.start() if found[0].startswith("#") else found.end()
    return len(line)


def _told(found: re.Match[str], at: int) -> _Word:
    """Take all of a quotation: what quotes mean in it, only its script knows."""
    begin, end = found.span()
    closing = found[0][-1] if found[0][-1] in "\"'" else ""
    return _Word(begin=begin + at, end=end, instead=MARK + closing, option="", value="")


def _word(found: re.Match[str], *, option: str, value: str, begun: str = "") -> _Word:
    begin, end = found.span()
    return _Word(begin=begin, end=end, instead=f"{begun}{MARK}", option=option, value=value)


def _meant(name: str, names: Iterable[str], *, exactly: bool = False) -> str:
    """Return which of `names` is meant: parsers take each beginning of an option for it."""
    name = name.partition("=")[0]
    if exactly and not name.startswith("--pass"):
        return name if name in names else ""
    known = (each for each in names if each.startswith(name))
    return next(known, "") if len(name) > len("--") else ""


def _unquoted(word: str) -> str:
    try:
        return "".join(shlex.split(word))
    except ValueError:  # a quotation that never ends
        return word


def _anonymous(line: str, *, one: bool = False) -> str:
    for found in () if one else reversed(tuple(_WORD.finditer(line))):
        word = _unquoted(found[0])
        if any(_logins(word, one=True)) and not any(_logins(found[0])):  # quotes within
            line = line[: found.start()] + _anonymous(word, one=True) + line[found.end() :]
    for begin, end in reversed(tuple(_logins(line, one=one))):
        line = line[:begin] + MARK + line[end:]
    return line


def _logins(line: str, *, one: bool = False) -> Iterator[tuple[int, int]]:
    """Give where the logins of URLs begin and end; in one word spaces part nothing."""
    done = 0
    for found in _URL.finditer(line):
        begin = found.end()
        login = _login(line, begin, one=one) if begin >= done else ""
        if login and _opens(found[0], login):
            done = begin + len(login)
            yield begin, done


def _login(line: str, begin: int, *, one: bool) -> str:
    if "@" not in line[begin:] or _HOST.match(line, begin):
        return ""
    words = [] if one else [each for each in _WORD.finditer(line) if each.end() > begin]
    end = words[0].end() if words else len(line)
    word = line[begin:end]
    for each in words[1:]:  # a space that should be in quotes
        if each[0].startswith(("-", "#")) or "://" in each[0]:
            break
        end = each.end()
    login = line[begin:end].rpartition("@")[0]
    return login if ":" in login else word.partition("/")[0].rpartition("@")[0]


def _opens(scheme: str, login: str) -> bool:
    """Tell a login from a name alone, as in ssh://git@host; where pages are, it is a token."""
    return ":" in login or scheme.lower().startswith(("http", "ftp", "--"))
