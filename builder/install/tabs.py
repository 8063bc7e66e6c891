"""The tabs of the installer's console, of which a person at it may look at any one.

tmux draws them, with the names of all in the last line and a star after that of the tab on top.
"""

import re

from builder.install.log_line import LogLine

_STATUS = re.compile(r"\[anaconda\].{0,200}?(\d):[\w-]{1,30}\*")
_INSTALLER = "1"


class Tabs:
    """Knows from the lines of a console which tab they are from."""

    def __init__(self) -> None:
        self._top = _INSTALLER

    def turn(self, line: str) -> bool:
        """Take in a line; tell whether another tab than the installer's came up with it."""
        status = _STATUS.match(line)
        before, self._top = self._top, status[1] if status else self._top
        return self._top not in (before, _INSTALLER)

    def speaks(self, record: LogLine) -> bool:
        """Tell whether a message is the installer's, or the kernel's, which needs no tab."""
        return self._top == _INSTALLER or record.stamped
