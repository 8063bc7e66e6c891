"""Run GRUB's scripts as far as the menu, on the files of a medium.

What a script would find out only on the machine is taken both ways, so that what is said of a menu
holds whichever way it goes.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from builder.media import grub_commands, grub_flow, grub_shell
from builder.media.grub_flow import Choice, Loop, Node
from builder.media.grub_menu import Files, Menu
from builder.media.grub_shell import Command, Word
from builder.media.grub_state import Entry, Place, State

_DEEPEST = 32  # files, functions and conditions within each other
_MOST = 20_000  # commands, each way counted: a script may include another twice, and again
_WAYS = 256
_ROUNDS = 64  # of a loop
_FILES = {"source", ".", "configfile", "normal"}
_ENDS = {
    "exit", "halt", "reboot", "normal_exit", "legacy_configfile", "legacy_source",
    "syslinux_configfile", "syslinux_source", "blscfg", "eval",
    "extract_entries_source", "extract_entries_configfile", "fwsetup",
}  # fmt: skip
_UNKNOWN = "goes on as only the machine knows"
_LEAVING = {"break", "continue", "return", "boot"}
_ASKING = {"read", "authenticate", "videotest"}
States = tuple[State, ...]


class _Stop(Exception):
    """A way that ends in trouble."""


class Run:
    """Scripts at work; what they come to is in `found`."""

    def __init__(self, files: Files) -> None:
        self.found: list[Menu] = []
        """The menus to which they may come, and where they go on otherwise."""
        self.read: list[Place] = []
        """The files in which they have gone on."""
        self._files, self._count = files, 0
        self._places: list[Place] = []
        self._entered = False
        self._loops = self._calls = 0
        self._last = State(values={})

    def menu(self, text: str, place: Place, state: State) -> tuple[Menu, ...]:
        """Run a menu's file; return every menu in which it may end."""
        for each in self.script(text, place, state):
            trouble = "" if each.entries else "has no entries"
            self.found.append(Menu(place=place, state=each, trouble=trouble))
        return tuple(self.found)

    def script(self, text: str, place: Place, state: State) -> States:
        """Run a script; return the states in which it ends without a menu."""
        self._last = state
        counts, self._loops, self._calls = (self._loops, self._calls), 0, 0
        try:
            return self._nodes(grub_flow.flow(grub_shell.parse(text)), (state,))
        except (ValueError, _Stop) as error:
            trouble = str(error) if isinstance(error, _Stop) else f"has {error}"
            self.found.append(Menu(place=place, state=self._last, trouble=trouble))
        finally:
            self._loops, self._calls = counts
        return ()

    def body(self, entry: Entry, state: State) -> States:
        """Run what an entry has in its braces; return how it may end, nothing for trouble."""
        self._entered = True
        start = replace(state.given(entry.arguments or ()).put("chosen", entry.title), loads=())
        try:
            return self._nodes(grub_flow.flow(entry.body), (start,))
        except (ValueError, _Stop):
            return ()

    def _nodes(self, nodes: Iterable[Node], states: States) -> States:
        for node in nodes:
            going = tuple(each for each in states if not each.leaving)
            leaving = tuple(each for each in states if each.leaving)
            after = [new for each in going for new in self._node(node, each)]
            states = tuple({each.identity: each for each in (*leaving, *after)}.values())
            if len(states) > _WAYS:
                raise _Stop("goes more ways than can be told")
        return states

    def _node(self, node: Node, state: State) -> States:
        self._count += 1
        self._last = state
        if self._count > _MOST:
            raise _Stop("goes in circles")
        if isinstance(node, Choice):
            return self._choose(node, state)
        if isinstance(node, Loop):
            self._loops += 1
            after = self._for(node, state) if node.words else self._loop(node, state)
            self._loops -= 1
            return after
        return self._command(node, state)

    def _choose(self, choice: Choice, state: State) -> States:
        ended: States = ()
        states: States = (state,)
        for arm in choice.arms:
            tested = self._nodes(arm.condition, states)
            ended += tuple(each for each in tested if each.leaving)
            tested = tuple(each for each in tested if not each.leaving)
            ended += self._nodes(
                arm.body, tuple(each for each in tested if each.status is not False)
            )
            states = tuple(each for each in tested if not each.status)
        return ended + self._nodes(choice.otherwise, tuple(each.ended(True) for each in states))

    def _loop(self, loop: Loop, state: State) -> States:
        states: States = (state,)
        ended: States = ()
        for _ in range(_ROUNDS):
            tested = self._nodes(loop.condition, states)
            stops, goes = (True, False) if loop.until else (False, True)
            ended += tuple(each for each in tested if each.status in {stops, None})
            going = tuple(each for each in tested if each.status in {goes, None})
            states, left = _rounded(self._nodes(loop.body, going))
            ended += left
            if not states:
                return ended
        raise _Stop("goes in circles")

    def _for(self, loop: Loop, state: State) -> States:
        name, words = loop.words[0].plain, state.arguments(loop.words[1:])
        if words is None:
            raise _Stop(_UNKNOWN)
        states: States = (state,)
        ended: States = ()
        for word in words:
            states, left = _rounded(
                self._nodes(loop.body, tuple(each.put(name, word) for each in states))
            )
            ended += left
        return states + ended

    def _command(self, command: Command, state: State) -> States:
        words, inverted = command.words, False
        if words[0].plain == "!":
            words, inverted = words[1:], True
        after = self._named(replace(command, words=words), state) if words else ()
        if not inverted:
            return after
        return tuple(each.ended(None if each.status is None else not each.status) for each in after)

    def _named(self, command: Command, state: State) -> States:
        name, words = self._name(command, state), command.words[1:]
        if command.body is not None:
            return (grub_commands.block(state, name, command),)
        if name in state.functions:
            return self._function(state.functions[name], words, state)
        if name in _FILES:
            return self._file(name, words, state)
        if name in _LEAVING:
            return (self._leave(name, words, state),)
        if name in _ASKING:
            raise _Stop("waits for a key")
        if name in _ENDS:
            raise _Stop(f"goes on by {name}")
        return tuple(grub_commands.simple(state, name, words, self._files))

    def _leave(self, name: str, words: tuple[Word, ...], state: State) -> State:
        """Out of place they do nothing, return in a file that source includes as well."""
        if name == "return" and self._calls:
            return next(grub_commands.simple(state, name, words, self._files))
        there = {"boot": self._entered, "return": 0}.get(name, self._loops)
        if name == "boot" and not there:
            raise _Stop("goes on by boot")
        return replace(state, leaving=name) if there else state

    def _name(self, command: Command, state: State) -> str:
        given = state.arguments(command.words[:1])
        if given is None or len(given) > 1:
            raise _Stop(_UNKNOWN)
        return "".join(given)

    def _function(self, body: tuple[Command, ...], words: tuple[Word, ...], state: State) -> States:
        arguments = state.arguments(words)
        if arguments is None:
            raise _Stop(_UNKNOWN)
        self._calls += 1
        with self._within(self._places[-1] if self._places else ("", "")):
            after = self._nodes(grub_flow.flow(body), (state.given(arguments),))
        self._calls -= 1
        return tuple(each.returned(state) for each in after)

    def _file(self, name: str, words: tuple[Word, ...], state: State) -> States:
        arguments = state.arguments(words)
        if arguments == () and name == "normal":
            prefix = state.get("prefix")
            arguments = None if prefix is None else (f"{prefix}/grub.cfg",)
        place = state.place(arguments[0]) if arguments else None
        if place is None:
            raise _Stop("goes on in a file that only the machine knows")
        text = self._files.text(place)
        if text is None:
            return (state.ended(True),)  # GRUB tells of it and goes on
        self.read.append(place)
        with self._within(place):
            if name in {"source", "."}:
                return tuple(each.returned(each) for each in self.script(text, place, state))
            inside = state.fresh() if name == "configfile" else state
            empty = False
            for each in self.script(text, place, inside):
                empty = empty or not each.entries
                if each.entries:
                    self.found.append(Menu(place=place, state=each))
            # GRUB comes back from a file without entries.
            return (state.ended(True),) if empty else ()

    @contextmanager
    def _within(self, place: Place) -> Iterator[None]:
        if len(self._places) > _DEEPEST:
            raise _Stop("goes in circles")
        self._places.append(place)
        try:
            yield
        finally:
            self._places.pop()


def _rounded(states: States) -> tuple[States, States]:
    """Return the states that go into the next round of a loop, and those that have left it."""
    again = [each for each in states if each.leaving in {"", "continue"}]
    left = [each for each in states if each.leaving not in {"", "continue"}]
    return tuple(map(_on, again)), tuple(
        _on(each) if each.leaving == "break" else each for each in left
    )


def _on(state: State) -> State:
    return replace(state, leaving="")
