"""What a kickstart asks for, as frozen values; sizes in MiB unless a name says otherwise."""

from dataclasses import dataclass
from enum import StrEnum


class Failure(Exception):  # it is what the screen calls it, and no bug of ours
    """The installation cannot go on; the message is what Anaconda would show."""


class FinalAction(StrEnum):
    """What becomes of the machine in the end."""

    POWEROFF = "poweroff"
    REBOOT = "reboot"
    HALT = "halt"


class ScriptKind(StrEnum):
    """When a script runs."""

    PRE = "%pre"
    PRE_INSTALL = "%pre-install"
    POST = "%post"
    ON_ERROR = "%onerror"
    TRACEBACK = "%traceback"


@dataclass(frozen=True, kw_only=True)
class Script:
    """A script section."""

    kind: ScriptKind
    text: str
    interpreter: str = "/bin/sh"
    chroot: bool = False
    line: int = 0
    log: str = ""
    error_on_fail: bool = False


@dataclass(frozen=True, kw_only=True)
class PartitionRequest:
    """A `part` line. `mountpoint` is also `swap`, `pv.NAME` or `biosboot`, as in the language."""

    mountpoint: str
    fstype: str = ""
    size: int = 0
    grow: bool = False
    max_size: int = 0
    primary: bool = False
    disk: str = ""
    recommended: bool = False
    label: str = ""
    options: str = ""


@dataclass(frozen=True, kw_only=True)
class GroupRequest:
    """A `volgroup` line."""

    name: str
    physical: tuple[str, ...]
    extent: int = 4


@dataclass(frozen=True, kw_only=True)
class LogicalRequest:
    """A `logvol` line."""

    mountpoint: str
    group: str
    name: str
    fstype: str = ""
    size: int = 0
    percent: int = 0
    grow: bool = False
    max_size: int = 0
    recommended: bool = False
    label: str = ""
    options: str = ""


@dataclass(frozen=True, kw_only=True)
class AutoRequest:
    """An `autopart` line."""

    lvm: bool = True
    fstype: str = ""
    home: bool = True


@dataclass(frozen=True, kw_only=True)
class StorageRequest:
    """Everything the kickstart says about disks."""

    clear: bool = False
    """clearpart --all or --linux."""
    initialise: bool = False
    """clearpart --initlabel, or zerombr: disks without a table get one."""
    disklabel: str = ""
    """"gpt", "msdos", or empty for what the firmware wants."""
    ignored_disks: tuple[str, ...] = ()
    only_disks: tuple[str, ...] = ()
    partitions: tuple[PartitionRequest, ...] = ()
    groups: tuple[GroupRequest, ...] = ()
    logicals: tuple[LogicalRequest, ...] = ()
    auto: AutoRequest | None = None


@dataclass(frozen=True, kw_only=True)
class Bootloader:
    """The `bootloader` line; `location` is mbr, partition, boot or none."""

    append: str = ""
    location: str = "mbr"
    timeout: int = 5
    disk: str = ""


@dataclass(frozen=True, kw_only=True)
class Password:
    """A password, in clear or as crypt(3) makes it; empty text means none at all."""

    text: str = ""
    crypted: bool = False
    lock: bool = False


@dataclass(frozen=True, kw_only=True)
class User:
    """A `user` line."""

    name: str
    groups: tuple[str, ...] = ()
    password: Password = Password()
    uid: int | None = None
    gid: int | None = None
    gecos: str = ""
    home: str = ""
    shell: str = ""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A `network` line that configures a device; an empty device is any Ethernet card."""

    device: str = ""
    dhcp: bool = True
    address: str = ""
    netmask: str = ""
    gateway: str = ""
    nameservers: tuple[str, ...] = ()
    onboot: bool = True


@dataclass(frozen=True, kw_only=True)
class Network:
    """All `network` lines."""

    hostname: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Locale:
    """Language, keyboard and clock."""

    language: str = ""
    keyboard: str = ""
    timezone: str = ""
    utc: bool = False


@dataclass(frozen=True, kw_only=True)
class Software:
    """The %packages section."""

    packages: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    ignore_missing: bool = False


@dataclass(frozen=True, kw_only=True)
class Order:
    """A whole kickstart."""

    storage: StorageRequest = StorageRequest()
    bootloader: Bootloader = Bootloader()
    root: Password = Password()
    users: tuple[User, ...] = ()
    network: Network = Network()
    locale: Locale = Locale()
    software: Software = Software()
    services_enabled: tuple[str, ...] = ()
    services_disabled: tuple[str, ...] = ()
    scripts: tuple[Script, ...] = ()
    source: str = ""
    """Where the packages are to come from, if not from the medium."""
    final: FinalAction | None = None
    """None: wait for a key in the end."""
    interactive: bool = True
    """False in cmdline mode, where every question is a failure."""
    warnings: tuple[str, ...] = ()
    """What the reader of the kickstart has to say against it."""
    noted: tuple[str, ...] = ()
    """Commands that are accepted and have nothing to act on here."""

    def scripts_of(self, kind: ScriptKind) -> tuple[Script, ...]:
        """Return the scripts of one kind, in the order of the file."""
        return tuple(script for script in self.scripts if script.kind is kind)
