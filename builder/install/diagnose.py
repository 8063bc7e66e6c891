"""Why an installation failed: a table of what installers print and what it means.

To teach a new cause, add a row. Texts as collected from Anaconda's sources and consoles of EL 7
to 10; where an installer goes on or ends by itself after the text, the row says nothing of it:
whoever watches ends the guest.
"""

import re

import msgspec

from builder.install.progress import message


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """A known failure; `{0}` stands for the first group of the pattern."""

    pattern: re.Pattern[str]
    sentence: str
    hint: str


def _cause(pattern: str, sentence: str, hint: str) -> Cause:
    return Cause(pattern=re.compile(pattern), sentence=sentence, hint=hint)


CAUSES = (
    _cause(
        r"Can't get kickstart from (\S+)",
        "The installer did not find the kickstart at {0}.",
        "`builder iso inspect` shows the label and the boot entries of the ISO.",
    ),
    _cause(
        r"The following problem occurred on line (\d+) of the kickstart file",
        "The installer cannot read line {0} of the kickstart.",
        "The medium's installer may be older than the linter; see the console log.",
    ),
    _cause(
        r"(?:CD|Media) check failed!",
        "The medium failed its media check.",
        "Remaster it again; the default entry then skips the check.",
    ),
    _cause(
        r"It seems that the boot has failed|Warning: Could not boot\.",
        "The installer's initramfs waits in vain for its kickstart or its stage 2.",
        "`builder iso inspect` shows the label and the boot entries of the ISO.",
    ),
    _cause(
        r"Entering emergency mode\. Exit the shell|Starting Dracut Emergency Shell",
        "The installer's initramfs gave up and opened an emergency shell.",
        "Usually the ISO's label differs from inst.stage2; see the console log.",
    ),
    _cause(
        r"You have specified that the package '([^']+)' should|^missing packages: (.+)",
        "The kickstart asks for a package that is not on the medium: {0}.",
        "Mend %packages, use a larger variant of the medium, or add --ignoremissing.",
    ),
    _cause(
        r"The group '([^']+)' is required",
        "The kickstart asks for a group that is not on the medium: {0}.",
        "Mend %packages or use a larger variant of the medium.",
    ),
    _cause(
        r"Not enough space in file systems|not enough (?:free )?(?:disk )?space",
        "The disk is too small for the software or the partitions.",
        "Raise --set disk_gib or shrink the layout.",
    ),
    _cause(
        r"no valid devices were found on which to create new file systems"
        r"|storage configuration failed",
        "The installer found no disk to install to, or could not partition it.",
        "The kickstart must name the disk as the guest sees it (sda).",
    ),
    _cause(
        r"error running the kickstart script at line (\d+)",
        "The kickstart script at line {0} failed.",
        "Its output is in the evidence folder; `--keep` leaves the guest for a look inside.",
    ),
    _cause(
        r"An unknown error has occ?urr?ed, look at",
        "The installer crashed with a traceback.",
        "The traceback is in the console log.",
    ),
    _cause(
        r"mandatory spokes are not completed",
        "The kickstart leaves something open that the installer must know.",
        "The console log names it; typically rootpw, part or the installation source.",
    ),
    _cause(
        r"following error occurred while (?:installing|setting up)",
        "The installer failed while it installed the packages.",
        "The console log has the transaction's error.",
    ),
    _cause(
        r"Kernel panic - not syncing: (.*)",
        "The guest's kernel panicked: {0}.",
        "Give it more memory, or another CPU model; EL 9 and 10 need newer ones.",
    ),
    _cause(
        r"Out of memory: Kill",
        "The guest ran out of memory.",
        "Raise --set memory_mib.",
    ),
    _cause(
        r"No bootable device|Could not read from CDROM|isolinux\.bin missing or corrupt",
        "The firmware found nothing to boot on the installer ISO.",
        "`builder iso inspect` shows the ISO's boot entries.",
    ),
    _cause(
        r"Installation complete\.\s+Press (?:return|ENTER) to quit|reboot: System halted",
        "The installation is complete, but the guest does not power off.",
        "End the kickstart with poweroff: halt and no action at all wait for a key.",
    ),
    _cause(
        r"^Pane is dead",
        "The installer ended without a word.",
        "The console log shows its last lines.",
    ),
)


def diagnose(line: str) -> Cause | None:
    """Return the failure that `line` tells of, its sentence filled in; None for other lines."""
    said = message(line)
    for cause in CAUSES:
        found = cause.pattern.search(said)
        if found:
            group = next((text for text in found.groups() if text), "").strip().rstrip(".")
            return msgspec.structs.replace(cause, sentence=cause.sentence.format(group))
    return None
