"""Configures the installed system: names, network, accounts, locale, services."""

import ipaddress
import secrets
from pathlib import Path

from builder.rehearsal.guest import disks, profiles
from builder.rehearsal.guest.family import Family
from builder.rehearsal.guest.layout import DiskLayout
from builder.rehearsal.guest.model import Failure, Link, Locale, Network, Order, Password, User
from builder.rehearsal.guest.programs import Runner

_ENABLED_NETWORK = "systemd-networkd.service"
_RESOLVER = "../run/systemd/resolve/stub-resolv.conf"


def write_fstab(layout: DiskLayout, runner: Runner) -> None:
    """Write /etc/fstab by UUID."""
    uuids = {made.device: runner.uuid(made.device) for made in layout.filesystems}
    (runner.sysroot / "etc/fstab").write_text(disks.fstab(layout, uuids))


def make_identity(runner: Runner) -> None:
    """Give the system a machine-id of its own, by which its boot entries will be called."""
    (runner.sysroot / "etc/machine-id").write_text(f"{secrets.token_hex(16)}\n")


def configure(order: Order, runner: Runner, *, family: Family) -> None:
    """Set the locale, the clock and the services. Raises Failure for one that is not there.

    EL 7 and EL 10 only log it; EL 8 and 9 end with an error.
    """
    _locale(order.locale, runner)
    for name in order.services_enabled:
        if not _service("enable", name, runner) and family.strict_services:
            raise Failure(f"Error enabling service {name}")
    for name in order.services_disabled:
        _service("disable", name, runner)
    for name in order.noted:
        runner.console.log(f"{name}: accepted; nothing to do in a rehearsal", name="anaconda")


def _locale(locale: Locale, runner: Runner) -> None:
    etc = runner.sysroot / "etc"
    language = locale.language or "en_US.UTF-8"
    if language not in runner.chroot("locale", "-a").split():
        # The payload has no translations; an unknown LANG would make every perl script complain.
        runner.console.log(f"{language} is not on the medium: using C.UTF-8", name="anaconda")
        language = "C.UTF-8"
    (etc / "locale.conf").write_text(f"LANG={language}\n")
    (etc / "default/locale").write_text(f"LANG={language}\n")
    if locale.keyboard:
        (etc / "vconsole.conf").write_text(f"KEYMAP={locale.keyboard}\n")
    if locale.timezone:
        _timezone(locale, runner)


def _timezone(locale: Locale, runner: Runner) -> None:
    etc = runner.sysroot / "etc"
    zone = Path("usr/share/zoneinfo") / locale.timezone
    if not (runner.sysroot / zone).is_file():
        text = f"Timezone {locale.timezone} set in kickstart is not valid."
        runner.console.log(text, name="anaconda", level="WARN")
        return
    (etc / "localtime").unlink(missing_ok=True)
    (etc / "localtime").symlink_to(f"../{zone}")
    (etc / "timezone").write_text(f"{locale.timezone}\n")
    (etc / "adjtime").write_text(f"0.0 0 0.0\n0\n{'UTC' if locale.utc else 'LOCAL'}\n")


def _service(verb: str, name: str, runner: Runner) -> bool:
    """Enable or disable a unit; return whether it is there."""
    unit = name if "." in name else f"{name}.service"
    alias = runner.sysroot / "etc/systemd/system" / unit
    if alias.is_symlink():  # systemctl does not take an alias, and sshd is one on Debian
        unit = alias.readlink().name
    said = runner.chroot("systemctl", verb, unit, check=False)
    return "does not exist" not in said


def write_network(network: Network, runner: Runner, *, family: Family) -> None:
    """Write the host name, one systemd-networkd file a link, and beside it the family's own."""
    etc = runner.sysroot / "etc"
    hostname = network.hostname or "localhost.localdomain"
    (etc / "hostname").write_text(f"{hostname}\n")
    (etc / "hosts").write_text(hosts(hostname))
    links = [link for link in network.links if link.onboot]
    for number, link in enumerate(links, start=1):
        file = etc / f"systemd/network/{number}0-{link.device or 'any'}.network"
        file.write_text(link_file(link))
        profiles.write(link, runner.sysroot, kind=family.network_files)
    if links:
        runner.chroot("systemctl", "enable", _ENABLED_NETWORK)
        (etc / "resolv.conf").unlink(missing_ok=True)
        (etc / "resolv.conf").symlink_to(_RESOLVER)


def hosts(hostname: str) -> str:
    """Return the text of /etc/hosts."""
    names = f"{hostname} {hostname.partition('.')[0]}" if "." in hostname else hostname
    own = "" if hostname.startswith("localhost") else f"127.0.1.1 {names}\n"
    return f"127.0.0.1 localhost localhost.localdomain\n{own}::1 localhost localhost.localdomain\n"


def link_file(link: Link) -> str:
    """Return systemd-networkd's file for a link. Raises ValueError for a bad netmask."""
    match = f"[Match]\nName={link.device}\n" if link.device else "[Match]\nType=ether\n"
    if link.dhcp:
        # By MAC: clones share the machine-id that the default identifier is made of.
        return f"{match}\n[Network]\nDHCP=yes\n\n[DHCPv4]\nClientIdentifier=mac\n"
    address = ipaddress.ip_interface(f"{link.address}/{link.netmask}").with_prefixlen
    lines = [f"Address={address}"]
    lines += [f"Gateway={link.gateway}"] if link.gateway else []
    lines += [f"DNS={server}" for server in link.nameservers]
    return f"{match}\n[Network]\n" + "\n".join([*lines, ""])


def create_users(order: Order, runner: Runner) -> None:
    """Set root's password and add the users. Raises Failure."""
    _set_password("root", order.root, runner)
    for user in order.users:
        _add_user(user, runner)
        _set_password(user.name, user.password, runner)


def _add_user(user: User, runner: Runner) -> None:
    for group in user.groups:  # Anaconda makes the groups that it does not find
        runner.chroot("groupadd", "--force", group)
    options: list[str] = ["--create-home", "--shell", user.shell or "/bin/bash"]
    options += ["--groups", ",".join(user.groups)] if user.groups else []
    options += ["--uid", str(user.uid)] if user.uid is not None else []
    if user.gid is not None:
        runner.chroot("groupadd", "--force", "--gid", str(user.gid), user.name)
        options += ["--gid", str(user.gid)]
    options += ["--comment", user.gecos] if user.gecos else []
    options += ["--home-dir", user.home] if user.home else []
    runner.chroot("useradd", *options, user.name)


def _set_password(name: str, password: Password, runner: Runner) -> None:
    if password.text:
        how = ["--encrypted"] if password.crypted else ["--crypt-method", "SHA512"]
        runner.chroot("chpasswd", *how, stdin=f"{name}:{password.text}\n")
    if password.lock:
        runner.chroot("usermod", "--lock", name)
