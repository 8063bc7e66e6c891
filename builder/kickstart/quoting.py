"""What a parser says of a line, without what it quotes of the line's secrets."""

import ast
import re
from collections.abc import Iterable
from functools import cache

from pykickstart.handlers.control import commandMap

from builder.kickstart.masking import Secret
from builder.model.hiding import MARK

_NAMED = r"(Unknown (?:command:?|kickstart section:) %?+[a-z_]*+|ignored explicit argument )"
"""Says that what comes after it is unknown; a command and a section are shown by their names."""
_LISTED = re.compile(r"(Unexpected arguments[^:]*: )(.*)", re.DOTALL)
"""What some commands say of words that they do not know, as Python writes a list of them."""
_OPTION = re.compile(r"(--[a-z-]+)(?:=|$)")
_UNKNOWN = re.compile(r"^(?:unrecognized|Unexpected) arguments")
_HINT = " (another --syntax knows it)"


def quoted(message: str, known: Iterable[Secret]) -> str:
    """Return a parser's message without the values that it quotes: options keep their names."""
    values = {shown for each in known for shown in (each.value, repr(each.value)[1:-1]) if shown}
    for value in sorted(values, key=len, reverse=True):
        message = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", MARK, message)
    message = _LISTED.sub(_of_list, message)
    # What the parser does not know may be a secret whose option is misspelt.
    message = re.sub(r"(--(?!type=)[\w-]+=)\S+", rf"\1{MARK}", message)
    # So may be all of which it only knows that it stands at a wrong place.
    message = re.sub(rf"{_NAMED}.+", rf"\1{MARK}", message, flags=re.DOTALL)
    before, said, words = message.partition("unrecognized arguments: ")
    words, hint, rest = words.partition(_HINT)
    shown = re.sub(r"(?<!\S)(?!--[a-z-]+(?:[=\s]|$))\S+", MARK, words)
    return before + said + shown + hint + rest


def elsewhere(message: str, command: str) -> str:
    """Return a message, and that of another version the command has an option that is unknown."""
    if not _UNKNOWN.match(message):
        return message
    named = re.findall(r"(?<![\w-])--[a-z0-9-]+", message)
    return message + _HINT if set(named) & _options(command) else message


@cache
def _options(command: str) -> frozenset[str]:
    """Return all options that any version's command has."""
    kinds = {known[command] for known in commandMap.values() if command in known}
    parsers = [getattr(kind(), "op", None) for kind in kinds]
    actions = [each for parser in parsers if parser for each in parser._actions]  # noqa: SLF001
    return frozenset(name for each in actions for name in each.option_strings)


def _of_list(found: re.Match[str]) -> str:
    """Return a list of words with the names of options alone."""
    listed, hint, _ = found[2].partition(_HINT)
    try:
        words = ast.literal_eval(listed)
    except (ValueError, SyntaxError):  # something in it is hidden already
        return found[1] + MARK + hint
    return found[1] + " ".join(map(_of_word, words)) + hint


def _of_word(word: str) -> str:
    option = _OPTION.match(word)
    if not option:
        return MARK
    return option[1] + (f"={MARK}" if "=" in word else "")
