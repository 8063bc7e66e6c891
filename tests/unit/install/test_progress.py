"""Where an installation is, from what the installer prints."""

from functools import reduce

import pytest

from builder.install.progress import (
    PHASES,
    WEIGHTS,
    Position,
    filled,
    follow,
    fraction,
    remaining,
)


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
        ("Installing the software", "packages"),
        ("Downloading packages", "packages"),
        ("10:00:00,001 INFO anaconda:anaconda: progress: Installing boot loader", "boot loader"),
        ("Configuring storage", "storage"),
        ("+ echo Installing boot loader", "firmware"),
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


@pytest.mark.parametrize(
    ("known", "seconds", "whole"),
    [
        ({}, 0, {}),
        ({}, 2 * sum(WEIGHTS.values()), {name: 2 * each for name, each in WEIGHTS.items()}),
        (
            {"boot": 30, "packages": 50},
            80 + 0.5 * (sum(WEIGHTS.values()) - WEIGHTS["boot"] - WEIGHTS["packages"]),
            {**{name: each / 2 for name, each in WEIGHTS.items()}, "boot": 30, "packages": 50},
        ),
        # Whatever the sum is rounded to.
        ({"boot": 30}, 29.9, {**dict.fromkeys(WEIGHTS, 0), "boot": 30}),
        (dict(WEIGHTS), 9999, dict(WEIGHTS)),
    ],
    ids=range(5),
)
def test_phases_that_nobody_saw_share_the_rest(
    known: dict[str, float], seconds: float, whole: dict[str, float]
) -> None:
    assert filled(known, seconds) == pytest.approx(whole)


SECONDS = {"boot": 10.0, "packages": 60.0, "scripts": 30.0}


@pytest.mark.parametrize(
    ("position", "done", "left"),
    [
        (Position(), 0, 100),
        (Position(phase="boot"), 0, 95),
        (Position(phase="stage 2"), 0.1, 90),
        (Position(phase="packages"), 0.1, 85),
        (Position(phase="packages", done=30, total=60), 0.4, 60),
        (Position(phase="packages", done=60, total=60), 0.7, 30),
        (Position(phase="packages", done=90, total=60), 0.7, 30),
        (Position(phase="boot loader", done=60, total=60), 0.7, 30),
        (Position(phase="scripts", done=1, total=60), 0.7, 25),
        (Position(phase="shutdown"), 1, 0),
        (Position(phase="something new"), 0, 100),
    ],
)
def test_how_far_and_how_long(position: Position, done: float, left: float) -> None:
    assert fraction(position, SECONDS) == pytest.approx(done)
    assert remaining(position, SECONDS, in_phase=5) == pytest.approx(left)


def test_a_phase_that_lasts_longer_than_ever_has_nothing_left() -> None:
    assert remaining(Position(phase="boot"), SECONDS, in_phase=99) == 90


def test_without_weights_nothing_is_known() -> None:
    assert fraction(Position(phase="shutdown"), {}) == 0
    assert remaining(Position(), {}) == 0


def test_every_phase_has_a_weight_and_a_name_of_its_own() -> None:
    assert [*WEIGHTS] == ["firmware", *(name for name, _ in PHASES)]
