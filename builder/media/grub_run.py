"""Run GRUB's scripts as far as the menu, on the files of a medium.

What a script would find out only on the machine is taken both ways, so that what is said of a menu
holds whichever way it goes.
"""

import re
from itertools import chain

import msgspec

from builder.media import grub_flow, grub_search, grub_shell
from builder.media.grub_flow import Choice, Node
from builder.media.grub_menu import Entry, Files, Menu, Place, places
from builder.media.grub_shell import Command, Word
from builder.media.grub_values import Variables

_DEEPEST = 16  # files, functions and conditions within each other
_MOST = 4096  # commands: a script may include another twice, and that the next one twice
_ENTRIES = {"menuentry", "submenu"}
_LOADER = re.compile(r"(linux|initrd)(?:efi|16)?")  # linuxefi: the Red Hat build, EL 7 to 9
_LOADS = {"load_env", "read", "regexp", "probe"}
_FILES = {"source", ".", "configfile", "normal"}
_ENDS = {"boot", "exit", "halt", "reboot", "legacy_configfile", "syslinux_configfile", "blscfg"}


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel or an initramfs that an entry loads."""

    kind: str
    """"linux" or "initrd"."""
    files: frozenset[Place | None]
    """Where the first one may be; None for a place that only the machine knows."""
    arguments: tuple[str, ...] | None
    """What follows the file; None where that depends on variables."""
    sure: bool


class Run:
    """A script at work; `place` is where it comes from."""

    def __init__(self, files: Files, place: Place, variables: Variables, depth: int = 0) -> None:
        self.found: list[Menu] = []
        """The menus to which it may have jumped."""
        self.left = False
        """True when it has jumped, whichever way it went."""
        self.loads: list[Load] = []
        self.variables = variables
        self._files, self._place, self._depth, self._count = files, place, depth, 0
        self._entries: list[Entry] = []
        self._functions: dict[str, tuple[Command, ...]] = {}

    def menus(self, text: str) -> tuple[Menu, ...]:
        """Run a menu's file; return every menu in which it may end."""
        self.text(text)
        if not self.left:
            self._end("" if self._entries else "has no entries")
        return tuple(self.found)

    def text(self, text: str) -> None:
        """Run a script."""
        try:
            self._block(grub_flow.flow(grub_shell.parse(text)), sure=True)
        except ValueError as error:
            self._end(f"has {error}")

    def body(self, commands: tuple[Command, ...]) -> None:
        """Run what an entry has in its braces."""
        try:
            self._block(grub_flow.flow(commands), sure=True)
        except ValueError:
            self.loads.clear()

    def _end(self, trouble: str) -> None:
        self.found.append(
            Menu(
                place=self._place,
                entries=tuple(self._entries),
                variables=self.variables.copy(),
                trouble=trouble,
            )
        )
        self.left = True

    def _block(self, nodes: tuple[Node, ...], *, sure: bool) -> None:
        self._depth += 1
        for node in nodes:
            self._count += 1
            if self._depth > _DEEPEST or self._count > _MOST:
                self._end("goes in circles")
            if self.left:
                break
            if isinstance(node, Choice):
                self._choose(node, sure=sure)
            else:
                self._command(node, sure=sure)
        self._depth -= 1

    def _choose(self, choice: Choice, *, sure: bool) -> None:
        left = True
        for arm in choice.arms:
            holds = self._holds(arm.condition, sure=sure)
            if holds is not False:
                certain = holds is True and not choice.loop
                left = self._branch(arm.body, sure=sure and certain) and left
                if certain:
                    self.left = left
                    return
                sure = False
        if choice.otherwise is not None:
            self.left = self._branch(choice.otherwise, sure=sure) and left

    def _branch(self, nodes: tuple[Node, ...], *, sure: bool) -> bool:
        """Run what may be run; tell whether it jumps."""
        self._block(nodes, sure=sure)
        left, self.left = self.left, False
        return left

    def _holds(self, condition: tuple[Node, ...], *, sure: bool) -> bool | None:
        """Tell whether a condition holds; None where only the machine knows."""
        if len(condition) != 1 or not isinstance(condition[0], Command):
            self._block(condition, sure=sure)
            return None
        match [self._value(each) for each in condition[0].words]:
            case ["true" | "false" as word]:
                return word == "true"
            case ["[", "-e" | "-f" | "-s", path, "]"]:
                return self._exists(path)
            case _:
                self._block(condition, sure=sure)
                return None

    def _exists(self, path: str | None) -> bool | None:
        found = places(self.variables, path)
        there = {None if each is None else self._files.exists(each) for each in found}
        return there.pop() if len(there) == 1 else None

    def _command(self, command: Command, *, sure: bool) -> None:
        name, words = self._value(command.words[0]) or "", command.words
        if name in _ENTRIES:
            self._entries.append(self._entry(command, sure=sure))
        elif name == "function":
            self._functions[words[-1].text or ""] = command.body or ()
        elif name in self._functions:
            self._block(grub_flow.flow(self._functions[name]), sure=sure)
        elif name in _FILES:
            self._file(name, words[1:], sure=sure)
        elif name in grub_search.COMMANDS:
            variable, found = grub_search.searched([*map(self._value, words)], self._files)
            if found:
                self.variables.put(variable, found, sure=sure)
        elif loader := _LOADER.fullmatch(name):
            self._load(loader[1], words[1:], sure=sure)
        elif name in _ENDS:
            self._end(f"goes on by {name}")
        else:
            self._assign(name, words, sure=sure)

    def _load(self, kind: str, words: tuple[Word, ...], *, sure: bool) -> None:
        given = self.variables.arguments(words)
        files = places(self.variables, given[0]) if given else frozenset({None})
        arguments = None if given is None else given[1:]
        self.loads.append(Load(kind=kind, files=files, arguments=arguments, sure=sure))

    def _file(self, name: str, words: tuple[Word, ...], *, sure: bool) -> None:
        paths = self.variables.expand(words[0]) if words else _menu_of(self.variables)
        found = frozenset(chain.from_iterable(places(self.variables, each) for each in paths))
        texts = [None if each is None else self._files.text(each) for each in found]
        if None in found:
            self._end("goes on in a file that only the machine knows")
        elif name in {"source", "."}:
            self._included([each for each in texts if each is not None], sure=sure)
        else:
            for place, text in zip(found, texts, strict=True):
                if place is not None and text is not None:
                    other = Run(self._files, place, self.variables.copy(), self._depth + 1)
                    self.found += other.menus(text)
            self.left = None not in texts

    def _included(self, texts: list[str], *, sure: bool) -> None:
        for each in texts:
            try:
                nodes = grub_flow.flow(grub_shell.parse(each))
            except ValueError as error:
                self._end(f"includes a file that has {error}")
                return
            self._block(nodes, sure=sure and len(texts) == 1)

    def _assign(self, name: str, words: tuple[Word, ...], *, sure: bool) -> None:
        if name in _LOADS:
            self.variables.loaded()
        elif name == "unset":
            for each in words[1:]:
                self.variables.put(self._value(each) or "", frozenset({""}), sure=sure)
        else:
            for each in words[1:] if name == "set" else words[:1]:
                key, equals, _ = each.pieces[0].text.partition("=")
                if equals and not each.pieces[0].variable:
                    found = self.variables.expand(each)
                    values = frozenset(text and text[len(key) + 1 :] for text in found)
                    self.variables.put(key, values, sure=sure)

    def _value(self, word: Word) -> str | None:
        found = self.variables.expand(word)
        return next(iter(found)) if len(found) == 1 else None

    def _entry(self, command: Command, *, sure: bool) -> Entry:
        texts = [self._value(each) for each in command.words[1:]]
        ids = [texts[n + 1] for n, text in enumerate(texts[:-1]) if text == "--id"]
        ids += [text.removeprefix("--id=") for text in texts if text and text.startswith("--id=")]
        return Entry(
            title=texts[0] if texts else None,
            id=(ids[0] if ids else "") or "",
            body=command.body or (),
            submenu=command.name == "submenu",
            restricted="--unrestricted" not in texts,
            sure=sure,
        )


def _menu_of(variables: Variables) -> frozenset[str | None]:
    """Return the file that "normal" reads when none is given."""
    return frozenset(each and f"{each}/grub.cfg" for each in variables.get("prefix"))
