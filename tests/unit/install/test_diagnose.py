"""Known failures: each row of the table, and what genuine installers printed."""

from functools import cache
from pathlib import Path

import pytest

from builder.install.diagnose import CAUSES, Cause, diagnose
from builder.install.progress import PHASES, Position, follow
from builder.virt.terminal import Lines

CAPTURES = Path(__file__).parents[4] / "shared" / "facts" / "console"

TEXTS = [
    (
        "dracut-initqueue[1419]: Warning: Can't get kickstart from /dev/sr0:/ks/nosuch.cfg",
        "did not find the kickstart at /dev/sr0:/ks/nosuch.cfg.",
    ),
    ("The following problem occurred on line 17 of the kickstart file:", "cannot read line 17 of"),
    ("CD check failed!", "failed its media check"),
    ("Media check failed! We do not recommend using this medium.", "failed its media check"),
    (
        "dracut-initqueue[918]: Warning: It seems that the boot has failed. Possible",
        "waits in vain",
    ),
    ("dracut-initqueue[745]: Warning: Could not boot.", "waits in vain"),
    ("         Starting Dracut Emergency Shell...", "emergency shell"),
    ("Entering emergency mode. Exit the shell to continue.", "emergency shell"),
    (
        "You have specified that the package 'nosuch' should be installed.  "
        "This package does not exist.",
        "not on the medium: nosuch.",
    ),
    ("You have specified that the package 'nosuch' should be", "not on the medium: nosuch."),
    ("missing packages: nosuchpackage", "not on the medium: nosuchpackage."),
    ("The group 'nosuchgroup' is required", "not on the medium: nosuchgroup."),
    (
        "Not enough space in file systems for the current software selection. An additional "
        "1793.04 MiB is needed.",
        "too small",
    ),
    ("storage configuration failed: Unable to allocate requested partition scheme.", "no disk"),
    (
        "An error has occurred - no valid devices were found on which to create new file systems.",
        "no disk",
    ),
    ("There was an error running the kickstart script at line 42.  This", "script at line 42 fail"),
    (
        "An unknown error has occured, look at the /tmp/anaconda-tb* file(s) for more details",
        "crashed with a traceback",
    ),
    ("The following mandatory spokes are not completed:", "leaves something open"),
    ("The following error occurred while installing.  This is a fatal error", "the packages"),
    ("The following error occurred while installing the payload. This is", "the packages"),
    ("[   2.5] Kernel panic - not syncing: Attempted to kill init!", "panicked: Attempted to kill"),
    ("[   9.1] Out of memory: Kill process 1 (systemd)", "out of memory"),
    ("No bootable device.", "found nothing to boot"),
    ("Boot failed: Could not read from CDROM (code 0009)", "found nothing to boot"),
    ("isolinux.bin missing or corrupt.", "found nothing to boot"),
    ("     Installation complete.  Press return to quit", "does not power off"),
    ("Installation complete. Press ENTER to quit: ", "does not power off"),
    ("[  312.400041] reboot: System halted", "does not power off"),
    ("Pane is dead", "without a word"),
    ("Pane is dead (status 1, Mon Nov 23 12:00:00 2026)", "without a word"),
]


def cause_of(line: str) -> Cause:
    cause = diagnose(line)
    assert cause is not None
    return cause


@pytest.mark.parametrize(("line", "sentence"), TEXTS)
def test_cause(line: str, sentence: str) -> None:
    cause = cause_of(line)
    assert sentence in cause.sentence
    assert "{" not in cause.sentence


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.sentence[:40])
def test_every_row_is_tested_and_written_as_sentences(cause: Cause) -> None:
    assert any(cause.pattern.search(line) for line, _ in TEXTS)
    assert cause.sentence.endswith(".")
    assert cause.hint.endswith(".")


def test_the_log_prefix_does_not_matter() -> None:
    line = "02:18:44,512 ERR anaconda: missing packages: nosuch"
    assert "nosuch" in cause_of(line).sentence


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Installing libgcc (1/483)",
        "Error code 1 running the kickstart script at line 7",
        "Some warnings occurred during reading the kickstart file:",
        "Installation complete",
        "The media check is complete, the result is: PASS.",
        "Kernel command line: rd.emergency=poweroff",
    ],
)
def test_no_failure(line: str) -> None:
    assert diagnose(line) is None


def test_what_the_guest_says_is_not_a_format() -> None:
    cause = cause_of("Kernel panic - not syncing: {0.__class__} {")
    assert cause.sentence.endswith("panicked: {0.__class__} {.")


@cache
def captured(name: str) -> tuple[str, ...]:
    """The lines of a capture, which arrives as it does from a serial port: in small pieces."""
    path = CAPTURES / name
    if not path.is_file():
        pytest.skip(f"there is no {path}")
    data = path.read_bytes()
    lines = Lines()
    pieces = [lines.feed(data[start : start + 61]) for start in range(0, len(data), 61)]
    return (*(line for piece in pieces for line in piece), lines.pending())


@pytest.mark.parametrize(
    "name",
    [
        "genuine-el9/success-text/console.log",
        "genuine-el9/success-text/virtio.log",
        "el7-kickstart-automated.txt",
        "el8-kickstart-rocky8.5-virt-install.txt",
        "el9-automated-alma9.8.txt",
        "el10-automated-rocky10.2-bootc.txt",
    ],
)
def test_a_genuine_success_has_no_cause(name: str) -> None:
    assert [line for line in captured(name) if diagnose(line)] == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("genuine-el9/incomplete-cmdline/console.log", "leaves something open"),
        ("genuine-el9/incomplete-cmdline/virtio.log", "leaves something open"),
        ("genuine-el9/ks-syntax-error-text/console.log", "cannot read line 17"),
        ("genuine-el9/ks-syntax-error-text/virtio.log", "cannot read line 17"),
        ("genuine-el9/ks-wrong-label/console.log", "waits in vain"),
        ("genuine-el9/ks-wrong-path/console.log", "kickstart at /dev/sr0:/ks/nosuch.cfg"),
        ("genuine-el9/payload-scriptlet-error-text/console.log", "installed the packages"),
        ("genuine-el9/unknown-package-text/console.log", "not on the medium: nosuchpackage."),
        ("el7-dracut-emergency.txt", "waits in vain"),
        ("el7-interactive-everything-2009.txt", "does not power off"),
        ("el7-kickstart-rhel7.3-storage-failure.txt", "could not partition it"),
    ],
)
def test_a_genuine_failure_has_its_cause_first(name: str, sentence: str) -> None:
    causes = [cause for line in captured(name) if (cause := diagnose(line))]
    assert sentence in causes[0].sentence


def test_a_genuine_success_passes_through_every_phase() -> None:
    position, phases = Position(), []
    for line in captured("genuine-el9/success-text/console.log"):
        before, position = position.phase, follow(position, line)
        if position.phase != before:
            phases.append(position.phase)
    assert phases == [name for name, _ in PHASES]
    assert (position.done, position.total) == (231, 231)
