"""Network profiles as NetworkManager reads them: its key files, and the ifcfg files of ifup."""

import re
from collections.abc import Iterator

import msgspec

from builder.proof.audit.tree import GuestTree

_PLACES = (
    "/etc/sysconfig/network-scripts/ifcfg-*",
    "/etc/NetworkManager/system-connections/*",
    "/usr/lib/NetworkManager/system-connections/*",
)
# What neither NetworkManager nor ifup reads: copies, and of key files what mkstemp(3) would call
# them, and certificates. Other copies they do read.
_NOBODYS = re.compile(
    r".*/ifcfg-(?:lo|.*(?:~|\.bak|\.orig|\.rpmnew))"
    r"|.*/system-connections/(?:\..*|.*(?:~|\.[A-Za-z0-9]{6}|\.pem|\.der))"
)
_CARDS = {
    "ethernet",
    "802-3-ethernet",
    "infiniband",
    "wireless",
    "wifi",
    "802-11-wireless",
}
_PART_OF = {
    "bridge",
    "bridge_uuid",
    "controller",
    "master",
    "master_uuid",
    "team_master",
    "team_master_uuid",
}


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One file, and what it sets: pairs of a key, as it stands there, and a value."""

    path: str
    settings: tuple[tuple[str, str], ...]
    """A key of the section [match] begins with `match.`."""

    @property
    def devices(self) -> tuple[str, ...]:
        """The names of what it is for, or makes; none for any card."""
        named = self._values({"device", "interface-name"})
        return tuple(name for name in (*named, *self._matched) if name)

    @property
    def parents(self) -> tuple[str, ...]:
        """The names of the cards of which it makes something."""
        return self._values({"physdev", "parent"})

    @property
    def places(self) -> tuple[str, ...]:
        """The paths of the hardware that it is for; none for any."""
        return _all_or_none(self._values({"match.path"}))

    @property
    def of_card(self) -> bool:
        """Whether it says that it is for a card, and not for what is made of cards."""
        return bool(self._kinds) and self._kinds <= _CARDS

    @property
    def plain(self) -> bool:
        """Whether it is for a network card by itself: no bridge or VLAN, and no part of one."""
        parts = any(key.lower() in _PART_OF for key, _ in self.settings)
        return not parts and self._kinds <= {"ethernet", "802-3-ethernet"}

    @property
    def starts(self) -> bool:
        """Whether it is used by itself."""
        switches = [value for key, value in self.settings if key in {"ONBOOT", "autoconnect"}]
        return not any(value.lower() in {"no", "false"} for value in switches)

    @property
    def _kinds(self) -> set[str]:
        return {value.lower() for value in self._values({"type"})}

    @property
    def _matched(self) -> tuple[str, ...]:
        return _all_or_none(self._values({"match.interface-name"}))

    def _values(self, keys: set[str]) -> tuple[str, ...]:
        return tuple(value for key, value in self.settings if key.lower() in keys)


def _all_or_none(lists: tuple[str, ...]) -> tuple[str, ...]:
    """Return what these lists of patterns name; nothing where one of them fits several cards."""
    words = [word.lstrip("|&") for each in lists for word in re.split(r"[\s;,]+", each) if word]
    wanted = [word for word in words if not word.startswith("!")]
    return () if any(re.search(r"[*?\[]", word) for word in wanted) else tuple(wanted)


def profiles(tree: GuestTree) -> tuple[Profile, ...]:
    """Return all that somebody reads, but for the loopback's."""
    found = (entry for entry in tree.matching(*_PLACES) if entry.kind == "file")
    return tuple(
        Profile(path=entry.path, settings=tuple(_settings(tree.text(entry.path))))
        for entry in found
        if not _NOBODYS.fullmatch(entry.path)
    )


def _settings(text: str) -> Iterator[tuple[str, str]]:
    for section, key, value in ini(text):
        if section:
            yield (f"match.{key}" if section == "match" else key), value
        else:
            # A shell's assignment: a comment may follow a blank.
            bare = re.split(r"\s#", value, maxsplit=1)[0].strip().strip("\"'")
            yield key.removeprefix("export").strip(), bare


def ini(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield section, key and value of each line that has one; shells' assignments have no section.

    Quotes around a value go.
    """
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line[:1] not in {"#", ";"} and "=" in line:
            key, _, value = line.partition("=")
            yield section, key.strip(), value.strip().strip("\"'")
