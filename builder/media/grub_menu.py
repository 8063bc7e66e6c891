"""A menu of GRUB: its entries, and which of them it starts when nobody presses a key."""

from typing import Protocol

import msgspec

from builder.media.grub_state import Entry, Place, State, Value, number


class Files(Protocol):
    """The files that a loader sees."""

    @property
    def label(self) -> str:
        """The label that GRUB sees on "iso"."""

    @property
    def uuid(self) -> str:
        """GRUB's UUID of "iso": when the volume was changed or made."""

    def text(self, place: Place) -> str | None:
        """Return a text; None if there is none."""

    def exists(self, place: Place) -> bool:
        """Tell whether there is a file."""

    def folder(self, place: Place) -> bool:
        """Tell whether there is a folder."""


class Menu(msgspec.Struct, frozen=True, kw_only=True):
    """What a script comes to: a menu, or trouble."""

    place: Place
    state: State
    trouble: str = ""
    """Why it shows no menu, in words that go on after its path."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Its entries in their order."""
        return self.state.entries


def waits(menu: Menu) -> str:
    """Return why a menu waits for somebody, in words that go on after its path; "" if not."""
    value = menu.state.get("timeout")
    if value is None:
        return "may wait for a key"
    return "waits for a key" if number(value) is None else ""


def started(menu: Menu) -> Entry | None:
    """Return the entry that is started by itself; None where that cannot be told, or a submenu."""
    entry = _chosen(menu.entries, menu.state.get("default"))
    # What is inside a submenu is run when somebody opens it: ours is never there.
    return None if entry is None or entry.submenu else entry


def asks(menu: Menu, entry: Entry) -> bool:
    """Tell whether an entry is for those with a password alone."""
    known = "superusers" in menu.state.values or menu.state.unset is None
    return entry.restricted and known


def _chosen(entries: tuple[Entry, ...], default: Value) -> Entry | None:
    """Return the entry by number, or else by title or id, or the first (normal/menu.c)."""
    if default is None or not entries:
        return None
    found = number(default)
    if found is None:
        return _named(entries, default)
    return entries[found if found < len(entries) else 0]


def _named(entries: tuple[Entry, ...], name: str) -> Entry | None:
    wanted = {name, name.partition(">")[0]} if name else set()
    for each in entries:
        if {each.title, each.id} & wanted:
            return each
        if each.title is None and name:
            return None
    return entries[0]
