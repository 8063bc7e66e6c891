"""What is right by the syntax and still costs an installation: each check is one fact."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from pykickstart.constants import (
    DISPLAY_MODE_CMDLINE,
    KS_REBOOT,
    KS_SCRIPT_POST,
    KS_SHUTDOWN,
)

from builder.kickstart.masking import secrets
from builder.kickstart.told import IN_CLEAR
from builder.model.domain import CLONE_PORT, RESULT_PORT
from builder.model.kickstart import LintFinding

_CRYPTED = {"bootloader", "rootpw", "sshpw", "user"}
"""Commands that take a hash instead of a password."""
_PLACES = {"--sslclientkey"}
"""Options that say where a secret is: it is not on the medium."""
_SOON_GUESSED = re.compile(r"\$1\$.*|[./A-Za-z0-9]{13}")
"""MD5, and DES of the first eight characters."""


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """A kickstart as pykickstart understood it."""

    handler: Any
    text: str

    @property
    def complete(self) -> bool:
        """False when a part comes only during the installation, so nothing is surely missing."""
        return not re.search(r"^\s*%(include|ksappend)\s", self.text, re.MULTILINE)

    def seen(self, *commands: str) -> bool:
        """Tell whether one of `commands` occurs."""
        known = self.handler.commands
        return any(getattr(known.get(name), "seen", False) for name in commands)


Check = Callable[[Parsed], Iterator[LintFinding]]


def final_action(parsed: Parsed) -> Iterator[LintFinding]:
    """A kickstart must end in poweroff or reboot: halt and no action at all wait for a key."""
    action = getattr(parsed.handler.commands.get("reboot"), "action", None)
    if action not in {KS_SHUTDOWN, KS_REBOOT} and parsed.complete:
        yield _error("without poweroff the installer waits for a key at its end, for ever")


def never_asks(parsed: Parsed) -> Iterator[LintFinding]:
    """Text and graphical mode ask when something is wrong; cmdline ends instead."""
    mode = getattr(parsed.handler.commands["cmdline"], "displayMode", None)
    if mode != DISPLAY_MODE_CMDLINE and parsed.complete:
        yield _warning("without cmdline the installer waits for an answer when something is wrong")


def nothing_to_ask(parsed: Parsed) -> Iterator[LintFinding]:
    """What an installer must know and does not find, it asks for."""
    if not parsed.complete:
        return
    if not parsed.seen("partition", "autopart", "logvol", "raid", "btrfs", "mount", "reqpart"):
        yield _error("no disk layout: neither part nor autopart")
    if not parsed.seen("rootpw") and not parsed.handler.commands["user"].userList:
        yield _error("neither rootpw nor user: the installer asks for a password")
    for command in ("lang", "timezone"):
        if not parsed.seen(command):
            yield _warning(f"no {command}: the installer chooses, or asks")


def reports_success(parsed: Parsed) -> Iterator[LintFinding]:
    """Domain gone is not success: the last %post has to say so through our port.

    Builds add that to a file of the user's, but not to a release's own kickstart.
    """
    if RESULT_PORT not in parsed.text:
        yield _warning(f"nothing reports success to {RESULT_PORT}: no build can know the outcome")


def careful_scripts(parsed: Parsed) -> Iterator[LintFinding]:
    """A %post that fails without --erroronfail is a line in a log that nobody reads."""
    for script in parsed.handler.scripts:
        # One whose header cannot be read has no line; that is an error already.
        if script.type != KS_SCRIPT_POST or script.lineno is None:
            continue
        # Whether clones tell of themselves is checked when they boot.
        if not script.errorOnFail and CLONE_PORT not in script.script:
            yield _warning("this %post may fail unnoticed: add --erroronfail", script.lineno)
        if re.search(r"\buname -r\b", script.script):
            yield _warning(
                "uname -r is the installer's kernel in a %post: ask rpm -q kernel", script.lineno
            )


def dead_hosts(parsed: Parsed) -> Iterator[LintFinding]:
    """The mirrors of CentOS 7 and 8 were switched off in 2024; the vault has what they had."""
    for number, line in enumerate(parsed.text.splitlines(), 1):
        if re.search(r"\b(mirror|mirrorlist)\.centos\.org\b", line.partition("#")[0]):
            yield _warning("this host is gone: use vault.centos.org", number)


def clear_secrets(parsed: Parsed) -> Iterator[LintFinding]:
    """What is in clear text stays in the ISO and in the installed system's logs."""
    for each in secrets(parsed.text):
        if each.option == "--md5pass" or (each.hashed and _SOON_GUESSED.fullmatch(each.value)):
            yield _warning("a hash that is soon guessed: use SHA-512 ($6$)", each.line)
        elif each.option in {"", "--password"} and each.command in _CRYPTED:
            if not each.hashed:
                yield _warning("a password in clear text: use --iscrypted", each.line)
        elif each.option not in _PLACES:
            yield _warning(f"{each.option} in clear text: readers of the medium have it", each.line)


def quiet_scripts(parsed: Parsed) -> Iterator[LintFinding]:
    """What a script gives a program in clear text stays in the ISO, as a command's does."""
    for script in parsed.handler.scripts:
        lines = script.script.split("\n") if script.lineno is not None else ()
        for number, line in enumerate(lines, (script.lineno or 0) + 1):
            if IN_CLEAR.search(line) and not line.lstrip().startswith("#"):
                yield _warning("a script holds a password in clear text", number)


def local_includes(parsed: Parsed) -> Iterator[LintFinding]:
    """The ISO carries one kickstart; what a %pre writes or a URL serves is there, no other file."""
    for number, line in enumerate(parsed.text.splitlines(), 1):
        name = re.match(r"\s*%include\s+(\S+)", line)
        if name and not re.match(r"/|[a-z]+://", name[1].strip("\"'")):
            yield _warning(f"{name[1]} is not beside the kickstart when it installs", number)


CHECKS: tuple[Check, ...] = (
    final_action,
    never_asks,
    nothing_to_ask,
    careful_scripts,
    dead_hosts,
    clear_secrets,
    quiet_scripts,
    local_includes,
)


def _error(message: str) -> LintFinding:
    return LintFinding(line=0, severity="error", message=message)


def _warning(message: str, line: int = 0) -> LintFinding:
    return LintFinding(line=line, severity="warning", message=message)
