"""What the kickstart's scripts print into the installer's log, for the one that fails.

No line of it is a verdict, but the last one before a script ended usually says why.
"""

import re

from builder.install.log_line import SCRIPTS, LogLine

_BEGINS = "Running... "
_ENDS = "Return code: "
_CODE = re.compile(r"Error code (\d+) running the kickstart script at line (\d+)")


class Printed:
    """Hears the records of a log, and knows which script failed last."""

    def __init__(self) -> None:
        self._last = ""
        self.sentence = ""
        """Empty as long as none failed."""
        self.line = ""
        """The last that it had printed; empty where it was silent."""

    def hear(self, record: LogLine) -> None:
        """Take in a record of any program."""
        for text in record.lines:
            if record.program == SCRIPTS:
                self._hear_script(text)
            elif found := _CODE.match(text):
                self.sentence = (
                    f"The kickstart script at line {found[2]} failed with exit code {found[1]}."
                )
                self.line = self._last

    def _hear_script(self, text: str) -> None:
        if text.startswith(_BEGINS):
            self._last = ""
        elif not text.startswith(_ENDS):
            self._last = text
