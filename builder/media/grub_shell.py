"""GRUB's shell as text: where its commands and words are, as GRUB 2 itself splits them.

By the lexer of GRUB 2.06: a backslash at the end of a line joins it with the next one, comments
begin where a word could, braces stand alone, and carriage returns are dropped.
"""

import re
from collections.abc import Iterator

import msgspec

_TOKEN = re.compile(
    r"""
    (?P<unknown>[&|<>]+|;;)
    |(?P<end>[\n;])
    |(?P<brace>[{}])
    |(?P<comment>\#[^\n]*)
    |(?P<blank>(?:[ \t\r\f\v]|\\\r?\n)+)
    |(?P<word>(?:\\\r?\n|\\(?s:.)|'[^']*'|"(?:\\(?s:.)|[^"\\])*"|\$\{[^}\n]*\}|\$[\w?*@\#]
        |[^\s;&|<>{}'"\\$])+)
    """,
    re.VERBOSE,
)
_PIECE = re.compile(
    r"""
    (?P<joined>\\\r?\n|\r)
    |(?P<escaped>\\(?s:.))
    |'(?P<single>[^']*)'
    |"(?P<double>(?:\\(?s:.)|[^"\\])*)"
    |\$(?:\{(?P<braced>[^}\n]*)\}|(?P<name>\w+|[?*@\#]))
    |(?P<plain>[^'"\\$\r]+)
    """,
    re.VERBOSE,
)
_IN_QUOTES = re.compile(
    r"""(?P<joined>\\\r?\n|\r)|\\(?P<escaped>["$\\])
    |\$(?:\{(?P<braced>[^}\n]*)\}|(?P<name>\w+|[?*@\#]))|(?P<plain>[^\\$\r]+|.)""",
    re.VERBOSE | re.DOTALL,
)
_CONTINUED = re.compile(r"\\\r?\n")


class Piece(msgspec.Struct, frozen=True):
    """A part of a word: text, or the value of a variable."""

    text: str
    variable: bool = False
    quoted: bool = False


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """A word, from byte `start` of the text to `end`."""

    pieces: tuple[Piece, ...]
    start: int
    end: int

    @property
    def text(self) -> str | None:
        """What it comes to, or None where that depends on variables."""
        known = not any(each.variable for each in self.pieces)
        return "".join(each.text for each in self.pieces) if known else None

    @property
    def plain(self) -> str:
        """What it is where nothing in it is quoted or a variable: what may be a keyword."""
        quoted = any(each.variable or each.quoted for each in self.pieces)
        return "" if quoted else self.text or ""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A simple command, and the block in braces that belongs to it."""

    words: tuple[Word, ...]
    body: "tuple[Command, ...] | None" = None
    end: int
    """Where it ends in the text, its block included."""

    @property
    def start(self) -> int:
        """Where it begins in the text."""
        return self.words[0].start

    @property
    def name(self) -> str:
        """The command's name; "" where a variable has it."""
        return self.words[0].text or ""


def parse(text: str) -> tuple[Command, ...]:
    """Return the commands of a script. Raises ValueError for what GRUB calls a syntax error."""
    found, rest = _block(_tokens(text), inside=False)
    if rest is not None:
        raise ValueError("a closing brace without an opening one")
    return found


def every(commands: tuple[Command, ...]) -> Iterator[Command]:
    """Yield the commands and those in their blocks."""
    for command in commands:
        yield command
        yield from every(command.body or ())


def joined(text: str) -> str:
    """Return the script with the lines in one that GRUB joins. Raises ValueError as `parse`."""
    return "".join(map(_joined, split(text)))


def _joined(token: re.Match[str]) -> str:
    if token.lastgroup == "blank":
        return _CONTINUED.sub(" ", token[0])
    if token.lastgroup != "word":
        return token[0]
    # In single quotes nothing is joined.
    pieces = _PIECE.finditer(token[0])
    return "".join(
        each[0] if each.lastgroup == "single" else _CONTINUED.sub("", each[0]) for each in pieces
    )


def split(text: str) -> Iterator[re.Match[str]]:
    """Yield the tokens of a script, blanks and comments too. Raises ValueError as `parse`."""
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            lone = text[at] == "$"
            raise ValueError("a $ without a name" if lone else "a quotation that does not end")
        if found.lastgroup == "unknown":
            raise ValueError(f"{found[0]}, which GRUB does not know")
        at = found.end()
        yield found


def _tokens(text: str) -> Iterator[re.Match[str]]:
    return (each for each in split(text) if each.lastgroup not in {"blank", "comment"})


def _block(
    tokens: Iterator[re.Match[str]], *, inside: bool
) -> tuple[tuple[Command, ...], int | None]:
    """Return the commands up to the closing brace, and where that is; None at the end."""
    found: list[Command] = []
    words: list[Word] = []
    for token in tokens:
        if token.lastgroup == "word":
            words.append(_word(token))
            continue
        body, end = None, token.start()
        if token[0] == "{":
            body, closed = _block(tokens, inside=True)
            end = token.end() if closed is None else closed
        found += _command(words, body, end)
        words = []
        if token[0] == "}":
            return tuple(found), token.end()
    if inside:
        raise ValueError("a brace that is not closed")
    found += _command(words, None, words[-1].end if words else 0)
    return tuple(found), None


def _command(words: list[Word], body: tuple[Command, ...] | None, end: int) -> tuple[Command, ...]:
    if words:
        return (Command(words=tuple(words), body=body, end=end),)
    if body is not None:
        raise ValueError("a brace that belongs to no command")
    return ()


def _word(token: re.Match[str]) -> Word:
    pieces = tuple(piece for found in _PIECE.finditer(token[0]) for piece in _pieces(found))
    return Word(pieces=pieces, start=token.start(), end=token.end())


def _pieces(found: re.Match[str]) -> Iterator[Piece]:
    kind, text = found.lastgroup, found[0]
    if kind in {"braced", "name"}:
        yield Piece(found[kind], variable=True)
    elif kind == "escaped":
        yield Piece(text if text == "\\x" else text[1:], quoted=True)
    elif kind == "double":
        yield Piece("", quoted=True)
        yield from map(_quoted, _IN_QUOTES.finditer(found["double"]))
    elif kind == "single":
        yield Piece(found["single"].replace("\r", ""), quoted=True)
    elif kind == "plain":
        yield Piece(text)


def _quoted(found: re.Match[str]) -> Piece:
    kind = found.lastgroup
    if found[0] == "$":
        raise ValueError("a $ without a name")
    if kind in {"braced", "name"}:
        return Piece(found[kind], variable=True, quoted=True)
    return Piece("" if kind == "joined" else found[kind or 0], quoted=True)
