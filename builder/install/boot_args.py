"""What the installer was told to look for, against what its medium really has."""

import re

import msgspec

from builder.model.media import InstallMedia

_COMMAND_LINE = re.compile(r"(?:Kernel command|Command) line: (.*)")
_ESCAPED = re.compile(r"\\x([0-9a-fA-F]{2})")
# GRUB of other distributions than Red Hat's takes the backslash for itself.
_BARE = re.compile(r"x([0-9a-fA-F]{2})")


class BootArgs(msgspec.Struct, frozen=True, kw_only=True):
    """What the guest's kernel command line names, as the guest has it."""

    kickstart: str = ""
    stage2: str = ""

    def after(self, line: str) -> "BootArgs":
        """Return what is known after a line of the console: the kernel prints its command line."""
        found = _COMMAND_LINE.match(line)
        return of(found[1]) if found else self


Explanation = tuple[str, str]
"""A sentence that names what was looked for and what there is, and a hint."""


def of(arguments: str) -> BootArgs:
    """Return what a kernel command line asks for."""
    values = dict(word.partition("=")[::2] for word in arguments.split())
    return BootArgs(
        kickstart=values.get("inst.ks", values.get("ks", "")),
        stage2=values.get("inst.stage2", values.get("inst.repo", "")),
    )


def explain(cause: str, asked: BootArgs, medium: InstallMedia | None) -> Explanation | None:
    """Return why the cause named came about, where what was asked for is not what there is."""
    if medium is None or cause not in (
        "kickstart-not-found",
        "stage2-not-found",
        "boot-in-vain",
        "emergency-shell",
    ):
        return None
    return (
        _wrong_label("kickstart", asked.kickstart, medium)
        or _wrong_label("stage 2", asked.stage2, medium)
        or _wrong_path(cause, asked, medium)
    )


def whose_line(sentence: str, medium: InstallMedia | None) -> str:
    """Return a sentence on a line of the kickstart with the files whose line it may be.

    Installers count the lines of an included file from its own first, and do not name it.
    """
    if medium is None or not medium.includes:
        return sentence
    files = " or ".join(medium.includes)
    return sentence.replace("of the kickstart", f"of the kickstart, or of {files} that it includes")


def _wrong_label(what: str, place: str, medium: InstallMedia) -> Explanation | None:
    found = re.match(r"hd:(?:CD)?LABEL=([^:]*)", place)
    if found is None or medium.volume_id in _meant(found[1]):
        return None
    return (
        f"The installer looked for its {what} on a volume labelled "
        f"{_meant(found[1])[0]!r}, but the label of the ISO is {medium.volume_id!r}.",
        "Remaster the ISO again: its boot entry must name the label that it has.",
    )


def _wrong_path(cause: str, asked: BootArgs, medium: InstallMedia) -> Explanation | None:
    found = re.match(r"hd:[^:]+:(.+)", asked.kickstart)
    if cause != "kickstart-not-found" or found is None or found[1] == medium.kickstart_path:
        return None
    return (
        f"The installer looked for its kickstart at {found[1]!r}, but on the ISO "
        f"{medium.volume_id!r} it is at {medium.kickstart_path!r}.",
        "Remaster the ISO again: its boot entry must name the path that it has.",
    )


def _meant(label: str) -> tuple[str, str]:
    return (_plain(_ESCAPED, label), _plain(_BARE, label))


def _plain(escape: re.Pattern[str], label: str) -> str:
    return escape.sub(lambda found: chr(int(found[1], 16)), label)
