"""Genuine consoles and logs, byte by byte as they came: what is said of them, and how soon."""

import json
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from builder.errors import BuilderError
from builder.install.clock import GRACE_SECONDS
from builder.install.diagnose import Diagnosis
from builder.install.log_line import CONSOLE
from builder.install.watch import watch
from builder.model.domain import ANACONDA_PORT, RESULT_PORT
from builder.model.installation import Deadlines, Ended, Limits, Output, Signal
from builder.record.terminal import Lines
from tests.captures import arrivals, console_of, cut, said_at
from tests.guests import NONCE, PLAN, Guest, console
from tests.monitors import Heard
from tests.values import media

LIMITS = Limits(deadlines=Deadlines(total_seconds=5400, idle_seconds=900))
SEEDS = [None, 1, 2, 3, 4, 5]


class Still:
    """A guest of which only what it writes can be seen."""

    def vital(self) -> object:
        return None

    def restart(self) -> None:
        raise AssertionError


def run(
    signals: Iterator[tuple[float, Signal]], *, includes: tuple[str, ...] = ()
) -> tuple[Guest, Heard, BuilderError | None]:
    guest, monitor = Guest(*signals), Heard()
    medium = media(volume_id="CentOS 7 x86_64", includes=includes)
    try:
        watch(
            guest,
            replace(PLAN, media=medium),
            limits=LIMITS,
            guest=Still(),
            monitor=monitor,
            now=lambda: guest.time,
        )
    except BuilderError as error:
        return guest, monitor, error
    return guest, monitor, None


OPEN = "leaves something open that the installer must know"
FAILURES = [
    (
        "incomplete-cmdline",
        CONSOLE,
        "The installation was stopped",
        6,
        f"{OPEN}: Installation Destination, Root password, User creation.",
    ),
    (
        "ks-syntax-error-text",
        ANACONDA_PORT,
        "The following problem occurred on line 17",
        6,
        "cannot read line 17 of the kickstart: Unknown command: partt.",
    ),
    (
        "ks-syntax-error-in-include",
        ANACONDA_PORT,
        "The following problem occurred on line 2",
        6,
        "cannot read line 2 of the kickstart, or of /run/part.ks that it includes: "
        "Unknown command: partt.",
    ),
    (
        "unknown-package-text",
        CONSOLE,
        "missing packages",
        6,
        "asks for a package that is not on the medium: nosuchpackage.",
    ),
    (
        "payload-scriptlet-error-text",
        CONSOLE,
        "The following error occurred",
        7,
        "of the packages failed: Error in POSTIN scriptlet in rpm package kernel-core.",
    ),
    (
        "payload-scriptlet-error-cmdline",
        CONSOLE,
        "The installation was stopped",
        7,
        "installation of the packages failed: Error in POSTIN scriptlet in rpm package systemd.",
    ),
    (
        "ks-wrong-path",
        CONSOLE,
        "Can't get kickstart from",
        5,
        "at '/ks/nosuch.cfg', but on the ISO 'CentOS 7 x86_64' it is at '/ks.cfg'.",
    ),
    (
        "ks-wrong-label",
        CONSOLE,
        "It seems that the boot has failed",
        5,
        "labelled 'CentOS-7-x86_64', but the label of the ISO is 'CentOS 7 x86_64'.",
    ),
    (
        "pre-erroronfail-text",
        CONSOLE,
        "in <module>",
        7,
        "The kickstart script at line 15 failed with exit code 3: ls: cannot access '/dev/vdq': "
        "No such file or directory.",
    ),
    (
        "storage-module-crash",
        ANACONDA_PORT,
        "pyanaconda/modules/storage/__main__.py",
        7,
        "module storage died when it started: AttributeError: 'gi.repository.BlockDev' object has "
        "no attribute 'nvme_get_host_nqn'.",
    ),
    (
        "software-selection-incomplete",
        ANACONDA_PORT,
        "CmdlineError",
        6,
        "packages cannot be installed: nothing provides /bin/sh needed by "
        "kernel-core-5.14.0-503.el9.x86_64.",
    ),
    (
        "disk-too-small-cmdline",
        ANACONDA_PORT,
        "Storage configuration has failed",
        7,
        "partitions do not fit on the disk: Unable to allocate requested partition scheme.",
    ),
]


HINTS = {
    "incomplete-cmdline": "Typically rootpw, part or the installation source",
    "ks-syntax-error-text": "also in one that the kickstart includes",
    "ks-syntax-error-in-include": "also in one that the kickstart includes",
    "unknown-package-text": "Mend %packages",
    "payload-scriptlet-error-text": "its scriptlet may want what is not installed",
    "payload-scriptlet-error-cmdline": "its scriptlet may want what is not installed",
    "ks-wrong-path": "Remaster the ISO again",
    "ks-wrong-label": "Remaster the ISO again",
    "pre-erroronfail-text": "virtio.log has its output",
    "storage-module-crash": "virtio.log has its traceback",
    "software-selection-incomplete": "Mend %packages",
    "disk-too-small-cmdline": "Raise --disk-gib or shrink the layout",
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "source", "text", "code", "sentence"), FAILURES, ids=[case[0] for case in FAILURES]
)
def test_a_failure(
    name: str, source: str, text: str, code: int, sentence: str, seed: int | None
) -> None:
    pieces = arrivals(name)
    includes = ("/run/part.ks",) if "include" in name else ()
    guest, _, error = run(cut(pieces, seed), includes=includes)
    assert error is not None
    assert error.message.endswith(sentence)
    assert error.exit_code == code
    assert HINTS[name] in error.hint
    assert 0 < guest.time - said_at(pieces, source, text) < GRACE_SECONDS + 3


def succeeding(seed: int | None) -> Iterator[tuple[float, Signal]]:
    pieces = arrivals("success-text")
    end = pieces[-1].seconds
    report = f"{json.dumps({'builder': 1, 'nonce': NONCE, 'result': 'success'})}\n".encode()
    told = said_at(pieces, CONSOLE, "Running post-installation scripts")
    early = tuple(piece for piece in pieces if piece.seconds <= told)
    yield from cut(early, seed)
    yield told, Output(source=RESULT_PORT, data=report)
    yield from cut(pieces[len(early) :], seed)
    yield end + 1, Ended(reason="shutdown")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_success_without_a_false_alarm(seed: int | None) -> None:
    _, monitor, error = run(succeeding(seed))
    assert error is None
    assert [text for kind, text, _ in monitor.told if kind == "failure"] == []
    counts = [details["done"] for kind, _, details in monitor.told if kind == "package"]
    assert counts == list(range(1, 232))


@pytest.mark.parametrize("name", ["success-text", *(case[0] for case in FAILURES)])
def test_half_a_line_is_no_other_failure_than_the_whole(name: str) -> None:
    """A guest may pause anywhere, and the line that it has begun is looked at then."""
    data, whole, looked_at = console_of(name), Diagnosis(), Diagnosis()
    terminal = Lines()
    for number in range(len(data)):
        for line in terminal.feed(data[number : number + 1]):
            whole.hear(line, CONSOLE)
            looked_at.hear(line, CONSOLE)
        looked_at.glimpse(terminal.pending(), CONSOLE)
    whole.glimpse(terminal.pending(), CONSOLE)
    assert looked_at.finding == whole.finding
    assert (whole.finding is None) == (name in ("success-text", "storage-module-crash"))


DAEMONS = [
    "NetworkManager:<debug> [1.0] ndisc: received router advertisement",
    "systemd:Started something.",
    "systemd-journald:Forwarding to syslog missed 33 messages.",
    "dbus-daemon:[system] Reloaded configuration",
    "chronyd:Selected source 192.0.2.1",
    "kernel:clocksource: timekeeping watchdog",
]


def test_what_daemons_log_is_no_life() -> None:
    """So an installer that stands still is heard of after the idle time, and not much later."""
    noise = (
        (float(second), Output(source=ANACONDA_PORT, data=f"18:11:18,311 INFO {text}\n".encode()))
        for second in range(1000)
        for text in DAEMONS
    )
    guest, _, error = run(noise)
    assert error is not None
    assert error.exit_code == 8
    assert 900 < guest.time < 903


PROMPT = b"\x1b[1;1H[anaconda root@localhost ~]# "
STATUS = b"\x1b[24;1H[anaconda]1:main%b 2:shell%b 3:log  4:storage-log >Switch tab: Alt+Tab"
SHELL, MAIN = STATUS % (b" ", b"*"), STATUS % (b"*", b" ")
BEGIN = console(b"Starting installer, one moment...\r\n")


def test_who_looks_at_the_shell_does_not_end_the_build() -> None:
    shell = b"".join([PROMPT, SHELL, b"\x1b[2;1HPane is dead\r\nPress ENTER to exit:", PROMPT])
    looks = ((20.0 + 60 * each, console(shell)) for each in range(10))
    report = f"{json.dumps({'builder': 1, 'nonce': NONCE, 'result': 'success'})}\n".encode()
    signals: list[tuple[float, Signal]] = [
        (10, BEGIN),
        *looks,
        (700, console(MAIN)),
        (710, Output(source=RESULT_PORT, data=report)),
        (711, Ended(reason="shutdown")),
    ]
    _, monitor, error = run(iter(signals))
    assert error is None
    assert [text for kind, text, _ in monitor.told if kind == "failure"] == []


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        (MAIN + b"\x1b[5;1HPress ENTER to exit: ", "waits for an answer: Press ENTER to exit."),
        (b"\x1b[5;1H[   99.100000] Kernel panic - not syncing: so\r\n", "panicked: so."),
    ],
)
def test_what_the_installer_or_the_kernel_says_then_still_counts(
    last: bytes, sentence: str
) -> None:
    guest, _, error = run(iter([(10, BEGIN), (20, console(PROMPT + SHELL)), (30, console(last))]))
    assert error is not None
    assert error.message.endswith(sentence)
    assert guest.time < 30 + GRACE_SECONDS + 3


def test_a_shell_that_is_there_instead_of_the_installer_is_a_failure() -> None:
    _, _, error = run(iter([(10, BEGIN), (20, console(MAIN + PROMPT))]))
    assert error is not None
    assert "prompt instead of installing" in error.message
