"""What a build has made on the host and not yet given away: found by its id, and cleared up.

Everything that a build makes there carries the build's id in its name, whoever makes it: domains,
the medium, the disk, half-written files. So nobody has to remember what to remove. What a check of
a published template makes carries the name of the check's folder in the same way.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from builder.errors import HostError
from builder.host.host import Host
from builder.monitor import Monitor
from builder.virt import domains, pools


def left(host: Host, build_id: str) -> tuple[str, ...]:
    """Return the names of the build's domains and the paths of its files."""
    return (*_domains(host, build_id), *map(str, _files(host, build_id)))


def running(host: Host, build_id: str) -> bool:
    """Tell whether a guest of the build runs."""
    return any(domains.active(host.connection, name) for name in _domains(host, build_id))


def clear(host: Host, build_id: str, *, keep: Collection[str] = (), monitor: Monitor) -> bool:
    """Remove what is left of the build, but for what is named in `keep`; tell whether all is gone.

    What cannot be removed is told, and stays. The files go also where libvirt does not answer.
    """
    troubles: list[str] = []
    with _noted(troubles):
        for name in (each for each in _domains(host, build_id) if each not in keep):
            domains.remove(domains.Domain(name=name, connection=host.connection))
    with _noted(troubles):
        for path in (each for each in _files(host, build_id) if str(each) not in keep):
            path.unlink(missing_ok=True)
    with suppress(HostError):  # libvirt's own lists, which are renewed before they are used
        _notice(host)
    for each in troubles:
        monitor.tell("warning", f"something of {build_id} is left behind: {each}")
    return not troubles


@contextmanager
def cleared(
    host: Host, build_id: str, *, stays: Callable[[BaseException], bool], monitor: Monitor
) -> Iterator[None]:
    """Clear up at the end of the block, unless it ends in an error for which everything `stays`."""
    try:
        yield
    except BaseException as error:
        if stays(error):
            with suppress(HostError):
                monitor.tell("note", f"kept: {', '.join(left(host, build_id))}")
        elif clear(host, build_id, monitor=monitor) and not isinstance(error, Exception):
            monitor.tell("note", "what was begun is cleaned up")
        raise
    clear(host, build_id, monitor=monitor)


@contextmanager
def _noted(troubles: list[str]) -> Iterator[None]:
    try:
        yield
    except (HostError, OSError) as error:
        troubles.append(str(error))


def _domains(host: Host, build_id: str) -> tuple[str, ...]:
    return tuple(name for name in domains.names(host.connection) if build_id in name)


def _files(host: Host, build_id: str) -> tuple[Path, ...]:
    folders = dict.fromkeys((host.iso_pool.path, host.store_pool.path))
    return tuple(path for folder in folders for path in sorted(folder.glob(f"*{build_id}*")))


def _notice(host: Host) -> None:
    for pool in (host.iso_pool, host.store_pool):
        pools.notice(host.connection, pool.name)
