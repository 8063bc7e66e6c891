"""Whether the hypervisor's own user can come to a pool: libvirt hands it the disks, not the way."""

import os
import pwd
import shlex
from pathlib import Path

from builder.errors import HostError
from builder.virt.capabilities import hypervisor_user
from builder.virt.connection import Connection

_ACCESS_LIST = "system.posix_acl_access"


def check(connection: Connection, path: Path, setting: str) -> None:
    """Raise HostError when guests could not open what is in the folder `path`."""
    user = hypervisor_user(connection)
    closed = None if user is None else closed_folder(path, *user)
    if user is None or closed is None:
        return
    raise HostError(
        f"Guests cannot use {path}: the hypervisor's user {_name(user[0])} cannot pass {closed}.",
        hint=f"`chmod o+x {shlex.quote(str(closed))}`, or {elsewhere(setting)}.",
    )


def elsewhere(setting: str) -> str:
    """Return what makes another folder that of a pool: one that libvirt has stays where it is."""
    path = f"set {setting}_path in builder.toml to another folder"
    return f"{path}, and {setting} to another name where libvirt has that pool already"


def closed_folder(path: Path, user: int, group: int) -> Path | None:
    """Return the first folder on the way to and including `path` that the user cannot pass."""
    path = Path(os.path.realpath(path))
    groups = _groups(user, group)
    for folder in (*reversed(path.parents), path):
        try:
            about = folder.stat()
        except OSError:  # still to be made, or behind one that is closed to us as well
            return None
        if not passes(about, user, groups) and not _has_access_list(folder):
            return folder
    return None


def passes(about: os.stat_result, user: int, groups: frozenset[int]) -> bool:
    """Tell whether a folder's mode lets a user through."""
    if user == 0:
        return True
    if about.st_uid == user:
        return bool(about.st_mode & 0o100)
    if about.st_gid in groups:
        return bool(about.st_mode & 0o010)
    return bool(about.st_mode & 0o001)


def _has_access_list(folder: Path) -> bool:
    """Tell whether more than the mode decides."""
    try:
        return _ACCESS_LIST in os.listxattr(folder)
    except OSError:
        return False


def _groups(user: int, group: int) -> frozenset[int]:
    try:
        return frozenset(os.getgrouplist(pwd.getpwuid(user).pw_name, group))
    except KeyError:
        return frozenset({group})


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
