"""Does the image hold more than its file systems do?

Files that were deleted, on a file system or volume whose freed blocks the seal could not give back,
are still in the image: they make it large, and whoever has it can read them.
"""

from builder.model.audit import Finding
from builder.model.text import whole_number
from builder.proof.audit.tree import GuestTree

NAME = "freed-data"
_SAYS = "nothing that was deleted is in the image"
_LATE = 64 << 20
"""Bytes that may have been freed after the seal, or lie outside of all partitions."""


def freed(tree: GuestTree, *, allocated: int) -> Finding:
    """Judge an image of which `allocated` bytes hold data, in clusters no larger than 4 KiB.

    What the reader noted as used is all that no file system calls free: journals, tables of inodes
    and what is on no file system count whole. So an image that is right cannot hold more.
    """
    notes = [line.partition(" ") for line in tree.fact("used").splitlines()]
    used = sum(whole_number(count) or 0 for count, _, _device in notes)
    if not notes or allocated <= used + _LATE:
        return Finding(check=NAME, says=_SAYS)
    sizes = f"the image holds {allocated >> 20} MiB, and only {used >> 20} are in use"
    return Finding(check=NAME, says=_SAYS, details=(f"{sizes}: something deleted may be in it",))
