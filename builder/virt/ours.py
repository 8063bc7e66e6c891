"""The domains of builds and checks: whose they are, as their definitions tell."""

from pathlib import Path

import libvirt
import msgspec

from builder.model.traces import Traces
from builder.virt import domain_xml, xml
from builder.virt.connection import Connection, persistent, translated

_PREFIX = "builder-"


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """A domain whose definition says which build or check it was made for."""

    name: str
    maker: Traces
    active: bool
    disks: tuple[Path, ...]


@persistent
def ours(connection: Connection) -> tuple[Ours, ...]:
    """Return the domains of builds and checks, by name.

    That is those whose name their maker may give: a definition that was copied proves nothing.
    """
    with translated("Cannot list the domains"):
        handles = connection.handle.listAllDomains(0)
        likely = [each for each in handles if each.name().startswith(_PREFIX)]
        found = [read for each in likely if (read := _read(each))]
    return tuple(sorted(found, key=lambda each: each.name))


def in_use(connection: Connection) -> bool:
    """Tell whether a guest runs, whoever's, or one of a build is left that can be joined."""
    with translated("Cannot list the domains"):
        active = connection.handle.numOfDomains()
    return bool(active or ours(connection))


def _read(handle: libvirt.virDomain) -> Ours | None:
    try:
        document = str(handle.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        active = bool(handle.isActive())
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:  # gone since it was listed
            raise
        return None
    traces, name = domain_xml.maker(document), str(handle.name())
    if traces is None or not traces.genuine or name not in traces.domains:
        return None
    disks = tuple(each.path for each in xml.disk_files(document, pools={}))
    return Ours(name=name, maker=traces, active=active, disks=disks)
