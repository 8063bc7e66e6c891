"""What a domain's screen shows."""

from pathlib import Path

import libvirt

from builder import files
from builder.errors import HostError
from builder.model.screen import Screen
from builder.virt.domains import Domain
from builder.virt.latest import Latest


def grab(domain: Domain) -> Screen | None:
    """Return what the screen shows; None without one, or once the domain is gone."""
    try:
        stream = domain.connection.handle.newStream(0)
        kind = str(domain.handle.screenshot(stream, 0, 0))
        parts = []
        while data := stream.recv(262144):
            parts.append(data)
        stream.finish()
    except (libvirt.libvirtError, HostError):
        return None
    return Screen(data=b"".join(parts), suffix=".png" if kind == "image/png" else ".ppm")


def screenshot(domain: Domain, path: Path) -> Path | None:
    """Save what the screen shows beside `path`, with the picture's suffix; None without one."""
    with Latest(grab, domain) as shown:
        screen = shown.next()
    if screen is None:
        return None
    target = path.with_suffix(screen.suffix)
    with files.replacing(target, mode=0o600, durable=False) as part:
        part.write_bytes(screen.data)
    return target
