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

_PARTED = re.compile(r"""["'\])}]*\s*[=:]\s*""")
"""What may part a value from its name."""
_LOGIN = re.compile(r"[^\s:%]*[:%](\S+)")
_AFTER = "\"'`;,|&)]}>"
_ENDS = tuple(";|&<>")
_QUOTE = re.compile("[\"'`]")
_TOKEN = re.compile(r"""[;|&<>]|"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'`;|&<>(){}]+""")
_AROUND = re.compile(r"""[\s"'`=;|&<>(){}]+""")


def hiding(kickstart: str) -> Hiding:
    """Return what takes out of a text whatever `mask` takes out of the kickstart.

    The values in it, too, however they are quoted, unless they are so plain that they may well
    mean something else, or the record shows them elsewhere.
    """
    record = mask(kickstart)
    lines = zip(kickstart.split("\n"), record.split("\n"), strict=True)
    parts = {part for line, shown in lines for part in _hidden(line, shown)}
    values = {each for part in parts for each in (part, *_values(part))}
    values.update(*((each.value, *each.value.split()) for each in secrets(kickstart)))
    spelt = {spelling for each in values for spelling in _spellings(each)}
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
    """Yield the secrets alone: of a script all is hidden to the line's end, and names on the way.

    What merely follows a command may be the very word that tells of its failure.
    """
    if login := _LOGIN.fullmatch(part):
        yield login[1]
    for begin in (0, *(found.end() for found in TOLD.finditer(part))):
        rest = part[begin:]
        parted = _PARTED.match(rest)
        rest = rest[parted.end() :] if parted else rest
        if rest.lstrip('"').startswith(("$(", "`")):  # a trace has what the command says
            yield from filter(_is_value, _AROUND.split(rest))
        else:
            yield from filter(_is_value, _words(rest))


def _words(text: str) -> Iterator[str]:
    """Yield the words of a command, which may stand in a quotation that began before them."""
    for found in WORD.finditer(text):
        word = found[0]
        if word[0] != "-":
            yield from (word, word.rstrip(_AFTER), _QUOTE.split(word)[0])
            break
    for token in _TOKEN.finditer(text):
        if token[0] in _ENDS:
            break
        yield token[0]


def _is_value(word: str) -> bool:
    """Tell a value from an option, and from an address, of which the login alone is a secret."""
    return word[:1] != "-" and "://" not in word


def _spellings(value: str) -> Iterator[str]:
    """Yield a value as files, shells, traces of bash, JSON and URLs have it."""
    for each in (value, value.strip("\"'"), unquoted(value)):
        yield from (each, unquote(each), json.dumps(each)[1:-1])
        yield from (json.dumps(each, ensure_ascii=False)[1:-1], each.replace("'", r"'\''"))
