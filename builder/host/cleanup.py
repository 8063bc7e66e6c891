"""What a build has made on the host and not yet given away: found by its id, and cleared up.

What a build, or a check of a published template, makes has one of the names that follow from its
id (builder/model/traces.py), and its domains say whose they are. So nobody has to remember what to
remove, and nothing else is ever taken for it.
"""

import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from builder.errors import HostError
from builder.host.host import Host
from builder.model.traces import Traces, scratch_of
from builder.monitor import Monitor
from builder.record.builds import same
from builder.virt import domains, pools, usage
from builder.virt.ours import Ours, ours


def left(host: Host, traces: Traces) -> tuple[str, ...]:
    """Return the names of the build's domains and the paths of its files."""
    names = (each.name for each in _domains(host, traces))
    return (*names, *map(str, files_of(host, traces)))


def elsewhere(host: Host, traces: Traces) -> str:
    """Return the folder that its domains are for, where that is not this one: it may be a copy."""
    homes = (each.maker.home for each in _domains(host, traces))
    return next((str(home) for home in homes if not same(home, traces.home)), "")


def running(host: Host, traces: Traces) -> bool:
    """Tell whether a guest of the build runs."""
    return any(each.active for each in _domains(host, traces))


def clear(host: Host, traces: Traces, *, keep: Collection[str] = (), monitor: Monitor) -> bool:
    """Remove what is left of the build, but for what is named in `keep`; tell whether all is gone.

    What cannot be removed is told, and stays. The files go also where libvirt does not answer.
    """
    with told(traces, monitor) as of_domains:
        remove(host, [each.name for each in _domains(host, traces) if each.name not in keep], ())
    with told(traces, monitor) as of_files:
        remove(host, (), [each for each in files_of(host, traces) if str(each) not in keep])
    return not (of_domains or of_files)


def remove(host: Host, names: Collection[str], paths: Collection[Path]) -> None:
    """Remove domains, then files that they may have as disks.

    A file that another domain has as a disk stays. Raises HostError, for that too, and OSError.
    """
    for name in names:
        domains.remove(domains.Domain(name=name, connection=host.connection))
    taken = _disks(host) if paths else ()
    users = {path: usage.users(taken, path) for path in paths}
    for path in (each for each, needed in users.items() if not needed):
        path.unlink(missing_ok=True)
    with suppress(HostError):  # libvirt's own lists, which are renewed before they are used
        for pool in (host.iso_pool, host.store_pool) if paths else ():
            pools.notice(host.connection, pool.name)
    for path, needed in users.items():
        if needed:
            who = ", ".join(needed)
            raise HostError(f"{path} stays: {who} needs it.", hint="Remove what needs it first.")


def _disks(host: Host) -> tuple[usage.Use, ...]:
    """Return the files that domains have as disks; none where libvirt does not answer."""
    with suppress(HostError):
        return usage.disks(host.connection)
    return ()


@contextmanager
def cleared(
    host: Host, traces: Traces, *, stays: Callable[[BaseException], bool], monitor: Monitor
) -> Iterator[None]:
    """Clear up at the end of the block, unless it ends in an error for which everything `stays`."""
    try:
        yield
    except BaseException as error:
        if stays(error):
            with suppress(HostError):
                monitor.tell("note", f"kept: {', '.join(left(host, traces))}")
        elif clear(host, traces, monitor=monitor) and not isinstance(error, Exception):
            monitor.tell("note", "what was begun is cleaned up")
        raise
    clear(host, traces, monitor=monitor)


@contextmanager
def told(traces: Traces, monitor: Monitor) -> Iterator[list[str]]:
    """Warn of what cannot be removed in the block, instead of raising HostError or OSError.

    It gets the list of what is told of.
    """
    troubles: list[str] = []
    try:
        yield troubles
    except (HostError, OSError) as error:
        why = f"{error} {error.hint}" if isinstance(error, HostError) else str(error)
        troubles.append(why.strip())
        monitor.tell("warning", f"something of {traces.id} is left behind: {why.strip()}")


def _domains(host: Host, traces: Traces) -> tuple[Ours, ...]:
    known = (each for each in ours(host.connection) if each.maker.id == traces.id)
    return tuple(each for each in known if each.name in traces.domains)


def files_of(host: Host, traces: Traces) -> tuple[Path, ...]:
    """Return the files in the pools that have exactly the names of the build's."""
    if not traces.genuine:
        return ()
    named = traces.files(iso_pool=host.iso_pool.path, store_pool=host.store_pool.path)
    there = {*filter(_is_plain, named), *_half_written(named)}
    return tuple(sorted(there))


def _half_written(named: Collection[Path]) -> Iterator[Path]:
    names: dict[Path, set[str]] = {}
    for path in named:
        names.setdefault(path.parent, set()).add(path.name)
    for folder, stems in names.items():
        for path in folder.glob(".*.part"):
            if scratch_of(path.name) in stems and _is_plain(path):
                yield path


def _is_plain(path: Path) -> bool:
    """Tell whether it is a file, not a link to one: we make no links there."""
    with suppress(OSError):
        return stat.S_ISREG(path.lstat().st_mode)
    return False
