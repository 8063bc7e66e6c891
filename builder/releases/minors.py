"""Minor versions of a release before that of its row: rocky9.6 where rocky9 is 9.8."""

import re

from builder.errors import UsageError
from builder.model.release import Release
from builder.releases.rows import Row, joined

_OF_A_FILE = ("sha256", "size")
_VERSION = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})")


def names(release: Release) -> tuple[str, ...]:
    """Return the names of a release's minor versions, oldest first."""
    version = _version(release)
    return (
        tuple(f"{release.name}.{minor}" for minor in range(int(version[2]) + 1)) if version else ()
    )


def _version(release: Release) -> re.Match[str] | None:
    """Return the parts of the version; None where it has no minor versions."""
    return _VERSION.fullmatch(release.version) if release.minors else None


def row_of(row: Row, release: Release, number: str) -> Row:
    """Return the row of a release's minor version; `row` is the release's own, whole.

    Raises UsageError where it cannot be.
    """
    name, version = release.name, _version(release)
    if version is None:
        raise UsageError(
            f"{name} has no minor versions to choose from.",
            hint=f"It is {release.title}: {name} is the name to give.",
        )
    major, newest = version.groups()
    if str(int(number)) != number or int(number) > int(newest):
        raise UsageError(
            f"{name} has no minor version {number} here: there are 0 to {newest}.",
            hint=f'For a newer one add a row [{name}], with extends = "{name}" '
            "and its version, to your own releases: README has an example.",
        )
    own = {"name": f"{name}.{number}", "version": f"{major}.{number}", "kin": [name, *release.kin]}
    return (row if number == newest else _older(row, release)) | own


def outdated(row: Row, newest: object) -> Row:
    """Return the row as one that has ended, if its version is a minor one before the `newest`."""
    here, there = (_VERSION.fullmatch(str(each)) for each in (row.get("version"), newest))
    if not (here and there and here[1] == there[1] and int(here[2]) < int(there[2])):
        return row
    return row | {"end_of_life": None, "followed_by": newest}


def _older(row: Row, release: Release) -> Row:
    """Return the row of a minor version before the row's own.

    A file whose name the version is in is another than that of the row's digest. What media without
    packages install is the newest, unless there are repositories of older ones.
    """
    older = row.get("older", {})
    media = {
        name: {key: value for key, value in medium.items() if key not in _OF_A_FILE}
        if "{" in medium["file"]
        else medium
        for name, medium in row["media"].items()
        if "repositories" in older or not medium.get("network")
    }
    if row["default_medium"] not in media:
        raise UsageError(
            f"Minor versions of {row['name']} have nothing to be installed from but its newest "
            "packages.",
            hint=f"Its row may have a table [{row['name']}.older.repositories].",
        )
    ended = {"end_of_life": None, "followed_by": release.followed_by or release.version}
    return joined(row | {"media": media} | ended, older)
