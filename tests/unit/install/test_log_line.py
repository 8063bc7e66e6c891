"""Lines of a guest, without what others put in front of them."""

import pytest

from builder.install.log_line import message, said


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("02:18:44,512 DEBUG packaging: Installing a (1/2)", "Installing a (1/2)"),
        ("11:00:59,001 WARNING org.fedoraproject.Anaconda.Boss:text", "text"),
        ("11:00:59,001 INFO anaconda:anaconda: progress: text", "text"),
        ("11:00:59,001 INFO anaconda:packaging: text: more", "text: more"),
        ("11:00:59,001 INFO kernel:text", "text"),
        ("11:00:59,001 INFO kernel:", ""),
        ("02:18:44 Running pre-installation scripts", "02:18:44 Running pre-installation scripts"),
        ("plain", "plain"),
        ("[   12.345678] plain", "plain"),
        ("[   12.3] dracut-initqueue[918]: Warning: plain", "plain"),
        ("dracut: FATAL: plain", "plain"),
        ("...plain", "plain"),
        ("[  OK  ] plain", "[  OK  ] plain"),
        ("....", ""),
        ("", ""),
    ],
)
def test_message(line: str, text: str) -> None:
    assert message(line) == text


def test_a_record_may_hold_several_lines() -> None:
    record = said("11:00:59,001 ERR anaconda:dnf: one#012#012  two#012")
    assert (record.program, record.lines) == ("dnf", ("one", "two"))


BUS = "11:00:59,001 WARNING org.fedoraproject.Anaconda.Modules.Storage"


@pytest.mark.parametrize(
    ("line", "lines", "program", "loose", "minor"),
    [
        (f"{BUS}:ERROR:anaconda.modules.x:text: more", ("text: more",), "Storage", False, False),
        (f"{BUS}:WARNING:blivet:text", ("text",), "Storage", False, False),
        (f"{BUS}:DEBUG:blivet:not enough free space", ("not enough free space",), "Storage", 0, 1),
        (f"{BUS}:INFO:program:Running... ls", ("Running... ls",), "program", 0, 1),
        (f"{BUS}:  File one", ("File one",), "Storage", True, False),
        (
            f"{BUS}:Traceback (most recent call last):",
            ("Traceback (most recent call last):",),
            "Storage",
            1,
            0,
        ),
        (BUS + ":", (), "Storage", True, False),
    ],
)
def test_a_module_of_the_installer(
    line: str, lines: tuple[str, ...], program: str, *, loose: bool, minor: bool
) -> None:
    record = said(line)
    assert record.lines == lines
    assert record.program.endswith(program)
    assert (record.loose, record.minor) == (loose, minor)


@pytest.mark.parametrize(
    "line",
    [
        "Non interactive installation failed: text",
        "CmdlineError: text",
        "11:00:59,001 ERR anaconda:anaconda: ui.tui.hubs.summary: CmdlineError: text",
        "pyanaconda.errors.NonInteractiveError: Non interactive installation failed: text",
        "[    9.000001] text",
    ],
)
def test_what_wraps_an_error_is_taken_off(line: str) -> None:
    assert message(line) == "text"


def test_who_says_it_with_the_kernels_clock() -> None:
    assert said("[    9.000001] text").stamped
    assert not said("[  OK  ] text").stamped
