"""The folders of settings, and of what lies beside them."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

SYSTEM = Path("/etc/builder")
"""Root's, like /var/lib/builder."""


def config_folders(environ: Mapping[str, str]) -> list[Path]:
    """Return where settings may be beside the current folder, first things first."""
    config = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/")) / ".config")
    return [config / "builder", *([SYSTEM] if os.geteuid() == 0 else [])]


def release_folders(chosen: Path | None, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders of the user's own releases: what a setting names, then what is there."""
    beside = [folder / "releases" for folder in config_folders(environ)]
    known = ([absolute(chosen)] if chosen else []) + [path for path in beside if _is_folder(path)]
    return tuple(dict.fromkeys(known))


def _is_folder(path: Path) -> bool:
    with suppress(OSError):  # sudo -E: another user's home is no reason to do nothing
        return path.is_dir()
    return False


def absolute(path: Path) -> Path:
    """Return an absolute path, where there is one."""
    try:
        return path.absolute()
    except FileNotFoundError:  # the current folder is gone, which not every command needs
        return path
