"""Volumes as people make and delete them: what is not theirs to delete has a command of its own."""

import re
import shlex
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Literal

from msgspec.structs import asdict

from builder import files
from builder.config import Settings
from builder.errors import HostError, UsageError
from builder.host.pools import refuse_remote
from builder.model.storage import Volume
from builder.model.traces import mentioned
from builder.monitor import Monitor
from builder.paths.reading import is_there
from builder.record.builds import CLOSED, RUNNING, load
from builder.registry import retention
from builder.registry.ledger import VERSION
from builder.registry.registry import LEDGER, SIGNATURES, Registry
from builder.virt import pools, usage, volumes
from builder.virt.connection import Connection

Kind = Literal["volume", "template", "record", "build", "hidden"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_TEMPLATE = re.compile(
    rf"(?P<name>.+)-(?P<version>{VERSION})"
    rf"(?P<ending>\.qcow2|\.json|\.qcow2{re.escape(SIGNATURES)})"
)
"""What the files of a template's version are called."""


_OTHERS = {
    "build": ("build", "without a build's id in it"),
    "template": ("template", "without a version at its end"),
    "record": ("template", "without a version at its end"),
}
"""Whose files are of a kind, and what the names of others are like."""


class Listed(Volume, frozen=True, kw_only=True):
    """A volume of a list."""

    kind: Kind


def kind(name: str) -> Kind:
    """Return what a file in the store pool is, which its name says."""
    if name.startswith("."):
        return "hidden"
    if mentioned(name):
        return "build"
    if name.endswith(LEDGER):
        return "record"
    if found := _TEMPLATE.fullmatch(name):
        return "template" if found["ending"] == ".qcow2" else "record"
    return "volume"


def listing(connection: Connection, settings: Settings, *, pool: str) -> tuple[Listed, ...]:
    """Return the pool's disks and media, without hidden files and what is noted of templates."""
    found = volumes.all_volumes(connection, pool)
    kinds = ((each, _kind(settings, pool, each.name)) for each in found)
    return tuple(
        Listed(kind=what, **asdict(each))
        for each, what in kinds
        if what not in ("hidden", "record")
    )


def create(connection: Connection, pool: str, name: str, *, capacity: int) -> Volume:
    """Create a volume. Raises UsageError for a name that is none, or that others go by."""
    check_name(name, "volume")
    refuse_others(name, f"A volume {name}")
    return volumes.create(connection, pool, name, capacity=capacity)


def refuse_others(name: str, what: str) -> None:
    """Raise UsageError for the file of `what` if its name is one for builds' or templates' own."""
    whose, other = _OTHERS.get(kind(name), ("", ""))
    if name.endswith(LEDGER):
        other = f"that does not end in {LEDGER}"
    if whose:
        raise UsageError(
            f"{what} would be taken for that of a {whose}.",
            hint=f"Choose a name {other}.",
        )


def check_name(name: str, what: str) -> None:
    """Raise UsageError unless people, shells and libvirt can all cope with the name."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be the name of a {what}.",
            hint="Letters, digits, dots, hyphens and underscores, a letter or digit first.",
        )


def delete(
    connection: Connection, settings: Settings, name: str, *, pool: str, monitor: Monitor
) -> Volume:
    """Delete a volume that nobody needs; return what it was.

    Raises UsageError for what a domain or a disk needs, and for what has a command of its own. Of
    pools that are away a warning tells: images there may need it.
    """
    if "/" in name or not name.isprintable():
        raise UsageError(f"{name!r} is no volume.", hint="`builder volume list` shows them.")
    refuse_remote(connection)  # who needs a file is asked of files as well
    if not _foreign(connection, settings, pool, name):
        _refuse(name, _kind(settings, pool, name), settings.builds)
    with _still(connection, settings, pool):
        volume = volumes.get(connection, pool, name)
        path = volume.path
        if not is_there(path):
            raise HostError(f"libvirt sees {path}, and we do not.", hint="Remove it with virsh.")
        users = usage.users(usage.uses(connection, leaving=path), path)
        if why := retention.used(users):
            raise UsageError(f"{name} stays: {why[0]}.", hint=retention.remedy(users))
        for each in retention.perhaps(usage.unseen(connection)):
            monitor.tell("warning", each)
        volumes.delete(connection, pool, name)
    return volume


def _still(connection: Connection, settings: Settings, pool: str) -> AbstractContextManager[None]:
    """Keep clones from being made in the store pool: their disks are there before their domains."""
    if pool != settings.store_pool:
        return nullcontext()
    return Registry(pools.get(connection, pool).path).locked()


def _kind(settings: Settings, pool: str, name: str) -> Kind:
    """Return what a file is in that pool: templates are in the store pool alone."""
    found = kind(name)
    return "volume" if found in ("template", "record") and pool != settings.store_pool else found


def _foreign(connection: Connection, settings: Settings, pool: str, name: str) -> bool:
    """Tell whether a file only looks like a template's: no command of templates would know it."""
    file = _TEMPLATE.fullmatch(name)
    if file is None or pool != settings.store_pool:
        return False
    registry = Registry(pools.get(connection, pool).path)
    stem, version = file["name"], file["version"]
    known = is_there(registry.store / f"{stem}-{version}.json")
    return not known and version not in registry.ledger(stem).published


def _refuse(name: str, found: Kind, builds: Path) -> None:
    """Raise UsageError for what is no volume of the user's."""
    file = _TEMPLATE.fullmatch(name)
    version = f"{file['name']}@{file['version']}" if file else "NAME@VERSION"
    of_template = (
        "a template",
        f"`builder template delete {shlex.quote(version)}` removes a version; "
        "the newest, and what a channel points to, with --force alone.",
    )
    whose = {
        "hidden": ("builder itself", "`builder gc` clears what nobody needs."),
        "build": ("a build", ""),
        "template": of_template,
        "record": of_template,
    }
    if found in whose:
        what, hint = whose[found]
        hint = hint or _of_build(mentioned(name), builds)
        raise UsageError(f"{name} belongs to {what}.", hint=hint)


def _of_build(build_id: str, builds: Path) -> str:
    """Return what to do about a file that a build, or a check, has made."""
    found = (load(each / build_id) for each in files.inside(builds, hint=CLOSED))
    if any(each.state == RUNNING for each in found if each):
        show = f"`builder builds show {build_id}` tells how far it is"
        return f"That build is using it, and clears it at its end: {show}."
    return "`builder gc` clears what nobody can finish."
