"""Is the network's configuration bound to the card of the machine that was installed?

Clones have other hardware addresses; and where names follow the card's place, as `ens3`, another
machine's card has another. With net.ifnames=0 and biosdevname=0 a first card is eth0 everywhere.
"""

import re
from collections.abc import Callable, Iterator

from builder.model.audit import Expected
from builder.proof.audit.tree import GuestTree

_FOLLOWS = "a name that follows from the card's place, where net.ifnames=0 makes it eth0"
_MAC = r"[\"']?[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}"
# systemd.net-naming-scheme(7): onboard, slot, path, MAC; biosdevname's em1 and p1p1; wireless.
_BY_PLACE = r"(?:en[a-zA-Z]{0,2}\d\w*|enx[0-9a-fA-F]{12}|em\d\w*|p\d+p\d\w*|wl[a-z]\w*)"
_IFCFG = ("/etc/sysconfig/network-scripts/ifcfg-*",)
_NM = (
    "/etc/NetworkManager/system-connections/*",
    "/usr/lib/NetworkManager/system-connections/*",
)
_NETWORKD = tuple(f"/etc/systemd/network/**.{kind}" for kind in ("network", "link", "netdev"))
_UDEV = ("/etc/udev/rules.d/*.rules",)
_NETPLAN = ("/etc/netplan/*.yaml", "/etc/netplan/*.yml")
_INTERFACES = ("/etc/network/interfaces", "/etc/network/interfaces.d/*")
_KERNEL = (
    "/etc/default/grub",
    "/etc/kernel/cmdline",
    "/boot/loader/entries/*.conf",
    "/boot/grub*/grub.cfg",
    "/boot/efi/EFI/*/grub.cfg",
)


def _keys(names: str, value: str = ".") -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*((?:{names}))[ \t]*=[ \t]*{value}", re.MULTILINE)


def _names(before: str, after: str = r"[\"']?[ \t]*$") -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*{before}[\"']?({_BY_PLACE}){after}", re.MULTILINE)


_ADDRESSED = (
    (_IFCFG, _keys("HWADDR|MACADDR|UUID")),
    (_NM, _keys("uuid|mac-address|timestamp")),
    (_NM, _keys("cloned-mac-address", _MAC)),
    (_NETWORKD, _keys("MACAddress|PermanentMACAddress", _MAC)),
    (_UDEV, re.compile(r"^[^#\n]*\b(ATTRS?\{address\}==)", re.MULTILINE)),
    (_UDEV, re.compile(r"^[^#\n]*\"net\"[^\n]*\b(KERNELS==)", re.MULTILINE)),
    (_NETPLAN, re.compile(rf"^[ \t]*(macaddress:)[ \t]*{_MAC}", re.MULTILINE)),
    (_INTERFACES, re.compile(r"^[ \t]*(hwaddress)[ \t]", re.MULTILINE)),
    (_KERNEL, re.compile(rf"^[^#\n]*\b((?:ifname|BOOTIF)=)\S*{_MAC[5:]}", re.MULTILINE)),
)
_PLACED = (
    (_IFCFG, _names("DEVICE=")),
    (_NM, _names("interface-name[ \t]*=[ \t]*")),
    (_NETWORKD, _names("(?:Name|OriginalName)[ \t]*=[ \t]*")),
    (_NETPLAN, _names("(?:name:[ \t]*)?", r"[\"']?(?::[ \t]*)?$")),
    (_INTERFACES, _names("iface[ \t]+", r"[ \t]")),
    (_KERNEL, re.compile(rf"^[^#\n]*\bip=(?:[^\s:]*:){{0,5}}({_BY_PLACE}):", re.MULTILINE)),
)


def network_identity(tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """Yield the rules, keys and names that are those of one machine."""
    yield from (e.path for e in tree.matching("/etc/udev/rules.d/70-persistent-*.rules"))
    yield from _found(tree, _ADDRESSED, lambda what: f"has {_key(what)}")
    yield from _found(tree, _PLACED, lambda what: f"names {what}, {_FOLLOWS}")


def _found(
    tree: GuestTree,
    table: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...],
    said: Callable[[str], str],
) -> Iterator[str]:
    for places, pattern in table:
        for entry in tree.matching(*places):
            text = tree.text(entry.path) if entry.kind == "file" else ""
            yield from (f"{entry.path} {said(found[1])}" for found in pattern.finditer(text))


def _key(what: str) -> str:
    return what if what.endswith(("=", ":", "hwaddress")) else f"{what}="
