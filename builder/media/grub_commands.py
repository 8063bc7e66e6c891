"""What single commands of GRUB's scripts do to the state, where a medium settles that."""

import re
from collections.abc import Callable, Iterator

from msgspec.structs import replace

from builder.media import grub_search, grub_test
from builder.media.grub_menu import Files
from builder.media.grub_shell import Command, Word
from builder.media.grub_state import Entry, Load, State, number

_ENTRIES = {"menuentry", "submenu"}
_LOADER = re.compile(r"(linux|initrd)(efi|16|)")
# linuxefi is the Red Hat build's, EL 7 to 9; linux16 is for a PC's BIOS.
_NOT_ON = {"efi": {"pc"}, "16": {"efi"}, "": set[str]()}
_NEWC = re.compile(r"newc:[^:]*:")  # the name that a file gets in the initramfs
_HEADER = "# GRUB Environment Block"
# These name variables that they set to what the machine is, in --set=x or --set=1:x.
_ASKING = {"regexp", "probe", "smbios", "getenv", "rdmsr", "cpuid", "date", "pcidump"}
_SET = re.compile(r"--set=(?:\d+:)?(.+)")
_SURE = {"echo", "true", "insmod", ":", "menuentry", "submenu", "function", "clear", "sleep"}
# A key that somebody holds: nobody does.
_FAILING = {"false", "keystatus"}
_WITH_VALUE = {"--class", "--users", "--hotkey", "--source", "--id"}


_Action = Callable[[State, tuple[str, ...], Files], Iterator[State]]


def simple(state: State, name: str, words: tuple[Word, ...], files: Files) -> Iterator[State]:
    """Yield the states after a command that neither jumps nor opens anything."""
    arguments = state.arguments(words)
    if name in {"[", "test"}:
        yield state.ended(_test(name, arguments, state, files))
    elif (loader := _LOADER.fullmatch(name)) and state.get("grub_platform") not in _NOT_ON[
        loader[2]
    ]:
        yield _load(state, loader[1], words, files)
    elif name == "set":
        yield _set(state, words)
    elif name == "return":
        yield replace(state, leaving=name, status=arguments == ("0",) or not arguments)
    elif arguments is None and name in {*_ACTIONS, *grub_search.COMMANDS}:
        yield _forgotten(state)
    elif name in grub_search.COMMANDS:
        yield from _search(state, name, arguments or (), files)
    elif name in _ACTIONS:
        yield from _ACTIONS[name](state, arguments or (), files)
    else:
        yield _other(state, name, arguments)


def _other(state: State, name: str, arguments: tuple[str, ...] | None) -> State:
    """Return what becomes of a state by a command that tells nothing of the menu."""
    variable, equals, value = name.partition("=")
    if equals:  # GRUB looks for such a command first, and there is none
        return state.put(variable, value)
    if name in _SURE or name in _FAILING:
        return state.ended(name in _SURE)
    return _asked(state, arguments) if name in _ASKING else state.ended(None)


def _test(name: str, arguments: tuple[str, ...] | None, state: State, files: Files) -> bool | None:
    if arguments is None:
        return None
    if name == "[":
        if arguments[-1:] != ("]",):
            return False
        arguments = arguments[:-1]
    return grub_test.holds(arguments, state, files)


def _set(state: State, words: tuple[Word, ...]) -> State:
    """Take its first argument alone: "set a = b" is no assignment, nor has $a its second word."""
    given = state.arguments(words)
    if given is None:
        first = words[0].pieces[0]
        key, equals, _ = first.text.partition("=")
        return state.put(key, None) if equals and not first.variable else _forgotten(state)
    key, equals, value = (given or ("",))[0].partition("=")
    return state.put(key, value) if equals else state.ended(not given)


def _forgotten(state: State) -> State:
    """Return a state of which nothing is known any more."""
    return replace(state, values=dict.fromkeys(state.values), unset=None)


def _asked(state: State, arguments: tuple[str, ...] | None) -> State:
    """Let variables be unknown that are set to what the machine is."""
    if arguments is None:
        return _forgotten(state).ended(None)
    found = [each[1] for word in arguments if (each := _SET.fullmatch(word))]
    plain = arguments[-1:] if arguments and not arguments[-1].startswith("-") else ()
    for name in found or plain:
        state = state.put(name, None)
    return state.ended(None)


def _load(state: State, kind: str, words: tuple[Word, ...], files: Files) -> State:
    given = state.arguments(words)
    # An initramfs may come in several files, and with one that is missing nothing boots.
    named = given if kind == "initrd" else given and given[:1]
    places = tuple(state.place(_NEWC.sub("", each)) for each in named) if named else (None,)
    load = Load(kind=kind, files=places, arguments=given and given[1:])
    there = None if None in places else all(files.exists(each) for each in places if each)
    return replace(state, loads=(*state.loads, load), status=there)


def _search(state: State, name: str, arguments: tuple[str, ...], files: Files) -> Iterator[State]:
    wanted = grub_search.search(name, arguments)
    found = grub_search.devices(wanted, files) if wanted else ()
    for each in found:
        yield state.put(wanted.variable, each) if wanted and wanted.variable else state.ended(True)
    if not found:
        yield state.ended(False)


def _unset(state: State, arguments: tuple[str, ...], files: Files) -> Iterator[State]:
    del files
    yield state.drop(arguments[0]) if arguments else state.ended(False)


def _export(state: State, arguments: tuple[str, ...], files: Files) -> Iterator[State]:
    del files
    yield replace(state, exported=state.exported | set(arguments), status=True)


def _load_env(state: State, arguments: tuple[str, ...], files: Files) -> Iterator[State]:
    """Read a block of variables: that of a medium is never written."""
    rest, path = list(arguments), f"{state.get('prefix')}/grubenv"
    for option in ("-f", "--file"):
        if option in rest[:-1]:
            at = rest.index(option)
            path, rest = rest[at + 1], rest[:at] + rest[at + 2 :]
    named = [each[7:] for each in rest if each.startswith("--file=")]
    path = named[0] if named else path
    wanted = {each for each in rest if not each.startswith("-")}
    place = state.place(path)
    text = files.text(place) if place else None
    if place is None:
        yield _forgotten(state).ended(None)
    elif text is None or not text.startswith(_HEADER):
        yield state.ended(False)
    else:
        found = [line.partition("=") for line in text.split("\n") if not line.startswith("#")]
        values = {key: value for key, equals, value in found if equals}
        kept = {key: each for key, each in values.items() if not wanted or key in wanted}
        yield replace(state, values=state.values | kept, status=True)


def _cmp(state: State, arguments: tuple[str, ...], files: Files) -> Iterator[State]:
    texts = [files.text(place) if (place := state.place(each)) else None for each in arguments]
    known = len(texts) == 2 and None not in texts  # noqa: PLR2004  # two files
    # Of files that differ GRUB 2.06 says so, and succeeds.
    yield state.ended(True if known and texts[0] == texts[1] else None)


def _load_font(state: State, arguments: tuple[str, ...], files: Files) -> Iterator[State]:
    """A font that is not there fails; whether one that is there can be shown is the machine's."""
    there = True
    for each in arguments:
        path = each if each.startswith(("(", "/")) else f"{state.get('prefix')}/fonts/{each}.pf2"
        place = state.place(path)
        there = there and (place is None or files.exists(place))
    yield state.ended(None if there else False)


def _parameters(state: State, arguments: tuple[str, ...], files: Files) -> Iterator[State]:
    del files
    yield state.given(arguments).ended(True)


def _shift(state: State, arguments: tuple[str, ...], files: Files) -> Iterator[State]:
    del files
    own = [each or "" for key in map(str, range(1, 100)) if (each := state.values.get(key))]
    yield state.given(tuple(own[number(arguments[0]) or 0 if arguments else 1 :])).ended(True)


_ACTIONS: dict[str, _Action] = {
    "unset": _unset,
    "export": _export,
    "load_env": _load_env,
    "cmp": _cmp,
    "loadfont": _load_font,
    "setparams": _parameters,
    "shift": _shift,
}


def block(state: State, name: str, command: Command) -> State:
    """Return the state after a command with a block: an entry, a function; others have none."""
    if name in _ENTRIES:
        return replace(state, entries=(*state.entries, _entry(state, command)), status=True)
    if name == "function" and len(command.words) > 1:
        functions = state.functions | {command.words[1].text or "": command.body or ()}
        return replace(state, functions=functions, status=True)
    return state.ended(None)


def _entry(state: State, command: Command) -> Entry:
    """Return the entry that a menuentry or submenu adds."""
    words = state.arguments(command.words[1:])
    identifier, plain, rest = "", [], list(words or ())
    free, users = False, False
    while rest:
        word = rest.pop(0)
        users = users or word.partition("=")[0] == "--users"
        if word in _WITH_VALUE:
            value = rest.pop(0) if rest else ""
            identifier = value if word == "--id" else identifier
        elif word.startswith("--id="):
            identifier = word[5:]
        elif word == "--unrestricted":
            free = True
        elif not word.startswith("--"):
            plain.append(word)
    known = words is not None
    title = plain[0] if plain else ""
    return Entry(
        title=title if known else None,
        # GRUB takes the title where there is none.
        id=(identifier or title) if known else None,
        arguments=tuple(plain) if known else None,
        body=command.body or (),
        submenu=command.name == "submenu",
        restricted=users or not free,
    )
