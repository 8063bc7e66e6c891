"""Does a machine that has never booted the disk find its boot loader?"""

from collections.abc import Iterator

from builder.model.audit import Expected
from builder.proof.audit.tree import GuestTree


def fallback(tree: GuestTree, expected: Expected) -> Iterator[str]:
    """Yield what UEFI of a clone lacks: it has variables of its own, without a boot entry.

    Such firmware looks for EFI/BOOT/BOOTX64.EFI on EFI system partitions (UEFI 3.5.1.1).
    """
    if expected.firmware not in {"uefi", "hybrid"}:
        return
    found = [line.partition(" ") for line in tree.fact("fallback").splitlines()]
    if not any(said == "yes" for said, _, _device in found):
        where = ", ".join(device for _said, _, device in found) or "a file system that UEFI reads"
        yield f"there is no EFI/BOOT/BOOTX64.EFI on {where}"
