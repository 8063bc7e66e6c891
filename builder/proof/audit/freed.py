"""Does the image hold more than its file systems do?

Files that were deleted, on a file system or volume whose freed blocks the seal could not give back,
are still in the image: they make it large, and whoever has it can read them.
"""

from builder.model.audit import Finding
from builder.model.text import whole_number
from builder.proof.audit.tree import GuestTree

NAME = "freed-data"
_OWN = 96 << 20
"""Bytes that a file system may have beside what it counts as used: mostly its journal."""
_SHARE = 10
"""Clusters of an image are larger than blocks: so many percent are no sign of anything."""


def freed(tree: GuestTree, *, allocated: int) -> Finding:
    """Judge an image that holds `allocated` bytes of data."""
    notes = [line.partition(" ") for line in tree.fact("used").splitlines()]
    used = sum(whole_number(count) or 0 for count, _, _folder in notes)
    most = used + used * _SHARE // 100 + _OWN * len(notes)
    says = "nothing that was deleted is in the image"
    if not notes or allocated <= most:
        return Finding(check=NAME, says=says)
    sizes = f"the image holds {allocated >> 20} MiB, its file systems {used >> 20}"
    return Finding(check=NAME, says=says, details=(f"{sizes}: something deleted may be in it",))
