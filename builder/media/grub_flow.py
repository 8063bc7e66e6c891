"""The flow of GRUB's scripts: which commands run only in some case."""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from builder.media.grub_shell import Command

_WORDS = {"if", "then", "elif", "else", "fi", "while", "until", "for", "do", "done", "!"}
_LOOPS = {"while", "until", "for"}
_Item = tuple[str, Command | None]


class Arm(msgspec.Struct, frozen=True):
    """What runs where its condition holds: the last one of some commands."""

    condition: "tuple[Node, ...]"
    body: "tuple[Node, ...]"


class Choice(msgspec.Struct, frozen=True):
    """An if with its arms, the first that holds; one arm of a loop."""

    arms: tuple[Arm, ...]
    otherwise: "tuple[Node, ...] | None" = None
    loop: bool = False


Node = Command | Choice


def flow(commands: Iterable[Command]) -> tuple[Node, ...]:
    """Return the commands with their conditions. Raises ValueError for a word out of place."""
    found, stop = _nodes(_items(commands), set())
    if stop:
        raise ValueError(f"a {stop} out of place")
    return found


def _items(commands: Iterable[Command]) -> Iterator[_Item]:
    for command in commands:
        words = command.words
        while words and words[0].text in _WORDS:
            yield words[0].text or "", None
            # What a "for" goes over is no command.
            words = () if words[0].text == "for" else words[1:]
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
            found.append(_loop(items))
        elif word != "!":
            if word not in stops:
                raise ValueError(f"a {word} out of place")
            return tuple(found), word
    if stops:
        raise ValueError("an if or a loop that does not end")
    return tuple(found), ""


def _choice(items: Iterator[_Item]) -> Choice:
    arms, otherwise, stop = [], None, "elif"
    while stop == "elif":
        condition, _ = _nodes(items, {"then"})
        body, stop = _nodes(items, {"elif", "else", "fi"})
        arms.append(Arm(condition, body))
    if stop == "else":
        otherwise, _ = _nodes(items, {"fi"})
    return Choice(tuple(arms), otherwise)


def _loop(items: Iterator[_Item]) -> Choice:
    condition, _ = _nodes(items, {"do"})
    body, _ = _nodes(items, {"done"})
    return Choice((Arm(condition, body),), loop=True)
