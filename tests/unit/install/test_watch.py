"""Watching an installation: scripted guests on a clock of their own."""

import base64
import json
from collections.abc import Callable
from itertools import count

import pytest
from msgspec.structs import replace

from builder.errors import HangError, HostError, InstallError
from builder.install.clock import GRACE_SECONDS
from builder.install.observer import Observed
from builder.install.watch import GuestLostError, watch
from builder.model.domain import ANACONDA_PORT, RESULT_PORT
from builder.model.installation import (
    Deadlines,
    Ended,
    HostTrouble,
    Limits,
    Output,
    PhaseLimits,
    Signal,
)
from builder.model.package import Package, System
from builder.monitor import Monitor, SilentMonitor
from tests.guests import NONCE, PLAN, Guest, console
from tests.monitors import Heard

DEADLINES = Deadlines(total_seconds=3600, idle_seconds=600)
LIMITS = Limits(deadlines=DEADLINES)
SILENT = SilentMonitor()
PANIC = b"Kernel panic - not syncing: VFS: Unable to mount root fs\r\n"


def said(**fields: object) -> Output:
    line = json.dumps({"builder": 1, "nonce": NONCE, **fields})
    return Output(source=RESULT_PORT, data=f"\n{line}\n".encode())


class Power:
    """What the watcher may do with the guest, in which nothing moves by itself."""

    def __init__(self, vital: Callable[[], object] = lambda: None) -> None:
        self.vital = vital
        self.restarts = 0

    def restart(self) -> None:
        self.restarts += 1


def run(
    guest: Guest,
    *,
    limits: Limits = LIMITS,
    power: Power | None = None,
    monitor: Monitor = SILENT,
) -> Observed:
    return watch(
        guest,
        PLAN,
        limits=limits,
        guest=power or Power(),
        monitor=monitor,
        now=lambda: guest.time,
    )


SUCCESS = said(result="success")
OFF = Ended(reason="shutdown")


def test_success_is_the_nonce_and_a_clean_poweroff() -> None:
    packages = [said(package={"name": "bash"}), said(package={"name": "kernel"})]
    heard = run(Guest(*((10.0, each) for each in packages), (20, SUCCESS), (30, OFF)))
    assert heard.success
    assert heard.packages == [Package(name="bash"), Package(name="kernel")]


@pytest.mark.parametrize("reason", ["failed", "given up", "destroyed"])
@pytest.mark.parametrize(
    "last", [b"[  643.425213] reboot: Power down\r\n", b"[ 1909.0] Power down.\n"]
)
@pytest.mark.parametrize("success_first", [True, False])
def test_who_said_success_and_powered_off_is_done_whatever_libvirt_saw(
    reason: str, last: bytes, *, success_first: bool
) -> None:
    words = [SUCCESS, console(last)] if success_first else [console(last), SUCCESS]
    assert run(Guest(*((10.0, each) for each in words), (20, Ended(reason=reason)))).success


@pytest.mark.parametrize(
    "words",
    [
        [SUCCESS],
        [SUCCESS, console(b"Power down.\n")],
        [SUCCESS, console(b"echo reboot: Power down\n")],
        [SUCCESS, console(b"[  643.4] reboot: Restarting system\n")],
        [console(b"[  643.4] reboot: Power down\n")],
    ],
)
def test_who_was_taken_away_before_that_is_not(words: list[Output]) -> None:
    with pytest.raises(GuestLostError):
        run(Guest(*((10.0, each) for each in words), (20, Ended(reason="failed"))))


def test_what_the_system_calls_itself_is_heard_and_a_flood_of_packages_bounded() -> None:
    flood = b"".join(said(package={"name": f"p{number}"}).data for number in range(5001))
    told = said(system={"id": "centos", "version_id": "7"})
    output = Output(source=RESULT_PORT, data=flood)
    heard = run(Guest((10.0, told), (11.0, output), (20, SUCCESS), (30, OFF)))
    assert heard.system == System(id="centos", version_id="7")
    assert len(heard.packages) == 5000


def test_reports_may_come_in_pieces() -> None:
    data = SUCCESS.data
    pieces = [Output(source=RESULT_PORT, data=data[i : i + 5]) for i in range(0, len(data), 5)]
    assert run(Guest(*((1.0, piece) for piece in pieces), (2, OFF))).success


def test_a_question_at_the_end_ends_in_no_line_break() -> None:
    question = console(b"\r\n\tInstallation complete.  Press return to quit ")
    guest = Guest((10, SUCCESS), (20, question))
    with pytest.raises(HangError, match="complete, but the guest does not power off"):
        run(guest)
    assert guest.time < 20 + 2 * GRACE_SECONDS


NOT_THE_NONCE = [
    [],
    [said(nonce="0000" * 8, result="success")],
    [said(result="maybe")],
    [said(package={"name": "bash"})],
    [console(SUCCESS.data)],
    [Output(source=ANACONDA_PORT, data=SUCCESS.data)],
    [Output(source=RESULT_PORT, data=SUCCESS.data[:-1])],
    [Output(source=RESULT_PORT, data=b'{"builder":1,"nonce":\n[[[[\n\xff\x00{}\nnull\n7\n""\n')],
    [Output(source=RESULT_PORT, data=b'{"builder":1,"x":' + b"[" * 60000 + b"\n")],
]


@pytest.mark.parametrize("outputs", NOT_THE_NONCE)
def test_silence_and_other_words_are_no_success(outputs: list[Output]) -> None:
    with pytest.raises(InstallError, match="without saying that the installation succeeded"):
        run(Guest(*((1.0, output) for output in outputs), (5, OFF)))


FAILURE = said(
    result="failure",
    stage="onerror",
    log_base64=base64.b64encode(b"first\nNo space left on device\n\n").decode(),
)
DEAD = console(b"Pane is dead\r\n")


@pytest.mark.parametrize(("log", "sent"), [(b"", False), (b"\n", True), (b"last\n", True)])
def test_a_log_is_named_where_one_was_sent(log: bytes, *, sent: bool) -> None:
    report = said(result="failure", log_base64=base64.b64encode(log).decode())
    with pytest.raises(InstallError) as caught:
        run(Guest((10, report), (20, OFF)))
    assert ("installer.log" in caught.value.hint, "no log" in caught.value.hint) == (sent, not sent)


PLAIN_FAILURE = said(result="failure", log_base64="no base64 \u00e9")


@pytest.mark.parametrize(
    ("signals", "sentence"),
    [
        ([console(b"Linux version 3.10\n"), Ended(reason="rebooted")], "rebooted without saying"),
        ([Ended(reason="something new")], "ended without saying"),
        ([SUCCESS, Ended(reason="crashed")], "The guest crashed"),
        (
            [FAILURE, OFF],
            r"reported a failure \(onerror\)\. Its last line: No space left on device",
        ),
        ([FAILURE, SUCCESS, OFF], "reported a failure"),
        ([SUCCESS, FAILURE, OFF], "reported a failure"),
        ([PLAIN_FAILURE, OFF], r"reported a failure \(script\)\.$"),
        ([said(result="failure", stage="\x1b[1m" + "x" * 5000)], r"failure \(\[1mx{76}\)\.$"),
        ([console(PANIC), OFF], "panicked: VFS: Unable to mount root fs"),
        ([console(PANIC[:20]), console(PANIC[20:]), OFF], "panicked"),
        ([console(PANIC), Ended(reason="crashed")], "panicked"),
        ([FAILURE], "reported a failure"),
        # The better explanation wins, and of two that are as good the first.
        ([FAILURE, DEAD], "reported a failure"),
        ([DEAD, FAILURE], "reported a failure"),
        ([console(PANIC), FAILURE], "panicked"),
        ([FAILURE, console(PANIC)], "panicked"),
        ([DEAD, console(PANIC)], "panicked"),
        ([console(PANIC), console(b"Entering emergency mode. Exit the shell\n")], "panicked"),
    ],
)
def test_failures(signals: list[Signal], sentence: str) -> None:
    with pytest.raises(InstallError, match=sentence) as caught:
        run(Guest(*((float(second), signal) for second, signal in enumerate(signals))))
    assert caught.value.hint


TIMER = b"""\
[    0.016000] ..TIMER: vector=0x30 apic1=0 pin1=2 apic2=-1 pin2=-1
[    0.020000] ..MP-BIOS bug: 8254 timer not connected to IO-APIC
[    0.024000] ...trying to set up timer as Virtual Wire IRQ...
[    0.040000] Kernel panic - not syncing: IO-APIC + timer doesn't work!  Boot with apic=debug
"""
BOOT, PACKAGES = b"Linux version 5.14\n", b"Starting package installation process\n"


@pytest.mark.parametrize(
    ("signals", "sentence", "untouched"),
    [
        ([console(BOOT), console(TIMER)], "too little processor time: its kernel panicked", True),
        ([console(BOOT), console(TIMER), Ended(reason="rebooted")], "too little", True),
        ([console(PACKAGES), console(TIMER)], "too little processor time", False),
        ([Ended(reason="destroyed")], "was destroyed from outside", True),
        ([console(PACKAGES), SUCCESS, Ended(reason="destroyed")], "from outside", False),
        ([console(PACKAGES), SUCCESS, Ended(reason="failed")], "hypervisor process died", False),
    ],
)
def test_a_guest_that_the_host_takes_away(
    signals: list[Signal], sentence: str, *, untouched: bool
) -> None:
    with pytest.raises(GuestLostError, match=sentence) as caught:
        run(Guest(*((float(second), signal) for second, signal in enumerate(signals))))
    assert caught.value.hint
    assert (caught.value.exit_code, caught.value.untouched) == (4, untouched)


def test_a_failed_guest_that_stays_gets_a_short_grace() -> None:
    chatter = [(100.0 + second, console(b"more\n")) for second in range(60)]
    guest = Guest((99, console(PANIC)), *chatter)
    with pytest.raises(InstallError, match="panicked"):
        run(guest)
    assert 99 + GRACE_SECONDS <= guest.time <= 99 + GRACE_SECONDS + 2


def test_trouble_of_the_host_ends_it_at_once() -> None:
    guest = Guest((50, HostTrouble(sentence="The disk is full.", hint="Free some.")))
    with pytest.raises(HostError, match="The disk is full") as caught:
        run(guest)
    assert (guest.time, caught.value.hint) == (50, "Free some.")


def test_a_guest_that_stands_still_is_a_hang() -> None:
    guest = Guest((100, console(b"Starting package installation process\n")))
    with pytest.raises(HangError, match=r"stands still in the phase packages.* 10 minutes"):
        run(guest)
    assert 700 <= guest.time <= 702


@pytest.mark.parametrize("alive", ["console", "vital"])
def test_a_guest_that_moves_for_ever_is_a_hang(alive: str) -> None:
    counter = count()
    chatter = ((minute * 60.0, console(b".\n")) for minute in range(100))
    guest = Guest(*(chatter if alive == "console" else ()))
    power = Power((lambda: next(counter)) if alive == "vital" else lambda: None)
    with pytest.raises(HangError, match="is in the phase firmware after 60 minutes"):
        run(guest, power=power)
    assert 3600 <= guest.time <= 3662


def test_a_phase_may_have_limits_of_its_own() -> None:
    packages = console(b"Starting package installation process\n")
    phases = {"packages": PhaseLimits(phase_seconds=120, idle_seconds=60)}
    limits = Limits(deadlines=replace(DEADLINES, phases=phases))
    idle = Guest((100, packages))
    with pytest.raises(HangError, match=r"stands still in the phase packages.* 1 minute\."):
        run(idle, limits=limits)
    assert 160 <= idle.time <= 162
    slow = Guest((100, packages), *((100.0 + 10 * each, console(b".\n")) for each in range(99)))
    with pytest.raises(HangError, match="in the phase packages for more than 2 minutes"):
        run(slow, limits=limits)
    assert 220 <= slow.time <= 232


def test_a_reboot_after_the_success_is_an_end_like_another() -> None:
    assert run(Guest((1, SUCCESS), (2, Ended(reason="rebooted")))).success


def test_a_reset_by_the_firmware_is_no_end() -> None:
    power = Power()
    reset = Ended(reason="rebooted")
    assert run(Guest((1, reset), (2, reset), (20, SUCCESS), (21, OFF)), power=power).success
    assert power.restarts == 2


def test_firmware_that_resets_for_ever_is_a_failure() -> None:
    with pytest.raises(InstallError, match="rebooted without saying"):
        run(Guest(*((float(each), Ended(reason="rebooted")) for each in range(9))))


def test_a_vital_sign_now_and_then_is_enough() -> None:
    guest = Guest((3000, SUCCESS), (3001, OFF))
    assert run(guest, power=Power(lambda: guest.time // 590)).success


def test_progress_is_told() -> None:
    lines = [b"Installing bash (1/3)\n", b"Installing kernel (3/3)\n", b"Installing boot loader\n"]
    told = ((10.0 * (each + 1), console(line)) for each, line in enumerate(lines))
    guest = Guest(*told, (35, SUCCESS), (40, OFF))
    monitor = Heard()
    limits = Limits(deadlines=DEADLINES, expected={"packages": 60, "boot loader": 20})
    heard = run(guest, limits=limits, monitor=monitor)
    assert monitor.told == [
        ("phase", "packages", {}),
        ("package", "bash", {"done": 1, "total": 3}),
        ("package", "kernel", {"done": 3, "total": 3}),
        ("phase", "boot loader", {}),
    ]
    assert monitor.done == 75
    assert monitor.texts[0] == "firmware, 1 min left"
    assert "packages 1/3, 1 min left" in monitor.texts
    assert monitor.texts[-1] == "boot loader 3/3, 11 s left"
    assert {name: round(each) for name, each in heard.phases.items()} == {
        "firmware": 10,
        "packages": 20,
        "boot loader": 10,
    }
