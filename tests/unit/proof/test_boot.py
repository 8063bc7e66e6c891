"""Clones that boot: scripted guests on a clock of their own."""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from builder.errors import HostError, TemplateError
from builder.install.causes import CAUSES
from builder.model.domain import CLONE_PORT
from builder.model.installation import Deadlines, Ended, HostTrouble, Output, Signal
from builder.model.traces import Traces
from builder.monitor import SilentMonitor
from builder.proof import verify
from builder.proof.again import once_more
from builder.proof.boot import Boot, LateDeviceError, trouble_of
from builder.proof.verify import Trial, Verified
from tests.guests import Guest, console
from tests.hosts import new_host
from tests.monitors import Heard
from tests.values import machine

MINUTE = 60.0
DEADLINES = Deadlines(total_seconds=90 * MINUTE, idle_seconds=10 * MINUTE)
LOGIN = b"\r\nSome System 7\r\nlocalhost login: "


def told(item: str, value: str = "") -> Output:
    line = json.dumps({"clone": 1, "item": item, "value": value})
    return Output(source=CLONE_PORT, data=f"{line}\n".encode())


def boot(guest: Guest, vital: Callable[[], object] = lambda: None) -> Boot:
    made = Boot("clone-a", guest, DEADLINES, vital=vital, now=lambda: guest.time)
    while not made.done:
        made.hear()
    return made


def test_it_is_up_at_its_prompt_and_done_with_its_report() -> None:
    guest = Guest((20, console(LOGIN)), (30, told("machine-id", "1")), (40, told("end")))
    found = boot(guest)
    assert (round(found.seconds), round(guest.time)) == (20, 40)
    assert found.report.all("machine-id") == ("1",)


def test_a_whole_report_is_proof_enough_where_no_prompt_comes() -> None:
    """On a busy host systemd gave dev-ttyS0 up, and started no getty there."""
    guest = Guest((20, console(b"[ TIME ] Timed out waiting for device.\n")), (600, told("end")))
    assert round(boot(guest).seconds) == 600


def test_a_slow_clone_that_lives_is_waited_for() -> None:
    slow = [(9 * MINUTE * each, console(b"[  OK  ] Started it.\n")) for each in range(1, 8)]
    assert boot(Guest(*slow, (70 * MINUTE, console(LOGIN)), (80 * MINUTE, told("end")))).seconds
    reads = Guest((70 * MINUTE, told("end")))
    assert boot(reads, vital=lambda: reads.time // (9 * MINUTE)).seconds


def test_a_slow_report_shows_signs_of_life() -> None:
    waits = [(20 + 100.0 * each, told("waiting", "is_up")) for each in range(9)]
    found = boot(Guest((20, console(LOGIN)), *waits, (900, told("end"))))
    assert found.report.complete


def test_one_that_is_up_and_tells_nothing_is_not_waited_for_in_vain() -> None:
    guest = Guest((20, console(LOGIN)))
    assert not boot(guest).report.complete
    assert 170 <= guest.time <= 171
    busy, counter = Guest((20, console(LOGIN))), count()
    assert not boot(busy, vital=lambda: next(counter)).report.complete
    assert busy.time <= 91 * MINUTE


@pytest.mark.parametrize(
    ("said", "phase"),
    [
        ([], "firmware"),
        ([b"Linux version 5.14\n"], "boot"),
        ([b"Linux version 5.14\n", b"[  OK  ] Reached it.\n", b"Linux version\n"], "services"),
    ],
)
def test_one_that_stands_still_has_failed(said: list[bytes], phase: str) -> None:
    guest = Guest(*((60.0, console(each)) for each in said))
    with pytest.raises(TemplateError, match=f"stands still in the phase {phase}") as caught:
        boot(guest)
    assert caught.value.message.endswith("neither its login prompt nor the end of its report.")
    assert "boot_minutes" in caught.value.hint
    assert guest.time <= 12 * MINUTE


def test_one_that_lives_and_never_comes_up_has_failed() -> None:
    counter = count()
    with pytest.raises(TemplateError, match="in the phase firmware after 90 minutes"):
        boot(Guest(), vital=lambda: next(counter))


TROUBLE = [
    ("No bootable device.", "nothing to boot"),
    ("UEFI Interactive Shell v2.2", "nothing to boot"),
    ("Shell>", "nothing to boot"),
    ("BdsDxe: No bootable option or device was found.", "nothing to boot"),
    ("grub>", "nothing to boot"),
    ("grub rescue>", "nothing to boot"),
    ("Entering rescue mode...", "nothing to boot"),
    ("error: you need to load the kernel first.", "nothing to boot"),
    ("Starting Dracut Emergency Shell...", "initramfs gave up"),
    ("Entering emergency mode. Exit the shell to continue.", "initramfs gave up"),
    ("ALERT!  UUID=5eed does not exist.  Dropping to a shell!", "initramfs gave up"),
    ("[    2.5] Kernel panic - not syncing: No init found.", "its kernel panicked: No init found."),
    ("Fatal glibc error: CPU does not support x86-64-v3", "too old for it (CPU does not support"),
    ("Kernel panic - not syncing: Attempted to kill init! exitcode=0x00007f00", "too old for it"),
    ("You are in emergency mode. After logging in, type", "entered emergency mode"),
    ('Welcome to emergency mode! After logging in, type "journalctl -xb"', "emergency mode"),
    ("[ *** ] Job x (1min / no limit)You are in emergency mode.", "entered emergency mode"),
    ("Give root password for maintenance", "entered emergency mode"),
    ("Cannot open access to console, the root account is locked.", "entered emergency mode"),
    ("Please enter passphrase for disk QEMU_HARDDISK (luks-5eed)::", "for a passphrase (QEMU_"),
    ("Enter passphrase for hd0,msdos1 (5eed):", "it asks for a passphrase (hd0,msdos1 (5eed)"),
    ("Please unlock disk sda3_crypt:", "it asks for a passphrase (sda3_crypt)"),
    ("Password (/dev/sda3):", "it asks for a passphrase (/dev/sda3)"),
    ("Give root password for login:", "entered emergency mode"),
    ("*** Dropping you to a shell; the system will reboot", "entered emergency mode"),
    ("/dev/sda2 (luks-5eed) is password protected", "it asks for a passphrase (/dev/sda2 (luks-"),
    ("Please enter TPM2 PIN:", "it asks for a passphrase (TPM2 PIN)"),
    ("\N{CLOSED LOCK WITH KEY} Please enter passphrase for disk x:", "a passphrase (x)"),
    ("Missing operating system", "its boot sector finds nothing to start"),
    ("Operating system not found", "its boot sector finds nothing to start"),
    ("Invalid partition table", "its boot sector finds nothing to start"),
    ("GRUB Hard Disk Error", "its boot sector finds nothing to start"),
    ("GRUB Geom Error", "its boot sector finds nothing to start"),
    ("dracut: Refusing to continue", "the system gave up while it started (Refusing to continue)"),
    ("Refusing to continue", "the system gave up while it started (Refusing to continue)"),
    ('Boot has failed. To debug this issue add "rdshell" to the kernel', "(Boot has failed)"),
    ("-- System halted", "gave up while it started (System halted)"),
    ("Freezing execution.", "gave up while it started (Freezing execution)"),
    ("[    1.9] systemd[1]: Freezing execution.", "gave up while it started (Freezing execution)"),
    ("[!!!!!!] Failed to load SELinux policy, freezing.", "(Failed to load SELinux policy)"),
    ("Unable to load SELinux Policy. Machine is in enforcing mode. Halting now.", "SELinux Policy"),
    ("dracut:/#", "initramfs gave up"),
    ("[ *** ] Give root password for maintenance", "entered emergency mode"),
    ("Failed to open \\EFI\\BOOT\\grubx64.efi - Not Found", "\\EFI\\BOOT\\grubx64.efi"),
    ("start_image() returned Not Found", "shim does not start the boot loader (Not Found)"),
    ("Verification failed: (0x1A) Security Violation", "shim does not start the boot loader"),
    ("Enter username:", "a name and a password"),
    ("switch_root:/#", "initramfs gave up"),
    ("  Please make your choice from above ['q' to quit | 'c' to continue |", "for an answer"),
    ("-- Press any key to proceed --", "it waits for an answer"),
    ("Welcome to your new installation of Linux! Please configure your system!", "an answer"),
    ("Please make a selection from the above ['c' to continue]:", "it waits for an answer"),
]


@pytest.mark.parametrize(("line", "sentence"), TROUBLE)
def test_what_proves_that_a_clone_does_not_boot(line: str, sentence: str) -> None:
    trouble = trouble_of(line)
    assert isinstance(trouble, TemplateError)
    assert trouble.message.startswith("A clone of the template does not boot: ")
    assert sentence in trouble.message
    assert trouble.message.endswith(".")
    assert trouble.hint.endswith(".")


def test_every_cause_of_clones_is_tested() -> None:
    lines = [line for line, _ in TROUBLE]
    of_clones = [each for each in CAUSES if each.clone and each.kind != "host"]
    assert all(any(each.pattern.match(line[line.find("Kern") :]) or each.pattern.match(line)
                   for line in lines) for each in of_clones)  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "[   22.1] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [kworker/0:1:17]",
        "error: no suitable video mode found.",
        # GRUB goes on, and may well find what it needs where it began.
        "error: no such device: 5eed-11.",
        "Failed to open \\EFI\\BOOT\\revocations.efi - Not Found",
        "Failed to open /dev/rfkill: No such file or directory",
        "error: file `/boot/grub2/fonts/unicode.pf2' not found.",
        "Warning: the host's key does not exist in the cache",
        "Press any key to continue...",
        "[  OK  ] Stopped Emergency Shell.",
        "[    0.2] SELinux:  Initializing.",
        "sda: Read error corrected",
        "BIOS-provided physical RAM map: Invalid entry",
        "localhost login: ",
    ],
)
def test_what_proves_nothing(line: str) -> None:
    assert trouble_of(line) is None


@pytest.mark.parametrize(
    "piece", ["-", " ", "/dev/", "/dev/x (", "error: ", "Failed to open grub", "ALERT! x ", "grub"]
)
def test_a_line_without_an_end_takes_no_time(piece: str) -> None:
    """A guest may say anything, and the texts are looked for at every place of a line."""
    assert trouble_of(piece * (65536 // len(piece))) is None


TIMER = b"[    0.040000] Kernel panic - not syncing: IO-APIC + timer doesn't work!  Boot with\n"


@pytest.mark.parametrize(
    ("signal", "sentence"),
    [
        (console(TIMER), "gave it too little processor time"),
        (Ended(reason="failed"), "could not be tried. The hypervisor process died"),
        (Ended(reason="destroyed"), "could not be tried. The guest was destroyed"),
        (HostTrouble(sentence="The disk is full.", hint="Free some."), "The disk is full"),
    ],
)
def test_what_the_host_does_is_not_held_against_the_template(signal: Signal, sentence: str) -> None:
    with pytest.raises(HostError, match=sentence) as caught:
        boot(Guest((5, signal)))
    assert caught.value.hint


@pytest.mark.parametrize("reason", ["shutdown", "rebooted", "crashed"])
def test_a_clone_that_ends_has_failed(reason: str) -> None:
    with pytest.raises(TemplateError, match=rf"ended before its login prompt \({reason}\)"):
        boot(Guest((5, Ended(reason=reason))))


def test_half_a_line_is_judged_only_where_it_stays() -> None:
    """A panic of which the reason has not arrived yet may be the host's."""
    with pytest.raises(HostError):
        boot(Guest((5, console(TIMER[:45])), (7, console(TIMER[45:]))))
    guest = Guest((5, console(b"grub> ")))
    with pytest.raises(TemplateError, match="nothing to boot"):
        boot(guest)
    assert guest.time <= 12


def test_what_the_host_spoils_is_tried_twice() -> None:
    results: Iterator[HostError | int] = iter([HostError("It was busy."), 7])

    def attempt() -> int:
        result = next(results)
        if isinstance(result, HostError):
            raise result
        return result

    monitor = Heard()
    assert once_more(attempt, monitor=monitor) == 7
    assert monitor.told == [("warning", "It was busy. It is tried once more.", {})]
    results = iter([HostError("Once."), HostError("Twice.")])
    with pytest.raises(HostError, match="Twice"):
        once_more(attempt, monitor=SilentMonitor())


@pytest.mark.parametrize("second", [(), ("slow.service",)], ids=["then in time", "late again"])
def test_a_unit_that_was_too_slow_gets_a_second_boot(
    monkeypatch: pytest.MonkeyPatch, second: tuple[str, ...]
) -> None:
    came = [
        Verified(boot_seconds=1, findings=(), late=late) for late in (("slow.service",), second)
    ]
    results = iter(came)
    monkeypatch.setattr(verify, "_boot_both", lambda *_, **__: next(results))
    traces = Traces(id="x", folder=Path(), began=datetime.now(UTC))
    monitor = Heard()
    with new_host() as connection:
        found = verify.verify(
            Path("x.qcow2"),
            (machine(), machine()),
            connection=connection,
            trial=Trial(pool="store", deadlines=DEADLINES, traces=traces),
            monitor=monitor,
        )
    assert found == came[1]
    assert [text for _, text, _ in monitor.told] == [
        "slow.service took too long in a clone. The clones are booted again."
    ]


def test_a_clone_that_waited_for_a_device_in_vain() -> None:
    """Elsewhere a partition comes after 90 seconds, where the host is busy."""
    late = b"[ TIME ] Timed out waiting for device dev-sda2.device - /dev/sda2.\n"
    guest = Guest((20, console(late)), (30, console(b"You are in emergency mode\n")))
    with pytest.raises(LateDeviceError, match="entered emergency mode"):
        boot(guest)


@pytest.mark.parametrize("comes", [True, False], ids=["then in time", "late again"])
def test_a_device_that_came_too_late_gets_a_second_boot(
    monkeypatch: pytest.MonkeyPatch, comes: bool
) -> None:
    came = Verified(boot_seconds=1, findings=(), late=())
    late = LateDeviceError("It waited.", hint="Look.")
    boots = iter([late, came if comes else late])

    def boot_both(*_: object, **__: object) -> Verified:
        found = next(boots)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(verify, "_boot_both", boot_both)
    traces = Traces(id="x", folder=Path(), began=datetime.now(UTC))
    monitor = Heard()
    with new_host() as connection, nullcontext() if comes else pytest.raises(TemplateError):
        found = verify.verify(
            Path("x.qcow2"),
            (machine(), machine()),
            connection=connection,
            trial=Trial(pool="store", deadlines=DEADLINES, traces=traces),
            monitor=monitor,
        )
        assert found == came
    assert [text for _, text, _ in monitor.told] == [
        "It waited. A device came too late: they are booted again."
    ]
