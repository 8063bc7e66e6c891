"""What takes secrets out of texts, once it is known which they are."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

MARK = "**masked**"
"""What stands in the place of a secret."""


class Hiding:
    """Takes words out of texts: where one is part of another, the longer one."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        pattern = _any(sorted({*words} - {""}, reverse=True)) or "(?!)"
        self._text = re.compile(pattern)
        self._bytes = re.compile(pattern.encode(errors="surrogateescape"))

    def __call__(self, text: str) -> str:
        """Return a text with MARK where the words were."""
        return self._text.sub(MARK, text)

    def blank(self, data: bytes) -> bytes:
        """Return a text in UTF-8, as long as it was, with stars where the words were."""
        return self._bytes.sub(lambda found: b"*" * len(found[0]), data)


def _any(words: Sequence[str], depth: int = 4) -> str:
    """Return a pattern of the words, what is longer first; in order, they share what they begin by.

    So that a letter of a text is held against a few of thousands of words only.
    """
    if not depth or len(words) == 1:
        return "|".join(map(re.escape, words))
    parts = []
    for first, group in groupby(words, key=lambda each: each[:1]):
        rest = _any([each[1:] for each in group], depth - 1)
        parts.append(f"{re.escape(first)}(?:{rest})")
    return "|".join(parts)


NOTHING = Hiding()
"""Takes nothing out."""
