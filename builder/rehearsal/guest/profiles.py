"""Files of the network's cards as EL has them. What is installed is Debian and does not read them.

They are there for those who seal and audit a template of EL.
"""

import uuid
from pathlib import Path

from builder.rehearsal.guest.model import Link

_SYS = Path("/sys/class/net")


def write(link: Link, sysroot: Path, *, kind: str) -> None:
    """Write the link's profile of the kind "ifcfg" or "keyfile"; none for ""."""
    device = link.device or first_card()
    if not kind or not device:
        return
    text = ifcfg(link, device) if kind == "ifcfg" else keyfile(link, device)
    folder, name = {
        "ifcfg": ("etc/sysconfig/network-scripts", f"ifcfg-{device}"),
        "keyfile": ("etc/NetworkManager/system-connections", f"{device}.nmconnection"),
    }[kind]
    file = sysroot / folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)


def first_card(*, sys: Path = _SYS) -> str:
    """Return the card that `--device=link` means in this machine: the first, but not the loop."""
    names = sorted(card.name for card in sys.glob("*") if card.name != "lo")
    return names[0] if names else ""


def _uuid(device: str) -> str:
    # NetworkManager draws one; here the same machine has the same at every installation.
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{device}.rehearsal"))


def ifcfg(link: Link, device: str) -> str:
    """Return the text of EL 8's ifcfg file, bound to the installer's name of the card."""
    lines = {
        "TYPE": "Ethernet",
        "PROXY_METHOD": "none",
        "BROWSER_ONLY": "no",
        "BOOTPROTO": "dhcp" if link.dhcp else "none",
        "DEFROUTE": "yes",
        "NAME": device,
        "UUID": _uuid(device),
        "DEVICE": device,
        "ONBOOT": "yes" if link.onboot else "no",
    }
    if not link.dhcp:
        lines |= {"IPADDR": link.address, "NETMASK": link.netmask, "GATEWAY": link.gateway}
    return "".join(f"{key}={value}\n" for key, value in lines.items() if value)


def keyfile(link: Link, device: str) -> str:
    """Return the text of NetworkManager's keyfile, bound to the installer's name of the card."""
    ipv4 = ["method=auto" if link.dhcp else "method=manual"]
    if not link.dhcp:
        ipv4.insert(0, f"address1={link.address}/{link.netmask},{link.gateway}".rstrip(","))
    return "\n".join(
        [
            "[connection]",
            f"id={device}",
            f"uuid={_uuid(device)}",
            "type=ethernet",
            "autoconnect-priority=-999",
            f"interface-name={device}",
            "",
            "[ethernet]",
            "",
            "[ipv4]",
            *ipv4,
            "",
            "[ipv6]",
            "addr-gen-mode=eui64",
            "method=auto",
            "",
            "[proxy]",
            "",
        ]
    )
