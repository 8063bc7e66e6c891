"""The flow of GRUB's scripts: which commands run only in some case."""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from builder.media.grub_shell import Command, Word

_WORDS = {"if", "then", "elif", "else", "fi", "while", "until", "for", "do", "done"}
_LOOPS = {"while", "until"}
# Words of other shells, which GRUB keeps for itself and does not know.
_RESERVED = {"[[", "]]", "case", "esac", "select", "time"}
_Item = tuple[str, Command | None]


class Arm(msgspec.Struct, frozen=True):
    """What runs where its condition holds: the last one of some commands."""

    condition: "tuple[Node, ...]"
    body: "tuple[Node, ...]"


class Choice(msgspec.Struct, frozen=True):
    """An if with its arms, the first that holds."""

    arms: tuple[Arm, ...]
    otherwise: "tuple[Node, ...]" = ()


class Loop(msgspec.Struct, frozen=True):
    """A while or until, or a for with its variable and what that goes over."""

    body: "tuple[Node, ...]"
    condition: "tuple[Node, ...]" = ()
    until: bool = False
    words: tuple[Word, ...] = ()


Node = Command | Choice | Loop


def flow(commands: Iterable[Command]) -> tuple[Node, ...]:
    """Return the commands with their conditions. Raises ValueError for a word out of place."""
    return _nodes(_items(commands), set())[0]


def _items(commands: Iterable[Command]) -> Iterator[_Item]:
    for command in commands:
        words = command.words
        while words and words[0].plain in _WORDS:
            yield words[0].plain, None
            words = words[1:]
        if words and words[0].plain in _RESERVED:
            raise ValueError(f"a {words[0].plain}, which GRUB does not know")
        if words:
            yield "", replace(command, words=words)


def _nodes(items: Iterator[_Item], stops: set[str]) -> tuple[tuple[Node, ...], str]:
    """Return the nodes before one of the words that stop, and that word."""
    found: list[Node] = []
    for word, command in items:
        if command is not None:
            found.append(command)
        elif word == "if":
            found.append(_choice(items))
        elif word in _LOOPS:
            found.append(_loop(items, until=word == "until"))
        elif word == "for":
            found.append(_for(items))
        elif word in stops:
            return tuple(found), word
        else:
            raise ValueError(f"a {word} out of place")
    if stops:
        raise ValueError("an if or a loop that does not end")
    return tuple(found), ""


def _choice(items: Iterator[_Item]) -> Choice:
    arms: list[Arm] = []
    otherwise: tuple[Node, ...] = ()
    stop = "elif"
    while stop == "elif":
        condition, _ = _nodes(items, {"then"})
        body, stop = _nodes(items, {"elif", "else", "fi"})
        arms.append(Arm(condition, body))
    if stop == "else":
        otherwise, _ = _nodes(items, {"fi"})
    return Choice(tuple(arms), otherwise)


def _loop(items: Iterator[_Item], *, until: bool) -> Loop:
    condition, _ = _nodes(items, {"do"})
    body, _ = _nodes(items, {"done"})
    return Loop(body, condition, until)


def _for(items: Iterator[_Item]) -> Loop:
    _, head = next(items, ("", None))
    if head is None or [each.plain for each in head.words[1:2]] != ["in"]:
        raise ValueError("a for without its in")
    word, _ = next(items, ("", None))
    if word != "do":
        raise ValueError("a for without its do")
    body, _ = _nodes(items, {"done"})
    return Loop(body, words=(head.words[0], *head.words[2:]))
