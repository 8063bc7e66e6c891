"""Why an installation failed: listens to everything the guest says and keeps the best explanation.

The known failures are in causes.toml.
"""

import re

import msgspec

from builder.errors import BuilderError
from builder.install.boot_args import BootArgs, explain, whose_line
from builder.install.causes import CAUSES, Cause, Take
from builder.install.log_line import CONSOLE, SCRIPTS, LogLine, said
from builder.install.printed import Printed
from builder.install.tabs import Tabs
from builder.model.media import InstallMedia
from builder.model.text import plain

_LONGEST = 300
"""Guests may write what they like; a sentence stays one."""
_PATIENCE = {Take.FIRST: 12, Take.ALL: 12, Take.LAST: 2000}
"""So many lines of details a failure may have: scripts print a lot."""

# What is no detail, although it stands where details do: the rest of the sentence that began
# them, which consoles wrap where they like, headings, and tmux's status line.
_EMPTY = re.compile(
    r"[=.\s-]*$|(?:Error|Question|Problems in request:)$|\[anaconda\]"
    r"|.*(?:fatal error|installation will be aborted|details of this error are)"
    r"|(?:The system will )?not be bootable|This is likely caused by|your installation source"
    r"|(?:error and |and )?installation|error are:|are:$|aborted\."
    r"|The exact error message is|.*non-interactive cmdline mode|.*edit your kickstart"
)
# After this come other things. Our own scripts' reports are JSON.
_END = re.compile(
    r"The installer will now|Press (?:ENTER|return)|Please (?:respond|make)|Would you like|Ignore"
    r"|Pane is dead|Power|reboot|Rebooting|System halted|\[ *(?:OK|\*+) *\]|\[FAILED\]|Stopp"
    r"|An unknown error|\{\"builder\""
)


class FoundCause(msgspec.Struct, frozen=True, kw_only=True):
    """A cause that was found, in words."""

    cause: Cause
    sentence: str
    hint: str
    line: str
    """Where it was found, as it was said."""
    witness: str
    """By whom."""
    vague: bool
    """It tells no more than that something failed: a report of the guest's own is better."""

    def failure(self) -> BuilderError:
        """Return the error to raise."""
        return self.cause.error(self.sentence, hint=self.hint)


class _Seen(msgspec.Struct, kw_only=True):
    """A cause whose text was seen, and the details so far."""

    cause: Cause
    line: str
    witness: str
    group: str
    details: list[str] = []
    patience: int = 0


class Diagnosis:
    """Hears lines of all witnesses and knows at any time why the installation failed, if it did."""

    def __init__(self, medium: InstallMedia | None = None) -> None:
        """`medium` is what the installer should have found."""
        self._medium = medium
        self._asked = BootArgs()
        self._seen: dict[str, _Seen] = {}
        self._open: dict[str, _Seen] = {}
        self._printed = Printed()
        self._tabs = Tabs()

    def hear(self, line: str, witness: str) -> None:
        """Take in a whole line of `witness`."""
        record = said(line)
        self._printed.hear(record)
        self._turn(line, witness)
        place = _place(record, witness)
        if not self._counts(record, witness):
            self._open.pop(place, None)
            return
        for text in record.lines:
            self._asked = self._asked.after(text) if witness == CONSOLE else self._asked
            if not self._note(text, witness, place):
                self._detail(text, place)
        if witness != CONSOLE and not record.loose:
            # Other programs write to a log as well; the details are in the same record.
            self._open.pop(place, None)

    def glimpse(self, line: str, witness: str) -> None:
        """Take in a line that may go on: a guest that asks waits in the line of its question."""
        record = said(line)
        self._turn(line, witness)
        if self._counts(record, witness):
            for text in record.lines:
                self._note(text, witness, _place(record, witness))

    def forget(self) -> None:
        """Begin anew: what was heard so far was no failure after all."""
        self._seen.clear()
        self._open.clear()

    @property
    def finding(self) -> FoundCause | None:
        """The best explanation; None as long as nothing failed."""
        failures = [seen for seen in self._seen.values() if not seen.cause.explains]
        if not failures:
            return None
        heaviest = max(seen.cause.heaviness for seen in failures)
        best = [seen for seen in failures if seen.cause.heaviness == heaviest]
        clues = [
            clue
            for clue in self._seen.values()
            if any(_explains(clue, failure) for failure in best)
        ]
        return self._worded(max([*best, *clues], key=lambda seen: seen.cause.heaviness))

    def _counts(self, record: LogLine, witness: str) -> bool:
        """Tell whether what was said can be a verdict; what scripts and others print is none."""
        ours = witness != CONSOLE or self._tabs.speaks(record)
        return ours and not record.minor and record.program != SCRIPTS

    def _turn(self, line: str, witness: str) -> None:
        """Take back that a console waits when a person looks at its shell: that was what waited."""
        if witness != CONSOLE or not self._tabs.turn(line):
            return
        for key, seen in list(self._seen.items()):
            if seen.witness == CONSOLE and seen.cause.weight == "vague":
                del self._seen[key]
        self._open.pop(CONSOLE, None)

    def _note(self, text: str, witness: str, place: str) -> bool:
        """Look for a cause in `text`; tell whether it has one."""
        cause = _matching(text, witness)
        if cause is None:
            return False
        seen = self._seen.get(_key(cause))
        if seen is None or _newer(seen, text):
            seen = self._seen[_key(cause)] = _fresh(cause, text, witness)
        if not cause.amid:
            self._open.pop(place, None)
        if cause.take in _PATIENCE and not seen.details:
            self._open[place] = seen
        return True

    def _detail(self, text: str, place: str) -> None:
        seen = self._open.get(place)
        if seen is None:
            return
        seen.patience -= 1
        found = None if _EMPTY.match(text) else seen.cause.detail.match(text)
        if seen.patience < 0 or _END.match(text):
            del self._open[place]
        elif found:
            _add(seen, found[1])

    def _worded(self, seen: _Seen) -> FoundCause:
        cause = seen.cause
        # Not str.format: what the guest says is no format.
        sentence = cause.sentence.replace("{0}", _shown(seen.group).rstrip("."))
        if cause.name == "kickstart-syntax":
            sentence = whose_line(sentence, self._medium)
        details = _shown(", ".join(seen.details)).rstrip(".")
        if cause.take is Take.SCRIPT and self._printed.sentence:
            sentence, details = self._printed.sentence, _shown(self._printed.line).rstrip(".")
        if details:
            sentence = f"{sentence.removesuffix('.')}: {details}."
        known = explain(cause.name, self._asked, self._medium)
        sentence, hint = known or (sentence, cause.hint)
        return FoundCause(
            cause=cause,
            sentence=sentence,
            hint=hint,
            line=seen.line,
            witness=seen.witness,
            vague=cause.weight == "vague" and not (details or known),
        )


def _place(record: LogLine, witness: str) -> str:
    """Return where the details of what was said will come from."""
    return witness if witness == CONSOLE else f"{witness} {record.program}"


def _explains(clue: _Seen, failure: _Seen) -> bool:
    if failure.cause.name not in clue.cause.explains:
        return False
    lists = failure.cause.take is Take.ALL
    return not lists or clue.cause.about in ", ".join(failure.details)


def _key(cause: Cause) -> str:
    return f"{cause.name} {cause.weight}"


def _matching(text: str, witness: str) -> Cause | None:
    place = "console" if witness == CONSOLE else "log"
    causes = (cause for cause in CAUSES if cause.sentence and cause.witness in ("", place))
    return next((cause for cause in causes if cause.pattern.match(text)), None)


def _newer(seen: _Seen, text: str) -> bool:
    """Tell whether `text` is to replace what was seen: more of the same line, or a newer clue."""
    more = text != seen.line and text.startswith(seen.line)
    return more or bool(seen.cause.explains)


def _fresh(cause: Cause, text: str, witness: str) -> _Seen:
    found = cause.pattern.match(text)
    groups = found.groups() if found else ()
    group = next((each for each in groups if each), "")
    patience = _PATIENCE.get(cause.take, 0)
    return _Seen(cause=cause, line=text, witness=witness, group=group, patience=patience)


def _add(seen: _Seen, detail: str) -> None:
    if seen.cause.take is Take.LAST:
        seen.details[:] = [detail]
    elif seen.cause.take is Take.ALL:
        # The log and the console, which ends its sentence with a period, say the same.
        item = detail.rstrip(".")
        seen.details.extend([item] if item not in seen.details else [])
    elif not seen.details:
        seen.details.append(detail)


def _shown(text: str) -> str:
    """Return what a terminal may show of a text that a guest wrote."""
    shown = plain(text).strip()
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
