"""What the menus of every layout have in common. Pure."""

from collections.abc import Mapping

import msgspec

ARCH = "x86_64"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A menu entry that starts the installer."""

    title: str
    arguments: str
    """Kernel arguments beyond those of every entry."""


def escape(label: str) -> str:
    """Return a label as udev writes it in kernel arguments: a space is \\x20."""
    return "".join(char if char.isalnum() or char in "-_." else f"\\x{ord(char):02x}"
                   for char in label)  # fmt: skip


def kernel_arguments(entry: Entry, *, volume_id: str) -> str:
    """Return the kernel arguments of an entry on the medium `volume_id`."""
    # Without the mitigations an emulated installer takes half the time; they guard nothing here.
    return f"inst.stage2=hd:LABEL={escape(volume_id)} mitigations=off {entry.arguments}"


def ini(sections: Mapping[str, Mapping[str, str]]) -> str:
    """Return sections in the form of .treeinfo."""
    return "\n".join(_section(name, values) for name, values in sections.items())


def _section(name: str, values: Mapping[str, str]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in values.items()), ""])
