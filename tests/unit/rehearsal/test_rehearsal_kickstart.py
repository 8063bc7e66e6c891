"""A kickstart into the installer's Order, and the texts that the installer writes from it."""

from pathlib import Path

import pytest

from builder.rehearsal.guest import kickstart
from builder.rehearsal.guest.bootloader import Menu, defaults, menu_text, target_arguments
from builder.rehearsal.guest.model import (
    AutoRequest,
    FinalAction,
    Link,
    Order,
    Password,
    ScriptKind,
    User,
)
from builder.rehearsal.guest.target import hosts, link_file

FULL = """\
cmdline
lang en_US.UTF-8
keyboard --vckeymap=de --xlayouts=de
timezone Europe/Berlin --utc
rootpw --lock --iscrypted $6$x$y
user --name=ana --groups=wheel,disk --password=secret --plaintext --uid=1500
network --bootproto=dhcp --device=link
network --bootproto=static --device=eth1 --ip=192.0.2.5 --netmask=255.255.255.0 \
--gateway=192.0.2.1 --nameserver=192.0.2.2,192.0.2.3
network --hostname=box.example
selinux --enforcing
services --enabled=sshd,chronyd --disabled=kdump
zerombr
clearpart --all --initlabel --disklabel=gpt
ignoredisk --only-use=/dev/sda
part /boot --fstype=xfs --size=512 --asprimary --ondisk=/dev/sda
part pv.01 --size=1000 --grow
volgroup vg pv.01 --pesize=8192
logvol / --vgname=vg --name=root --size=1000 --grow --maxsize=5000 --fstype=xfs
logvol swap --vgname=vg --name=swap --recommended
bootloader --append="console=ttyS0,115200 quiet" --location=mbr --timeout=1
poweroff
%packages --ignoremissing
@core
tree
-nano
%end
%post --nochroot --erroronfail --log=/root/post.log --interpreter=/bin/bash
echo done
%end
%onerror
echo failed
%end
"""


def read(folder: Path, text: str, *, syntax: str = "RHEL7") -> Order:
    file = folder / "ks.cfg"
    file.write_text(text)
    return kickstart.read(file, syntax=syntax)


def test_a_whole_kickstart(tmp_path: Path) -> None:
    order = read(tmp_path, FULL)
    assert order.final is FinalAction.POWEROFF
    assert not order.interactive
    assert order.root == Password(text="$6$x$y", crypted=True, lock=True)
    assert order.users == (
        User(name="ana", groups=("wheel", "disk"), password=Password(text="secret"), uid=1500),
    )
    assert (order.locale.keyboard, order.locale.timezone) == ("de", "Europe/Berlin")
    assert order.locale.utc
    assert order.services_enabled == ("sshd", "chronyd")
    assert order.noted == ("selinux",)
    assert order.bootloader.append == "console=ttyS0,115200 quiet"
    assert (order.software.packages, order.software.excluded) == (("tree",), ("nano",))
    assert order.software.groups == ("core",)
    assert order.software.ignore_missing


def test_its_storage(tmp_path: Path) -> None:
    storage = read(tmp_path, FULL).storage
    assert (storage.clear, storage.initialise, storage.disklabel) == (True, True, "gpt")
    assert storage.only_disks == ("sda",)
    boot, physical = storage.partitions
    assert (boot.primary, boot.disk, boot.size) == (True, "sda", 512)
    assert (physical.mountpoint, physical.grow) == ("pv.01", True)
    assert storage.groups[0].extent == 8
    root, swap = storage.logicals
    assert (root.max_size, root.grow, swap.recommended) == (5000, True, True)


ETH1 = Link(
    device="eth1",
    dhcp=False,
    address="192.0.2.5",
    netmask="255.255.255.0",
    gateway="192.0.2.1",
    nameservers=("192.0.2.2", "192.0.2.3"),
)


def test_its_network(tmp_path: Path) -> None:
    network = read(tmp_path, FULL).network
    assert network.hostname == "box.example"
    assert network.links == (Link(), ETH1)


def test_its_scripts(tmp_path: Path) -> None:
    order = read(tmp_path, FULL)
    (post,) = order.scripts_of(ScriptKind.POST)
    assert (post.chroot, post.error_on_fail, post.log) == (False, True, "/root/post.log")
    assert (post.interpreter, post.text) == ("/bin/bash", "echo done\n")
    assert len(order.scripts_of(ScriptKind.ON_ERROR)) == 1
    assert order.scripts_of(ScriptKind.PRE) == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("poweroff", FinalAction.POWEROFF),
        ("shutdown", FinalAction.POWEROFF),
        ("reboot --eject", FinalAction.REBOOT),
        ("halt", FinalAction.HALT),
        ("", None),
    ],
)
def test_final_action(tmp_path: Path, line: str, expected: FinalAction | None) -> None:
    assert read(tmp_path, f"text\n{line}\n").final is expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("autopart", AutoRequest()),
        ("autopart --type=plain --nohome", AutoRequest(lvm=False, home=False)),
        ("autopart --type=lvm --fstype=ext4", AutoRequest(fstype="ext4")),
        ("zerombr", None),
    ],
)
def test_autopart(tmp_path: Path, line: str, expected: AutoRequest | None) -> None:
    assert read(tmp_path, f"{line}\n").storage.auto == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("text\npartt /\n", "on line 2 of the kickstart file"),
        ("text\n%post\necho\n", "does not end with %end"),
        ("%include /nowhere\n", "/nowhere"),
        ("rootpw 'unended\n", "No closing quotation"),
        ("sshkey --username=root x\n", "Unknown command: sshkey"),
    ],
)
def test_what_does_not_parse(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(kickstart.SyntaxFailure, match=message):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("syntax", "text", "message"),
    [
        ("RHEL8", "auth --enableshadow\n", ""),
        ("RHEL10", "auth --enableshadow\n", "auth has been removed"),
        ("RHEL7", "timesource --ntp-disable\n", "Unknown command: timesource"),
        ("RHEL9", "timesource --ntp-disable\n", ""),
        ("RHEL9", "install\n", "install has been removed"),
        ("RHEL8", "%packages --exclude-weakdeps\n%end\n", "exclude-weakdeps"),
        ("RHEL10", "%packages --exclude-weakdeps\n%end\n", ""),
    ],
)
def test_each_family_has_its_own_syntax(
    tmp_path: Path, syntax: str, text: str, message: str
) -> None:
    if not message:
        assert read(tmp_path, text, syntax=syntax).final is None
        return
    with pytest.raises(kickstart.SyntaxFailure, match=message):
        read(tmp_path, text, syntax=syntax)


def test_what_is_deprecated_is_told_once(tmp_path: Path) -> None:
    script = "%traceback\n:\n%end\n"
    assert read(tmp_path, script, syntax="RHEL8").warnings == ()
    (warning,) = read(tmp_path, script * 2, syntax="RHEL9").warnings
    assert warning.startswith("The %traceback section has been deprecated.")


def test_pre_scripts_are_read_before_anything_else(tmp_path: Path) -> None:
    file = tmp_path / "ks.cfg"
    file.write_text("%include /tmp/made-by-pre\nnosuchcommand\n%pre\necho\n%end\n%post\n:\n%end\n")
    (script,) = kickstart.read_pre(file, syntax="RHEL7")
    assert (script.kind, script.text) == (ScriptKind.PRE, "echo\n")


def test_includes_are_followed(tmp_path: Path) -> None:
    (tmp_path / "part.cfg").write_text("autopart\n")
    assert read(tmp_path, f"%include {tmp_path}/part.cfg\n").storage.auto == AutoRequest()


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (
            Link(),
            "[Match]\nType=ether\n\n[Network]\nDHCP=yes\n\n[DHCPv4]\nClientIdentifier=mac\n",
        ),
        (
            ETH1,
            "[Match]\nName=eth1\n\n[Network]\nAddress=192.0.2.5/24\n"
            "Gateway=192.0.2.1\nDNS=192.0.2.2\nDNS=192.0.2.3\n",
        ),
    ],
)
def test_link_file(link: Link, expected: str) -> None:
    assert link_file(link) == expected


@pytest.mark.parametrize(
    ("hostname", "own"),
    [
        ("box.example", "127.0.1.1 box.example box\n"),
        ("box", "127.0.1.1 box\n"),
        ("localhost.localdomain", ""),
    ],
)
def test_hosts(hostname: str, own: str) -> None:
    assert hosts(hostname).splitlines(keepends=True)[1:-1] == ([own] if own else [])


@pytest.mark.parametrize(
    ("append", "installer", "expected"),
    [
        ("quiet", "quiet", "quiet"),
        ("", "console=tty0 console=ttyS0,115200", "console=ttyS0,115200"),
        ("console=tty0", "console=ttyS0", "console=tty0"),
        ("  a   b ", "", "a b"),
    ],
)
def test_target_arguments(append: str, installer: str, expected: str) -> None:
    assert target_arguments(append, installer) == expected


@pytest.mark.parametrize(("own", "folder"), [(True, ""), (False, "/boot")])
def test_boot_menu(own: bool, folder: str) -> None:
    menu = Menu(
        release="6.1",
        root="UUID=r",
        boot_uuid="b",
        boot_is_own=own,
        arguments="console=ttyS0",
        timeout=1,
    )
    text = menu_text(menu)
    assert f"\tlinux {folder}/vmlinuz-6.1 root=UUID=r ro console=ttyS0\n" in text
    assert f"\tinitrd {folder}/initrd.img-6.1\n" in text
    assert "terminal_output serial console\n" in text
    assert "search --no-floppy --fs-uuid --set=root b\n" in text


def test_grub_defaults_are_shell() -> None:
    assert "GRUB_CMDLINE_LINUX='a b'\n" in defaults("a b", 3)
    assert "serial" not in defaults("quiet", 3)
