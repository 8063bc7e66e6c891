"""Our boot entry: what it says, and what becomes of the other entries."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from builder.errors import UsageError
from builder.media import cmdline

TITLE = "Unattended installation by builder"
_CONSOLES = ("console=tty0", "console=ttyS0,115200n8")  # Anaconda talks on the last one
_KICKSTART = ("inst.ks", "ks")
_CHECK = "rd.live.check"
_RESCUE = {"rescue", "inst.rescue"}
# Nothing that GRUB's shell would take for its own: ; & | < > $ # { } and single quotes.
_SAFE = re.compile(r"""(?:[\w.,:=/@%+~!?*^()\[\]\\-]|"[\w.,:=/@%+~ -]*")+""", re.ASCII)


class Unattended(msgspec.Struct, frozen=True, kw_only=True):
    """What our entry says. UsageError for extra arguments that a boot menu cannot carry."""

    label: str
    """The volume id as its descriptor has it, unescaped."""
    former_label: str = ""
    """The volume id that the menus were written for, where it is another one."""
    kickstart_path: str = "/ks.cfg"
    extra: tuple[str, ...] = ()
    """More kernel arguments; each takes the place of those with the same key."""
    without: tuple[str, ...] = ()
    """Keys of arguments that our entry does without, the medium's own or the consoles."""
    checkable: bool = False
    """The medium has a sum for its media check: entries with the check stay."""

    def __post_init__(self) -> None:
        """Refuse what the loaders or our own entry would not survive."""
        for key in map(cmdline.key, self.without):
            if key in _KICKSTART:
                raise UsageError(
                    f"{key} cannot be removed: it names the kickstart.",
                    hint="--remove takes other arguments, such as quiet or console.",
                )
        for argument in self.extra:
            if not _SAFE.fullmatch(argument) or cmdline.key(argument) in {*_KICKSTART, _CHECK}:
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
        own = cmdline.remove(map(self._here, plain), "quiet", *_KICKSTART, _CHECK, *self.without)
        ours = (self.kickstart, *cmdline.remove(_CONSOLES, *self.without))
        return cmdline.replace(cmdline.replace(own, *ours), *self.extra)

    def disarmed(self, arguments: str) -> str:
        """Drop an earlier kickstart, and a check that would fail, from an original entry."""
        found = cmdline.split(arguments)
        kept = cmdline.remove(found, *_KICKSTART, *(() if self.checkable else (_CHECK,)))
        kept = tuple(map(self._here, kept))
        return arguments if kept == found else " ".join(kept)

    def _here(self, argument: str) -> str:
        """Let inst.stage2 name this volume: other remasters have lost the label's backslashes."""
        if cmdline.key(argument) != "inst.stage2":
            return argument
        return cmdline.labelled(argument, self.label)

    def relabelled(self, text: str) -> str:
        """Let a menu name the volume by its label of now."""
        old, new = self.former_label, self.label
        if not old or old == new:
            return text
        escaped = cmdline.escape_label(old)
        # Functions as replacement: plain text would have its \x20 interpreted.
        text = re.sub(
            rf"""(LABEL=){re.escape(escaped)}(?=[\s:/"']|$)""",
            lambda found: found[1] + cmdline.escape_label(new),
            text,
        )
        search = rf"""^([ \t]*search\s.*(?:-l|--label)[\s=]+)(["']?){re.escape(old)}\2(?=\s|$)"""
        return re.sub(search, lambda found: f"{found[1]}'{new}'", text, flags=re.MULTILINE)


def is_live(arguments: Iterable[str]) -> bool:
    """Tell whether an entry starts a live system: its installer waits for somebody to click."""
    return any(each == "rd.live.image" or each.startswith("root=live:") for each in arguments)


def checks_media(arguments: Iterable[str]) -> bool:
    """Tell whether an entry has the media check first."""
    return any(cmdline.key(each) == _CHECK for each in arguments)


def plainest(entries: Sequence[tuple[str, ...]]) -> int | None:
    """Return the index of the entry that asks least of the installer: the ordinary one.

    The variants (rescue, basic graphics, text, FIPS) add arguments to it. None without entries.
    """
    ignored = ("quiet", "console", *_KICKSTART, _CHECK)
    asked = [set(cmdline.remove(each, *ignored)) for each in entries]
    usable = [n for n, each in enumerate(asked) if each and not (each & _RESCUE or is_live(each))]
    return min(usable, key=lambda index: len(asked[index]), default=None)
