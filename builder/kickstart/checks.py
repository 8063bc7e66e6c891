"""What is right by the syntax and still costs an installation: each check is one fact."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pykickstart.constants import (
    DISPLAY_MODE_CMDLINE,
    KS_REBOOT,
    KS_SCRIPT_POST,
    KS_SHUTDOWN,
)
from pykickstart.version import F23, RHEL8

from builder.kickstart.cards import any_card
from builder.kickstart.layout import layout_made, loader_taken
from builder.kickstart.masking import lines, secrets
from builder.kickstart.parsed import Check, Parsed, error, warning
from builder.kickstart.reports import reports
from builder.kickstart.storage import disks_there, sizes_fit, unlocked
from builder.kickstart.told import IN_CLEAR
from builder.kickstart.words import comment
from builder.model.domain import CLONE_PORT, RESULT_PORT
from builder.model.kickstart import LintFinding
from builder.model.octets import odd

_CRYPTED = {"bootloader", "rootpw", "sshpw", "user"}
"""Commands that take a hash instead of a password."""
_IMAGES = ("liveimg", "ostreesetup", "ostreecontainer", "bootc")
"""Commands that bring a whole system, with its users."""
_PLACES = {"--sslclientkey"}
"""Options that say where a secret is: it is not on the medium."""
_UNSEEN = re.compile("[\\0\\u00a0\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2064\\ufeff]")
_SOON_GUESSED = re.compile(r"\$1\$.*|[./A-Za-z0-9]{13}")
"""MD5, and DES of the first eight characters."""


def final_action(parsed: Parsed) -> Iterator[LintFinding]:
    """A kickstart must end in poweroff or reboot: halt and no action at all wait for a key."""
    end = parsed.handler.commands.get("reboot")
    if parsed.unclear("halt", "poweroff", "reboot", "shutdown") or not parsed.complete:
        return
    if getattr(end, "action", None) not in {KS_SHUTDOWN, KS_REBOOT}:
        yield error(
            "without poweroff the installer waits for a key at its end, for ever", end.lineno
        )


def ends_the_guest(parsed: Parsed) -> Iterator[LintFinding]:
    """A build's guest must end: what kexec starts in it would run after the seal."""
    end = parsed.handler.commands.get("reboot")
    if getattr(end, "kexec", False):
        yield error(
            "reboot --kexec starts what was installed in the guest that is to end", end.lineno
        )


def never_asks(parsed: Parsed) -> Iterator[LintFinding]:
    """Text and graphical mode ask when something is wrong; cmdline ends instead."""
    mode = parsed.handler.commands["cmdline"]
    if parsed.unclear("cmdline", "graphical", "text") or not parsed.complete:
        return
    # --non-interactive ends the installation as cmdline does (Anaconda since Fedora 26, EL 8).
    if mode.displayMode != DISPLAY_MODE_CMDLINE and not getattr(mode, "nonInteractive", False):
        message = "without cmdline the installer waits for an answer when something is wrong"
        yield warning(message, mode.lineno)


def nothing_to_ask(parsed: Parsed) -> Iterator[LintFinding]:
    """What an installer must know and does not find, it asks for."""
    if not parsed.complete:
        return
    if not parsed.seen("partition", "autopart", "logvol", "raid", "btrfs", "mount", "reqpart"):
        yield error("no disk layout: neither part nor autopart")
    if not parsed.seen("rootpw"):
        yield from _no_root(parsed)
    for command in ("lang", "timezone"):
        if not parsed.seen(command):
            yield warning(f"no {command}: the installer chooses, or asks")


def _no_root(parsed: Parsed) -> Iterator[LintFinding]:
    """Anaconda wants a password of root's, or somebody of the group wheel who can log in.

    But not where its module for users is switched off, as on media that are made for an image: who
    is in that, builds of images say.
    """
    # Until EL 4 there was no such command.
    users = getattr(parsed.handler.commands.get("user"), "userList", ())
    if parsed.unclear("rootpw", "user") or any(_administers(parsed, each) for each in users):
        return
    if users:
        yield warning("no rootpw, and " + _why(users) + ": the installer may ask")
    elif parsed.seen(*_IMAGES):
        yield warning("neither rootpw nor user: an installer that is not made for the image asks")
    else:
        yield error("neither rootpw nor user: the installer asks for a password")


def _administers(parsed: Parsed, user: Any) -> bool:  # noqa: ANN401  # pykickstart has no types
    """Tell whether Anaconda takes a user for an administrator.

    Its users module (pyanaconda/modules/users, EL 8, Fedora 29) locks whoever has no password, and
    looks at who is locked; EL 7's question for root's password did not.
    """
    locked = parsed.handler.version >= RHEL8 and (user.lock or not user.password)
    return "wheel" in user.groups and not locked


def _why(users: Iterable[Any]) -> str:
    groups = [group for each in users for group in each.groups]
    if "wheel" in groups:
        return "whoever is of the group wheel is locked or has no password"
    if any(re.fullmatch(r"wheel\s*\(.*", each) for each in groups):
        return "Anaconda finds wheel by its name alone, without a number"
    return "no user of the group wheel"


def reports_success(parsed: Parsed) -> Iterator[LintFinding]:
    """Domain gone is not success: the last %post has to say so through our port.

    Builds add that to a file of the user's, but not to a release's own kickstart.
    """
    if not reports(parsed.text):
        yield warning(f"nothing reports success to {RESULT_PORT}: no build can know the outcome")


def careful_scripts(parsed: Parsed) -> Iterator[LintFinding]:
    """A %post that fails without --erroronfail is a line in a log that nobody reads."""
    for script in parsed.handler.scripts:
        # One whose header cannot be read has no line; that is an error already.
        if script.type != KS_SCRIPT_POST or script.lineno is None:
            continue
        # Whether clones tell of themselves is checked when they boot.
        if not script.errorOnFail and CLONE_PORT not in script.script:
            yield warning("this %post may fail unnoticed: add --erroronfail", script.lineno)
        if re.search(r"\buname -r\b", script.script):
            yield warning(
                "uname -r is the installer's kernel in a %post: ask rpm -q kernel", script.lineno
            )


def dead_hosts(parsed: Parsed) -> Iterator[LintFinding]:
    """The mirrors of CentOS 7 and 8 were switched off in 2024; the vault has what they had."""
    for number, line, _ in lines(parsed.text):
        if re.search(r"\b(mirror|mirrorlist)\.centos\.org\b", line.partition("#")[0]):
            yield warning("this host is gone: use vault.centos.org", number)


def clear_secrets(parsed: Parsed) -> Iterator[LintFinding]:
    """What is in clear text stays in the ISO and in the installed system's logs."""
    for each in secrets(parsed.text):
        if each.option == "--md5pass" or (each.hashed and _SOON_GUESSED.fullmatch(each.value)):
            yield warning("a hash that is soon guessed: use SHA-512 ($6$)", each.line)
        elif each.option in {"", "--password"} and each.command in _CRYPTED:
            if not each.hashed:
                yield warning("a password in clear text: use --iscrypted", each.line)
        elif each.option not in _PLACES:
            yield warning(f"{each.option} in clear text: readers of the medium have it", each.line)


def quiet_scripts(parsed: Parsed) -> Iterator[LintFinding]:
    """What a script gives a program in clear text stays in the ISO, as a command's does."""
    for script in parsed.handler.scripts:
        body = script.script.split("\n") if script.lineno is not None else ()
        for number, line in enumerate(body, (script.lineno or 0) + 1):
            if IN_CLEAR.search(line) and not line.lstrip().startswith("#"):
                yield warning("a script holds a password in clear text", number)


def local_includes(parsed: Parsed) -> Iterator[LintFinding]:
    """The ISO carries one kickstart; what a %pre writes or a URL serves is there, no other file."""
    for number, line, _ in lines(parsed.text):
        name = re.match(r"\s*%(?:include|ksappend)\s+(\S+)", line)
        if name and not re.match(r"/|[a-z]+://", name[1].strip("\"'")):
            yield warning(f"{name[1]} is not beside the kickstart when it installs", number)


def readable_bytes(parsed: Parsed) -> Iterator[LintFinding]:
    """Installers in Python 3 (EL 8, Fedora 23) read UTF-8 alone; those before it took any bytes.

    These carry them in comments and scripts; what a command makes of them nobody knows.
    """
    for number, line, scripted in lines(parsed.text):
        if odd(line) and parsed.handler.version >= F23:
            yield error("bytes that are no UTF-8: this installer cannot read the file", number)
            return
        if not scripted and odd(line[: comment(line)]):
            yield warning("bytes that are no UTF-8 in a command", number)


def visible_letters(parsed: Parsed) -> Iterator[LintFinding]:
    """What nobody sees makes a word another, as a space from a web page or a mark of Windows'."""
    for number, line, scripted in lines(parsed.text):
        unseen = None if scripted else _UNSEEN.search(line, 0, comment(line))
        if unseen:
            yield warning(f"a character that nobody sees, U+{ord(unseen[0]):04X}", number)


FOR_ANYBODY: tuple[Check, ...] = (
    final_action,
    never_asks,
    nothing_to_ask,
    careful_scripts,
    dead_hosts,
    clear_secrets,
    quiet_scripts,
    readable_bytes,
    visible_letters,
    loader_taken,
)
"""Those that hold for any machine, and for media with more files than the kickstart."""
AT_READING = (readable_bytes, loader_taken)
"""Those that tell where an installer reads no further."""
CHECKS: tuple[Check, ...] = (
    *FOR_ANYBODY,
    ends_the_guest,
    local_includes,
    disks_there,
    layout_made,
    sizes_fit,
    unlocked,
    any_card,
)
