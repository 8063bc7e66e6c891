"""What a guest said: its lines without what the kernel, dracut or syslog put in front of them."""

import re

import msgspec

CONSOLE = "console"
"""Name of the witness that is a terminal; every other one is a log."""
SCRIPTS = "program"
"""The program under whose name the output of the kickstart's scripts, and of others, is logged."""

# rsyslog's template for Anaconda's port: time, severity and program before the message. EL 9 sends
# all through one program, so that the name of the real one comes next, then that of a module.
_LOG = re.compile(r"\d\d:\d\d:\d\d,\d{3} [A-Z]+ ([\w.()@-]+)(?:\[\d+\])?: ?")
_INNER = re.compile(r"([a-z][\w-]*): ")
_MODULE = re.compile(r"[a-z_]+(?:\.\w+)*: ")
# The D-Bus modules of EL 8 and later are programs of their own: what they log has the level and the
# logger's name in it, and what has not is what Python prints when one dies, or more of a record.
_BUS = "org.fedoraproject.Anaconda."
_LOGGER = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL):([\w.-]+):")
_MINOR = ("DEBUG", "INFO")
# rsyslog writes the line breaks of a message like this.
_BREAK = "#012"
_STAMP = re.compile(r"^\[\s*\d+\.\d+\]\s*")
_TERMINAL = re.compile(
    r"^(?:dracut(?:-[\w-]+)?(?:\[\d+\])?: )?(?:(?:Warning|FATAL): )?"
    r"[.\s]*"  # the end of a stage's dots, where no line break follows them
)
# Where nobody can be asked, each error is put into another one.
_WRAPPED = re.compile(
    r"^(?:(?:pyanaconda\.errors\.)?(?:NonInteractive|Cmdline)Error: )?"
    r"(?:Non interactive installation failed: (?=[^.\s]))?"
)


class LogLine(msgspec.Struct, frozen=True):
    """One message: a line, and more where a log's record holds several."""

    lines: tuple[str, ...]
    program: str = ""
    """Who wrote it, where a log tells."""
    loose: bool = False
    """Whether it is no record of its own, but what a module of the installer just printed."""
    minor: bool = False
    """Whether the module's own level says that nothing went wrong; rsyslog's says nothing."""
    stamped: bool = False
    """Whether it has the kernel's clock: what a terminal's program draws has not."""


def said(line: str) -> LogLine:
    """Take a line of any witness apart."""
    log = _LOG.match(line)
    if log is None:
        text = _STAMP.sub("", line, count=1)
        bare = _bare(_TERMINAL.sub("", text, count=1))
        return LogLine((bare,), stamped=text != line)
    program, text = log[1], line[log.end() :]
    if program.startswith(_BUS):
        return _of_module(program, text)
    inner = _INNER.match(text) if program == "anaconda" else None
    if inner:
        program, text = inner[1], text[inner.end() :]
    module = _MODULE.match(text) if program == "anaconda" else None
    if module:
        text = text[module.end() :]
    return LogLine(_parts(text), program)


def message(line: str) -> str:
    """Return the first line of what was said; empty where nothing was."""
    return next(iter(said(line).lines), "")


def _of_module(program: str, text: str) -> LogLine:
    logger = _LOGGER.match(text)
    if logger is None:
        return LogLine(_parts(text), program, loose=True)
    name = SCRIPTS if logger[2] == SCRIPTS else program
    return LogLine(_parts(text[logger.end() :]), name, minor=logger[1] in _MINOR)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(_bare, text.split(_BREAK))))


def _bare(text: str) -> str:
    return _WRAPPED.sub("", text.strip(), count=1)
