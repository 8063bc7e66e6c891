"""What the families' installers say and leave behind, from the table of their differences."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.install.progress import PHASES
from builder.rehearsal import packages
from builder.rehearsal.guest import bls, kept, payload, planning, profiles
from builder.rehearsal.guest.bootloader import Menu, menu_text
from builder.rehearsal.guest.console import Console
from builder.rehearsal.guest.family import FAMILIES
from builder.rehearsal.guest.layout import Disk, Firmware
from builder.rehearsal.guest.model import Link, PartitionRequest, StorageRequest
from builder.rehearsal.guest.programs import Runner
from builder.rehearsal.guest.stages import Progress, Step, stages
from builder.releases import catalogue

RELEASES = {"el7": "rehearsal", "el8": "rehearsal8", "el9": "rehearsal9", "el10": "rehearsal10"}
STATIC = Link(device="ens3", dhcp=False, address="192.0.2.5", netmask="24", gateway="192.0.2.1")


class Told:
    """A console, and what it has told."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._file = folder / "log"
        self._capsys = capsys
        self._log = os.open(self._file, os.O_WRONLY | os.O_CREAT)

    def console(self, tag: str = "anaconda:") -> Console:
        return Console((self._log,), tag=tag)

    def screen(self) -> str:
        return self._capsys.readouterr().out

    def log(self) -> list[str]:
        """Return the lines without their times."""
        return [line.partition(" ")[2] for line in self._file.read_text().splitlines()]

    def close(self) -> None:
        os.close(self._log)


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Told]:
    told = Told(tmp_path, capsys)
    yield told
    told.close()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_that_of_the_catalogue(name: str) -> None:
    family, release = FAMILIES[name], catalogue.find(RELEASES[name])
    assert (release.family, release.syntax) == (name, family.syntax)
    assert family.bls == release.facts.bls


@pytest.mark.parametrize(
    ("tag", "line"),
    [
        ("", "ERR anaconda: Error code 3#012at line 5"),
        ("anaconda:", "ERR anaconda:anaconda: kickstart.script: Error code 3#012at line 5"),
    ],
    ids=["by syslog", "by the journal"],
)
def test_lines_of_the_log(told: Told, tag: str, line: str) -> None:
    text = "Error code 3\nat line 5"
    told.console(tag).log(text, name="anaconda", level="ERR", part="kickstart.script")
    assert told.log() == [line]


def test_dots_stand_in_one_line(told: Told) -> None:
    console = told.console()
    for text in ("one", "", "", "two", ""):
        if text:
            console.show(text)
        else:
            console.dot()
    assert told.screen() == "one\n..\ntwo\n."


def gone_through(told: Told, name: str, *, keeps: bool = True) -> None:
    """Do nothing in each of the family's steps."""
    family = FAMILIES[name]
    progress = Progress(told.console(), family, stages(family, keeps=keeps))
    for step in (step for step in Step if step is not Step.ENVIRONMENT):
        with progress.step(step):
            pass


def test_el_9_goes_through_its_queues_and_tasks(told: Told) -> None:
    gone_through(told, "el9")
    screen, log = told.screen(), told.log()
    assert screen.startswith(
        ".\nSetting up the installation environment\n.\nConfiguring storage\n.\n"
        "Running pre-installation scripts\n.\nRunning pre-installation tasks\n.\nInstalling.\n."
    )
    assert screen.endswith("Running post-installation scripts\n.")
    assert (
        log[0] == "INFO anaconda:anaconda: installation: Queue started: Installation queue (1/16)"
    )
    started = [line for line in log if "Task started" in line]
    total = len(started)
    assert [re.findall(r"\((\d+)/(\d+)\)$", line) for line in started] == [
        [(str(number), str(total))] for number in range(1, total + 1)
    ]
    assert sum("Task completed" in line for line in log) == total
    assert "INFO anaconda:anaconda: progress: Storing configuration files and kickstarts" in log


@pytest.mark.parametrize(
    ("name", "text", "there"),
    [
        ("el7", "Configuring storage", False),
        ("el8", "Configuring storage", True),
        ("el8", "Importing certificates", False),
        ("el9", "Importing certificates", True),
        ("el9", "Installing.\n", True),
        ("el10", "Installing.\n", False),
        ("el10", "Installing the software\n", True),
        ("el7", "Storing configuration", False),
    ],
)
def test_each_has_its_own_stages(told: Told, name: str, text: str, there: bool) -> None:
    gone_through(told, name)
    assert (text in told.screen()) == there


def test_nothing_is_stored_where_nothing_is_kept(told: Told) -> None:
    gone_through(told, "el9", keeps=False)
    assert "Storing configuration" not in told.screen()
    assert "Queue started: Installation queue (1/15)" in told.log()[0]


@pytest.mark.parametrize("name", FAMILIES)
def test_every_phase_of_an_installation_is_heard_of(told: Told, name: str) -> None:
    gone_through(told, name)
    teller = payload.Teller(told.console(), FAMILIES[name], total=1)
    teller.start()
    teller.installing("bash")
    screen = told.screen()
    heard = [phase for phase, pattern in PHASES if re.search(pattern, screen, re.M)]
    assert heard == ["storage", "packages", "boot loader", "configuration", "scripts"]


@pytest.mark.parametrize(
    ("name", "lines", "log"),
    [
        ("el7", ["Installing bash (1/1)"], ["DEBUG anaconda:packaging: Installing bash (1/1)"]),
        (
            "el9",
            [
                "Installing bash.x86_64 (1/1)",
                "Performing post-installation setup tasks",
                "Configuring bash.x86_64",
                "Verifying bash.x86_64 (1/1)",
            ],
            [
                f"INFO anaconda:packaging: Installed: bash-1.0-1.x86_64 0 {'0' * 64}",
                "INFO anaconda:packaging: Post installation setup phase started.",
                f"INFO anaconda:packaging: Verifying: bash-1.0-1.x86_64 0 {'0' * 64}",
            ],
        ),
        (
            "el10",
            ["Installing bash.x86_64 (1/1)"],
            [f"INFO anaconda:packaging: Installed: bash-1.0-1.x86_64 0 {'0' * 64}"],
        ),
    ],
)
def test_packages(told: Told, name: str, lines: list[str], log: list[str]) -> None:
    teller = payload.Teller(told.console(), FAMILIES[name], total=1)
    teller.installing("bash")
    teller.finish()
    assert (told.screen().splitlines(), told.log()) == (lines, log)


@pytest.mark.parametrize(("name", "label"), [("el7", "msdos"), ("el9", "msdos"), ("el10", "gpt")])
def test_the_table_that_a_bios_gets(name: str, label: str) -> None:
    boot = (PartitionRequest(mountpoint="biosboot", size=1),) if label == "gpt" else ()
    root = PartitionRequest(mountpoint="/", size=100)
    request = StorageRequest(initialise=True, partitions=(*boot, root))
    layout = planning.plan(request, machine(), family=FAMILIES[name])
    assert [table.label for table in layout.tables] == [label]


def machine() -> planning.Machine:
    disk = Disk(name="sda", size=4096)
    return planning.Machine(disks=(disk,), firmware=Firmware.BIOS, memory=1024)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("el7", "partitioning:\na BIOS machine needs a biosboot partition of 1 MiB on a GPT disk"),
        ("el10", "please create a 1MiB 'biosboot' type partition on the sda disk."),
    ],
)
def test_a_bios_that_cannot_boot_from_its_gpt(name: str, text: str) -> None:
    root = PartitionRequest(mountpoint="/", size=100)
    request = StorageRequest(initialise=True, disklabel="gpt", partitions=(root,))
    with pytest.raises(planning.Refused, match=re.escape(text)):
        planning.plan(request, machine(), family=FAMILIES[name])


@pytest.mark.parametrize(
    ("kind", "link", "file", "lines"),
    [
        ("", Link(), "", []),
        (
            "ifcfg",
            Link(device="ens3"),
            "etc/sysconfig/network-scripts/ifcfg-ens3",
            ["BOOTPROTO=dhcp", "DEVICE=ens3", "ONBOOT=yes"],
        ),
        (
            "ifcfg",
            STATIC,
            "etc/sysconfig/network-scripts/ifcfg-ens3",
            ["BOOTPROTO=none", "IPADDR=192.0.2.5", "GATEWAY=192.0.2.1"],
        ),
        (
            "keyfile",
            Link(device="ens3"),
            "etc/NetworkManager/system-connections/ens3.nmconnection",
            ["id=ens3", "interface-name=ens3", "method=auto"],
        ),
        (
            "keyfile",
            STATIC,
            "etc/NetworkManager/system-connections/ens3.nmconnection",
            ["address1=192.0.2.5/24,192.0.2.1", "method=manual"],
        ),
    ],
)
def test_profiles_of_cards(
    tmp_path: Path, kind: str, link: Link, file: str, lines: list[str]
) -> None:
    profiles.write(link, tmp_path, kind=kind)
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [str(path.relative_to(tmp_path)) for path in found] == ([file] if file else [])
    for path in found:
        assert path.stat().st_mode & 0o777 == 0o600
        assert set(lines) <= set(path.read_text().splitlines())


def test_the_first_card_is_no_loop(tmp_path: Path) -> None:
    assert profiles.first_card(sys=tmp_path) == ""
    for name in ("lo", "ens4", "ens3"):
        (tmp_path / name).mkdir()
    assert profiles.first_card(sys=tmp_path) == "ens3"


@pytest.mark.parametrize(
    ("name", "options"), [("el8", "$kernelopts"), ("el9", "root=UUID=1 ro a=b")]
)
def test_boot_entries_say_what_the_menu_says(tmp_path: Path, name: str, options: str) -> None:
    (tmp_path / "boot/grub").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/machine-id").write_text(f"{'ab' * 16}\n")
    menu = Menu(
        release="6.1.0",
        root="UUID=1",
        boot_uuid="2",
        boot_is_own=False,
        arguments="a=b",
        timeout=1,
    )
    (tmp_path / "boot/grub/grub.cfg").write_text(menu_text(menu))
    bls.write(tmp_path, FAMILIES[name])
    (entry,) = (tmp_path / "boot/loader/entries").iterdir()
    assert entry.name == f"{'ab' * 16}-6.1.0.conf"
    lines = entry.read_text().splitlines()
    assert {
        "linux /boot/vmlinuz-6.1.0",
        "initrd /boot/initrd.img-6.1.0",
        f"options {options}",
    } <= set(lines)
    assert (tmp_path / "etc/kernel/cmdline").exists() == (name != "el8")


@pytest.mark.parametrize(
    ("by", "stopped", "expected"),
    [
        ("scripts", (), {"root/original-ks.cfg", "var/log/anaconda"}),
        ("scripts", ("NOSAVE_LOGS",), {"root/original-ks.cfg"}),
        ("scripts", ("NOSAVE_INPUT_KS",), {"var/log/anaconda"}),
        ("scripts", ("NOSAVE_LOGS", "NOSAVE_INPUT_KS"), set()),
        # From EL 10 on these files mean nothing.
        (
            "itself",
            ("NOSAVE_LOGS", "NOSAVE_INPUT_KS"),
            {"root/original-ks.cfg", "var/log/anaconda"},
        ),
    ],
)
def test_what_the_installer_leaves_of_itself(
    tmp_path: Path, told: Told, by: str, stopped: tuple[str, ...], expected: set[str]
) -> None:
    source, tmp = tmp_path / "ks.cfg", tmp_path / "tmp"
    source.write_text("rootpw --plaintext secret\n")
    tmp.mkdir()
    (tmp / "anaconda.log").write_text("a line\n")
    for name in stopped:
        (tmp / name).touch()
    runner = Runner(told.console(), sysroot=tmp_path / "system")
    {"scripts": kept.by_scripts, "itself": kept.original}[by](source, runner, tmp=tmp)
    places = ("root/original-ks.cfg", "root/anaconda-ks.cfg", "var/log/anaconda")
    assert {place for place in places if (runner.sysroot / place).exists()} == expected
    for log in (runner.sysroot / "var/log/anaconda").glob("anaconda.log"):
        assert (log.read_text(), log.stat().st_mode & 0o777) == ("a line\n", 0o600)


def test_the_kickstart_is_private(tmp_path: Path, told: Told) -> None:
    source = tmp_path / "ks.cfg"
    source.write_text("rootpw --plaintext secret\n")
    runner = Runner(told.console(), sysroot=tmp_path)
    kept.kickstart(source, runner)
    copy = tmp_path / "root/anaconda-ks.cfg"
    assert (copy.read_text(), copy.stat().st_mode & 0o777) == (source.read_text(), 0o600)


@pytest.mark.parametrize("name", RELEASES.values())
def test_what_a_family_always_installs_is_on_its_medium(name: str) -> None:
    """Else the package check would refuse each build of that rehearsal."""
    known = {each for names in packages.ELSEWHERE.values() for each in names}
    wanted = {each for each in catalogue.find(name).packages if each[0] not in "@-"}
    assert wanted <= known
