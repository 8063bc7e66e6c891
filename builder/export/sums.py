"""SHA256SUMS, as GNU sha256sum writes and checks it."""

from pathlib import Path

from builder import files, targets

NAME = "SHA256SUMS"
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


def record(path: Path, digest: str) -> None:
    """Write the line of `path` in SHA256SUMS beside it; a line of that name is replaced.

    Raises HostError when the folder is full or read-only.
    """
    sums = targets.target(path.with_name(NAME), force=True)
    with files.writing(path.parent), files.locked(path.parent):
        known = sums.read_text(errors="surrogateescape") if sums.exists() else ""
        with files.replacing(sums, mode=0o644) as part:
            part.write_text(updated(known, path.name, digest), errors="surrogateescape")


def updated(text: str, name: str, digest: str) -> str:
    """Return the lines of SHA256SUMS with that of the file `name`."""
    mine = line(name, digest)
    others = [each for each in text.split("\n") if each and _name(each) != _name(mine)]
    return "".join(f"{each}\n" for each in (*others, mine))


def line(name: str, digest: str) -> str:
    """Return a file's line; a leading backslash says that its name is escaped (coreutils)."""
    escaped = "".join(_ESCAPES.get(letter, letter) for letter in name)
    mark = "\\" if escaped != name else ""
    return f"{mark}{digest}  {escaped}"


def _name(text: str) -> str:
    """Return the escaped name; a star before it says that the file was read as binary."""
    return text.lstrip("\\").partition(" ")[2][1:]
