"""The table of known failures, continued: before the installer runs, and when it waits."""

from re import compile as text

from builder.errors import HangError, MediaError
from builder.install.cause import Cause, Take, Weight

_LOOK_AT_ISO = "`builder iso inspect` shows the label and the boot entries of the ISO."

BOOT = (
    Cause(
        # Not "failed to load" or "not a bootable disk": a firmware says so of the new disk, before
        # it tries the CD.
        name="nothing-to-boot",
        pattern=text(
            r"No bootable device|Boot failed: Could not read from CDROM|isolinux\.bin missing"
            r"|ISOLINUX .*missing or corrupt|Could not find kernel image"
            r"|(?:BdsDxe: )?No bootable option or device was found|UEFI Interactive Shell|Shell>"
            r"|BdsDxe: starting Boot\d+ \"EFI Internal Shell\"|grub(?: rescue)?>"
            r"|error: .*you need to load the kernel first"
        ),
        sentence="The firmware or the boot loader found nothing to boot on the installer ISO.",
        hint="`builder iso inspect` shows the ISO's boot entries.",
        error=MediaError,
    ),
)

INITRAMFS = (
    Cause(
        name="kickstart-not-found",
        pattern=text(
            r"Can't get kickstart from (\S+)|anaconda: failed to fetch kickstart from (\S+)"
            r"|Please insert CDROM containing '([^']+)'|Kickstart file (\S+) is missing"
        ),
        sentence="The installer did not find the kickstart at {0}.",
        hint=_LOOK_AT_ISO,
        error=MediaError,
    ),
    Cause(
        name="stage2-not-found",
        pattern=text(
            r"(?:anaconda: )?failed to fetch stage2 from (\S+)"
            r"|Invalid value for 'inst\.(?:repo|stage2)': (\S+)"
        ),
        sentence="The installer did not find its stage 2 at {0}.",
        hint=_LOOK_AT_ISO,
        error=MediaError,
    ),
    Cause(
        name="media-check",
        pattern=text(
            r"(?:CD|Media) check failed!|The media check is complete, the result is: FAIL"
        ),
        sentence="The medium failed its media check.",
        hint="Remaster it again; the default entry then skips the check.",
        error=MediaError,
    ),
    Cause(
        # dracut-initqueue's timeouts alone mean little: slow networks have some and go on.
        name="boot-in-vain",
        pattern=text(r"It seems that the boot has failed|Could not boot\."),
        sentence="The installer's initramfs waits in vain for its kickstart or its stage 2.",
        hint=_LOOK_AT_ISO,
        error=MediaError,
        weight=Weight.VAGUE,
    ),
    Cause(
        name="emergency-shell",
        pattern=text(
            r"Entering emergency mode\. Exit the shell|Starting Dracut Emergency Shell|dracut:/#"
        ),
        sentence="The installer's initramfs gave up and opened an emergency shell.",
        hint="Usually the ISO's label differs from inst.stage2; see the console log.",
        weight=Weight.VAGUE,
    ),
)

WAITS = (
    Cause(
        name="not-powered-off",
        pattern=text(
            r"Installation complete\.?\s+Press (?:return|ENTER) to quit"
            r"|(?:reboot: )?System halted"
        ),
        sentence="The installation is complete, but the guest does not power off.",
        hint="End the kickstart with poweroff: halt and no action at all wait for a key.",
        error=HangError,
    ),
    Cause(
        name="terminated",
        pattern=text(r"The installation was stopped due to an error"),
        sentence="The installer stopped with an error.",
        hint="The console log has the whole message.",
        weight=Weight.VAGUE,
        take=Take.FIRST,
    ),
    Cause(
        name="terminated",
        pattern=text(r"The installer will now terminate"),
        sentence="The installer gave up.",
        hint="The console log shows its last lines.",
        weight=Weight.VAGUE,
    ),
    Cause(
        name="question",
        pattern=text(
            r"(Please respond 'yes' or 'no'|Press ENTER to (?:exit|continue)"
            r"|Press (?:any key|return|Enter) to (?:exit|continue)"
            r"|Please make (?:your choice|a selection) from (?:the )?above"
            r"|.*\['b' to begin installation|.{0,200}\[(?:y/n|Y/n|y/N|yes/no)\]\s*[:?]*$"
            r"|.{0,200}\(yes/no\)\s*[:?]*$)"
        ),
        sentence="The installer waits for an answer: {0}.",
        hint="The kickstart must answer everything; the console log shows what was asked.",
        error=HangError,
        weight=Weight.VAGUE,
        witness="console",
    ),
    Cause(
        name="login",
        pattern=text(
            r"((?!Last )\S+ login:$|\[anaconda root@\S+ [^]]*\]#|(?:sh|bash)-\d[\d.]*[#$]$)"
        ),
        sentence="The guest shows a prompt instead of installing: {0}.",
        hint="It booted something else than the installer, or the kickstart left it at a shell.",
        error=HangError,
        weight=Weight.VAGUE,
        witness="console",
    ),
    Cause(
        name="dead",
        pattern=text(r"Pane is dead"),
        sentence="The installer ended without a word.",
        hint="The console log shows its last lines.",
        weight=Weight.VAGUE,
    ),
)
