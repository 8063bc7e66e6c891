"""What takes secrets out of texts, once it is known which they are."""

import re
from collections.abc import Iterable

MARK = "**masked**"
"""What stands in the place of a secret."""


class Hiding:
    """Takes words out of texts: where one is part of another, the longer one."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        longest = sorted({each.encode(errors="surrogateescape") for each in words}, key=len)[::-1]
        pattern = b"|".join(map(re.escape, longest)) or rb"(?!)"
        self._bytes = re.compile(pattern)
        self._text = re.compile(pattern.decode(errors="surrogateescape"))

    def __call__(self, text: str) -> str:
        """Return a text with MARK where the words were."""
        return self._text.sub(MARK, text)

    def blank(self, data: bytes) -> bytes:
        """Return a text in UTF-8, as long as it was, with stars where the words were."""
        return self._bytes.sub(lambda found: b"*" * len(found[0]), data)


NOTHING = Hiding()
"""Takes nothing out."""
