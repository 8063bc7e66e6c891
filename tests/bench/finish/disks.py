"""The disk that gets finished: an installation as it was left, and the same sealed in the guest."""

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from builder.install.plan import install_plan
from builder.install.run import install
from builder.kickstart.library import Library
from builder.media.edits import Edits
from builder.media.remaster import remaster
from builder.model.installation import Limits
from builder.model.traces import Traces
from builder.monitor import SilentMonitor
from builder.recipes.audit import BLOCK
from builder.recipes.inputs import rendered
from builder.recipes.order import Request, resolve
from builder.virt import domains, volumes
from tests.bench.overhead.place import RELEASE, Place

_SILENT = SilentMonitor()
_MARK = re.compile(r"finish-bench (begin|end) ([0-9.]+)")
# The installer's own programs are what such a system consists of: libraries, programs, texts.
_FILL = """
%post --nochroot --erroronfail
for copy in $(seq {copies}); do
    mkdir -p /mnt/sysimage/opt/fill$copy
    cp -a /usr/. /mnt/sysimage/opt/fill$copy/
done
%end
"""


class Disk(msgspec.Struct, frozen=True):
    """An installed disk."""

    path: Path
    seal_seconds: float
    """What the seal and the trim took inside the guest; 0 where there was none."""
    install_seconds: float
    """What all of the installation took."""


@contextmanager
def installed(place: Place, *, seal: bool, copies: int) -> Iterator[Disk]:
    """Install the rehearsal and `copies` times 250 MB more, for the block.

    The one that is sealed has clusters as builds have them, the other QEMU's own.
    """
    nonce = secrets.token_hex(16)
    folder = place.folder / f"finish-{seal}"
    folder.mkdir()
    pool, name = place.host.store_pool.name, f"{folder.name}.qcow2"
    request = Request(release=RELEASE, variables={"seal": str(seal).lower()})
    text = _marked(rendered(resolve(request, Library()), monitor=_SILENT).for_build(nonce), copies)
    boot = place.host.iso_pool.path / name
    media = remaster(place.iso, Edits(kickstart=text), output=boot, overlay=True, monitor=_SILENT)
    disk = volumes.create(
        place.host.connection, pool, name, capacity=8 << 30, cluster=BLOCK if seal else 0
    )
    plan = install_plan(
        folder.name,
        place.machine,
        nonce=nonce,
        disk=disk.path,
        media=media,
        # A domain of the same name would be joined.
        traces=Traces(id=place.folder.name, folder=folder, began=datetime.now(UTC)),
    )
    limits = Limits(deadlines=place.host.settings.deadlines)
    try:
        began = time.monotonic()
        install(plan, place.host.connection, limits=limits, monitor=_SILENT)
        took = time.monotonic() - began
        sealing = _seconds((folder / "console.log").read_text(errors="replace"))
        yield Disk(disk.path, sealing, took)
    finally:
        domains.remove(domains.Domain(name=plan.domain.name, connection=place.host.connection))
        boot.unlink()
        volumes.delete(place.host.connection, pool, name)


def _marked(text: str, copies: int) -> str:
    """Return the kickstart with the filling, and marks on the console around the seal."""
    place = text.index("%onerror")
    text = text[:place] + _FILL.format(copies=copies) + "\n" + text[place:]
    seal = text.rfind("%post --nochroot --erroronfail\n# Anaconda's own")
    if seal < 0:
        return text
    last = text.rindex("%post --erroronfail")
    return text[:seal] + _mark("begin") + text[seal:last] + _mark("end") + text[last:]


def _mark(word: str) -> str:
    return (
        f'%post\necho "finish-bench {word} $(cut -d" " -f1 /proc/uptime)" >/dev/console\n%end\n\n'
    )


def _seconds(console: str) -> float:
    marks = {word: float(seconds) for word, seconds in _MARK.findall(console)}
    return marks["end"] - marks["begin"] if marks else 0
