"""Our boot entry: what it says, and what it makes the other entries lose."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from builder.errors import UsageError
from builder.iso import cmdline

TITLE = "Unattended installation by builder"
_CONSOLES = ("console=tty0", "console=ttyS0,115200n8")  # Anaconda talks on the last one
_DROPPED = ("inst.ks", "ks", "rd.live.check")
_RESCUE = {"rescue", "inst.rescue"}
# Nothing that GRUB's shell would take for its own: ; & | < > $ # { } and single quotes.
_SAFE = re.compile(r"""(?:[\w.,:=/@%+~!?*^()\[\]\\-]|"[\w.,:=/@%+~ -]*")+""", re.ASCII)


class Unattended(msgspec.Struct, frozen=True, kw_only=True):
    """What our entry says. UsageError for extra arguments that a boot menu cannot carry."""

    label: str
    """The volume id as its descriptor has it, unescaped."""
    kickstart_path: str = "/ks.cfg"
    extra: tuple[str, ...] = ()
    """More kernel arguments; each takes the place of those with the same key."""

    def __post_init__(self) -> None:
        """Refuse what the loaders or our own entry would not survive."""
        for argument in self.extra:
            if not _SAFE.fullmatch(argument) or cmdline.key(argument) in _DROPPED:
                raise UsageError(
                    f"{argument!r} cannot be added to the kernel command line.",
                    hint="Give plain arguments such as nomodeset or key=value; "
                    "builder itself names the kickstart.",
                )

    @property
    def kickstart(self) -> str:
        """The argument that names the kickstart."""
        # By label, never cdrom: when that one does not find the file it waits for ever.
        return f"inst.ks=hd:LABEL={cmdline.escape_label(self.label)}:{self.kickstart_path}"

    def arguments(self, plain: Iterable[str]) -> tuple[str, ...]:
        """Turn the arguments of the medium's plain entry into those of ours."""
        own = cmdline.remove(plain, "quiet", *_DROPPED)
        return cmdline.replace(cmdline.replace(own, self.kickstart, *_CONSOLES), *self.extra)


def disarm(arguments: str) -> str:
    """Drop a kickstart and the media check from an original entry; else keep it to the letter."""
    found = cmdline.split(arguments)
    kept = cmdline.remove(found, *_DROPPED)
    return arguments if kept == found else cmdline.join(kept)


def plainest(entries: Sequence[tuple[str, ...]]) -> int | None:
    """Return the index of the entry that asks least of the installer: the ordinary one.

    The variants (rescue, basic graphics, text, FIPS) add arguments to it. None without entries.
    """
    asked = [set(cmdline.remove(each, "quiet", "console", *_DROPPED)) for each in entries]
    usable = [index for index, each in enumerate(asked) if each and not each & _RESCUE]
    return min(usable, key=lambda index: len(asked[index]), default=None)
