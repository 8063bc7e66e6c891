"""Where people look for builds: links to their folders, which are in the state folder."""

from pathlib import Path

from builder.monitor import Monitor


def link(artifacts: Path | None, folder: Path, *, monitor: Monitor) -> None:
    """Link the folder of a build that has ended from NAME/ID in `artifacts`, if that is wanted.

    The build is what it is without the link: that there can be none is a warning.
    """
    if artifacts is None:
        return
    here = artifacts / folder.parent.name / folder.name
    try:
        here.parent.mkdir(parents=True, exist_ok=True)
        if not (here.is_symlink() and here.readlink() == folder):
            here.symlink_to(folder)
    except OSError as error:
        monitor.tell("warning", f"there is no link to the build at {here}: {error.strerror}")
