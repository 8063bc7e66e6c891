"""What GRUB knows at one moment of a script: its variables, its menu so far, how a command ended.

Where only the machine could tell how a script goes on there are several states, one for each way.
"""

import re
from collections.abc import Iterator
from functools import cached_property

import msgspec
from msgspec.structs import replace

from builder.media.grub_shell import Command, Word

Value = str | None
"""What a variable or a word comes to; None for what cannot be told."""
Place = tuple[str, str]
"""A device, "iso" for the volume, "image" for the boot image, "memdisk", and a path on it."""
_NAME = re.compile(r"[^\W\d]")
_DEVICES = {"iso", "image", "memdisk"}
# What GRUB exports itself: the rest is not there in a file that configfile runs (kern/env.c).
EXPORTED = frozenset({"root", "prefix", "cmdpath", "grub_platform", "grub_cpu", "lang", "pager"})


# What strtoul takes, with base 0: 0x1f, 017, 9.
_NUMBER = re.compile(r"\s*(?:0[xX](?P<hex>[0-9a-fA-F]+)|(?P<octal>0[0-7]*)|(?P<decimal>[1-9]\d*))")
_BASES = {"hex": 16, "octal": 8, "decimal": 10}


def number(text: str) -> int | None:
    """Return the number with which a text begins, as GRUB reads one; None for none."""
    found = _NUMBER.match(text)
    return found and int(found[found.lastgroup or 0], _BASES[found.lastgroup or ""])


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a menu; a submenu's body are entries again."""

    title: Value
    """None where that depends on the machine."""
    id: Value
    arguments: tuple[str, ...] | None
    """The title and what follows it, $1 and more of the body."""
    body: tuple[Command, ...]
    submenu: bool
    restricted: bool
    """Someone who knows a password must start it, where there are superusers."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel or an initramfs that an entry loads."""

    kind: str
    """"linux" or "initrd"."""
    files: tuple[Place | None, ...]
    """Where they are, of a kernel the one; None for a place that only the machine knows."""
    arguments: tuple[str, ...] | None
    """What follows the file; None where that depends on the machine."""


class State(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The state of a script."""

    values: dict[str, Value]
    unset: Value = ""
    """What a variable is that no command has set; None after one that may have set any."""
    exported: frozenset[str] = EXPORTED
    functions: dict[str, tuple[Command, ...]] = {}
    entries: tuple[Entry, ...] = ()
    loads: tuple[Load, ...] = ()
    status: bool | None = True
    """Whether the last command succeeded."""
    leaving: str = ""
    """"break", "continue" or "return" on the way out of a loop or function."""

    @cached_property
    def identity(self) -> tuple[object, ...]:
        """What makes two states one."""
        entries = tuple(id(each.body) for each in self.entries)
        values = frozenset(self.values.items())
        return (
            values,
            self.unset,
            entries,
            self.loads,
            self.status,
            self.leaving,
            frozenset(self.functions),
        )

    def get(self, name: str) -> Value:
        """Return a variable: nothing where no command has set it."""
        if name == "?":
            return None if self.status is None else str(int(not self.status))
        return self.values.get(name, self.unset)

    def put(self, name: str, value: Value) -> "State":
        """Give a variable a value."""
        return replace(self, values=self.values | {name: value}, status=True)

    def drop(self, name: str) -> "State":
        """Unset a variable."""
        left = {key: value for key, value in self.values.items() if key != name}
        return replace(self, values=left, status=True)

    def ended(self, status: bool | None) -> "State":
        """Take note of how a command ended."""
        return replace(self, status=status)

    def fresh(self) -> "State":
        """Return what a file gets that configfile runs: no menu, and what is exported."""
        left = {
            key: value
            for key, value in self.values.items()
            if key in self.exported or key.startswith("feature_")
        }
        return replace(self, values=left, entries=(), loads=(), leaving="", status=True)

    def given(self, arguments: tuple[str, ...]) -> "State":
        """Let $1, $2 and so on be the arguments, and forget those of before."""
        own: dict[str, Value] = {str(n): each for n, each in enumerate(arguments, start=1)}
        more = {"#": str(len(arguments)), "@": " ".join(arguments), "*": " ".join(arguments)}
        return replace(self, values=self._own() | own | more)

    def returned(self, caller: "State") -> "State":
        """Return what is left of a function: the arguments are those of its caller again."""
        mine = {key: each for key, each in caller.values.items() if not _NAME.match(key)}
        leaving = "" if self.leaving == "return" else self.leaving
        return replace(self, values=self._own() | mine, leaving=leaving)

    def _own(self) -> dict[str, Value]:
        """Return the variables that are no arguments."""
        return {key: each for key, each in self.values.items() if _NAME.match(key)}

    def place(self, path: Value) -> Place | None:
        """Return the file that a path means: "(iso)/a", or "/a" on the root device."""
        if path is None:
            return None
        device, rest = self.get("root"), path
        if path.startswith("("):
            device, _, rest = path[1:].partition(")")
        if not rest.startswith("/"):
            return "", rest  # GRUB says that this is no file name
        return (device, rest) if device in _DEVICES else None

    def word(self, word: Word) -> Value:
        """Return what a word comes to."""
        texts = [self.get(each.text) if each.variable else each.text for each in word.pieces]
        known = [each for each in texts if each is not None]
        return "".join(known) if len(known) == len(texts) else None

    def arguments(self, words: tuple[Word, ...]) -> tuple[str, ...] | None:
        """Return the arguments that a command gets; None where they cannot be told."""
        found: list[str] = []
        for word in words:
            fields = list(self._fields(word))
            if None in fields:
                return None
            found += [each for each in fields if each is not None]
        return tuple(found)

    def _fields(self, word: Word) -> Iterator[Value]:
        """Yield the fields of a word: a variable that is not quoted may hold several, or none."""
        field: str | None = None
        for piece in word.pieces:
            value = self.get(piece.text) if piece.variable else piece.text
            if value is None:
                yield None
                return
            whole = piece.quoted or not piece.variable
            for number, text in enumerate([value] if whole else re.split(r"[ \t\n]+", value)):
                if number:
                    if field is not None:
                        yield field
                    field = None
                if text or whole:
                    field = (field or "") + text
        if field is not None:
            yield field
