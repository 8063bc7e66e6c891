"""Which files domains and pools need: as their disks, or as backing and data files of those."""

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import libvirt
import msgspec

from builder.errors import HostError
from builder.virt import backing, pools, xml
from builder.virt.backing import Need
from builder.virt.connection import Connection, persistent, translated

_NOTHING = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.ENXIO,
    errno.ENODEV,
    errno.ENOMEDIUM,
}
"""What the system says of a path at whose end there is no file and no device."""

_PLAINLY = "name them plainly with `qemu-img rebase -u`"
_SHOWN = 80
"""Characters of a name."""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A file that something needs."""

    path: Path
    user: str
    """"the domain web1", or the path of a disk in a pool."""


def uses(connection: Connection, *, leaving: Path | None = None) -> tuple[Use, ...]:
    """Return every file that a domain has as a disk, and every backing or data file below a disk.

    Disks are those of all domains, running or not, and of their snapshots, wherever they are, and
    the files in the folders of all pools. What is `leaving` needs nothing any more. Raises
    HostError when a file cannot be read, or names what we do not understand: what nobody can tell
    must not be taken for unused.
    """
    chains = _Chains(leaving)
    below = [
        (need, user)
        for disk, raw, user in _domain_disks(connection)
        for need in (Need(path=disk, data=raw), *(() if raw else chains.below(disk)))
    ]
    # What a guest writes to a raw disk is data, whatever it looks like: no header of an image. But
    # who has the same file as an image follows it.
    data = {need.path for need, _user in below if need.data}
    below += [
        (need, str(file))
        for file in _pool_files(connection)
        if file not in data
        for need in chains.below(file)
    ]
    found = (Use(path=need.path, user=user) for need, user in below)
    return tuple(dict.fromkeys(found))


def disks(connection: Connection) -> tuple[Use, ...]:
    """Return the files that domains have as disks, running or not, and their snapshots."""
    return tuple(Use(path=disk, user=user) for disk, _raw, user in _domain_disks(connection))


def unseen(connection: Connection) -> tuple[str, ...]:
    """Return the names of pools whose folder is away: what images in it need cannot be told.

    That is a folder that does not exist, and that of a stopped pool of a disk's, or of another
    machine's, on which nothing is mounted. Any other is taken for what it is, stopped or empty:
    whether a disk belongs there cannot be known.
    """
    found = pools.every(connection, lambda pool: pool.name() if _is_away(pool) else "")
    return tuple(sorted(filter(None, found)))


def _is_away(pool: libvirt.virStoragePool) -> bool:
    document = pool.XMLDesc(0)
    folder = xml.pool_path(document)
    if folder is None:
        return False
    there = (
        not xml.pool_mounts(document)
        or pool.isActive()
        or os.path.ismount(os.path.realpath(folder))
    )
    return not (there and folder.exists())


def users(found: Iterable[Use], path: Path) -> tuple[str, ...]:
    """Return who needs the file, whatever path they call it by; it may be gone, and come back."""
    return tuple(dict.fromkeys(each.user for each in found if _same(each.path, path)))


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


class _Chains:
    """Follows what images need, and reads each file once."""

    def __init__(self, leaving: Path | None) -> None:
        self._known: dict[Path, tuple[Need, ...]] = {leaving: ()} if leaving else {}

    def below(self, disk: Path) -> tuple[Need, ...]:
        """Return what a disk and its backing files need, nearest first."""
        found: dict[Need, None] = {}
        images = [disk]
        for image in images:  # which grows meanwhile
            new = [each for each in self._needs(image) if each not in found]
            found |= dict.fromkeys(new)
            images += (each.path for each in new if not each.data)
        return tuple(found)

    def _needs(self, file: Path) -> tuple[Need, ...]:
        if file not in self._known:
            self._known[file] = _needs(file)
        return self._known[file]


def _needs(file: Path) -> tuple[Need, ...]:
    # Only this file is opened: a chain that is broken below, or leads to another machine, does not
    # matter.
    try:
        return backing.needs(file)
    except OSError as error:
        if error.errno in _NOTHING:
            return ()
        raise _unclear(file, f"{error.strerror}") from error
    except backing.UnclearError as error:
        name = str(error)
        shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
        raise _unclear(file, f"it calls one {shown}", mend=_PLAINLY) from error


@persistent
def _domain_disks(connection: Connection) -> tuple[tuple[Path, bool, str], ...]:
    targets = pools.every(connection, lambda pool: (pool.name(), xml.pool_target(pool.XMLDesc(0))))
    folders = {name: folder for name, folder in targets if folder}
    with translated("Cannot list the disks of the domains"):
        return tuple(
            (disk.path, disk.raw, f"the domain {domain.name()}")
            for domain in connection.handle.listAllDomains(0)
            for document in _documents(domain)
            for disk in xml.disk_files(document, pools=folders)
        )


def _documents(domain: libvirt.virDomain) -> list[str]:
    """Return what runs, what will run, and what snapshots lead back to."""
    flags = (0, libvirt.VIR_DOMAIN_XML_INACTIVE)
    try:
        snapshots = [each.getXMLDesc(0) for each in domain.listAllSnapshots(0)]
        return [*(domain.XMLDesc(flag) for flag in flags), *snapshots]
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:  # gone since it was listed
            return []
        raise


def _pool_files(connection: Connection) -> Iterator[Path]:
    """Yield the files of all pools that are folders; libvirt's own lists may be old."""
    folders = pools.every(connection, lambda pool: xml.pool_path(pool.XMLDesc(0)))
    for folder in dict.fromkeys(filter(None, folders)):
        try:
            yield from sorted(folder.iterdir())
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _unclear(folder, f"{error.strerror}") from error


def _unclear(path: Path, why: str, *, mend: str = "run as a user who may read it") -> HostError:
    return HostError(
        f"Cannot tell which backing files {path} needs: {why}.",
        hint=f"It may need any: {mend}, or move it out of the pool.",
    )
