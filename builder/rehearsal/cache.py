"""The rehearsal ISOs of this builder and this distribution, each layout's made once."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from builder.monitor import Monitor
from builder.rehearsal import distribution
from builder.rehearsal.make import make


def cached(cache: Path, *, layout: str, monitor: Monitor) -> Path:
    """Return the ISO of a layout, named by what it is made of; made now unless the cache has it.

    Builds that want it at the same time wait for one of them to make it. Raises HostError.
    """
    path = location(cache, layout=layout)
    if path.is_file():
        return path
    return make(path, cache=_folder(cache), layout=layout, monitor=monitor, keep=True)


def location(cache: Path, *, layout: str) -> Path:
    """Return where the ISO of a layout is, or will be.

    The name covers our own code for it and the names of what goes in. What the distribution
    publishes later under these names changes nothing: clear the cache.
    """
    here = Path(__file__).parent
    sources = sorted(path for path in here.rglob("*") if path.suffix != ".pyc" and path.is_file())
    digest = hashlib.sha256(f"{distribution.detect()} {version('pykickstart')}".encode())
    for path in sources:
        digest.update(path.read_bytes())
    return _folder(cache) / f"rehearsal-{layout}-{digest.hexdigest()[:12]}.iso"


def _folder(cache: Path) -> Path:
    return cache / "rehearsal"
