"""Which of what a guest writes shows that its installation goes on.

NetworkManager logs a dozen lines for each router advertisement, every few minutes, for ever; other
daemons and the kernel write whatever the installer does, and systemd counts the seconds of a job
that does not end.
"""

import re

from builder.install.log_line import CONSOLE, said

_DAEMONS = re.compile(
    r"NetworkManager|nm-dispatcher|systemd(?:-.*)?|\(systemd\)|dbus(?:-.*)?|chronyd|kernel"
    r"|audit|auditd|rsyslogd|polkitd|udisksd|ModemManager|avahi-daemon|sshd|crond|irqbalance|rngd"
)
_WAITS = re.compile(r"\[[ *]{0,6}(?:\]|$)")
"""systemd's moving stars, also where they have only begun."""


def is_life(source: str, lines: list[str], rest: str) -> bool:
    """Tell whether it is a sign of life: lines that came to their end, and what one has begun."""
    if source == CONSOLE:
        return any(not _WAITS.match(line) for line in (*lines, rest) if line)
    return any(not _DAEMONS.fullmatch(said(line).program) for line in lines)
