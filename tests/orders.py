"""Build orders, and what their builds would come to."""

from typing import Any

from builder.kickstart.library import Library
from builder.model.build import BuildOrder
from builder.monitor import SilentMonitor
from builder.recipes.inputs import rendered
from builder.recipes.order import Request, resolve
from builder.registry.manifest import build_key

LIBRARY = Library()


def ordered(release: str = "centos7", *, library: Library = LIBRARY, **request: Any) -> BuildOrder:  # noqa: ANN401
    """Return the order of a request, made where the environment has no passwords."""
    return resolve(Request(release=release, **request), library, environ={})


def key(order: BuildOrder, *, iso_sha256: str) -> str:
    """Return the key of a build of the order from the ISO with that digest."""
    return build_key(order, rendered(order, monitor=SilentMonitor()), origin_sha256=iso_sha256)
