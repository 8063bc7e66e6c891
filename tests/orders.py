"""Build orders, and what their builds would come to."""

from builder.model.build import BuildOrder
from builder.recipes.inputs import rendered
from builder.registry.manifest import build_key


def key(order: BuildOrder, *, iso_sha256: str) -> str:
    """Return the key of a build of the order from the ISO with that digest."""
    return build_key(order, rendered(order), origin_sha256=iso_sha256)
