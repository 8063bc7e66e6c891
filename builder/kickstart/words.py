"""The words of a line, as installers split it, and the logins of URLs in them."""

import re
import shlex
from bisect import bisect_right
from collections.abc import Iterator

from builder.model.hiding import MARK

# A quotation that never ends takes the rest of the line along.
WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^ \t\r\n"'\\])+(?:["'\\].*)?|["'\\].*""")
_QUOTATION = re.compile(r""""(?:\\.|[^"\\])*"|'[^']*'|\\.|["'\\].*""")
_SCHEME = r"\b[a-z][a-z0-9+.-]{0,30}://"
# A proxy needs no scheme, and the initramfs has one of its own for the root on a network.
_URL = re.compile(
    rf"""{_SCHEME}|(?:--pro?x?y?|\bproxy)["']?[=\s](?!\s*["']?{_SCHEME})\s*["']?"""
    r"|\b\w*root=[a-z]\w*:(?!//)",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:\[[^]]*\]|[\w.-]*)(?::\d+)?/")


def unquoted(word: str) -> str:
    """Return a word without its quotes; as it is, if a quotation never ends."""
    try:
        return "".join(shlex.split(word))
    except ValueError:
        return word


def comment(line: str) -> int:
    """Return where a line's comment begins: a # in quotes begins none, one within a word does."""
    for found in WORD.finditer(line):
        if "#" in _QUOTATION.sub("", found[0]):
            return found.start() if found[0].startswith("#") else found.end()
    return len(line)


def anonymous(line: str, *, one: bool = False) -> str:
    """Return a line without the logins of its URLs; `one` as for `logins`."""
    for found in () if one else reversed(tuple(WORD.finditer(line))):
        word = unquoted(found[0])
        if any(logins(word, one=True)) and not any(logins(found[0])):  # quotes within
            line = line[: found.start()] + anonymous(word, one=True) + line[found.end() :]
    for begin, end in reversed(tuple(logins(line, one=one))):
        line = line[:begin] + MARK + line[end:]
    return line


def logins(line: str, *, one: bool = False) -> Iterator[tuple[int, int]]:
    """Give where the logins of URLs begin and end; in one word spaces part nothing."""
    done = 0
    words = [] if one else [*WORD.finditer(line)]
    ends = [each.end() for each in words]
    for found in _URL.finditer(line):
        begin = found.end()
        later = words[bisect_right(ends, begin) :]
        login = _login(line, begin, later) if begin >= done else ""
        if login and _opens(found[0], login):
            done = begin + len(login)
            yield begin, done


def _login(line: str, begin: int, words: list[re.Match[str]]) -> str:
    """Return the login that begins somewhere; `words` are those that end behind it, if it has."""
    if line.find("@", begin) < 0 or _HOST.match(line, begin):
        return ""
    end = words[0].end() if words else len(line)
    word = line[begin:end]
    for each in words[1:]:  # a space that should be in quotes
        if each[0].startswith(("-", "#")) or "://" in each[0]:
            break
        end = each.end()
    login = line[begin:end].rpartition("@")[0]
    return login if ":" in login else word.partition("/")[0].rpartition("@")[0]


def _opens(scheme: str, login: str) -> bool:
    """Tell a login from a name alone, as in ssh://git@host; where pages or roots are, it opens."""
    return (
        ":" in login
        or scheme.lower().startswith(("http", "ftp", "--", "proxy"))
        or "root=" in scheme
    )
