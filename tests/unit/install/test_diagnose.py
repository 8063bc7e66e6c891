"""Known failures: each row of the table, what they become together, and what is none."""

import re
import tomllib
from pathlib import Path

import pytest

from builder.install import causes
from builder.install.causes import CAUSES, Cause, Take
from builder.install.diagnose import Diagnosis, FoundCause
from builder.model.media import InstallMedia
from tests.values import media

LOG = "org.fedoraproject.anaconda.log.0"
MEDIUM = media(volume_id="Our Medium 7")


def heard(*lines: str, witness: str = "console", medium: InstallMedia | None = None) -> Diagnosis:
    diagnosis = Diagnosis(medium)
    for line in lines:
        diagnosis.hear(line, witness)
    return diagnosis


def found(*lines: str, witness: str = "console", medium: InstallMedia | None = None) -> FoundCause:
    finding = heard(*lines, witness=witness, medium=medium).finding
    assert finding is not None
    return finding


TEXTS = [
    ("No bootable device.", 5, "found nothing to boot"),
    ("Boot failed: Could not read from CDROM (code 0009)", 5, "found nothing to boot"),
    ("isolinux.bin missing or corrupt.", 5, "found nothing to boot"),
    ("BdsDxe: No bootable option or device was found.", 5, "found nothing to boot"),
    ('BdsDxe: starting Boot0002 "EFI Internal Shell" from Fv(7)', 5, "found nothing to boot"),
    ("UEFI Interactive Shell v2.2", 5, "found nothing to boot"),
    ("grub>", 5, "found nothing to boot"),
    ("grub rescue>", 5, "found nothing to boot"),
    ("Entering rescue mode...", 5, "found nothing to boot"),
    (
        "dracut-initqueue[1419]: Warning: Can't get kickstart from /dev/sr0:/ks/none.cfg",
        5,
        "did not find the kickstart at /dev/sr0:/ks/none.cfg.",
    ),
    ("anaconda: failed to fetch kickstart from http://a/ks.cfg", 5, "at http://a/ks.cfg."),
    ("Please insert CDROM containing '/ks.cfg'...", 5, "did not find the kickstart at /ks.cfg."),
    ("anaconda: failed to fetch stage2 from http://a/", 5, "stage 2 at http://a/."),
    ("dracut: FATAL: CD check failed!", 5, "failed its media check"),
    ("Media check failed! We do not recommend using this medium.", 5, "failed its media check"),
    ("dracut-initqueue[918]: Warning: It seems that the boot has failed. Possible", 5, "in vain"),
    ("dracut-initqueue[745]: Warning: Could not boot.", 5, "waits in vain"),
    ("Starting Dracut Emergency Shell...", 7, "emergency shell"),
    ("Entering emergency mode. Exit the shell to continue.", 7, "emergency shell"),
    ("dracut:/#", 7, "emergency shell"),
    ("ALERT!  UUID=5eed does not exist.  Dropping to a shell!", 7, "emergency shell"),
    ("(initramfs)", 7, "emergency shell"),
    ("The following problem occurred on line 17 of the kickstart file:", 6, "cannot read line 17"),
    ("An error occurred during reading the kickstart file:", 6, "cannot read the kickstart"),
    ("The following mandatory spokes are not completed:", 6, "leaves something open"),
    ("There was an error running the kickstart script at line 42.  This", 7, "at line 42 failed."),
    ("You have specified that the package 'none' should be", 6, "not on the medium: none."),
    ("missing packages: one, two", 6, "package that is not on the medium: one, two."),
    ("The group 'none' is required", 6, "group that is not on the medium: none."),
    ("missing groups or modules: one", 6, "group that is not on the medium: one."),
    ("4) [!] (Error setting up software source)", 7, "cannot use its installation source"),
    ("DNF error: Error in POSTIN scriptlet in rpm package p", 7, "scriptlet in rpm package p."),
    ("Failed to download the following packages: p", 7, "failed: Failed to download the"),
    ("The following error occurred while installing.  This is a fatal error", 7, "the packages"),
    ("The following error occurred while installing the payload. This is", 7, "the packages"),
    ("Not enough space in file systems for the current software selection.", 7, "is too small"),
    ("storage configuration failed: not enough free space on disks", 7, "is too small"),
    ("At least 500MB more space needed on the / filesystem.", 7, "is too small"),
    (
        "An error has occurred - no valid devices were found on which to create new file systems.",
        7,
        "found no disk",
    ),
    ("storage configuration failed: Unable to do it.", 7, "partition the disk: Unable to do it."),
    ("The following errors occurred with your partitioning:", 7, "could not partition the disk"),
    ("An unknown error has occured, look at the /tmp/anaconda-tb* file(s)", 7, "with a traceback"),
    ("[    9.1] Out of memory: Kill process 1 (systemd)", 7, "out of memory"),
    ("[    9.1] Out of memory: Killed process 1 (python3)", 7, "out of memory"),
    ("[    1.0] Initramfs unpacking failed: write error", 7, "out of memory"),
    ("Kernel panic - not syncing: System is deadlocked on memory", 7, "out of memory"),
    ("[    2.5] Kernel panic - not syncing: Attempted to kill init!", 7, "panicked: Attempted to"),
    (
        "[    0.040000] Kernel panic - not syncing: IO-APIC + timer doesn't work!  Boot with apic=",
        4,
        "too little processor time: its kernel panicked (IO-APIC + timer doesn't work).",
    ),
    ("[  99.1] Kernel panic - not syncing: softlockup: hung tasks", 4, "too little processor time"),
    ("[  99.1] Kernel panic - not syncing: hung_task: blocked tasks", 4, "too little processor"),
    ("[  99.1] Kernel panic - not syncing: RCU Stall", 4, "too little processor time"),
    ("Kernel panic - not syncing: Watchdog detected hard LOCKUP on cpu 0", 4, "too little proc"),
    ("Kernel panic - not syncing: Hard LOCKUP", 4, "too little processor time"),
    ("Installation complete.  Press return to quit", 8, "does not power off"),
    ("Installation complete. Press ENTER to quit:", 8, "does not power off"),
    ("[  312.400041] reboot: System halted", 8, "does not power off"),
    ("The installation was stopped due to an error which occurred", 7, "stopped with an error."),
    ("The installer will now terminate.", 7, "gave up"),
    ("Please respond 'yes' or 'no':", 8, "waits for an answer: Please respond 'yes' or 'no'."),
    ("Press ENTER to exit:", 8, "waits for an answer: Press ENTER to exit."),
    ("Please make your choice from above ['q' to quit]:", 8, "waits for an answer: Please make"),
    ("Please make a selection from the above ['q' to quit]:", 8, "waits for an answer: Please"),
    ("Would you like to go on? [y/N]:", 8, "waits for an answer: Would you like to go on?"),
    ("localhost login:", 8, "prompt instead of installing: localhost login:."),
    ("[anaconda root@localhost ~]#", 8, "prompt instead of installing"),
    (
        "[    9.1] dracut: FATAL: Failed to find a root filesystem in /run/x.img.",
        5,
        "its stage 2: Failed to find a root filesystem in /run/x.img.",
    ),
    ("dracut: FATAL: Failed to mount block device of live image", 5, "cannot mount its stage 2"),
    ("pyanaconda.errors.ScriptError", 7, "A script of the kickstart failed."),
    ("Non interactive installation failed: .", 7, "A script of the kickstart failed."),
    ("Some packages, groups or modules are missing.", 6, "packages that cannot be installed."),
    (
        "[FAILED] Failed to start anaconda-direct.service - the anaconda installation program.",
        7,
        "without a word",
    ),
    ("broken packages: one, two", 6, "cannot be installed: one, two."),
    ("Stream was not specified for a module without a default stream. This is", 6, "a module"),
    ("The following error occurred while installing the boot loader. The system", 7, "boot loader"),
    ("Unable to allocate requested partition scheme.", 7, "do not fit on the disk: Unable to"),
    ("Storage configuration has failed: not so", 7, "do not fit on the disk: not so."),
    ("Your / partition is too small for xfs formatting (allowable size is", 7, "do not fit on"),
    (
        "Your BIOS-based system needs a special partition to boot from a GPT disk label. To",
        6,
        "needs a biosboot partition.",
    ),
    ("You have not defined a root partition (/), which is required for", 6, "refuses the kicks"),
    ("No valid boot loader target device found. See below for details.", 6, "boot loader target"),
    ("For a UEFI installation, you must include an EFI System Partition on", 6, "For a UEFI inst"),
    ("This mount point is invalid. The /etc directory must be on", 6, "This mount point is inv"),
    ("You must create a new file system on the root device.", 6, "create a new file system"),
    ("An error occurred while activating your storage configuration.", 7, "partition the disk."),
    ("Failed to save storage configuration", 7, "could not partition the disk."),
    ("There is a problem with your existing storage configuration or your", 7, "partition the"),
    ("Error enabling service chronyd: 1", 6, "a service that the system does not have: chronyd."),
    ("The following error occurred during the installation:", 7, "A step of the installation"),
    ("An error occurred during registration attempt triggered by the rhsm", 7, "subscription"),
    ("Failed to enable Red Hat subscription on the installed system.", 7, "subscription of the"),
    ('File "/sbin/anaconda", line 380, in <module>', 7, "The installer crashed."),
    (
        "Service org.fedoraproject.Anaconda.Modules.Storage has failed to start: timed out",
        7,
        "module Storage has failed to start: timed out.",
    ),
    (
        "Rocky Linux 9 requires 1024 MiB of memory to install, but you only have 768 MiB on this",
        7,
        "ran out of memory.",
    ),
    ("Fatal glibc error: CPU does not support x86-64-v3", 7, "CPU does not support x86-64-v3."),
    ("Fatal glibc error: something new", 7, "too old for this release: something new."),
    (
        "[    9.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00007f00",
        7,
        "a processor that is too old for the release",
    ),
    (
        "You have specified that the group 'none' should be installed.  This group does not",
        6,
        "group that is not on the medium: none.",
    ),
    ("Modular dependency problems:", 6, "a module whose stream is not clear."),
    ("Pane is dead (status 1, Mon Nov 23 12:00:00 2026)", 7, "without a word"),
]


@pytest.mark.parametrize(("line", "code", "sentence"), TEXTS)
def test_cause(line: str, code: int, sentence: str) -> None:
    failure = found(line).failure()
    assert sentence in failure.message
    assert "{" not in failure.message
    assert failure.exit_code == code


OF_LOGS = [
    ("10:00:00,001 INFO anaconda:anaconda: core.util: Reporting the IPMI event: 10", 7, "failed."),
    (
        "10:00:00,001 WARNING org.fedoraproject.Anaconda.Modules.Users:ValueError: Error enabling "
        "service one: 1",
        6,
        "does not have: one.",
    ),
    (
        "10:00:00,001 WARNING org.fedoraproject.Anaconda.Modules.Network:  File "
        '"/usr/lib64/python3.9/site-packages/pyanaconda/modules/network/__main__.py", line 32, in '
        "<module>",
        7,
        "module network died when it started.",
    ),
]


@pytest.mark.parametrize(("line", "code", "sentence"), OF_LOGS)
def test_cause_in_a_log(line: str, code: int, sentence: str) -> None:
    failure = found(line, witness=LOG).failure()
    assert failure.message.endswith(sentence)
    assert failure.exit_code == code


NAMES = {cause.name for cause in CAUSES}


@pytest.mark.parametrize(
    "cause", [each for each in CAUSES if each.sentence], ids=lambda cause: cause.sentence[:40]
)
def test_every_row_is_tested_and_written_as_sentences(cause: Cause) -> None:
    lines = [found(line).line for line, _, _ in TEXTS]
    lines += [found(line, witness=LOG).line for line, _, _ in OF_LOGS]
    assert any(map(cause.pattern.match, lines)) or cause.explains
    assert cause.sentence.endswith(".")
    assert cause.hint.endswith(".")
    assert set(cause.explains) <= NAMES
    assert cause.weight in ("exact", "root") or not cause.explains
    assert cause.detail.pattern == "(.+)" or cause.take is not Take.NONE


TOGETHER = [
    (
        "a syntax error says what the parser says",
        [
            "An error occurred during reading the kickstart file:",
            "The following problem occurred on line 9 of the kickstart file:",
            "Unknown command: partt",
            "The installer will now terminate.",
            "Pane is dead",
        ],
        "cannot read line 9 of the kickstart: Unknown command: partt.",
    ),
    (
        "a failed script says its last words",
        [
            "There was an error running the kickstart script at line 7.  This is a fatal",
            "error and installation will be aborted.  The details of this error are:",
            "+ cd /nowhere",
            "sh: cd: /nowhere: no such folder",
            "Press ENTER to exit:",
            "more",
        ],
        "script at line 7 failed: sh: cd: /nowhere: no such folder.",
    ),
    (
        "what goes on after a failed script is not its output",
        ["There was an error running the kickstart script at line 7.", "no", '{"builder":1}'],
        "script at line 7 failed: no.",
    ),
    (
        "all that is open is listed",
        [
            "The installation was stopped due to an error which occurred",
            "The exact error message is:",
            "The following mandatory spokes are not completed:",
            "Installation Destination",
            "Root password",
            "The installer will now terminate.",
        ],
        "must know: Installation Destination, Root password.",
    ),
    (
        "cmdline mode says what went wrong",
        [
            "The installation was stopped due to an error which occurred",
            "The exact error message is:",
            "something new",
            "The installer will now terminate.",
        ],
        "stopped with an error: something new.",
    ),
    (
        "why is better than that",
        [
            "Could not boot.",
            "Entering emergency mode. Exit the shell to continue.",
            "Can't get kickstart from /dev/sr0:/a",
            "dracut:/#",
        ],
        "did not find the kickstart at /dev/sr0:/a.",
    ),
    (
        "of two reasons the first one counts",
        ["Out of memory: Killed process 7 (python3)", "Kernel panic - not syncing: gone"],
        "ran out of memory.",
    ),
    (
        "what makes others fail counts even after them",
        [
            "There was an error running the kickstart script at line 7.",
            "Killed",
            "Out of memory: Killed process 7 (tail)",
        ],
        "ran out of memory.",
    ),
    (
        "a transaction names its package",
        [
            "Error",
            "The following error occurred while installing the payload. This is a fatal",
            "error and installation will be aborted.",
            "DNF error: Error in package p",
            "Press ENTER to exit:",
        ],
        "packages failed: Error in package p.",
    ),
    (
        "an old transaction says what it says",
        [
            "The following error occurred while installing.  This is a fatal error and",
            "installation will be aborted.",
            "sfdisk failed with code 1: no disk",
        ],
        "installed the packages: sfdisk failed with code 1: no disk.",
    ),
    (
        "a crash says its exception, the last of a chain",
        [
            "Traceback (most recent call last):",
            'File "a.py", line 1, in f',
            "KeyError: 'a'",
            "During handling of the above exception, another exception occurred:",
            "Traceback (most recent call last):",
            'File "a.py", line 2',
            "pkg.OurError: no a",
            "An unknown error has occured, look at the /tmp/anaconda-tb* file(s)",
            "1) Report",
            "Please make your choice from above:",
        ],
        "crashed: pkg.OurError: no a.",
    ),
    (
        "a failed download explains a source that does not work",
        ["curl error (6): no such host: a", "3) [!] (Error setting up software source)"],
        "cannot reach a repository of the kickstart: no such host: a.",
    ),
    (
        "a refused download explains a payload that does not work",
        [
            "The following error occurred while setting up the payload. This is a fatal",
            "- Status code: 404 for http://a/repodata/repomd.xml (IP: 192.0.2.1)",
        ],
        "cannot reach a repository of the kickstart: 404 for http://a/repodata/repomd.xml.",
    ),
    (
        "EL 10's list of what is missing says what",
        [
            "Non interactive installation failed: Some packages, groups or modules are missing.",
            "Problems in request:",
            "missing packages: one",
        ],
        "a package that is not on the medium: one.",
    ),
    (
        "Fedora's list of what cannot be installed says why",
        [
            "The following software marked for installation has errors.",
            "This is likely caused by an error with your installation source.",
            "Problem 1: conflicting requests",
            "- nothing provides /bin/sh needed by bash",
            "Please respond 'yes' or 'no':",
        ],
        "packages cannot be installed: nothing provides /bin/sh needed by bash.",
    ),
    (
        "Fedora asks whether a package may be missing",
        [
            "No match for argument: one",
            "Would you like to ignore this and continue with installation?",
            "Please respond 'yes' or 'no':",
        ],
        "a package that is not on the medium: one.",
    ),
    (
        "a boot loader says why",
        [
            "Question",
            "The following error occurred while installing the boot loader. The system will",
            "not be bootable. Would you like to ignore this and continue with installation?",
            "failed to set new efi boot target",
            "Please respond 'yes' or 'no':",
        ],
        "boot loader could not be installed: failed to set new efi boot target.",
    ),
    (
        "an error that one may ignore is one",
        [
            "Question",
            "The following error occurred during the installation:",
            "Something went wrong",
            "Would you like to ignore this and continue with installation?",
            "Please respond 'yes' or 'no':",
        ],
        "A step of the installation failed: Something went wrong.",
    ),
    (
        "EL 10 asks whether a service may be missing",
        ["The following error occurred during the installation:", "Error enabling service none: 1"],
        "enables a service that the system does not have: none.",
    ),
    (
        "a crash before there is an interface says its exception",
        [
            "Traceback (most recent call last):",
            'File "/sbin/anaconda", line 380, in <module>',
            "startup_utils.run_pre_scripts(kspath)",
            "KeyError: 'a'",
        ],
        "installer crashed: KeyError: 'a'.",
    ),
    (
        "cmdline mode's prefix does not hide the cause",
        [
            "The installation was stopped due to an error which occurred while running in",
            "The exact error message is:",
            "Non interactive installation failed: Problems in request:",
            "missing packages: one",
            "The installer will now terminate.",
        ],
        "package that is not on the medium: one.",
    ),
    (
        "a processor that is too old counts more than init's end",
        [
            "Fatal glibc error: CPU does not support x86-64-v3",
            "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00007f00",
        ],
        "too old for this release: CPU does not support x86-64-v3.",
    ),
    (
        "BIOS and GPT",
        [
            "storage configuration failed: so",
            "Your BIOS-based system needs a special partition to boot from a GPT disk label.",
            "The following mandatory spokes are not completed:",
            "Installation Destination",
        ],
        "a disk with a GPT needs a biosboot partition.",
    ),
    (
        "a disk that is too small explains storage that does not work",
        [
            "storage configuration failed: Unable to do it.",
            "Not enough space in file systems for the current software selection.",
        ],
        "is too small for the software or the partitions.",
    ),
]


@pytest.mark.parametrize(
    ("lines", "sentence"), [case[1:] for case in TOGETHER], ids=[case[0] for case in TOGETHER]
)
def test_together(lines: list[str], sentence: str) -> None:
    assert found(*lines).sentence.endswith(sentence)
    repainted = found(*lines, *lines).sentence
    assert repainted.endswith(sentence)


RECORDS = [
    (
        "10:00:00,001 ERR anaconda:anaconda: kickstart.parsing: The following problem occurred on "
        "line 3 of the kickstart file:#012#012Unknown command: x",
        "cannot read line 3 of the kickstart: Unknown command: x.",
    ),
    (
        "10:00:00,001 ERR anaconda: The following problem occurred on line 3 of the kickstart file:"
        "#012Unknown command: x",
        "cannot read line 3 of the kickstart: Unknown command: x.",
    ),
    ("10:00:00,001 EMERG kernel:Kernel panic - not syncing: so", "panicked: so."),
]


@pytest.mark.parametrize(("line", "sentence"), RECORDS)
def test_a_record_of_a_log_holds_its_details(line: str, sentence: str) -> None:
    other = "10:00:00,002 DEBUG anaconda:storage: something else"
    assert found(line, other, witness=LOG).sentence.endswith(sentence)


SILENT = [
    "",
    "Wayland startup failed, falling back to text mode.",
    "X startup failed, falling back to text mode",
    "Not asking for remote desktop session because of an automated install",
    "Kernel boot argument 'ks' detected. Did you mean to use 'inst.ks'?",
    "All Anaconda kernel boot arguments are now required to use the inst. prefix.",
    "You have not specified a swap partition. Although not strictly required in all cases, it",
    "Your / partition is less than 10 GiB which is lower than recommended for a normal install.",
    "(Kickstart insufficient)",
    "Configuring kernel-core.x86_64",
    "Verifying nothing-provides.noarch (1/2)",
    "- nothing provides /bin/sh needed by bash",
    "No match for argument: one",
    "Status code: 404 for http://a/repodata/repomd.xml (IP: 192.0.2.1)",
    'File "/usr/lib/python3/site-packages/pyanaconda/kickstart.py", line 1, in <module>',
    "The Rocky Linux graphical installer requires 2048 MB of memory, but you only have 1024 MB",
    "Installing libgcc (1/483)",
    "Error code 1 running the kickstart script at line 7",
    "Some warnings occurred during reading the kickstart file:",
    "Installation complete",
    "The media check is complete, the result is: PASS.",
    "Kernel command line: rd.emergency=poweroff inst.x=Pane is dead",
    "dracut-initqueue[918]: Warning: dracut-initqueue timeout - starting timeout scripts",
    "Boot failed: not a bootable disk",
    'BdsDxe: failed to load Boot0001 "UEFI Misc Device" from PciRoot(0x0): Not Found',
    "Traceback (most recent call last):",
    "Curl error (28): Timeout was reached for http://mirror/repomd.xml",
    "+ echo Kernel panic - not syncing: fun",
    "echo 'Please respond with yes or no'",
    "# Press ENTER to exit: is what this script prints",
    "Last login:",
    "Press [Esc] to abort check.",
]


@pytest.mark.parametrize("line", SILENT)
def test_no_failure(line: str) -> None:
    diagnosis = heard(line)
    diagnosis.glimpse(line, "console")
    assert diagnosis.finding is None


def test_what_scripts_print_into_the_log_is_no_failure() -> None:
    printed = "10:00:00,001 INFO anaconda:program: Kernel panic - not syncing: no"
    assert heard(printed, witness=LOG).finding is None
    assert heard(printed.replace("anaconda:", ""), witness=LOG).finding is None


BUS = "10:00:00,001 WARNING org.fedoraproject.Anaconda.Modules.Storage:"
OF_LOGS_SILENT = [
    f"{BUS}DEBUG:blivet:not enough free space for primary -- trying logical",
    f"{BUS}INFO:program:Kernel panic - not syncing: no",
    f"{BUS}Traceback (most recent call last):",
    "10:00:00,001 WARNING anaconda:packaging: #012 Problem 1: conflicting requests#012  - nothing "
    "provides /bin/sh needed by kernel-core",
    "10:00:00,001 ERR anaconda:dnf: No match for argument: none",
    "10:00:00,001 INFO anaconda:anaconda: core.util: Reporting the IPMI event: 9",
    "10:00:00,001 ERR anaconda:anaconda: kickstart.script: Error code 127 running the kickstart "
    "script at line 103",
]


@pytest.mark.parametrize("line", OF_LOGS_SILENT)
def test_no_failure_in_a_log(line: str) -> None:
    assert heard(line, witness=LOG).finding is None


PROBLEMS = [
    ("Problem: nothing provides /bin/sh needed by bash", "nothing provides /bin/sh needed by bash"),
    ("Problem 2: package a requires b, but none of the providers can be installed", "package a r"),
    ("- cannot install both a-1 and a-2", "cannot install both a-1 and a-2"),
    ("- package a conflicts with b provided by c", "package a conflicts with b provided by c"),
    ("- package a-1 is filtered out by modular filtering", "package a-1 is filtered out by"),
]
UNMET = "CmdlineError: The following mandatory spokes are not completed:#012"


@pytest.mark.parametrize(("problem", "sentence"), PROBLEMS)
def test_why_software_is_incomplete(problem: str, sentence: str) -> None:
    before = f"10:00:00,001 WARNING anaconda:packaging: #012 {problem}"
    after = f"10:00:00,002 ERR anaconda:anaconda: ui.tui.hubs.summary: {UNMET}"
    finding = found(before, f"{after}Software selection", witness=LOG)
    assert f"cannot be installed: {sentence}" in finding.sentence
    # What is open for another reason is not theirs.
    finding = found(before, f"{after}Root password", witness=LOG)
    assert finding.sentence.endswith("must know: Root password.")


def test_a_package_that_is_not_there_is_why_software_is_incomplete() -> None:
    before = "10:00:00,001 ERR anaconda:dnf: No match for argument: none"
    after = f"10:00:00,002 ERR anaconda:anaconda: ui: {UNMET}Software selection"
    assert found(before, after, witness=LOG).sentence.endswith("not on the medium: none.")


def test_a_package_that_may_be_missing_is_not_why_others_cannot_be_installed() -> None:
    lines = [
        "10:00:00,001 ERR anaconda:dnf: No match for argument: none",
        "10:00:00,001 WARNING anaconda:packaging: #012 Problem: nothing provides a needed by b",
        f"10:00:00,002 ERR anaconda:anaconda: ui: {UNMET}Software selection",
    ]
    assert found(*lines, witness=LOG).sentence.endswith("nothing provides a needed by b.")
    asked = heard(lines[0], witness=LOG)
    asked.hear("Press ENTER to exit:", "console")
    assert asked.finding is not None
    assert asked.finding.cause.name == "question"


def test_a_failed_script_is_the_last_that_failed_and_says_what_it_had_printed() -> None:
    diagnosis = Diagnosis()
    log = [
        "INFO anaconda:program: Running... /bin/sh /tmp/ks-script-a",
        "INFO anaconda:program: one",
        "DEBUG anaconda:program: Return code: 1",
        "ERR anaconda:anaconda: kickstart.script: Error code 1 running the kickstart script at "
        "line 3",
        "INFO anaconda:program: Running... /bin/sh /tmp/ks-script-b",
        "DEBUG anaconda:program: Return code: 2",
        "ERR anaconda:anaconda: kickstart.script: Error code 2 running the kickstart script at "
        "line 9",
    ]
    for line in log:
        diagnosis.hear(f"10:00:00,001 {line}", LOG)
    by_itself = diagnosis.finding
    diagnosis.hear("Non interactive installation failed: .", "console")
    assert by_itself is None
    assert diagnosis.finding is not None
    assert diagnosis.finding.sentence == "The kickstart script at line 9 failed with exit code 2."


def test_what_the_guest_says_is_not_a_format() -> None:
    sentence = found("Kernel panic - not syncing: {0.__class__} {").sentence
    assert sentence.endswith("panicked: {0.__class__} {.")


def test_what_the_guest_says_can_be_shown() -> None:
    sentence = found("Kernel panic - not syncing: \x9b2Jgone" + "x" * 9000).sentence
    assert sentence.isprintable()
    assert len(sentence) < 400


@pytest.mark.parametrize(
    "line", ["Can't get kickstart from /dev/sr0:/ks.cfg", "Kernel panic - not syncing: a b c"]
)
def test_a_line_may_come_in_pieces(line: str) -> None:
    diagnosis = Diagnosis()
    for end in range(len(line)):
        diagnosis.glimpse(line[:end], "console")
    diagnosis.hear(line, "console")
    assert diagnosis.finding == found(line)


def test_details_are_whole_lines_of_the_witness_of_their_cause() -> None:
    diagnosis = heard("The following problem occurred on line 9 of the kickstart file:")
    diagnosis.hear("10:00:00,001 INFO anaconda: something else", LOG)
    diagnosis.glimpse("Unknown com", "console")
    diagnosis.hear("Unknown command: x", "console")
    assert diagnosis.finding is not None
    assert diagnosis.finding.sentence.endswith("kickstart: Unknown command: x.")
    assert diagnosis.finding is not None
    assert diagnosis.finding.sentence.endswith("kickstart: Unknown command: x.")


def test_a_script_may_print_without_end() -> None:
    lines = ["There was an error running the kickstart script at line 7.", *["x"] * 9000]
    assert found(*lines, "the end").sentence.endswith("failed: x.")


@pytest.mark.parametrize(
    ("lines", "vague"),
    [
        (["Pane is dead"], True),
        (["The installation was stopped due to an error"], True),
        (["The installation was stopped due to an error", "sfdisk failed"], False),
        (["Kernel panic - not syncing: so"], False),
    ],
)
def test_a_report_of_the_guest_is_better_than_what_is_vague(lines: list[str], vague: bool) -> None:
    assert found(*lines).vague == vague


def test_success_takes_a_suspicion_back() -> None:
    diagnosis = heard("Pane is dead")
    diagnosis.forget()
    assert diagnosis.finding is None


COMMAND_LINE = "[    0.0] Kernel command line: inst.stage2=hd:LABEL={} inst.ks=hd:LABEL={}:{}"
VAGUE = "dracut-initqueue[745]: Warning: Could not boot."
NOT_THERE = "Can't get kickstart from /dev/sr0:/other.cfg"
OURS = r"Our\x20Medium\x207"


@pytest.mark.parametrize(
    ("asked", "text", "sentence"),
    [
        (
            (OURS, "Other", "/ks.cfg"),
            VAGUE,
            "kickstart on a volume labelled 'Other', but the label of the ISO is 'Our Medium 7'.",
        ),
        (("Other", OURS, "/ks.cfg"), VAGUE, "stage 2 on a volume labelled 'Other', but the label"),
        (("Ourx20Mediumx207", OURS, "/ks.cfg"), VAGUE, "waits in vain"),
        ((OURS, OURS, "/ks.cfg"), VAGUE, "waits in vain"),
        ((OURS, OURS, "/other.cfg"), VAGUE, "waits in vain"),
        ((OURS, OURS, "/other.cfg"), NOT_THERE, "at '/other.cfg', but on the ISO 'Our Medium 7'"),
        ((OURS, OURS, "/ks.cfg"), NOT_THERE, "did not find the kickstart at /dev/sr0:/other.cfg."),
        ((OURS, "Other", "/ks.cfg"), "Pane is dead", "without a word"),
    ],
)
def test_what_was_looked_for_and_what_there_is(
    asked: tuple[str, str, str], text: str, sentence: str
) -> None:
    finding = found(COMMAND_LINE.format(*asked), text, medium=MEDIUM)
    assert sentence in finding.sentence
    assert found(COMMAND_LINE.format(*asked), text).sentence == found(text).sentence


def test_a_line_may_be_of_an_included_file() -> None:
    said = ["The following problem occurred on line 2 of the kickstart file:", "Unknown command: x"]
    medium = media(includes=("/run/part.ks", "http://a/b.ks"))
    assert found(*said, medium=medium).sentence == (
        "The installer cannot read line 2 of the kickstart, or of /run/part.ks or http://a/b.ks "
        "that it includes: Unknown command: x."
    )
    assert found(*said, medium=media()).sentence.endswith(
        "line 2 of the kickstart: Unknown command: x."
    )
    whole = "An error occurred during reading the kickstart file:"
    assert found(whole, medium=medium).sentence == "The installer cannot read the kickstart."


def test_two_witnesses_list_the_same_things_once() -> None:
    diagnosis = heard("The following mandatory spokes are not completed:")
    diagnosis.hear(f"10:00:00,002 ERR anaconda:anaconda: ui: {UNMET}One#012Two", LOG)
    for line in ("One", "Two.", "Three"):
        diagnosis.hear(line, "console")
    assert diagnosis.finding is not None
    assert diagnosis.finding.sentence.endswith("must know: One, Two, Three.")


TABLE = tomllib.loads(Path(causes.__file__).with_suffix(".toml").read_text())["cause"]


def unbounded(text: str) -> list[str]:
    """Return the quantifiers without a bound of a regular expression, but for one at its end."""
    plain = re.sub(r"\\.", "x", text.replace(r"[\w", "[x").replace(r"[^\"", "[^x"))
    plain = re.sub(r"\[[^]]+\]|\[\^\][^]]*\]", "x", plain)
    return re.findall(r"[*+]", re.sub(r"[*+]\)*\$?$", "", plain))


@pytest.mark.parametrize(
    "text", [text for row in TABLE for text in (*row["texts"], row.get("detail", ""))]
)
def test_no_line_takes_more_than_its_length(text: str) -> None:
    assert len(unbounded(text)) <= 1


def test_quantifiers_are_seen() -> None:
    assert unbounded(r"a\+[*+]b.*c\S+ [^]]*\]d(.+)") == ["*", "+", "*"]
