"""What checks of a finished disk, and of its clones, found."""

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one check."""

    check: str
    """Its name, by which it can be waived."""
    says: str
    """What is true of a template that passes."""
    details: tuple[str, ...] = ()
    """What was found instead: paths and sentences; empty when it passed."""
    waived: bool = False
    """The user knows, and publishes all the same."""

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.details

    @property
    def blocks(self) -> bool:
        """Whether the template must not be published."""
        return bool(self.details) and not self.waived


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, so that its presence on the disk is no finding."""

    hostname: str = ""
    users: tuple[str, ...] = ()
    """Accounts of people, beside root."""
    ssh_keys: tuple[str, ...] = ()
    firmware: str = ""
    """"bios", "uefi" or "hybrid"; empty where it is not known."""
    root_password: bool = False
    """Whether root may have one."""
