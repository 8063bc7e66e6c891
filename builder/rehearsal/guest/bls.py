"""Boot entries as EL has them from 8 on, of the Boot Loader Specification, beside GRUB's menu.

Debian's GRUB does not read them and boots from its own menu: they are there for those who seal and
audit a template of EL, and say the same as the menu.
"""

import re
from pathlib import Path

from builder.rehearsal.guest.family import Family

_LINE = re.compile(r"^\tlinux (?P<kernel>\S*/vmlinuz-\S+) (?P<options>.*)$", re.M)


def write(sysroot: Path, family: Family) -> None:
    """Write an entry for the menu's kernel, called by the machine-id; nothing without a menu."""
    menu = sysroot / "boot/grub/grub.cfg"
    machine = (sysroot / "etc/machine-id").read_text().strip()
    found = _LINE.search(menu.read_text()) if menu.is_file() else None
    if not found or not machine:
        return
    kernel, options = found["kernel"], found["options"]
    release = kernel.rpartition("vmlinuz-")[2]
    entries = sysroot / "boot/loader/entries"
    entries.mkdir(parents=True, exist_ok=True)
    told = options if family.literal_options else "$kernelopts"
    (entries / f"{machine}-{release}.conf").write_text(
        f"title Builder Rehearsal ({release})\nversion {release}\nlinux {kernel}\n"
        f"initrd {kernel.replace('vmlinuz-', 'initrd.img-')}\noptions {told}\n"
        "grub_users $grub_users\ngrub_arg --unrestricted\ngrub_class kernel\n"
    )
    if family.literal_options:
        file = sysroot / "etc/kernel/cmdline"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{options}\n")
