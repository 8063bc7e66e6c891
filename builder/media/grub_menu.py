"""A menu of GRUB: its entries, and which of them it starts when nobody presses a key."""

from typing import Protocol

import msgspec

from builder.media.grub_shell import Command
from builder.media.grub_values import Variables

Place = tuple[str, str]
"""A device, "iso" for the volume and "image" for the boot image, and a path on it."""


class Files(Protocol):
    """The files that a loader sees."""

    @property
    def label(self) -> str:
        """The volume id: the label of "iso"."""

    def text(self, place: Place) -> str | None:
        """Return a text; None if there is none."""

    def exists(self, place: Place) -> bool:
        """Tell whether there is a file."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a menu; a submenu's body are entries again."""

    title: str | None
    """None where that depends on variables."""
    id: str
    body: tuple[Command, ...]
    submenu: bool
    restricted: bool
    """Someone who knows a password must start it, where there are superusers."""
    sure: bool
    """False where the script may leave it out."""


class Menu(msgspec.Struct, frozen=True, kw_only=True):
    """What a script comes to: a menu, or trouble."""

    place: Place
    entries: tuple[Entry, ...]
    variables: Variables
    trouble: str = ""
    """Why it shows no menu, in words that go on after its path."""


def places(variables: Variables, path: str | None) -> frozenset[Place | None]:
    """Return which files a path of GRUB's may mean: "(iso)/a", or "/a" on the root device."""
    if path is None:
        return frozenset({None})
    if path.startswith("("):
        device, _, rest = path[1:].partition(")")
        return frozenset({(device, rest) if device in {"iso", "image"} else None})
    return frozenset(
        (device, path) if device in {"iso", "image"} else None for device in variables.get("root")
    )


def waits(menu: Menu) -> str:
    """Return why a menu waits for somebody, in words that go on after its path; "" if not."""
    for value in menu.variables.get("timeout"):
        if value is None or not value.strip().isdecimal():
            return "waits for a key" if value in {"", "-1"} else "may wait for a key"
    return ""


def started(menu: Menu) -> Entry | None:
    """Return the entry that is started by itself; None where more than one may be, or a submenu."""
    found = [_chosen(menu.entries, each) for each in menu.variables.get("default")]
    return found[0] if all(each is found[0] for each in found) else None


def _chosen(entries: tuple[Entry, ...], default: str | None) -> Entry | None:
    """Return the entry by number, title or id, or else the first: as GRUB does (normal/menu.c)."""
    if default is None or not all(each.sure for each in entries[: _number(default) + 1]):
        return None
    head, inside, _ = default.partition(">")
    entry = _named(entries, default) or (_named(entries, head) if inside else None)
    if entry is None:
        number = _number(head)
        entry = entries[number if number < len(entries) else 0] if entries else None
    # What is inside a submenu is run when somebody opens it: ours is never there.
    return None if entry is None or entry.submenu else entry


def _named(entries: tuple[Entry, ...], name: str) -> Entry | None:
    found = (each for each in entries if name and name in {each.title, each.id})
    return next(found, None)


def _number(text: str) -> int:
    digits = text.partition(">")[0].strip()
    return int(digits) if digits.isdecimal() else 0
