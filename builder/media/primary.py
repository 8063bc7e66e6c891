"""primary.xml: the packages of a repository, and what they provide.

Read by expat, which is in Python, and in blocks. Nine tenths of the file are what packages require
and provide. So what is not asked for is cut out before it is parsed, by searching for its tags;
where a writer spells those otherwise nothing is cut, and reading takes longer.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from xml.parsers import expat

import msgspec

from builder.media.repomd import ENCODING

_BEGIN, _END = b"<package ", b"</package>"
_FORMAT = (b"<format>", b"</format>")
_REQUIRES = (b"<rpm:requires>", b"</rpm:requires>")
_LARGEST = 16 << 20
"""Bytes that are kept for one package; a kernel's, with all that its modules provide, has a
hundredth of them."""


class Nevra(msgspec.Struct, frozen=True, gc=False):
    """A package by its name, epoch, version, release and architecture."""

    name: str
    epoch: str
    version: str
    release: str
    arch: str

    def forms(self) -> tuple[str, ...]:
        """Return all that yum and dnf take for its name in %packages."""
        full = f"{self.version}-{self.release}"
        named = [self.name, f"{self.name}-{self.version}", f"{self.name}-{full}"]
        named += [f"{self.name}-{self.epoch}:{full}", f"{self.epoch}:{self.name}-{full}"]
        return (*named, *(f"{each}.{self.arch}" for each in named))


def packages(content: Iterable[bytes]) -> tuple[Nevra, ...]:
    """Return the packages that a primary.xml lists.

    Raises ExpatError for what is no XML, ValueError for a text that is too large.
    """
    found: list[Nevra] = []
    texts = {"name": "", "arch": ""}
    version: dict[str, str] = {}

    def begin(tag: str, attributes: dict[str, str]) -> None:
        if tag == "version":
            version.update(attributes)

    def end(tag: str, text: str) -> None:
        if tag in texts:
            texts[tag] = text
        elif tag == "package":
            found.append(
                Nevra(
                    texts["name"],
                    version.get("epoch", "0"),
                    version.get("ver", ""),
                    version.get("rel", ""),
                    texts["arch"],
                )
            )

    _parse(_without(_blocks(content), _FORMAT), begin, end)
    return tuple(found)


def provided(
    content: Iterable[bytes], wanted: Callable[[str], bool], *, words: Collection[bytes]
) -> set[str]:
    """Return those names and files that packages provide and that are `wanted`.

    Each of those has one of the `words` in it, so that packages without them need no parsing.
    What a package requires is no reason to look for it: only what it provides.
    """
    found: set[str] = set()
    inside = False

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        if tag == "rpm:entry":
            if inside and wanted(attributes["name"]):
                found.add(attributes["name"])
        elif tag.startswith("rpm:"):
            inside = tag == "rpm:provides"

    def end(tag: str, text: str) -> None:
        if tag == "file" and wanted(text):
            found.add(text)

    _parse(_holding(_without(_blocks(content), _REQUIRES), words), begin, end)
    return found


def _parse(
    blocks: Iterable[bytes],
    begin: Callable[[str, dict[str, str]], None],
    end: Callable[[str, str], None],
) -> None:
    """Call `begin` with tags and their attributes, `end` with tags and their texts."""
    parser = expat.ParserCreate(ENCODING)
    parser.buffer_text = True
    text: list[str] = []
    size = 0

    def said(piece: str) -> None:
        nonlocal size
        size += len(piece)
        if size > _LARGEST:
            raise ValueError(f"a text in it has more than {_LARGEST >> 20} MiB")
        text.append(piece)

    def started(tag: str, attributes: dict[str, str]) -> None:
        nonlocal size
        text.clear()
        size = 0
        begin(tag, attributes)

    def ended(tag: str) -> None:
        end(tag, "".join(text))

    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.CharacterDataHandler = said
    for block in blocks:
        parser.Parse(block, False)  # as expat has it
    parser.Parse(b"", True)


def _blocks(content: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content anew, whole packages at a time; what is too large for one, in pieces."""
    left: list[bytes] = []
    size = 0
    for piece in content:
        before, ending, after = piece.rpartition(_END)
        if ending or size > _LARGEST:
            yield b"".join([*left, before, ending])
            left, size = [], 0
        left.append(after)
        size += len(after)
    yield b"".join(left)


def _holding(blocks: Iterable[bytes], words: Collection[bytes]) -> Iterator[bytes]:
    """Leave out blocks of whole packages that have none of the words."""
    for block in blocks:
        whole = block.lstrip().startswith(_BEGIN) and block.endswith(_END)
        if not whole or any(word in block for word in words):
            yield block


def _without(blocks: Iterable[bytes], tags: tuple[bytes, bytes]) -> Iterator[bytes]:
    """Leave out what lies between two tags, and the tags; what has no end is left as it is."""
    opening, closing = tags
    for block in blocks:
        first, *parts = block.split(opening)
        kept = [first]
        for part in parts:
            _inside, ending, after = part.partition(closing)
            kept.append(after if ending else opening + part)
        yield b"".join(kept)
