"""What to write instead of what a kickstart's syntax does not know, or no longer: by family."""

import re
from collections.abc import Iterator

from pykickstart.version import F24, F27, F28, F29, F32, F33, F34, F37, RHEL7, RHEL8, RHEL9

_EVER = 10**9
_LEAVE = "leave it out"
_REFUSED = re.compile(
    r"deprecated|has been removed|Unknown command|[Uu]nrecognized arguments|Unexpected arguments"
    r"|no such option"
)
"""How pykickstart speaks of what it does not know; of values that are wrong it speaks otherwise."""
_OF_ARGUMENTS = re.compile("[Uu]nrecognized arguments|Unexpected arguments|no such option")
"""Where the command itself is known: what to write instead of it helps nobody."""
_BOILERPLATE = re.compile(
    r"^Ignoring deprecated (?:command|option) on line \d+: |\bon line \d+ |(?<=\.) It may be .*"
    r"|(?<=\.) Please modify your kickstart .*"
)
"""The line is said beside the message, and what is to be done by a remedy."""

_REMEDIES: tuple[tuple[str, int, int, str], ...] = (
    # What is written, the first version that this holds for, the first for which it no longer does.
    (r"auth(config)?\b", F28, _EVER, "leave it out, or write authselect"),
    (r"authselect\b", 0, F28, "leave it out, or write auth"),
    (r"install\b", RHEL8, _EVER, "leave it out: url, cdrom and the like say it"),
    (r"upgrade\b", F24, _EVER, "leave it out: a kickstart installs anew"),
    (r"%traceback\b", F34, _EVER, "write %onerror, which EL 8 and later run in its place"),
    (r"timezone\b.*\s--isUtc\b", F33, _EVER, "write --utc"),
    (r"timezone\b.*\s--ntpservers\b", F33, _EVER, "write timesource --ntp-server=NAME for each"),
    (r"timezone\b.*\s--nontp\b", F33, _EVER, "write timesource --ntp-disable"),
    (r"timesource\b", 0, F33, "write timezone with --ntpservers=NAME,NAME or --nontp"),
    (r"(text|graphical)\b.*\s--non-interactive\b", 0, F27, "write cmdline, which never asks"),
    (r"rootpw\b.*\s--allow-ssh\b", 0, RHEL9, "leave it out: root may log in by ssh"),
    (r"sshkey\b", 0, F27, "write ~/.ssh/authorized_keys in a %post"),
    (r"(url|repo)\b.*\s--metalink\b", 0, F27, "write --mirrorlist, or the address itself"),
    (r"autopart\b.*\s--no(boot|swap)\b", 0, F27, "lay partitions out with part"),
    (r"mount\b", 0, F27, "write part with --onpart and --noformat"),
    (r"reboot\b.*\s--kexec\b", 0, F27, _LEAVE),
    (r"firewall\b.*\s--use-system-defaults\b", 0, F28, _LEAVE),
    (r"bootloader\b.*\s--sdboot\b", 0, F37, "leave it out: GRUB is what there is"),
    (r"rdp\b", 0, F37, "write vnc"),
    (r"vnc\b", F37, _EVER, "write rdp"),
    (r"module\b", 0, F29, "leave it out: there are none"),
    (r"module\b", F37, _EVER, "leave it out: there are none"),
    (r"(rhsm|syspurpose)\b", 0, _EVER, "leave it out: a %post may call subscription-manager"),
    (r"nvdimm\b", F37, _EVER, _LEAVE),
    (r"(device|deviceprobe|dmraid|multipath)\b", F24, _EVER, "leave it out: devices are found"),
    (r"btrfs\b", RHEL8, _EVER, "write part with --fstype=xfs: EL has no btrfs since 8"),
    (r"autostep\b", F34, _EVER, _LEAVE),
    (r"logging\b.*\s--level\b", F34, _EVER, "leave it out: all is logged"),
    (r"%packages\b.*\s--exclude-weakdeps\b", 0, F24, "leave it out: rpm knows of none"),
    (r"%packages\b.*\s--exclude-weakdeps\b", F24, F32, "write --excludeWeakdeps"),
    (r"%packages\b.*\s--excludeWeakdeps\b", 0, F24, "leave it out: rpm knows of none"),
    (r"%packages\b.*\s--excludeWeakdeps\b", F32, _EVER, "write --exclude-weakdeps"),
    (r"%packages\b.*\s--inst-langs\b", 0, F32, "write --instLangs"),
    (r"%packages\b.*\s--instLangs\b", F32, _EVER, "write --inst-langs"),
    (r"%packages\b.*\s--nobase\b", RHEL7, _EVER, "leave it out; --nocore leaves the core out"),
    (r"zerombr\s+yes\b", RHEL7, _EVER, "write zerombr alone"),
    (r"firewall\b.*\s--(high|medium)\b", RHEL7, _EVER, "write --enabled"),
    (r"part(ition)?\b.*\s--bytes-per-inode\b", RHEL7, _EVER, "write --fsprofile"),
    (r"part(ition)?\b.*\s--(start|end)\b", RHEL7, _EVER, "leave it out, or write --onpart"),
    (r"langsupport\b", RHEL7, _EVER, "write lang with --addsupport"),
    (r"lilo\b", RHEL7, _EVER, "write bootloader"),
    (r"method\b", F34, _EVER, "write url, cdrom, nfs or harddrive"),
    (r"pwpolicy\b", RHEL7, _EVER, "put it between %anaconda and %end"),
    (r"(interactive|key|mouse|monitor|unsupported_hardware)\b", RHEL7, _EVER, _LEAVE),
)  # fmt: skip


def remedied(message: str, line: str, version: int) -> str:
    """Return what pykickstart says of a line, with what to write instead where that is known."""
    if re.match("A network device .* already been defined", message):
        return f"{message.rstrip('.')}: say all of it in one line, or name each with --device"
    if not _REFUSED.search(message):
        return message
    command = not _OF_ARGUMENTS.search(message)
    remedies = list(dict.fromkeys(_of(line, version, command=command)))
    if not remedies:
        return message
    return f"{_BOILERPLATE.sub('', message).rstrip('.')}: {'; '.join(remedies)}"


def _of(line: str, version: int, *, command: bool) -> Iterator[str]:
    """Yield what there is to write; `command` is whether the command as a whole is refused."""
    for written, first, beyond, remedy in _REMEDIES:
        if (command or r"\s" in written) and first <= version < beyond:
            yield from [remedy] * bool(re.match(rf"\s*{written}", line))
