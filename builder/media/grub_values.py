"""Variables of GRUB's shell: all the values that they may have, where a script leaves that open."""

import re
from collections.abc import Iterator
from itertools import product

from builder.media.grub_shell import Piece, Word

Values = frozenset[str | None]
"""What something may come to; None for what cannot be told."""
UNKNOWN: Values = frozenset({None})
_UNSET: Values = frozenset({""})
_MOST = 16


class Variables:
    """The variables at one moment of a script."""

    def __init__(self, **values: str) -> None:
        self._values = {name: frozenset[str | None]({value}) for name, value in values.items()}
        self._unset = _UNSET

    def copy(self) -> "Variables":
        """Return the same variables, to be changed apart."""
        result = Variables()
        result._values, result._unset = dict(self._values), self._unset
        return result

    def get(self, name: str) -> Values:
        """Return what it may be: nothing where no command has set it."""
        return self._values.get(name, self._unset)

    def put(self, name: str, values: Values, *, sure: bool) -> None:
        """Give it a value, or, in a branch that may not be taken, one more."""
        self._values[name] = values if sure else values | self.get(name)

    def loaded(self) -> None:
        """Take note of a command that may have set any: load_env, read."""
        self._unset = UNKNOWN

    def expand(self, word: Word) -> Values:
        """Return what a word may come to."""
        parts = [self.get(each.text) if each.variable else {each.text} for each in word.pieces]
        found: set[str | None] = set()
        for count, each in enumerate(product(*parts)):
            if count == _MOST:
                return UNKNOWN
            texts = [text for text in each if text is not None]
            found.add("".join(texts) if len(texts) == len(each) else None)
        return frozenset(found)

    def arguments(self, words: tuple[Word, ...]) -> tuple[str, ...] | None:
        """Return the arguments that a command gets; None where they cannot be told."""
        found: list[str] = []
        for word in words:
            fields = list(self._fields(word))
            if None in fields:
                return None
            found += [each for each in fields if each is not None]
        return tuple(found)

    def _fields(self, word: Word) -> Iterator[str | None]:
        """Yield the fields of a word: a variable that is not quoted may hold several, or none."""
        field: str | None = None
        for piece in word.pieces:
            texts = self._pieces(piece)
            if texts is None:
                yield None
                return
            for number, text in enumerate(texts):
                if number:
                    if field is not None:
                        yield field
                    field = None
                if text or piece.quoted or not piece.variable:
                    field = (field or "") + text
        if field is not None:
            yield field

    def _pieces(self, piece: Piece) -> list[str] | None:
        if not piece.variable:
            return [piece.text]
        found = self.get(piece.text)
        (value,) = found if len(found) == 1 else (None,)
        if value is None:
            return None
        return [value] if piece.quoted else re.split(r"[ \t\n]+", value)
