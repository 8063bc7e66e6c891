"""What the record of a kickstart hides, hidden as well in all that is said of its installation.

Installers quote the line that they cannot read, scripts print what they do (set -x), kernels their
command line.
"""

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote

from builder.kickstart.masking import mask, secrets, telling
from builder.kickstart.names import TOLD
from builder.kickstart.words import WORD, unquoted
from builder.model.hiding import MARK, Hiding
from builder.model.octets import readable

_LONGEST = 256
"""Letters of a word that is hidden as one; longer ones, such as a file in base64, are in pieces."""
_PARTED = re.compile(r"""["'\])}]*\s*[=:]\s*""")
"""What may part a value from its name."""
_AFTER = "\"'`;,|&)]}>"
_QUOTES = tuple("\"'`")
_QUOTE = re.compile("[\"'`]")
_ENDS = tuple(";|&<>")
"""End a command, or the words of it that may be values."""
_TOKEN = re.compile(
    r"""[;|&<>`]|\$\(|"(?:\\.|[^"\\])*"|'[^']*'|(?:\\.|\$(?!\()|[^\s"'`;|&<>\\$])+"""
)
_PARTS = re.compile(r"""[\s"'`=;|&<>(){}\[\],$\\%]+|:[-=?+]?""")
_ESCAPED = re.compile(r"""\\([$`"\\])""")
"""What a backslash keeps from its meaning in bash's double quotes; shlex knows but two of them."""


def hiding(kickstart: str) -> Hiding:
    """Return what takes out of a text whatever `mask` takes out of the kickstart.

    The values in it, too, however they are quoted, unless they are so plain that they may well
    mean something else, or the record shows them elsewhere.
    """
    kickstart = readable(kickstart)
    record = mask(kickstart)
    lines = zip(kickstart.split("\n"), record.split("\n"), strict=True)
    parts = {part for line, shown in lines for part in _hidden(line, shown)}
    values = {each for part in parts for each in (part, *_values(part))}
    values.update(*((each.value, *each.value.split()) for each in secrets(kickstart)))
    pieces = {piece for each in values for piece in _pieces(each)}
    spelt = {spelling for each in pieces for spelling in _spellings(each)}
    return Hiding(each for each in spelt if telling(each) and each not in record)


def _hidden(line: str, shown: str) -> Iterator[str]:
    """Yield what of a line is not shown."""
    first, *between = shown.split(MARK)
    at = len(first)
    for number, part in enumerate(between, 1):
        end = len(line) - len(part) if number == len(between) else line.find(part, at)
        yield line[at:end].strip()
        at = end + len(part)


def _values(part: str) -> Iterator[str]:
    """Yield what may be a secret alone: in scripts all is hidden from its name to the line's end.

    Options with their values, addresses, and what other commands of the line are called and take
    may be what tells of a failure.
    """
    known = set[tuple[int, str, bool]]()
    for begin in (0, *(found.end() for found in TOLD.finditer(part))):
        parted = _PARTED.match(part, begin)
        at = parted.end() if parted else begin
        words = (each[0] for each in WORD.finditer(part, at))
        word = next((each for each in words if each[0] != "-"), "")
        yield _QUOTE.split(word)[0]
        if len(word) <= _LONGEST:  # a longer one ends with the line: the others tell more of it
            yield from (word, word.rstrip(_AFTER))
        yield from _others(part, at, known)


def _others(text: str, at: int, known: set[tuple[int, str, bool]]) -> Iterator[str]:
    """Yield the parts of a command's further words, and of quotations and values after it.

    `known` are the places from which on all is yielded: a line may name a thousand secrets.
    """
    before, later = "", False
    for found in _TOKEN.finditer(text, at):
        token = found[0]
        later = later or token in _ENDS
        state = (found.start(), before, later)
        if state in known:
            return
        known.add(state)
        plain = token[0] not in _QUOTES and "=" not in token
        if _may_be_secret(token, before) and not (plain and (later or before in ("$(", "`"))):
            yield from (token, *_PARTS.split(token))
        before = token


def _may_be_secret(token: str, before: str) -> bool:
    """Tell what may be a secret from options, their values, and addresses."""
    of_option = before.startswith("--") and "=" not in before
    return token[0] != "-" and "://" not in token and not of_option


def _pieces(value: str) -> Iterator[str]:
    """Yield a value in equal parts: with a short one at its end, that would be shown."""
    length = -(-len(value) // -(-len(value) // _LONGEST or 1)) or 1
    yield from (value[at : at + length] for at in range(0, len(value), length))


def _spellings(value: str) -> Iterator[str]:
    """Yield a value as files, shells, traces of bash, Python, JSON and URLs have it."""
    bare = value.strip("\"'")
    for each in (value, bare, unquoted(value), _ESCAPED.sub(r"\1", bare)):
        yield from (each, unquote(each), each.replace("'", r"'\''"), _octal(each))
        yield from (json.dumps(each)[1:-1], json.dumps(each, ensure_ascii=False)[1:-1])
        yield each.encode("unicode_escape").decode()


def _octal(value: str) -> str:
    """Return a value as bash has it that knows no more than ASCII."""
    encoded = value.encode(errors="surrogateescape")
    return "".join(chr(each) if chr(each).isascii() else f"\\{each:o}" for each in encoded)
