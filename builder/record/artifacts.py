"""Where people look for builds: links to their folders, which are in the state folder."""

import errno
import os
import stat
from pathlib import Path

from builder.errors import explained
from builder.monitor import Monitor

_FOLDER = os.O_PATH | os.O_DIRECTORY
"""Not to be read: that may be closed to us where we may write."""


def link(artifacts: Path | None, folder: Path, *, monitor: Monitor) -> None:
    """Link the folder of a build that has ended from NAME/ID in `artifacts`, if that is wanted.

    The build is what it is without the link: that there can be none is a warning.
    """
    if artifacts is None:
        return
    here = artifacts / folder.parent.name / folder.name
    try:
        here.parent.mkdir(parents=True, exist_ok=True)
        handle = _opened(here.parent)
        try:
            _link(folder, here.name, handle)
        finally:
            os.close(handle)
    except OSError as error:
        monitor.tell("warning", f"there is no link to the build at {here}: {error.strerror}")


def unlink(artifacts: Path | None, folder: Path) -> None:
    """Remove that link, if it is there, since the folder goes. Raises HostError."""
    if artifacts is None:
        return
    here = artifacts / folder.parent.name / folder.name
    with explained(f"Cannot remove the link {here}", hint="Mend its folder's permissions."):
        try:
            handle = _opened(here.parent)
        except (FileNotFoundError, NotADirectoryError):
            return
        try:
            if _target(here.name, handle) == str(folder):
                os.unlink(here.name, dir_fd=handle)
        finally:
            os.close(handle)


def _opened(place: Path) -> int:
    """Open the folder, through a link if that is the will of who may say so.

    That is we, root, and whose folder the link is in: where others may write, somebody may have
    laid one.
    """
    state = place.lstat()
    if not stat.S_ISLNK(state.st_mode):
        return os.open(place, _FOLDER | os.O_NOFOLLOW)
    if state.st_uid not in (0, os.geteuid(), place.parent.stat().st_uid):
        raise OSError(errno.EPERM, f"{place.name} is another user's link")
    return os.open(place, _FOLDER)


def _link(folder: Path, name: str, place: int) -> None:
    """Make the link in an open folder, unless it is there."""
    if _target(name, place) != str(folder):
        os.symlink(folder, name, dir_fd=place)


def _target(name: str, place: int) -> str:
    """Return where the link in an open folder leads; nothing where there is none."""
    try:
        return os.readlink(name, dir_fd=place)
    except OSError:  # nothing is there, or something else, which then tells
        return ""
