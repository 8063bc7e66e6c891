"""Consoles and logs of genuine installers, where this machine has them, in pieces as they come.

Those that we ship arrive byte by byte, in test_arrival.py; these are whole, and much longer.
"""

from functools import cache
from pathlib import Path

import msgspec
import pytest

from builder.install.diagnose import Diagnosis, FoundCause
from builder.install.progress import PHASES, Position, follow, fraction
from builder.record.terminal import Lines
from tests.values import media

CAPTURES = Path(__file__).parents[4] / "shared" / "facts" / "console"


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a capture."""

    finding: FoundCause | None
    first: int | None
    """Number of the line with which the failure was known."""
    lines: tuple[str, ...]
    phases: tuple[str, ...]
    position: Position
    fractions: tuple[float, ...]


@cache
def captured(name: str, step: int) -> Heard:
    """Feed a capture in pieces of `step` bytes, with a look at the unfinished line after each."""
    path = CAPTURES / name if name.endswith(".txt") else CAPTURES / "genuine-el9" / name
    if not path.is_file():
        pytest.skip(f"there is no {path}")
    witness = "log" if path.name == "virtio.log" else "console"
    data, terminal, diagnosis = path.read_bytes(), Lines(), Diagnosis(media())
    lines: list[str] = []
    positions, first = [Position()], None
    for start in range(0, len(data), step):
        for line in terminal.feed(data[start : start + step]):
            lines.append(line)
            diagnosis.hear(line, witness)
            positions.append(follow(positions[-1], line))
        diagnosis.glimpse(terminal.pending(), witness)
        if first is None and diagnosis.finding is not None:
            first = len(lines)
    return Heard(
        finding=diagnosis.finding,
        first=first,
        lines=(*lines, terminal.pending()),
        phases=tuple(dict.fromkeys(each.phase for each in positions)),
        position=positions[-1],
        fractions=tuple(map(fraction, positions)),
    )


SUCCESSES = [
    ("success-text/console.log", 13, "shutdown", 231),
    ("success-text/virtio.log", 61, "shutdown", 231),
    ("el7-kickstart-automated.txt", 13, "packages", 3),
    ("el8-kickstart-rocky8.5-virt-install.txt", 13, "shutdown", 367),
    ("el9-automated-alma9.8.txt", 13, "configuration", 309),
    ("el10-automated-rocky10.2-bootc.txt", 13, "shutdown", 0),
]


@pytest.mark.parametrize(("name", "step", "phase", "done"), SUCCESSES)
def test_a_success(name: str, step: int, phase: str, done: int) -> None:
    for heard in (captured(name, step), captured(name, 997)):
        assert (heard.first, heard.finding) == (None, None)
        assert (heard.position.phase, heard.position.done) == (phase, done)
        assert list(heard.fractions) == sorted(heard.fractions)
        assert heard.fractions[-1] <= 1


def test_the_whole_way() -> None:
    heard = captured("success-text/console.log", 13)
    assert heard.phases == ("firmware", *(name for name, _ in PHASES))


LEFT_OPEN = "must know: Installation Destination, Root password, User creation."
SYNTAX = "line 17 of the kickstart: Unknown command: partt."
FAILURES = [
    ("incomplete-cmdline/console.log", "The installation was stopped", 6, LEFT_OPEN, "shutdown"),
    ("incomplete-cmdline/virtio.log", "CmdlineError", 6, LEFT_OPEN, "shutdown"),
    ("ks-syntax-error-text/console.log", "on line 17 of", 6, SYNTAX, "stage 2"),
    ("ks-syntax-error-text/virtio.log", "on line 17 of", 6, SYNTAX, "boot"),
    (
        "ks-wrong-label/console.log",
        "It seems that the boot has failed",
        5,
        "labelled 'CentOS-7-x86_64', but the label of the ISO is 'CentOS 7 x86_64'.",
        "boot",
    ),
    (
        "ks-wrong-path/console.log",
        "Can't get kickstart",
        5,
        "at '/ks/nosuch.cfg', but on the ISO 'CentOS 7 x86_64' it is at '/ks.cfg'.",
        "boot",
    ),
    (
        "payload-scriptlet-error-text/console.log",
        "The following error occurred",
        7,
        "Error in POSTIN scriptlet in rpm package kernel-core.",
        "packages",
    ),
    (
        "unknown-package-text/console.log",
        "missing packages",
        6,
        "not on the medium: nosuchpackage.",
        "stage 2",
    ),
    (
        "pre-erroronfail-text/console.log",
        'File "/sbin/anaconda"',
        7,
        "A script of the kickstart failed.",
        "stage 2",
    ),
    ("pre-erroronfail-text/virtio.log", "IPMI event: 10", 7, "The installer failed.", "boot"),
    (
        "storage-module-crash/virtio.log",
        "modules/storage/__main__.py",
        7,
        "module storage died when it started: AttributeError: 'gi.repository.BlockDev' object has "
        "no attribute 'nvme_get_host_nqn'.",
        "boot",
    ),
    (
        "software-selection-incomplete/console.log",
        "The installation was stopped",
        6,
        "must know: Software selection.",
        "stage 2",
    ),
    (
        "software-selection-incomplete/virtio.log",
        "CmdlineError",
        6,
        "nothing provides /bin/sh needed by kernel-core-5.14.0-503.el9.x86_64.",
        "boot",
    ),
    (
        "payload-scriptlet-error-cmdline/console.log",
        "The installation was stopped",
        7,
        "packages failed: Error in POSTIN scriptlet in rpm package systemd.",
        "packages",
    ),
    (
        "disk-too-small-cmdline/console.log",
        "Failed to save storage configuration",
        7,
        "do not fit on the disk: Unable to allocate requested partition scheme.",
        "stage 2",
    ),
    (
        "disk-too-small-cmdline/virtio.log",
        "Storage configuration has failed",
        7,
        "do not fit on the disk: Unable to allocate requested partition scheme.",
        "boot",
    ),
    ("ks-syntax-error-in-include/console.log", "An error occ", 6, "command: partt.", "stage 2"),
    ("ks-syntax-error-in-include/virtio.log", "on line 2 of", 6, "command: partt.", "boot"),
    ("el7-dracut-emergency.txt", "Could not boot", 5, "kickstart or its stage 2.", "firmware"),
    (
        "el7-interactive-everything-2009.txt",
        "Please make your choice",
        8,
        "complete, but the guest does not power off.",
        "shutdown",
    ),
    (
        "el7-kickstart-rhel7.3-storage-failure.txt",
        "storage configuration failed",
        7,
        "too small for the software or the partitions.",
        "stage 2",
    ),
]


@pytest.mark.parametrize(("name", "marker", "code", "sentence", "phase"), FAILURES)
def test_a_failure(name: str, marker: str, code: int, sentence: str, phase: str) -> None:
    for heard in (captured(name, 13), captured(name, 61)):
        assert heard.finding is not None
        assert heard.finding.failure().exit_code == code
        assert heard.finding.sentence.endswith(sentence)
        cause = next(n for n, line in enumerate(heard.lines) if marker in line)
        assert heard.first is not None
        assert cause <= heard.first <= cause + 2
        assert heard.position.phase == phase
