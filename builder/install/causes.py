"""The table of known failures: what installers print, and what it means.

To teach a new cause, add a row, and a text to its test. Patterns are tried at the beginning of a
line whose prefixes (kernel clock, dracut, syslog) are gone: what merely quotes a text, such as an
echoed command, is no failure. Texts are from the sources of Anaconda, dracut, pykickstart, SeaBIOS,
OVMF, ISOLINUX and GRUB, and from consoles of EL 7 to 10.

The kind of error is its exit code: 6 where the kickstart must be mended, 5 where the medium must,
8 where a guest waits for somebody, 7 for everything else that the guest itself reports.
"""

from re import compile as text

from builder.errors import KickstartError
from builder.install.cause import Cause, Take, Weight
from builder.install.causes_boot import BOOT, INITRAMFS, WAITS

_KICKSTART = (
    Cause(
        name="kickstart-syntax",
        pattern=text(
            r"(?:The following problem occurred on|There was a problem reading from)"
            r" line (\d+) of the kickstart file"
        ),
        sentence="The installer cannot read line {0} of the kickstart.",
        hint="The medium's installer may be older than the linter; see the console log.",
        error=KickstartError,
        take=Take.FIRST,
    ),
    Cause(
        name="kickstart-syntax",
        pattern=text(r"An error occurred during reading the kickstart file"),
        sentence="The installer cannot read the kickstart.",
        hint="The medium's installer may be older than the linter; see the console log.",
        error=KickstartError,
        weight=Weight.PLAIN,
        take=Take.FIRST,
    ),
    Cause(
        name="incomplete",
        pattern=text(r"(?:\w+Error: )?The following mandatory spokes are not completed"),
        sentence="The kickstart leaves something open that the installer must know.",
        hint="Typically rootpw, part or the installation source is missing or wrong.",
        error=KickstartError,
        weight=Weight.PLAIN,
        take=Take.ALL,
    ),
    Cause(
        name="script",
        pattern=text(r"There was an error running the kickstart script at line (\d+)"),
        sentence="The kickstart script at line {0} failed.",
        hint="Its output is in the evidence folder; `--keep` leaves the guest for a look inside.",
        take=Take.LAST,
    ),
)

_SOFTWARE = (
    Cause(
        name="missing-package",
        pattern=text(
            r"You have specified that the package '([^']+)' should|missing packages: (.+)"
            r"|The package '([^']+)' is required"
        ),
        sentence="The kickstart asks for a package that is not on the medium: {0}.",
        hint="Mend %packages, use a larger variant of the medium, or add --ignoremissing.",
        error=KickstartError,
        witness="console",
    ),
    Cause(
        name="missing-group",
        pattern=text(
            r"(?:The group|You have specified that the group) '([^']+)'"
            r"|missing groups(?: or modules)?: (.+)"
        ),
        sentence="The kickstart asks for a group that is not on the medium: {0}.",
        hint="Mend %packages or use a larger variant of the medium.",
        error=KickstartError,
        witness="console",
    ),
    Cause(
        name="network",
        pattern=text(
            r".*?[Cc]url error \(\d+\): (.+)|.*?curl#\d+ - \"([^\"]+)\""
            r"|Failed to download metadata for repo '([^']+)'"
        ),
        sentence="The installer cannot reach a repository of the kickstart: {0}.",
        hint="See that url and repo are right and that the guest's network reaches them.",
        explains=("source", "incomplete", "payload", "terminated"),
    ),
    Cause(
        name="source",
        pattern=text(
            r"(?:.*\()?Error (?:setting up (?:software source|base repository)|in installation)"
            r"|Failed to set up installation source"
        ),
        sentence="The installer cannot use its installation source.",
        hint="See that url and repo are right and that the guest's network reaches them.",
        weight=Weight.PLAIN,
        witness="console",
    ),
    Cause(
        name="transaction",
        pattern=text(
            r"(?:DNF error|An error occurred during the transaction): (.+)"
            r"|Payload error - DNF installation has ended up abruptly: (.+)"
            r"|(Failed to download the following packages: .+)"
        ),
        sentence="The installation of the packages failed: {0}.",
        hint="The package named may be damaged, or its scriptlet may want what is not installed.",
        witness="console",
    ),
    Cause(
        name="payload",
        pattern=text(
            r"The following error occurred while (?:installing|setting up)"
            r"|The following software marked for installation has errors"
        ),
        sentence="The installer failed while it installed the packages.",
        hint="The console log has the transaction's error.",
        weight=Weight.PLAIN,
        take=Take.FIRST,
    ),
)

_STORAGE = (
    Cause(
        name="space",
        pattern=text(
            r"Not enough space in file systems|At least (\S+) more space needed"
            r"|(?:[\w ]+: )?not enough (?:free )?(?:disk )?space"
        ),
        sentence="The disk is too small for the software or the partitions.",
        hint="Raise --disk-gib or shrink the layout.",
    ),
    Cause(
        name="no-disk",
        pattern=text(
            r"(?:An error has occurred - )?no valid devices were found"
            r"|storage configuration failed: (?:there is )?no usable disk"
        ),
        sentence="The installer found no disk to install to.",
        hint="The kickstart must name the disk as the guest sees it (sda).",
    ),
    Cause(
        name="storage",
        pattern=text(r"storage configuration failed: (.+)"),
        sentence="The installer could not partition the disk: {0}.",
        hint="The layout may not fit the disk; the kickstart must name it as the guest does (sda).",
        weight=Weight.PLAIN,
    ),
    Cause(
        name="storage",
        pattern=text(r"The following errors occurred with your partitioning"),
        sentence="The installer could not partition the disk.",
        hint="The layout may not fit the disk; the kickstart must name it as the guest does (sda).",
        weight=Weight.PLAIN,
        take=Take.FIRST,
    ),
)

_CRASHES = (
    Cause(
        name="crash",
        pattern=text(r"An unknown error has occ?urr?ed, look at"),
        sentence="The installer crashed with a traceback.",
        hint="The traceback is in the console log, or in the installer's own.",
        weight=Weight.PLAIN,
    ),
    Cause(
        name="traceback",
        pattern=text(r"Traceback \(most recent call last\)"),
        sentence="The installer crashed.",
        hint="The traceback is in the console log, or in the installer's own.",
        take=Take.LAST,
        detail=text(r"((?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Failure|Interrupt).*)"),
        explains=("crash", "dead"),
    ),
    Cause(
        name="memory",
        pattern=text(
            r"(?:.{0,80}\b)?Out of memory: Kill|Initramfs unpacking failed: write error"
            r"|(?:---\[ end )?Kernel panic - not syncing: (?:Out of memory|System is deadlocked)"
            r"|The installation cannot continue and the system will be rebooted"
        ),
        sentence="The guest ran out of memory.",
        hint="Raise --memory-mib.",
        weight=Weight.ROOT,
    ),
    Cause(
        name="panic",
        pattern=text(r"Kernel panic - not syncing: (.*)"),
        sentence="The guest's kernel panicked: {0}.",
        hint="Give it more memory, or another CPU model; EL 9 and 10 need newer ones.",
    ),
)

CAUSES: tuple[Cause, ...] = (
    *BOOT,
    *INITRAMFS,
    *_KICKSTART,
    *_SOFTWARE,
    *_STORAGE,
    *_CRASHES,
    *WAITS,
)
"""In the order in which they are tried: the first row that matches a line has it."""
