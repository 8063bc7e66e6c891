"""Where an installation is, from what the installer prints."""

from functools import reduce

import pytest

from builder.install.progress import (
    PHASES,
    WEIGHTS,
    Position,
    doing,
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
        ("Downloading 367 RPMs, 17.7 MiB / 433.72 MiB (4%) done.", "packages"),
        ("10:00:00,001 INFO anaconda:packaging: Installed: glibc-2.36-1.x86_64 17 f9", "packages"),
        (
            "10:00:00,001 INFO anaconda:anaconda: installation: Queue started: Payload "
            "installation (6/17)",
            "packages",
        ),
        (
            "10:00:00,001 INFO anaconda:anaconda: installation: Task started: Create storage "
            "layout (2/39)",
            "storage",
        ),
        ("installation: Task started: Install the payload (11/39)", "firmware"),
        (
            "10:00:00,001 INFO anaconda:anaconda: installation: Queue started: Bootloader "
            "installation (7/17)",
            "boot loader",
        ),
        (
            "10:00:00,001 INFO anaconda:anaconda: installation: Queue started: Installed system "
            "configuration (11/17)",
            "configuration",
        ),
        (
            "10:00:00,001 INFO anaconda:anaconda: installation: Queue started: Post installation "
            "scripts (17/17)",
            "scripts",
        ),
        ("Complete!", "shutdown"),
        ("Completely new", "firmware"),
        ("10:00:00,001 INFO anaconda:program: Installing boot loader", "firmware"),
        ("Configuring kernel-core.x86_64", "firmware"),
        ("Configuring Red Hat subscription", "firmware"),
        ("Downloading group metadata...", "firmware"),
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


LOG = "10:00:00,001 INFO anaconda:packaging: "
EL9 = [
    ("Starting package installation process", 0.0, ""),
    ("Downloading packages", 0.0, ""),
    ("Downloading 2 RPMs, 1 MiB / 4 MiB (25%) done.", 0.075, ", downloading 25%"),
    ("Downloading 2 RPMs, 4 MiB / 4 MiB (100%) done.", 0.3, ", downloading 100%"),
    ("Preparing transaction from installation source", 0.3, ", downloading 100%"),
    ("Installing a.x86_64 (1/2)", 0.65, " 1/2"),
    (f"{LOG}Installed: a-1-1.x86_64 17 f9", 0.65, " 1/2"),
    ("Installing b.noarch (2/2)", 1.0, " 2/2"),
    ("Performing post-installation setup tasks", 1.0, " 2/2"),
    ("Configuring a.x86_64", 1.0, " 2/2"),
    ("Verifying a.x86_64 (1/2)", 1.0, ", verifying 1/2"),
    ("Verifying b.noarch (2/2)", 1.0, ", verifying 2/2"),
    ("Verifying a.x86_64 (1/2)", 1.0, ", verifying 2/2"),
]
# libdnf5 finds more to download, and configures while it installs.
FEDORA = [
    ("Installing the software", 0.0, ""),
    ("Downloading 2 RPMs, 1 MiB / 2 MiB (50%) done.", 0.15, ", downloading 50%"),
    ("Downloading 4 RPMs, 1 MiB / 4 MiB (25%) done.", 0.15, ", downloading 50%"),
    ("Downloading 4 RPMs, 4 MiB / 4 MiB (100%) done.", 0.3, ", downloading 100%"),
    ("Installing a.x86_64 (1/4)", 0.475, " 1/4"),
    ("Configuring a.x86_64", 0.475, " 1/4"),
    ("Installing b.x86_64 (2/4)", 0.65, " 2/4"),
    ("Configuring a.x86_64", 0.65, " 2/4"),
    ("Installing c.x86_64 (4/4)", 1.0, " 4/4"),
]
LOG_ALONE = [
    (f"{LOG}4 packages selected totalling 785.37 MiB", 0.0, ""),
    ("Starting package installation process", 0.0, ""),
    (f"{LOG}Installed: a-1-1.x86_64 17 f9", 0.25, " 1/4"),
    (f"{LOG}Installed: b-1-1.x86_64 17 f9", 0.5, " 2/4"),
    ("Installing b.x86_64 (2/4)", 0.5, " 2/4"),
    ("Installing c.x86_64 (3/4)", 0.75, " 3/4"),
    (f"{LOG}Installed: c-1-1.x86_64 17 f9", 0.75, " 3/4"),
    (f"{LOG}Installed: d-1-1.x86_64 17 f9", 1.0, " 4/4"),
    (f"{LOG}Installed: e-1-1.x86_64 17 f9", 1.0, " 4/4"),
]


@pytest.mark.parametrize("lines", [EL9, FEDORA, LOG_ALONE], ids=["EL 9", "Fedora", "log alone"])
def test_packages_as_they_come(lines: list[tuple[str, float, str]]) -> None:
    position = Position()
    for line, share, text in lines:
        position = follow(position, line)
        assert fraction(position, {"packages": 1.0}) == pytest.approx(share)
        assert doing(position) == text


def test_a_log_that_announced_nothing_counts_nothing() -> None:
    position = after("Downloading packages", f"{LOG}Installed: a-1-1.x86_64 17 f9")
    assert (position.phase, position.done, position.total) == ("packages", 0, 0)


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
