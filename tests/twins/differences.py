"""In what two systems differ that were installed alike, and why they may."""

import re
from collections.abc import Iterator

from builder.proof.audit.tree import GuestTree

_EXPLAINED = {
    "ids of file systems": re.compile(
        r"/etc/(?:fstab|crypttab|kernel/cmdline|default/grub|lvm/.*)"
        r"|/boot/(?:grub2?/.*|loader/entries/.*|efi/EFI/[^/]+/grub.cfg|init(?:rd|ramfs).*)"
    ),
    "times of packages": re.compile(
        r"/var/lib/(?:rpm|yum(?!/uuid)|dnf)/.*|/usr/lib/sysimage/.*|/var/cache/(?:ldconfig|man)/.*"
    ),
}
"""Why files may differ that clones may share."""


def differences(one: GuestTree, other: GuestTree) -> Iterator[tuple[str, str]]:
    """Yield each path in which two systems differ, and how; contents where the reader has them."""
    for path in sorted(one.entries.keys() | other.entries.keys()):
        first, second = one.entries.get(path), other.entries.get(path)
        if first is None or second is None:
            yield path, "only in one of them"
        elif (first.kind, first.mode, first.label) != (second.kind, second.mode, second.label):
            yield path, "another kind, mode or label"
        elif first.kind == "file" and first.size != second.size:
            yield path, f"{first.size} and {second.size} bytes"
        elif first.kind == "file" and one.read(path) != other.read(path):
            yield path, "another content"


def explained(path: str) -> str:
    """Return why a file may differ; empty where nobody knows."""
    return next((why for why, paths in _EXPLAINED.items() if paths.fullmatch(path)), "")
