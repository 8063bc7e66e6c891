"""From what a guest writes to what is known of its installation."""

import re

import msgspec

from builder.errors import BuilderError, InstallError
from builder.install import report
from builder.install.diagnose import Diagnosis
from builder.install.life import is_life
from builder.install.progress import follow
from builder.install.progress_report import ProgressReport
from builder.model.domain import ANACONDA_PORT, RESULT_PORT
from builder.model.installation import Output
from builder.model.media import InstallMedia
from builder.model.package import Package, System
from builder.model.text import plain
from builder.record.terminal import Lines

_STAGE = 80
"""Characters."""
_STAMP = r"\[ *\d+\.\d+\] "
_OFF = re.compile(rf"(?:{_STAMP})?reboot: Power down|{_STAMP}Power down\.")
"""The kernel's last words, of its highest level: all file systems are unmounted."""
_SENT = "The log that it sent is installer.log in the evidence folder."
_NOT_SENT = "It sent no log: console.log and virtio.log in the evidence folder have what it said."
_MOST_PACKAGES = 5000
"""As many as our script sends."""


class Observed(msgspec.Struct, kw_only=True):
    """What the guest told so far."""

    packages: list[Package] = []
    system: System | None = None
    phases: dict[str, float] = {}
    """Seconds that each phase took."""
    success: bool = False
    off: bool = False
    """Whether its kernel said that it powers off."""
    failure: BuilderError | None = None
    source: str = ""
    """Name of the log in which the failure was found."""
    line: str = ""
    """The line there."""


class Observer:
    """Turns signals into what is known; knows nothing of time or libvirt."""

    def __init__(self, nonce: str, progress: ProgressReport, medium: InstallMedia | None) -> None:
        self.observed = Observed()
        self._nonce = nonce
        self.progress = progress
        self._refused = False
        self._lines: dict[str, Lines] = {}
        self._diagnosis = Diagnosis(medium)

    def listen(self, output: Output) -> bool:
        """Take in what arrived on one of the guest's outputs; tell whether it is a sign of life."""
        self.progress.live |= not output.replayed
        lines = self._lines.setdefault(output.source, Lines())
        whole = lines.feed(output.data)
        for line in whole:
            if output.source == RESULT_PORT:
                self._take_report(line)
            else:
                self.progress.move(follow(self.progress.position, line))
                self._diagnosis.hear(line, output.source)
                self.observed.off |= _OFF.fullmatch(line) is not None
                self._judge()
        return is_life(output.source, whole, lines.pending())

    def pause(self) -> None:
        """Take in unfinished lines as well: a guest that asks waits in the line of its question."""
        for source, lines in self._lines.items():
            if source != RESULT_PORT:
                self._diagnosis.glimpse(lines.pending(), source)
                self._judge()

    def _take_report(self, line: str) -> None:
        said = report.parse(line)
        if said is None or said.nonce != self._nonce:
            return
        if said.package and len(self.observed.packages) < _MOST_PACKAGES:
            self.observed.packages.append(said.package)
        self.observed.system = said.system or self.observed.system
        if said.result == "success" and not self._refused:
            # What the guest's scripts know outweighs what a text on its console looked like.
            self.observed.success, self.observed.failure = True, None
            self._diagnosis.forget()
        if said.result == "failure" and not self._refused:
            self._refused = True
            self.observed.failure = _reported(said)
            self._judge()

    def _judge(self) -> None:
        """Let a text that says why replace one, or a report, that says only that."""
        found = self._diagnosis.finding
        if found and not (self._refused and found.vague):
            self.observed.failure, self.observed.line = found.failure(), found.line
            self.observed.source = "virtio" if found.witness == ANACONDA_PORT else found.witness
        elif not self._refused:
            self.observed.failure = None  # a person at the console went back from its shell


def _reported(said: report.GuestReport) -> InstallError:
    log = report.log_tail(said)
    lines = [line for line in log.splitlines() if line.strip()]
    last = plain(lines[-1]).strip() if lines else ""
    stage = plain(said.stage, longest=_STAGE) or "script"
    return InstallError(
        f"The installer reported a failure ({stage}).{' Its last line: ' if last else ''}{last}",
        hint=_SENT if log else _NOT_SENT,
    )
