"""Network profiles as NetworkManager reads them: its key files, and the ifcfg files of ifup."""

from collections.abc import Iterator

import msgspec

from builder.proof.audit.tree import GuestTree

_PLACES = (
    "/etc/sysconfig/network-scripts/ifcfg-*",
    "/etc/NetworkManager/system-connections/*",
    "/usr/lib/NetworkManager/system-connections/*",
)
_DEVICES = {"device", "physdev", "interface-name", "parent"}
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

    @property
    def devices(self) -> tuple[str, ...]:
        """The names of the cards that it is for, or of which it makes something; none for any."""
        return tuple(value for key, value in self.settings if key.lower() in _DEVICES)

    @property
    def plain(self) -> bool:
        """Whether it is for a network card by itself: no bridge or VLAN, and no part of one."""
        kinds = {value.lower() for key, value in self.settings if key.lower() == "type"}
        parts = any(key.lower() in _PART_OF for key, _ in self.settings)
        return not parts and kinds <= {"ethernet", "802-3-ethernet"}

    @property
    def starts(self) -> bool:
        """Whether it is used by itself."""
        switches = [value for key, value in self.settings if key in {"ONBOOT", "autoconnect"}]
        return not any(value.lower() in {"no", "false"} for value in switches)


def profiles(tree: GuestTree) -> tuple[Profile, ...]:
    """Return all of them, but for the loopback's."""
    found = (entry for entry in tree.matching(*_PLACES) if entry.kind == "file")
    return tuple(
        Profile(
            path=entry.path,
            settings=tuple((key, value) for _, key, value in ini(tree.text(entry.path))),
        )
        for entry in found
        if not entry.path.endswith("/ifcfg-lo")
    )


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
