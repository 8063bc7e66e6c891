"""Where an installation is, from what the installer prints."""

from functools import reduce

import pytest

from builder.install.progress import PHASES, Position, follow, message


def after(*lines: str) -> Position:
    return reduce(follow, lines, Position())


@pytest.mark.parametrize(
    ("line", "phase"),
    [
        ("[    0.000000] Command line: BOOT_IMAGE=vmlinuz quiet", "boot"),
        ("Linux version 3.10.0-1160.el7.x86_64", "boot"),
        ("Loading CentOS 7 x86_64 installer...", "boot"),
        ("Starting installer, one moment...", "stage 2"),
        ("anaconda 21.48.22.159-1 for CentOS 7 started.", "stage 2"),
        ("Setting up the installation environment", "storage"),
        ("Creating xfs on /dev/sda1", "storage"),
        ("Starting package installation process", "packages"),
        ("Installing libgcc (1/483)", "packages"),
        ("02:18:44,512 DEBUG packaging: Installing libgcc (1/483)", "packages"),
        ("Installing boot loader", "boot loader"),
        ("Configuring installed system", "configuration"),
        ("Writing network configuration", "configuration"),
        ("Running post-installation scripts", "scripts"),
        ("[  640.1] reboot: Power down", "shutdown"),
        ("Power down.", "shutdown"),
        ("Powering off.", "shutdown"),
        ("localhost login:", "firmware"),
        ("", "firmware"),
        ("Installing", "firmware"),
        ("Not Installing libgcc", "firmware"),
    ],
)
def test_phase(line: str, phase: str) -> None:
    assert after(line).phase == phase


def test_phases_never_go_back() -> None:
    reached = after(
        "Installing boot loader", "Starting package installation process", "Power down."
    )
    assert reached.phase == "shutdown"
    assert follow(reached, "Running post-installation scripts").phase == "shutdown"


def test_packages_never_go_back() -> None:
    position = after("Installing a (1/3)", "Installing b (2/3)", "Installing a (1/3)")
    assert position == Position(phase="packages", package="b", done=2, total=3)


def test_a_count_that_no_installer_prints_is_none() -> None:
    assert after(f"Installing x ({'9' * 5000}/3)").done == 0


def test_phases_are_named_once() -> None:
    names = [name for name, _ in PHASES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("02:18:44,512 DEBUG packaging: Installing a (1/2)", "Installing a (1/2)"),
        ("11:00:59,001 WARNING org.fedoraproject.Anaconda.Boss:text", "text"),
        ("02:18:44 Running pre-installation scripts", "02:18:44 Running pre-installation scripts"),
        ("plain", "plain"),
    ],
)
def test_message(line: str, said: str) -> None:
    assert message(line) == said
