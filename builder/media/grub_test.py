"""GRUB's command test, which is [ as well: what its words come to (commands/test.c)."""

from collections.abc import Callable

from builder.media.grub_menu import Files
from builder.media.grub_state import State, number

_STRINGS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda one, other: one == other,
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}
_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda one, other: one == other,
    "-ne": lambda one, other: one != other,
    "-lt": lambda one, other: one < other,
    "-le": lambda one, other: one <= other,
    "-gt": lambda one, other: one > other,
    "-ge": lambda one, other: one >= other,
}
_FILES = {"-d", "-e", "-f", "-s"}
# Modification times, and numbers behind common letters: what a medium gives no answer to.
_OPEN = {"-nt", "-ot", "-pgt", "-plt"}
_TWO = {*_STRINGS, *_NUMBERS, *_OPEN}


def holds(words: tuple[str, ...], state: State, files: Files) -> bool | None:
    """Tell whether a test holds; None where only the machine knows."""
    alternatives: list[list[bool | None]] = [[]]
    inverted, rest = False, list(words)
    while rest:
        if rest[0] == "-o":
            alternatives.append([])
        if rest[0] in {"-a", "-o"}:
            rest.pop(0)
        elif rest[0] == "!":
            rest.pop(0)
            inverted = not inverted
        else:
            found = _one(rest, state, files)
            alternatives[-1].append(None if found is None else found != inverted)
            inverted = False
    return _either(list(map(_both, alternatives)))


def _both(found: list[bool | None]) -> bool | None:
    if False in found:
        return False
    return None if None in found else True


def _either(found: list[bool | None]) -> bool | None:
    if True in found:
        return True
    return None if None in found else False


def _one(rest: list[str], state: State, files: Files) -> bool | None:
    """Take the words of one comparison away, and tell whether it holds."""
    if len(rest) > 2 and rest[1] in _TWO:  # noqa: PLR2004  # an operator between two words
        one, operator, other = rest[:3]
        del rest[:3]
        return _compared(one, operator, other)
    if rest[0] == "(" and ")" in rest:
        end = rest.index(")")
        inside = tuple(rest[1:end])
        del rest[: end + 1]
        return holds(inside, state, files)
    if len(rest) > 1 and rest[0] in {*_FILES, "-n", "-z"}:
        operator, word = rest[:2]
        del rest[:2]
        return _unary(operator, word, state, files)
    return bool(rest.pop(0))


def _compared(one: str, operator: str, other: str) -> bool | None:
    if operator in _STRINGS:
        return _STRINGS[operator](one, other)
    if operator in _OPEN:
        return None
    return _NUMBERS[operator](_signed(one), _signed(other))


def _signed(text: str) -> int:
    digits = text.strip().removeprefix("-")
    value = number(digits) or 0
    return -value if text.strip().startswith("-") else value


def _unary(operator: str, word: str, state: State, files: Files) -> bool | None:
    if operator in {"-n", "-z"}:
        return bool(word) == (operator == "-n")
    place = state.place(word)
    if place is None:
        return None
    match operator:
        case "-d":
            return files.folder(place)
        case "-e":
            return files.exists(place) or files.folder(place)
        case "-s":
            return files.exists(place) and files.text(place) != ""
        case _:
            return files.exists(place)
