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
