"""What a guest said: its lines without what the kernel, dracut or syslog put in front of them."""

import re

import msgspec

CONSOLE = "console"
"""Name of the witness that is a terminal; every other one is a log."""

# rsyslog's template for Anaconda's port: time, severity and program before the message. EL 9 sends
# all through one program, so that the name of the real one comes next, then that of a module.
_LOG = re.compile(r"\d\d:\d\d:\d\d,\d{3} [A-Z]+ ([\w.()-]+)(?:\[\d+\])?: ?")
_INNER = re.compile(r"([a-z][\w-]*): ")
_MODULE = re.compile(r"[a-z_]+(?:\.\w+)*: ")
# rsyslog writes the line breaks of a message like this.
_BREAK = "#012"
_TERMINAL = re.compile(
    r"^(?:\[\s*\d+\.\d+\]\s*)?"  # the kernel's clock
    r"(?:dracut(?:-[\w-]+)?(?:\[\d+\])?: )?(?:(?:Warning|FATAL): )?"
    r"[.\s]*"  # the end of a stage's dots, where no line break follows them
)


class LogLine(msgspec.Struct, frozen=True):
    """One message: a line, and more where a log's record holds several."""

    lines: tuple[str, ...]
    program: str = ""
    """Who wrote it, where a log tells."""


def said(line: str) -> LogLine:
    """Take a line of any witness apart."""
    log = _LOG.match(line)
    if log is None:
        return LogLine((_TERMINAL.sub("", line, count=1).strip(),))
    program, text = log[1], line[log.end() :]
    inner = _INNER.match(text) if program == "anaconda" else None
    if inner:
        program, text = inner[1], text[inner.end() :]
    module = _MODULE.match(text) if program == "anaconda" else None
    if module:
        text = text[module.end() :]
    lines = [part.strip() for part in text.split(_BREAK)]
    return LogLine(tuple(filter(None, lines)), program)


def message(line: str) -> str:
    """Return the first line of what was said; empty where nothing was."""
    return next(iter(said(line).lines), "")
