"""Which files domains and pools need: as their disks, or as backing files of those."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import libvirt
import msgspec

from builder import process
from builder.errors import HostError
from builder.virt import pools, xml
from builder.virt.connection import Connection, persistent, translated

# Of QEMU's formats with a backing file those that name it themselves, by their first bytes.
_OVERLAYS = (b"QFI\xfb", b"QED\0", b"KDMV", b"# Disk Desc")

_NOTHING = {errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.ENODEV}
"""What the system says of a path at whose end there is no file and no device."""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A file that something needs."""

    path: Path
    user: str
    """"the domain web1", or the path of a disk in a pool."""


class _Info(msgspec.Struct, frozen=True, rename="kebab"):
    backing_filename: str = ""
    full_backing_filename: str = ""


def uses(connection: Connection) -> tuple[Use, ...]:
    """Return every file that a domain has as a disk, and every backing file below a disk.

    Disks are those of all domains, running or not, and of their snapshots, wherever they are, and
    the files in the folders of all pools. Raises HostError when an overlay cannot be read: what
    nobody can tell must not be taken for unused.
    """
    disks = _domain_disks(connection)
    chains = _Chains(skip=[disk for disk, raw, _user in disks if raw])
    found = [
        Use(path=path, user=user)
        for disk, _raw, user in disks
        for path in (disk, *chains.below(disk))
    ]
    found += [
        Use(path=path, user=str(file))
        for file in _pool_files(connection)
        for path in chains.below(file)
    ]
    return tuple(dict.fromkeys(found))


def users(found: Iterable[Use], path: Path) -> tuple[str, ...]:
    """Return who needs the file, whatever path they call it by; it may be gone, and come back."""
    return tuple(dict.fromkeys(each.user for each in found if _same(each.path, path)))


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


class _Chains:
    """Follows backing files, and reads each file once."""

    def __init__(self, *, skip: Iterable[Path]) -> None:
        # What a guest writes to a raw disk is data, whatever it looks like: no header of an image.
        self._known: dict[Path, Path | None] = dict.fromkeys(skip)

    def below(self, disk: Path) -> tuple[Path, ...]:
        """Return the backing files of a disk, nearest first."""
        found: list[Path] = []
        at = self._backing(disk)
        while at is not None and at not in found:
            found.append(at)
            at = self._backing(at)
        return tuple(found)

    def _backing(self, file: Path) -> Path | None:
        if file not in self._known:
            self._known[file] = _backing(file) if _is_overlay(file) else None
        return self._known[file]


def _is_overlay(file: Path) -> bool:
    try:
        kind = file.stat().st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISBLK(kind)):
            return False
        with file.open("rb") as opened:
            return opened.read(16).startswith(_OVERLAYS)
    except OSError as error:
        if error.errno in _NOTHING:
            return False
        raise _unclear(file, f"{error.strerror}") from error


def _backing(file: Path) -> Path | None:
    # -U: others may write to it. Only this file is opened, so that a chain that is broken below,
    # or leads to another machine, does not matter.
    try:
        text = process.run(["qemu-img", "info", "-U", "--output=json", file]).stdout
        info = msgspec.json.decode(text, type=_Info)
    except (HostError, msgspec.DecodeError) as error:
        if not file.exists():  # a build's, gone by now
            return None
        raise _unclear(file, str(error).rstrip(".")) from error
    return backing_path(file, info.full_backing_filename or info.backing_filename)


def backing_path(file: Path, name: str) -> Path | None:
    """Return the path of what an image calls its backing file; None if it calls none.

    A name may be relative to the image, "file:PATH", or "json:" and QEMU's options for the file.
    """
    if name.startswith("json:"):
        try:
            name = _file_name(msgspec.json.decode(name.removeprefix("json:")))
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            return None
    name = name.removeprefix("file:")
    return Path(os.path.normpath(file.parent / name)) if name and "\0" not in name else None


def _file_name(options: object) -> str:
    """Options are nested, or flat with dotted names: {"file.filename": …}."""
    if not isinstance(options, dict):
        return ""
    for name, value in options.items():
        if name.rpartition(".")[2] == "filename" and isinstance(value, str):
            return value
        if name.rpartition(".")[2] == "file" and (found := _file_name(value)):
            return found
    return ""


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


def _unclear(path: Path, why: str) -> HostError:
    return HostError(
        f"Cannot tell which backing files {path} needs: {why}.",
        hint="Until that is known nothing can be removed: mend it, or move it out of the pool.",
    )
