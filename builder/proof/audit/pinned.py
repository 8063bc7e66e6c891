"""Is the network's configuration bound to the card of the machine that was installed?

Clones have other hardware addresses; and where names follow the card's place, as `ens3`, another
machine's card has another. With net.ifnames=0 and biosdevname=0 a first card is eth0 everywhere.
"""

import re
from collections.abc import Iterable, Iterator

from builder.model.audit import Expected
from builder.proof.audit import netplan
from builder.proof.audit.profiles import Profile, ini, profiles
from builder.proof.audit.tree import GuestTree

_MAC = re.compile(r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}")
# systemd.net-naming-scheme(7): onboard, slot, path, MAC; biosdevname's em1 and p1p1; wireless; and
# what VLANs on these are called.
_BY_PLACE = re.compile(
    r"(?:en[a-zA-Z]{1,2}\d\w*|enx[0-9a-fA-F]{12}|em\d\w*|p\d+p\d\w*|wl[a-z]\w*)(?:\.\d+)?"
)
# Cards that nobody renames: the kernel's names, which every machine has. Patterns fit several.
_OTHERS = re.compile(r"(?!eth\d+(?:[.:]\d+)?\Z)[^*?|&!]+")
_ID = {"UUID", "uuid"}
_CLIENT = {"DHCP_CLIENT_ID", "DHCPV6_DUID", "DUID", "dhcp-client-id", "dhcp-duid"}
_CLIENT_WORDS = {
    "", "mac", "perm-mac", "duid", "ipv6-duid", "stable", "none",
    "lease", "llt", "ll", "stable-llt", "stable-ll", "stable-uuid",
}  # fmt: skip
_NETWORKD = "/etc/systemd/network/**"
_NETWORKD_KINDS = (".network", ".link", ".netdev", ".conf")
_NETWORKD_OWN = "/etc/systemd/networkd.conf"
_UDEV = "/etc/udev/rules.d/*.rules"
_NETPLAN = ("/etc/netplan/*.yaml", "/etc/netplan/*.yml")
_INTERFACES = ("/etc/network/interfaces", "/etc/network/interfaces.d/*")
_DHCP = (
    "/etc/dhcp/dhclient*.conf",
    "/etc/dhclient*.conf",
    "/etc/dhcpcd.conf",
    "/etc/NetworkManager/NetworkManager.conf",
    "/etc/NetworkManager/conf.d/*.conf",
)
_KERNEL = (
    "/etc/cmdline.d/*.conf",
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
_NAMES = re.compile(r"\bNAME:?=\"([^\"]+)\"")
# IPoIB's have 20 bytes, of which the first 12 differ from boot to boot.
_HARDWARE = re.compile(r"[?*]*:?[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5,19}")
_PCI = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]")
_ARGUMENT = re.compile(r"\b(ip|bond|bridge|team|vlan|ifname|BOOTIF)=([^\s\"']+)")


def network_identity(tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """Yield the rules, keys and names that are those of one machine."""
    yield from _generated(tree)
    yield from _of_profiles(profiles(tree), frozenset(_given(tree)))
    for entry in tree.matching(_NETWORKD, _NETWORKD_OWN):
        if entry.path.endswith(_NETWORKD_KINDS):
            yield from _said(entry.path, _of_networkd(tree.text(entry.path)))
    for entry in tree.matching(*_NETPLAN):
        yield from _said(entry.path, netplan.pinned(tree.text(entry.path), _BY_PLACE, _MAC))
    for places, look in (
        ((_UDEV,), _of_udev),
        (_INTERFACES, _of_interfaces),
        (_DHCP, _of_dhcp),
        (_KERNEL, _of_kernel),
    ):
        for entry in tree.matching(*places):
            for line in _lines(tree, entry.path):
                yield from _said(entry.path, look(line))


def _lines(tree: GuestTree, path: str) -> list[str]:
    """Return the lines of a file that are no comments."""
    lines = (line.strip() for line in tree.text(path).splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _generated(tree: GuestTree) -> Iterator[str]:
    """Yield what udev writes; rdma-core's file for IPoIB is there for rules of one's own."""
    for entry in tree.matching("/etc/udev/rules.d/70-persistent-*.rules"):
        if entry.kind == "file" and not entry.path.endswith("-ipoib.rules"):
            yield from (entry.path for _ in _lines(tree, entry.path)[:1])


def _given(tree: GuestTree) -> Iterator[str]:
    """Yield the names that rules give to cards; whether they fit every machine is judged apart."""
    for entry in tree.matching("/etc/systemd/network/*.link"):
        settings = ini(tree.text(entry.path))
        yield from (value for section, key, value in settings if (section, key) == ("Link", "Name"))
    for entry in tree.matching(_UDEV):
        for line in _lines(tree, entry.path):
            yield from (name[1] for name in _NAMES.finditer(line))


def _said(path: str, found: Iterable[str]) -> Iterator[str]:
    """Say what was found: a name by place, or a key, which ends in = or :."""
    for what in found:
        yield _alone(path, what) if _BY_PLACE.fullmatch(what) else f"{path} has {what}"


def _alone(path: str, name: str) -> str:
    return f"{path} is for {name} alone, which other machines may not have"


def _of_profiles(known: tuple[Profile, ...], given: frozenset[str]) -> Iterator[str]:
    """Yield what binds profiles; one for this machine's card does no harm beside one for any."""
    placed = {each.path: _placed(each, given) for each in known}
    fitting = any(
        each.plain and each.starts and not (placed[each.path] or each.places) for each in known
    )
    # By its id others know the bridge or bond that they are a part of.
    mentioned = {
        word
        for each in known
        for key, value in each.settings
        if key not in _ID
        for word in re.split(r"[\s;,]+", value)
    }
    for each in known:
        for key, value in each.settings:
            drawn = key in _ID and value not in mentioned
            if drawn or key == "timestamp" or _is_address(key, value) or _is_client(key, value):
                yield f"{each.path} has {key}="
        if not (each.plain and fitting):
            yield from (_alone(each.path, name) for name in placed[each.path])
            yield from (f"{each.path} has path=" for _ in each.places[:1])


def _placed(profile: Profile, given: frozenset[str]) -> list[str]:
    """Return the names that other machines' cards have not; somebody's rule may give them."""
    unlike = _OTHERS if profile.of_card else _BY_PLACE
    names = [name for name in profile.devices if unlike.fullmatch(name)]
    names += [name for name in profile.parents if _BY_PLACE.fullmatch(name)]
    return [name for name in names if name not in given]


def _is_address(key: str, value: str) -> bool:
    """Tell addresses from words that may stand in their place, as `stable` and `random`."""
    always = key in {"HWADDR", "mac-address"} and value != ""
    return always or (key in {"MACADDR", "cloned-mac-address"} and bool(_MAC.fullmatch(value)))


def _is_client(key: str, value: str) -> bool:
    """Tell what a DHCP server knows a machine by from the words for another one on each."""
    return key in _CLIENT and value not in _CLIENT_WORDS


def _of_networkd(text: str) -> Iterator[str]:
    """A .link file gives names as well, and the names that it gives hold everywhere."""
    for section, key, value in ini(text):
        if key in {"MACAddress", "PermanentMACAddress"} and section in {"Match", "Link", "NetDev"}:
            yield from (f"{key}=" for _ in _MAC.findall(value)[:1])
        if key == "DUIDRawData" and value:
            yield "DUIDRawData="
        if section != "Match":
            continue
        # Several names and patterns may stand there; one that other machines have is enough.
        words = [word for word in value.split() if not word.startswith("!")]
        if key in {"Name", "OriginalName"} and all(_BY_PLACE.fullmatch(word) for word in words):
            yield from words
        if key == "Path" and words and not any(re.search(r"[*?\[]", word) for word in words):
            yield "Path="


def _of_udev(line: str) -> Iterator[str]:
    found = _MATCHED.findall(line)
    of_net = ("SUBSYSTEM", "", "net") in found
    for key, attribute, value in found:
        if key in {"ATTR", "ATTRS"} and attribute == "address" and _HARDWARE.fullmatch(value):
            yield f"{key}{{address}}=="
        if key == "KERNELS" and _PCI.fullmatch(value) and of_net:
            yield "KERNELS=="
        if (key, attribute) == ("ENV", "ID_PATH") and of_net and not re.search(r"[*?\[]", value):
            yield "ENV{ID_PATH}=="


def _of_dhcp(line: str) -> Iterator[str]:
    """dhclient.conf(5) and dhcpcd.conf(5): an expression, as = hardware, is another on each."""
    if found := re.match(r"send\s+(dhcp-client-identifier|dhcp6\.client-id)\s+[^=\s]", line):
        yield found[1]
    if re.match(r"clientid\s+\S", line):
        yield "clientid"
    # NetworkManager.conf(5): what holds for every profile.
    if found := re.match(r"(?:ipv[46]\.)?(dhcp-client-id|dhcp-duid)\s*=\s*(\S+)", line):
        yield from (f"{found[1]}=" for _ in [0] if found[2] not in _CLIENT_WORDS)


def _of_interfaces(line: str) -> Iterator[str]:
    words = line.split()
    if words[:1] == ["hwaddress"] and _MAC.fullmatch(words[-1]):
        yield "hwaddress"
    if words[:1] == ["iface"] and _BY_PLACE.fullmatch(words[1] if words[1:] else ""):
        yield words[1]


def _of_kernel(line: str) -> Iterator[str]:
    """dracut.cmdline(7); fields are set off by colons, what is made of several cards by commas."""
    for key, value in _ARGUMENT.findall(line):
        yield from (f"{key}=" for _ in _MAC.findall(value)[:1])
        if key not in {"ifname", "BOOTIF"}:
            yield from (name for name in re.split("[:,]", value) if _BY_PLACE.fullmatch(name))
