"""Is the network's configuration bound to the card of the machine that was installed?

Clones have other hardware addresses; and where names follow the card's place, as `ens3`, another
machine's card has another. With net.ifnames=0 and biosdevname=0 a first card is eth0 everywhere.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from builder.model.audit import Expected
from builder.proof.audit.profiles import Profile, ini, profiles
from builder.proof.audit.tree import GuestTree

_MAC = re.compile(r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}")
# systemd.net-naming-scheme(7): onboard, slot, path, MAC; biosdevname's em1 and p1p1; wireless; and
# what VLANs on these are called.
_BY_PLACE = re.compile(
    r"(?:en[a-zA-Z]{1,2}\d\w*|enx[0-9a-fA-F]{12}|em\d\w*|p\d+p\d\w*|wl[a-z]\w*)(?:\.\d+)?"
)
_NETWORKD = "/etc/systemd/network/**"
_NETWORKD_KINDS = (".network", ".link", ".netdev", ".conf")
_UDEV = "/etc/udev/rules.d/*.rules"
_NETPLAN = ("/etc/netplan/*.yaml", "/etc/netplan/*.yml")
_INTERFACES = ("/etc/network/interfaces", "/etc/network/interfaces.d/*")
_KERNEL = (
    "/etc/default/grub",
    "/etc/kernel/cmdline",
    "/boot/loader/entries/*.conf",
    "/boot/grub*/grub.cfg",
    "/boot/grub*/grub.conf",
    "/boot/grub*/grubenv",
    "/boot/efi/EFI/*/grub.cfg",
    "/boot/efi/EFI/*/grubenv",
)
_MATCHED = re.compile(r"\b([A-Z]+)(?:\{(\w+)\})?==\"([^\"]*)\"")
_PCI = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]")
_ARGUMENT = re.compile(r"\b(ip|bond|bridge|team|vlan|ifname|BOOTIF)=([^\s\"']+)")


def network_identity(tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """Yield the rules, keys and names that are those of one machine."""
    yield from (e.path for e in tree.matching("/etc/udev/rules.d/70-persistent-*.rules"))
    yield from _of_profiles(profiles(tree))
    for entry in tree.matching(_NETWORKD):
        if entry.path.endswith(_NETWORKD_KINDS):
            yield from _said(entry.path, _of_networkd(tree.text(entry.path)))
    for places, look in (
        ((_UDEV,), _of_udev),
        (_NETPLAN, _of_netplan),
        (_INTERFACES, _of_interfaces),
        (_KERNEL, _of_kernel),
    ):
        for entry in tree.matching(*places):
            lines = (line.strip() for line in tree.text(entry.path).splitlines())
            for line in lines:
                yield from _said(entry.path, () if line.startswith("#") else look(line))


def _said(path: str, found: Iterable[str]) -> Iterator[str]:
    """Say what was found: a name by place, or a key, which ends in = or :."""
    for what in found:
        if _BY_PLACE.fullmatch(what):
            yield f"{path} is for {what} alone, which other machines may not have"
        else:
            yield f"{path} has {what}"


def _of_profiles(known: tuple[Profile, ...]) -> Iterator[str]:
    """Yield what binds profiles; one for this machine's card does no harm beside one for any."""
    fitting = any(each.plain and each.starts and not _placed(each) for each in known)
    mentioned = Counter(value for each in known for value in {value for _, value in each.settings})
    for each in known:
        for key, value in each.settings:
            # By its id others know the bridge or bond that they are a part of.
            drawn = key in {"UUID", "uuid"} and mentioned[value] == 1
            if drawn or key == "timestamp" or _is_address(key, value):
                yield f"{each.path} has {key}="
        if not (each.plain and fitting):
            yield from _said(each.path, _placed(each))


def _placed(profile: Profile) -> list[str]:
    return [name for name in profile.devices if _BY_PLACE.fullmatch(name)]


def _is_address(key: str, value: str) -> bool:
    """Tell addresses from words that may stand in their place, as `stable` and `random`."""
    always = key in {"HWADDR", "mac-address"} and value != ""
    return always or (key in {"MACADDR", "cloned-mac-address"} and bool(_MAC.fullmatch(value)))


def _of_networkd(text: str) -> Iterator[str]:
    """A .link file gives names as well, and the names that it gives hold everywhere."""
    for section, key, value in ini(text):
        if key in {"MACAddress", "PermanentMACAddress"} and section in {"Match", "Link", "NetDev"}:
            yield from (f"{key}=" for _ in _MAC.findall(value)[:1])
        if section == "Match" and key in {"Name", "OriginalName"} and _BY_PLACE.fullmatch(value):
            yield value


def _of_udev(line: str) -> Iterator[str]:
    found = _MATCHED.findall(line)
    for key, attribute, value in found:
        if key in {"ATTR", "ATTRS"} and attribute == "address" and _MAC.fullmatch(value):
            yield f"{key}{{address}}=="
        if key == "KERNELS" and _PCI.fullmatch(value) and ("SUBSYSTEM", "", "net") in found:
            yield "KERNELS=="


def _of_netplan(line: str) -> Iterator[str]:
    """Cards are keys, or are found by what stands below `match`."""
    key, _, value = (part.strip(" \t\"'") for part in line.partition(":"))
    if key == "macaddress" and _MAC.fullmatch(value):
        yield "macaddress:"
    name = value if key == "name" else "" if value else key
    if _BY_PLACE.fullmatch(name):
        yield name


def _of_interfaces(line: str) -> Iterator[str]:
    words = line.split()
    if words[:1] == ["hwaddress"] and _MAC.fullmatch(words[-1]):
        yield "hwaddress"
    if words[:1] == ["iface"] and _BY_PLACE.fullmatch(words[1] if words[1:] else ""):
        yield words[1]


def _of_kernel(line: str) -> Iterator[str]:
    """dracut.cmdline(7); fields are set off by colons, what is made of several cards by commas."""
    for key, value in _ARGUMENT.findall(line):
        if key in {"ifname", "BOOTIF"}:
            yield from (f"{key}=" for _ in _MAC.findall(value)[:1])
        else:
            yield from (name for name in re.split("[:,]", value) if _BY_PLACE.fullmatch(name))
