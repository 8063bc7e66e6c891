"""Which of what a guest writes shows that its installation goes on."""

import pytest

from builder.install.life import is_life
from builder.install.log_line import CONSOLE

LOG = "org.fedoraproject.anaconda.log.0"
STARS = "[ ***  ] Job dev-sda.device/start running (15min / no limit)"


@pytest.mark.parametrize(
    ("source", "lines", "rest", "life"),
    [
        (CONSOLE, ["Installing a (1/2)"], "", True),
        (CONSOLE, [], "Installing a", True),
        (CONSOLE, [], "[anaconda root@localhost ~]#", True),
        (CONSOLE, ["[  OK  ] Started it."], "", True),
        (CONSOLE, [STARS, STARS], "", False),
        (CONSOLE, [STARS], "[  ***", False),
        (CONSOLE, [], "[", False),
        (CONSOLE, [STARS, "Installing a (1/2)"], "", True),
        (CONSOLE, [], "", False),
        (LOG, ["10:00:00,001 INFO anaconda:packaging: Installed: a"], "", True),
        (LOG, ["10:00:00,001 INFO anaconda:program: Return code: 0"], "", True),
        (LOG, ["10:00:00,001 WARNING org.fedoraproject.Anaconda.Boss:DEBUG:x:y"], "", True),
        (LOG, ["10:00:00,001 DEBUG NetworkManager:<debug> ndisc"], "", False),
        (LOG, ["10:00:00,001 INFO systemd:Started it"], "", False),
        (LOG, ["10:00:00,001 INFO systemd-journald:Forwarding missed 3"], "", False),
        (LOG, ["10:00:00,001 INFO systemd-journald[12]:Forwarding missed 3"], "", False),
        (LOG, ["10:00:00,001 INFO dbus-daemon:Reloaded"], "", False),
        (LOG, ["10:00:00,001 INFO chronyd:Selected"], "", False),
        (LOG, ["10:00:00,001 INFO kernel:clocksource"], "", False),
        (LOG, ["10:00:00,001 INFO kernel:x", "10:00:00,001 INFO anaconda:x"], "", True),
        (LOG, [], "10:00:00,001 DEBUG Netw", False),
        (LOG, ["an installer that is no Anaconda"], "", True),
    ],
)
def test_life(source: str, lines: list[str], rest: str, *, life: bool) -> None:
    assert is_life(source, lines, rest) == life
