"""Domains for one use and what is heard of them, with real guests under a real libvirt."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Unpack

import pytest
from tiny_guests import (
    FILL_DISK,
    HALT,
    MACHINE,
    PANIC,
    POWER_OFF,
    REBOOT,
    guest,
    open_folder,
    write_disk,
)

from builder.errors import BuilderError, HostError, InstallError, TemplateError
from builder.install.film import Film
from builder.install.pixels import decode
from builder.install.run import install
from builder.model.domain import ANACONDA_PORT, RESULT_PORT, DomainSpec
from builder.model.event import Details, Kind
from builder.model.installation import (
    Deadlines,
    Ended,
    HostTrouble,
    InstallPlan,
    Limits,
    Output,
    Signal,
    Told,
)
from builder.model.traces import Traces
from builder.monitor import Monitor, SilentMonitor
from builder.proof import boot, verify
from builder.proof.verify import Verified
from builder.virt import domains, latest, pools, screens, volumes
from builder.virt.connection import Connection, connect
from builder.virt.domain_xml import domain_xml
from builder.virt.listen import listen
from tests.monitors import Heard
from tests.waiting import PATIENCE, wait_until

SILENT = SilentMonitor()
# Short: in a session, it is part of a socket's path, which may have 107 characters.
NAME = f"bt-{os.getpid()}"


@pytest.fixture
def connection(libvirt_uri: str) -> Iterator[Connection]:
    with connect(libvirt_uri) as opened:
        yield opened
        ours = (NAME, f"builder-check-a-{NAME}", f"builder-check-b-{NAME}")
        left = [name for name in domains.names(opened) if name in ours]
        for name in left:
            _remove(opened, name)
        assert left == []


def _remove(connection: Connection, name: str) -> None:
    domains.remove(domains.Domain(name=name, connection=connection))


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


PORTS = (ANACONDA_PORT, RESULT_PORT)


def spec(folder: Path, words: str, then: bytes) -> DomainSpec:
    disk = write_disk(folder / "disk.raw", words, then)
    return guest(NAME, disk, logs=folder, channels=PORTS)


@contextmanager
def running(
    connection: Connection, wanted: DomainSpec
) -> Iterator[tuple[domains.Domain, SimpleQueue[Signal]]]:
    """Let the guest run for the block; yield it and what is heard of it."""
    with (
        domains.paused(connection, domain_xml(wanted)) as domain,
        listen(domain, logs=wanted.logs) as signals,
    ):
        domains.resume(domain)
        yield domain, signals


def heard_of(signals: SimpleQueue[Signal], words: str = "") -> tuple[str, Signal]:
    """Return what the guest said, which ends in the words, and the first other signal."""
    said, end = "", None
    while end is None or not said.endswith(words):
        try:
            got = signals.get(timeout=60 if end else PATIENCE)  # what has ended says no more
        except Empty:
            pytest.fail(f"it said {said!r}, then {end}")
        if isinstance(got, Output):
            said += got.data.decode()
        else:
            end = end or got
    return said, end


@pytest.mark.parametrize(
    ("then", "reason"),
    [(POWER_OFF, "shutdown"), (REBOOT, "rebooted"), (PANIC, "crashed")],
    ids=["poweroff", "reboot", "panic"],
)
def test_words_and_end_are_heard(
    connection: Connection, folder: Path, then: bytes, reason: str
) -> None:
    wanted = spec(folder, "first line\r\nlast words", then)
    with running(connection, wanted) as (_, signals):
        _, end = heard_of(signals, "first line\r\nlast words")
    assert end == Ended(reason=reason)
    assert (folder / "console.log").read_text().endswith("last words")


def _kill(name: str, number: signal.Signals = signal.SIGKILL) -> None:
    """Kill the guest's hypervisor, as the kernel does when memory runs out."""
    mark = f"guest={name},".encode()
    for commands in Path("/proc").glob("[0-9]*/cmdline"):
        if mark in commands.read_bytes():
            os.kill(int(commands.parent.name), number)
            return
    pytest.fail("there is no such process")


def test_a_killed_hypervisor_is_heard(connection: Connection, folder: Path) -> None:
    with running(connection, spec(folder, "", HALT)) as (domain, signals):
        _kill(NAME)
        assert heard_of(signals)[1] == Ended(reason="failed")
        assert domains.activity(domain) is None


def _daemon() -> int:
    """Return the process of libvirt's QEMU driver."""
    known = (
        Path("/run/libvirt/libvirtd.pid"),
        Path("/run/libvirtd.pid"),
        Path("/run/virtqemud.pid"),
    )
    return next(int(path.read_text()) for path in known if path.exists())


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    """Mount a file system of 3 MiB where libvirt sees it; yield the path by which we reach it."""
    folder.mkdir()
    inside = ["nsenter", "--mount", "--target", str(_daemon())]
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m,mode=755", "tmpfs", str(folder)]
    if subprocess.run([*inside, *mount], check=False).returncode:
        pytest.skip("this machine lets nobody mount a small file system")
    try:
        yield Path(f"/proc/{_daemon()}/root") / folder.relative_to("/")
    finally:
        subprocess.run([*inside, "umount", "--lazy", folder], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_full_disk_is_heard_within_seconds(connection: Connection, folder: Path) -> None:
    small = folder / "small"
    with _small_disk(small) as ours:
        write_disk(ours / "disk.raw", "writing", FILL_DISK, size=2**26)
        wanted = guest(NAME, small / "disk.raw", logs=folder)
        with running(connection, wanted) as (_, signals):
            trouble = heard_of(signals)[1]
    assert isinstance(trouble, HostTrouble)
    assert trouble.sentence.startswith("The host's disk is full")
    assert str(small) in trouble.sentence


@pytest.mark.parametrize("error", [None, InstallError("It broke."), KeyboardInterrupt()], ids=repr)
def test_a_domain_is_gone_after_its_block(
    connection: Connection, folder: Path, error: BaseException | None
) -> None:
    document = domain_xml(spec(folder, "", HALT))
    try:
        with domains.paused(connection, document):
            assert NAME in domains.names(connection)
            if error is not None:
                raise error
    except (BuilderError, KeyboardInterrupt) as caught:
        assert caught is error  # noqa: PT017  # both kinds, and none
    assert NAME not in domains.names(connection)


def test_a_guest_that_waits_for_ever_shows_no_activity(
    connection: Connection, folder: Path
) -> None:
    with running(connection, spec(folder, "ready", HALT)) as (domain, signals):
        signals.get(timeout=PATIENCE)
        before = domains.activity(domain)
        time.sleep(5)
        assert before is not None
        assert domains.activity(domain) == before


def test_a_domain_that_cannot_start_is_gone(connection: Connection, folder: Path) -> None:
    wanted = spec(folder, "", HALT)
    (folder / "disk.raw").unlink()
    with (
        pytest.raises(HostError, match=f"Cannot start the domain {NAME}") as caught,
        domains.paused(connection, domain_xml(wanted)),
    ):
        pytest.fail("must not get here")
    assert caught.value.hint


def test_a_name_that_is_in_use(connection: Connection, folder: Path) -> None:
    document = domain_xml(spec(folder, "", HALT))
    with domains.paused(connection, document):
        with (
            pytest.raises(HostError, match="libvirt refuses the domain"),
            domains.paused(connection, document),
        ):
            pytest.fail("must not get here")
        assert NAME in domains.names(connection)


def test_a_screenshot_shows_the_screen(connection: Connection, folder: Path) -> None:
    with domains.paused(connection, domain_xml(spec(folder, "", HALT))) as domain:
        shot = screens.screenshot(domain, folder / "screenshot")
        assert shot is not None
        assert shot.stat().st_size > 1000
        assert shot.read_bytes()[:2] in (b"P6", b"\x89P")
        assert "<uuid>" in domains.live_xml(domain)
    assert screens.screenshot(domain, folder / "gone") is None


def test_a_screen_can_be_filmed(connection: Connection, folder: Path) -> None:
    film = Film(folder / "screens")
    with domains.paused(connection, domain_xml(spec(folder, "", HALT))) as domain:
        screen = screens.grab(domain)
        assert screen is not None
        assert decode(screen.data) is not None
        assert film.show(screen, seconds=3) == folder / "screens" / "0001-3s.png"
        assert film.show(screen, seconds=4) is None
    assert screens.grab(domain) is None


def failed_install(
    connection: Connection, folder: Path, words: str, then: bytes, sentence: str
) -> str:
    """Return what the guest of an installation said that fails with the sentence."""
    plan = InstallPlan(domain=spec(folder, words, then), nonce="0" * 32, traces=traces(folder))
    limits = Limits(deadlines=Deadlines(total_seconds=PATIENCE, idle_seconds=PATIENCE))
    with pytest.raises(InstallError, match=sentence):
        install(plan, connection, limits=limits, monitor=SilentMonitor())
    _remove(connection, NAME)
    return (folder / "console.log").read_text()


PANICS = "Kernel panic - not syncing: No init found.\r\n"


@pytest.mark.parametrize(
    ("words", "then", "sentence"),
    [
        ("reboot: Power down\r\n", POWER_OFF, "without saying that the installation succeeded"),
        (PANICS, HALT, "The guest's kernel panicked: No init found"),
    ],
    ids=["poweroff", "panic"],
)
def test_a_failed_installation_leaves_its_evidence(
    connection: Connection, folder: Path, *, words: str, then: bytes, sentence: str
) -> None:
    assert words.strip() in failed_install(connection, folder, words, then, sentence)
    assert then == POWER_OFF or list(folder.glob("screens/*.png"))


def _stop_after(log: Path, name: str) -> None:
    """Stop a guest's hypervisor when the guest has said something."""
    wait_until(lambda: log.exists() and log.read_bytes().endswith(b"\n"))
    _kill(name, signal.SIGSTOP)


class Stopper(Heard):
    """Stops the guest's hypervisor, as a disk does whose server is away, at the first picture."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped = False

    def tell(self, kind: Kind, text: str, **details: Unpack[Details]) -> None:
        super().tell(kind, text, **details)
        if kind == "screen" and not self.stopped:
            self.stopped = True
            _kill(NAME, signal.SIGSTOP)


def test_a_hypervisor_that_does_not_answer_is_not_waited_for(
    connection: Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = InstallPlan(domain=spec(folder, "", HALT), nonce="0" * 32, traces=traces(folder))
    limits = Limits(deadlines=Deadlines(total_seconds=PATIENCE, idle_seconds=15))
    stopper = Stopper()
    monkeypatch.setattr(latest, "_STUCK_SECONDS", 5)
    with pytest.raises(HostError, match="libvirt does not answer"):
        install(plan, connection, limits=limits, monitor=stopper)
    assert stopper.stopped
    _remove(connection, NAME)
    assert NAME not in domains.names(connection)


def test_a_machine_that_its_firmware_resets_is_started_again(
    connection: Connection, folder: Path
) -> None:
    said = failed_install(connection, folder, "again ", REBOOT, "rebooted without saying")
    assert said.count("again") == 4


def test_who_joins_a_guest_tells_what_it_said_meanwhile_as_replayed(
    connection: Connection, folder: Path
) -> None:
    words = "Linux version 5\r\nStarting package installation process\r\n"
    wanted, monitor = spec(folder, words, POWER_OFF), Heard()
    domains.resume(domains.start(connection, domain_xml(wanted)))
    log = folder / "console.log"
    wait_until(lambda: log.exists() and log.read_bytes().endswith(b"process\r\n"))
    told = Told(phases={"firmware": 60.0, "boot": 50.0})
    plan = InstallPlan(domain=wanted, nonce="0" * 32, traces=traces(folder), told=told)
    limits = Limits(deadlines=Deadlines(total_seconds=PATIENCE, idle_seconds=PATIENCE))
    with pytest.raises(InstallError, match="without saying"):
        install(plan, connection, limits=limits, monitor=monitor)
    _remove(connection, NAME)
    phases = [(text, details) for kind, text, details in monitor.told if kind == "phase"]
    assert phases == [("packages", {"replayed": True})]


def traces(folder: Path) -> Traces:
    return Traces(id=folder.name, folder=folder, began=datetime.now(UTC))


@pytest.fixture
def store(connection: Connection, folder: Path) -> Iterator[str]:
    path = folder / "store"
    path.mkdir()
    pools.ensure(connection, NAME, path=path)
    yield NAME
    left = volumes.all_volumes(connection, NAME)
    pools.remove(connection, NAME)
    assert left == ()


def _image(folder: Path, words: str, then: bytes) -> Path:
    raw = write_disk(folder / "disk.raw", words, then)
    image = folder / ".x.candidate"
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, image], check=True)
    return image


def _check(
    connection: Connection,
    store: str,
    image: Path,
    *,
    minutes: float = PATIENCE / 60,
    monitor: Monitor = SILENT,
) -> Verified:
    folder = image.parent / NAME
    folder.mkdir()
    return verify.verify(
        image,
        (MACHINE, MACHINE),
        connection=connection,
        trial=verify.Trial(
            pool=store,
            deadlines=Deadlines(total_seconds=PATIENCE, idle_seconds=minutes * 60),
            traces=traces(folder),
        ),
        monitor=monitor,
    )


@pytest.mark.parametrize(
    "words",
    [
        "\r\nSome System 7\r\nlocalhost login: ",
        "\r\nSome System 7\r\nlocalhost lo[   80.862674] EXT4-fs: resizing\r\n"
        "[   80.950793] EXT4-fs: resized\r\ngin: ",
    ],
    ids=["whole", "broken"],
)
def test_clones_that_boot_and_tell_nothing(
    connection: Connection,
    store: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    words: str,
) -> None:
    monkeypatch.setattr(boot, "_QUIET_SECONDS", 1)
    image = _image(folder, words, HALT)
    before = image.read_bytes()
    found = _check(connection, store, image)
    assert found.boot_seconds > 0
    assert [each.check for each in found.findings if not each.passed] == ["clone-report"]
    assert image.read_bytes() == before
    for letter in "ab":
        assert (folder / NAME / f"clone-{letter}.log").read_bytes() == words.encode()


@pytest.mark.parametrize(
    ("words", "then", "sentence"),
    [
        (PANICS, HALT, "does not boot: its kernel panicked: No init found"),
        ("Last login: never\r\n", POWER_OFF, r"ended before its login prompt \(shutdown\)"),
    ],
    ids=["panic", "poweroff"],
)
def test_a_clone_that_does_not_boot(
    connection: Connection, store: str, folder: Path, *, words: str, then: bytes, sentence: str
) -> None:
    with pytest.raises(TemplateError, match=sentence) as caught:
        _check(connection, store, _image(folder, words, then))
    assert caught.value.hint
    shown = len(list((folder / NAME).glob("clone-*.p*")))
    assert shown > 0 if then == HALT else shown < 2  # the other one may still run


@pytest.mark.parametrize("stopped", [False, True])
def test_a_clone_that_stays_silent(
    connection: Connection, store: str, folder: Path, *, stopped: bool
) -> None:
    monitor = Heard()
    log = folder / NAME / "clone-a.log"
    if stopped:
        threading.Thread(target=_stop_after, args=(log, f"builder-check-a-{NAME}")).start()
    with pytest.raises(TemplateError, match="stands still in the phase firmware"):
        _check(connection, store, _image(folder, "Hm\r\n", HALT), minutes=0.2, monitor=monitor)
    assert [(kind, details["line"]) for kind, _, details in monitor.told] == [("failure", "Hm")]


STARVED = "Kernel panic - not syncing: IO-APIC + timer doesn't work!  Boot with apic=debug\r\n"


def test_a_clone_that_the_host_starves_is_tried_twice(
    connection: Connection, store: str, folder: Path
) -> None:
    monitor = Heard()
    with pytest.raises(HostError, match="too little processor time"):
        _check(connection, store, _image(folder, STARVED, HALT), monitor=monitor)
    assert [kind for kind, _, _ in monitor.told] == ["warning"]


def test_an_installation_that_the_host_starves_is_started_twice(
    connection: Connection, folder: Path
) -> None:
    plan = InstallPlan(domain=spec(folder, STARVED, HALT), nonce="0", traces=traces(folder))
    limits = Limits(deadlines=Deadlines(total_seconds=PATIENCE, idle_seconds=PATIENCE))
    monitor = Heard()
    with pytest.raises(HostError, match="too little processor time"):
        install(plan, connection, limits=limits, monitor=monitor)
    _remove(connection, NAME)
    told = [text for kind, text, _ in monitor.told if kind == "warning"]
    assert len(told) == 1
    assert told[0].endswith("It is started once more.")
