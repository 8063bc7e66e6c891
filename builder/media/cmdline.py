"""Kernel command lines as tuples of arguments: text in, text out, every character kept."""

import re
from collections.abc import Iterable

# The kernel groups by double quotes and GRUB by single ones as well. Backslashes are plain
# characters here: the \x20 of a label must reach the loader as it stands in the file.
_ARGUMENT = re.compile(r"""(?:"[^"]*"|'[^']*'|\S)+""")

# What udev leaves alone when it names links under /dev/disk/by-label.
_PLAIN = re.compile(r"[A-Za-z0-9#+\-.:=@_]")


def split(text: str) -> tuple[str, ...]:
    """Return the arguments of `text`, quotes and backslashes verbatim."""
    return tuple(_ARGUMENT.findall(text))


def key(argument: str) -> str:
    """Return what stands before the first "=": the name by which the kernel knows it."""
    return argument.strip("\"'").partition("=")[0]


def remove(arguments: Iterable[str], *keys: str) -> tuple[str, ...]:
    """Return `arguments` without those that have one of the `keys`."""
    return tuple(argument for argument in arguments if key(argument) not in keys)


def replace(arguments: Iterable[str], *new: str) -> tuple[str, ...]:
    """Return `arguments` with `new` at the end, in place of all that have a key of theirs.

    A key may come several times among the new: console=tty0 console=ttyS0 are two arguments.
    """
    return (*remove(arguments, *map(key, new)), *new)


_VOLUME = re.compile(r"""(["']?[\w.]+=hd:(?:CD)?LABEL=)([^\s:"']+)""")


def label_of(argument: str) -> str | None:
    """Return the label, escaped, of an argument such as inst.stage2=hd:LABEL=X; None for others."""
    found = _VOLUME.match(argument)
    return found and found[2]


def labelled(argument: str, label: str) -> str:
    """Let such an argument name the volume `label`."""
    # A function as replacement: plain text would have its \x20 interpreted.
    return _VOLUME.sub(lambda found: found[1] + escape_label(label), argument, count=1)


def escape_label(label: str) -> str:
    """Return a volume id the way udev writes it below /dev/disk/by-label.

    Bytes of the plain ASCII set stay, so does what lies beyond ASCII; anything else becomes
    a backslash, an x and two hex digits: "CentOS 7 x86_64" is "CentOS\\x207\\x20x86_64".
    """
    return "".join(
        character if not character.isascii() or _PLAIN.match(character) else _escape(character)
        for character in label
    )


def _escape(character: str) -> str:
    return f"\\x{ord(character):02x}"
