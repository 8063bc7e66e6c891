"""The linter: one table of what is fine, one of what is not."""

import pytest
from msgspec.structs import replace

from builder.errors import KickstartError, UsageError
from builder.kickstart.lint import check, lint, lint_for_others, show, shown
from builder.model.kickstart import Kickstart, LintFinding
from builder.model.octets import decoded

REPORT = """\
%post --erroronfail
echo @BUILDER_NONCE@ >/dev/virtio-ports/org.builder.result.0
%end
"""
FINE = f"""\
cmdline
lang en_US.UTF-8
timezone Etc/UTC --utc
rootpw --lock
autopart
poweroff
{REPORT}"""
POST = "%post --erroronfail\n"
HASHED = "--iscrypted --password=$6$a$b"
NO_END = "Section {} does not end with %end. It begins in line {}."
NEXT = FINE.count("\n") + 1
"""The line number of what is added to FINE."""


def found(text: str, *, syntax: str = "RHEL7", gib: int = 0, binds: bool = False) -> list[str]:
    kickstart = Kickstart(source="x.ks", syntax=syntax, text=text)
    findings = lint(kickstart, capacity=gib << 30, binds=binds)
    return [show(each, source="x.ks") for each in findings]


@pytest.mark.parametrize("syntax", ["RHEL7", "RHEL8", "RHEL9", "RHEL10"])
@pytest.mark.parametrize(
    "added",
    [
        "",
        "%include /tmp/partitions.ks\n",
        "%include http://example.invalid/part.ks\n",
        "%ksappend http://example.invalid/part.ks\n",
        "%post --erroronfail\necho '%packages in a script'\n%end\n",
        "%addon com_redhat_kdump --disable\n%end\n",
        "bootloader --location=mbr --timeout=1 --append='console=ttyS0'\n",
        "%packages\n@core\n-plymouth*\n%end\n",
    ],
)
def test_fine(added: str, syntax: str) -> None:
    assert found(FINE + added, syntax=syntax) == []


@pytest.mark.parametrize(
    ("syntax", "added", "line", "finding"),
    [
        ("RHEL7", "nosuch\n", 0, "error: Unknown command: nosuch"),
        ("RHEL7", "\n\nbootloader --appendd=x\n", 2, "error: "),
        ("RHEL7", 'bootloader --append="x\n', 0, "error: cannot be read: No closing quotation"),
        ("RHEL7", "%post --erroronfail\nfoo\n", 1, "error: Section %post does not end with %end."),
        ("RHEL7", "%nosuch\n%end\n", 0, "error: Unknown kickstart section: %nosuch"),
        ("RHEL7", "%packages\n-\n%end\n", 1, "error: - stands before no name"),
        ("RHEL7", "sshkey --username=root 'ssh-rsa AAAA'\n", 0, "error: Unknown command: sshkey"),
        ("RHEL7", "%packages --nobase\n%end\n", 0, "warning: "),
        ("RHEL8", "install\n", 0, "warning: "),
        ("RHEL9", "install\n", 0, "error: install has been removed: leave it out"),
        ("RHEL9", "\nlogging --level=info\n", 1, "warning: "),
        (
            "RHEL10",
            "authconfig --enableshadow\n",
            0,
            "error: authconfig has been removed: leave it out",
        ),
        ("RHEL7", "%post\necho\n%end\n", 0, "warning: this %post may fail unnoticed"),
        (
            "RHEL7",
            "%post --erroronfail\ndracut -f --kver $(uname -r)\n%end\n",
            0,
            "warning: uname -r is the installer's kernel",
        ),
        (
            "RHEL7",
            "url --url=http://mirror.centos.org/centos/7/os/x86_64/\n",
            0,
            "warning: this host is gone",
        ),
        ("RHEL7", "user --name=a --password=b\n", 0, "warning: a password in clear text"),
        ("RHEL7", "sshpw --username=a b --plaintext\n", 0, "warning: a password in clear text"),
        ("RHEL7", "bootloader --password=b\n", 0, "warning: a password in clear text"),
        ("RHEL7", "user --name=a --password '#b'\n", 0, "warning: a password in clear text"),
        ("RHEL7", "user --name=a --pass=b\n", 0, "warning: a password in clear text"),
        ("RHEL7", 'sshpw --username=a "#b c"\n', 0, "warning: a password in clear text"),
        ("RHEL7", "network --device=w --wpakey '#b'\n", 0, "warning: --wpakey in clear text"),
        ("RHEL7", "autopart --pass=b\n", 0, "warning: --passphrase in clear text"),
        ("RHEL7", "vnc --pass=b\n", 0, "warning: --password in clear text"),
        ("RHEL7", "user --name=a --iscrypted --password=$1$a$b\n", 0, "warning: a hash that is"),
        ("RHEL7", "network --device=w --wpakey=b\n", 0, "warning: --wpakey in clear text"),
        ("RHEL7", "autopart --passp=b\n", 0, "warning: --passphrase in clear text"),
        ("RHEL7", "vnc --password=b\n", 0, "warning: --password in clear text"),
        ("RHEL7", "realm join --one-time-password=b h\n", 0, "warning: --one-time-password in"),
        ("RHEL8", "rhsm --organization=1 --activation-key=b\n", 0, "warning: --activation-key in"),
        ("RHEL7", "url --url=http://u:p@h/\n", 0, "warning: a login in a URL in clear text"),
        ("RHEL7", "url --url='http://u:p w@h/'\n", 0, "warning: a login in a URL in clear text"),
        ("RHEL7", "url --url=http://u:p/w@h/\n", 0, "warning: a login in a URL in clear text"),
        ("RHEL7", "url --url=http://h/ --proxy=u:p@h\n", 0, "warning: a login in a URL in clear"),
        ("RHEL7", "url --url=https://h/?token=b\n", 0, "warning: a login in a URL in clear text"),
        ("RHEL7", "bootloader --append='a cifspass=b'\n", 0, "warning: a password for the kernel"),
        (
            "RHEL7",
            "%pre\n\necho root:b | chpasswd\n%end\n",
            2,
            "warning: a script holds a password in clear text",
        ),
        ("RHEL7", "repo --name=a --baseurl=http://u:p@h/ --proxy=u:p@h\n", 0, "warning: a login"),
        (
            "RHEL7",
            "bootloader --append='a=http://u:p@h/'\n",
            0,
            "warning: a login in a URL in clear",
        ),
        (
            "RHEL7",
            "bootloader --append='inst.vncpassword=b'\n",
            0,
            "warning: a password for the kernel in clear text",
        ),
        (
            "RHEL7",
            "bootloader --append='netroot=iscsi:u:p@h'\n",
            0,
            "warning: a login in a URL in clear",
        ),
        ("RHEL7", "bootloader --append='proxy=u:p@h:1'\n", 0, "warning: a login in a URL in clear"),
        ("RHEL7", "method --url=http://h/x\n", 0, "error: cannot be read: parse() not implemented"),
        ("RHEL7", "%post --log\necho\n%end\n", 0, "error: argument --log/--logfile: expected one"),
        (
            "RHEL7",
            "%post x --erroronfail\necho\n%end\n",
            0,
            "warning: unrecognized arguments: **masked**",
        ),
        ("RHEL8", "%post x\necho\n%end\n", 0, "error: unrecognized arguments: **masked**"),
        ("RHEL7", "\nbootloader x\n", 1, "warning: unrecognized arguments: **masked**"),
        ("RHEL8", "bootloader x\n", 0, "error: unrecognized arguments: **masked**"),
        ("RHEL7", "bootloader --x y\n", 0, "error: "),
        ("RHEL7", "%include parts.ks\n", 0, "warning: parts.ks is not beside the kickstart"),
    ],
)
def test_wrong_lines(syntax: str, added: str, line: int, finding: str) -> None:
    findings = found(FINE + added, syntax=syntax)
    assert len(findings) == 1, findings
    assert findings[0].startswith(f"x.ks:{NEXT + line}: {finding}")


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("cmdline", "", "0: warning: without cmdline"),
        ("cmdline", "text", "1: warning: without cmdline"),
        ("cmdline", "graphical", "1: warning: without cmdline"),
        ("poweroff", "", "0: error: without poweroff"),
        ("poweroff", "halt", "6: error: without poweroff"),
        ("autopart", "", "0: error: no disk layout"),
        ("rootpw --lock", "", "0: error: neither rootpw nor user"),
        ("rootpw --lock", "user --name=a --groups=b", "0: warning: no rootpw, and no user of the"),
        ("rootpw --lock", "liveimg --url=http://h/x", "0: warning: neither rootpw nor user: an in"),
        (
            "rootpw --lock",
            "ostreesetup --osname=a --url=http://h/ --ref=b",
            "0: warning: neither rootpw nor user: an installer that is not made for the image asks",
        ),
        ("rootpw --lock", "rootpw '#x'", "4: warning: a password in clear text"),
        ("rootpw --lock", "rootpw x", "4: warning: a password in clear text: use --iscrypted"),
        ("lang en_US.UTF-8", "", "0: warning: no lang"),
        ("timezone Etc/UTC --utc", "", "0: warning: no timezone"),
        (REPORT, "", "0: warning: nothing reports success"),
        ("echo", "# echo", "0: warning: nothing reports success"),
        ("@BUILDER_NONCE@", "done", "0: warning: nothing reports success"),
        ("echo", "  # echo", "0: warning: nothing reports success"),
    ],
)
def test_lines_that_are_missing_or_others(old: str, new: str, finding: str) -> None:
    findings = found(FINE.replace(old, new, 1))
    assert len(findings) == 1, findings
    assert findings[0].startswith(f"x.ks:{finding}")


@pytest.mark.parametrize(
    ("script", "warned"),
    [
        ("echo root:b | chpasswd", True),
        ("echo -n 'root:b' | sudo chpasswd", True),
        ('echo "$name:b" | chpasswd', True),
        ("chpasswd <<<'root:b'", True),
        ("echo b | passwd --stdin root", True),
        ("curl -sf -u a:b http://h/", True),
        ("curl --user 'a:b' http://h/", True),
        ("mysql -u root -pb", True),
        ("mysqladmin -p'b c' ping", True),
        ("sshpass -p b ssh h", True),
        ('echo "root:$pw" | chpasswd', False),
        ('echo "root:${pw}" | chpasswd', False),
        ("printf 'root:%s' \"$pw\" | chpasswd", False),
        ("echo 'root:b' | chpasswd -e", False),
        ("echo 'root:$6$a$b' | chpasswd --encrypted", False),
        ("chpasswd <<<root:$pw", False),
        ("chpasswd </tmp/file", False),
        ('echo "$pw" | passwd --stdin root', False),
        ("passwd -l root", False),
        ('curl -u "$name:$pw" http://h/', False),
        ("curl -u name http://h:80/", False),
        ("mysql -p", False),
        ('mysql -p"$pw" --port=3306', False),
        ("which mysql; mkdir -pv /srv", False),
        ("mkdir -p /srv/mysql", False),
        ("sshpass -p $pw ssh h", False),
        ("sshpass -f file ssh h", False),
        ("# echo root:b | chpasswd", False),
    ],
)
def test_passwords_in_scripts(script: str, warned: bool) -> None:
    findings = found(f"{FINE}%pre\n{script}\n%end\n")
    message = "a script holds a password in clear text"
    assert findings == [f"x.ks:{NEXT + 1}: warning: {message}"] * warned


@pytest.mark.parametrize(
    ("syntax", "command"),
    [
        ("RHEL7", "user --name=a --groups=wheel"),
        ("RHEL7", "user --name=a --groups=wheel --lock"),
        ("RHEL8", f"user --name=a --groups=wheel {HASHED}"),
        ("RHEL10", f"user --name=a --groups=b,wheel {HASHED}"),
        ("RHEL10", "rootpw --lock\nostreecontainer --url=h/x"),
        ("RHEL10", "rootpw --lock\nbootc --source-imgref=registry:h/x"),
    ],
)
def test_who_can_log_in(syntax: str, command: str) -> None:
    assert found(FINE.replace("rootpw --lock", command), syntax=syntax) == []


@pytest.mark.parametrize(
    ("syntax", "command", "why"),
    [
        ("RHEL8", "user --name=a --groups=wheel", "whoever is of the group wheel is locked or has"),
        ("RHEL10", f"user --name=a --groups=wheel --lock {HASHED}", "whoever is of the group wh"),
        ("RHEL7", "user --name=a --groups=wheel(10)", "Anaconda finds wheel by its name alone"),
        ("RHEL9", f"user --name=a --groups='wheel (10)' {HASHED}", "Anaconda finds wheel by its"),
        ("RHEL9", f"user --name=a --groups=wheels {HASHED}", "no user of the group wheel"),
    ],
)
def test_who_is_no_administrator(syntax: str, command: str, why: str) -> None:
    (finding,) = found(FINE.replace("rootpw --lock", command), syntax=syntax)
    assert finding.startswith(f"x.ks:0: warning: no rootpw, and {why}")


@pytest.mark.parametrize("syntax", ["RHEL8", "RHEL9", "RHEL10", "F40"])
@pytest.mark.parametrize("mode", ["text", "graphical"])
def test_a_mode_that_never_asks(mode: str, syntax: str) -> None:
    text = FINE.replace("cmdline", f"{mode} --non-interactive")
    assert found(text, syntax=syntax) == []
    (finding,) = found(text, syntax="RHEL7")
    said = "unrecognized arguments: --non-interactive (another --syntax knows it)"
    said += ": write cmdline, which never asks"
    assert finding == f"x.ks:1: error: {said}"
    (finding,) = found(text.replace(mode, "cmdline"), syntax=syntax)
    assert "cmdline does not support --non-interactive" in finding


def test_a_hash_that_old_loaders_take() -> None:
    text = FINE.replace("--lock", "--iscrypted $6$a$b") + "\nbootloader --md5pass=b\n"
    message = f"x.ks:{NEXT + 1}: warning: a hash that is soon guessed: use SHA-512 ($6$)"
    assert found(text, syntax="RHEL6") == [message]


@pytest.mark.parametrize("option", ["--no-password", "--no-pass", "--no-password --computer-ou=x"])
def test_a_realm_without_a_password(option: str) -> None:
    said = found(f"{FINE}realm join {option} dc.example.com\n")
    assert [each for each in said if "in clear text" in each] == []


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("ignoredisk --only-use=vda", "ignoredisk --only-use names vda"),
        ("ignoredisk --only-use=/dev/vda", "ignoredisk --only-use names /dev/vda"),
        ("ignoredisk --only-use=sda,nvme0n1", "ignoredisk --only-use names nvme0n1"),
        ("ignoredisk --only-use=vd*", "ignoredisk --only-use names vd*"),
        ("ignoredisk --only-use='vda|xvd[ab]'", "ignoredisk --only-use names vda|xvd[ab]"),
        ("ignoredisk --drives=sdb", "ignoredisk --drives names sdb"),
        ("clearpart --all --drives=hda", "clearpart --drives names hda"),
        ("clearpart --list=sda1,vda1", "clearpart --list names vda"),
        ("bootloader --boot-drive=vda", "--boot-drive names vda"),
        ("part / --size=1 --ondisk=vda", "--ondisk names vda"),
        ("part / --ondrive=mmcblk0 --size=1", "--ondisk names mmcblk0"),
        ("part / --onpart=vda2", "--onpart names vda"),
        ("part / --onpart=/dev/nvme0n1p2", "--onpart names nvme0n1"),
    ],
)
def test_disks_that_no_build_has(command: str, named: str) -> None:
    text = FINE.replace("autopart", "%include /tmp/parts")
    message = f"{named}: the guest of a build has sda alone"
    assert found(f"{text}{command}\n") == [f"x.ks:{NEXT}: warning: {message}"]
    assert found(f"{text}{command}\n", gib=4) == [f"x.ks:{NEXT}: error: {message}"]


def test_an_order_of_drives_is_no_error() -> None:
    command = "bootloader --driveorder=vda,sda"
    message = "--driveorder names vda: the guest of a build has sda alone"
    assert found(f"{FINE}{command}\n", gib=4) == [f"x.ks:{NEXT}: warning: {message}"]


@pytest.mark.parametrize(
    "command",
    [
        "ignoredisk --only-use=sda",
        "ignoredisk --only-use=/dev/sda",
        "ignoredisk --only-use=sd*",
        "ignoredisk --only-use=*",
        "ignoredisk --only-use=[sv]da",
        "ignoredisk --only-use='vda|sda'",
        "ignoredisk --only-use='vd*|hd*|sd*'",
        "ignoredisk --only-use=disk/by-id/scsi-0QEMU_QEMU_HARDDISK_drive-scsi0",
        "ignoredisk --only-use=/dev/disk/by-path/*",
        "ignoredisk --only-use=mpatha",
        "ignoredisk --only-use='$disk'",
        "clearpart --all --drives=UUID=12-34",
        "part / --size=1 --ondisk=LABEL=data",
        "part / --onpart=sda2",
        "clearpart --list=sda2,sda3",
        "bootloader --location=none --boot-drive=vda",
        "bootloader --disabled --boot-drive=vda",
        "iscsi --target=iqn.2026-11.example:a --ipaddr=10.0.0.1\nclearpart --drives=sdb",
    ],
)
def test_disks_that_may_be_there(command: str) -> None:
    text = FINE.replace("autopart", "%include /tmp/parts")
    assert found(f"{text}{command}\n", gib=4) == []


LVM = "part /boot --size=500\npart pv.1 --size=1000 --grow\nvolgroup vg pv.1\n"


@pytest.mark.parametrize(
    ("layout", "line", "message"),
    [
        ("part / --size=4095", 0, ""),
        ("part / --size=1000 --grow", 0, ""),
        ("part /tmp --fstype=tmpfs --size=9000\npart / --size=4095", 0, ""),
        ("part /tmp --fstype=tmpfs\npart / --size=4096", 1, "partitions of 4096 MiB on a disk of"),
        ("part / --size=4096", 0, "partitions of 4096 MiB on a disk of 4096 MiB"),
        ("part /a --size=4000\npart /b --onpart=sda1\npart / --size=90", 0, ""),
        ("part /a --size=4000\npart / --size=96 --grow", 1, "partitions of 4096 MiB on a disk of"),
        (f"{LVM}logvol / --vgname=vg --name=a --size=3595", 0, ""),
        (f"{LVM}logvol / --vgname=vg --name=a --size=3600", 3, "volumes of 3600 MiB in vg, which"),
        (
            "part pv.1 --size=1 --grow\nvolgroup vg pv.1 --pesize=32768\n"
            "logvol / --vgname=vg --name=a --size=2047\nlogvol /b --vgname=vg --name=b --size=2050",
            0,
            "",
        ),
        (f"{LVM}logvol / --vgname=vg --name=a --percent=90 --size=1", 0, ""),
        (f"{LVM}logvol / --vgname=other --name=a --size=9999 --useexisting", 0, ""),
        (
            f"{LVM}logvol none --thinpool --vgname=vg --name=p --size=3000\n"
            "logvol / --thin --poolname=p --vgname=vg --name=a --size=9000",
            0,
            "",
        ),
        (
            "part pv.1 --size=1000\nvolgroup vg pv.1\n"
            "logvol /a --vgname=vg --name=a --size=600\nlogvol / --vgname=vg --name=b --size=600",
            3,
            "volumes of 1200 MiB in vg, which gets 1000 MiB at most",
        ),
        (
            "part pv.1 --size=1 --grow --maxsize=500\nvolgroup vg pv.1\n"
            "logvol / --vgname=vg --name=b --size=600",
            2,
            "volumes of 600 MiB in vg, which gets 500 MiB at most",
        ),
    ],
)
def test_sizes(layout: str, line: int, message: str) -> None:
    text = FINE.replace("autopart", layout)
    said = [each for each in found(text, gib=4) if " MiB " in each]
    start = f"x.ks:{5 + line}: error: {message}"
    assert [each[: len(start)] for each in said] == ([start] if message else [])
    assert not [each for each in found(text) if " MiB " in each]


PV = "\nvolgroup v pv.1\nlogvol / --vgname=v --name=a --size=1"


@pytest.mark.parametrize(
    ("layout", "line"),
    [
        ("autopart --encrypted --passphrase=$luks", 0),
        ("part /boot --size=1\npart / --size=1 --encrypted --passphrase=$luks", 1),
        ("part / --size=1\npart swap --size=1 --encrypted --passphrase=$luks", 1),
        (f"part pv.1 --size=9 --encrypted{PV}", 0),
        (f"part pv.1 --size=9{PV} --encrypted", 2),
    ],
)
def test_disks_that_nobody_opens(layout: str, line: int) -> None:
    text = FINE.replace("autopart", layout)
    message = "--encrypted, and nothing opens it: each start waits for a passphrase"
    said = {gib: [each for each in found(text, gib=gib) if message in each] for gib in (0, 4)}
    assert said == {
        0: [f"x.ks:{5 + line}: warning: {message}"],
        4: [f"x.ks:{5 + line}: error: {message}"],
    }
    script = "%post --erroronfail\nclevis luks bind -d /dev/sda2 tpm2 '{}'\n%end\n"
    assert not [each for each in found(text + script, gib=4) if message in each]


def test_a_kernel_that_starts_another() -> None:
    text = FINE.replace("poweroff", "reboot --kexec")
    (said,) = found(text, syntax="RHEL8")
    assert said.startswith("x.ks:6: error: reboot --kexec starts what was installed")
    assert lint_for_others(Kickstart(source="x.ks", syntax="RHEL8", text=text)) == ()


STATIC = "network --bootproto=static --ip=10.0.0.2 --netmask=255.0.0.0 --gateway=10.0.0.1"


@pytest.mark.parametrize("syntax", ["RHEL7", "RHEL8", "RHEL9", "RHEL10"])
@pytest.mark.parametrize("device", ["", " --device=link", " --device=ens3", " --device=enp1s0"])
def test_an_address_of_one_card(syntax: str, device: str) -> None:
    text = f"{FINE}\n{STATIC}{device} --hostname=a\n"
    message = f"x.ks:{NEXT + 1}: warning: the address is bound to the installer's own card, such as"
    assert [each[: len(message)] for each in found(text, syntax=syntax, binds=True)] == [message]
    assert found(text, syntax=syntax) == []


@pytest.mark.parametrize(
    ("syntax", "text"),
    [
        ("RHEL7", ""),
        ("RHEL7", "network --bootproto=dhcp --device=ens3\n"),
        ("RHEL9", "network --device=link\n"),
        ("RHEL7", f"{STATIC} --device=eth0\n"),
        ("RHEL7", f"{STATIC} --device=bond0 --bondslaves=ens3,ens4\n"),
        ("RHEL8", f"{STATIC} --bindto=mac\n"),
        ("RHEL7", f"{STATIC}\n{POST}rm -f /etc/sysconfig/network-scripts/ifcfg-e*\n%end\n"),
        ("RHEL6", f"{STATIC} --device=em1\n"),
    ],
)
def test_a_network_of_any_card(syntax: str, text: str) -> None:
    assert "own card" not in str(found(FINE + text, syntax=syntax, binds=True))


@pytest.mark.parametrize(
    ("syntax", "ends"), [("RHEL5", True), ("RHEL6", True), ("F14", False), ("RHEL7", False)]
)
@pytest.mark.parametrize("text", ["%packages\nvim\n%post --erroronfail\n%end\n", "%pre\nls\n"])
def test_where_sections_end(syntax: str, text: str, *, ends: bool) -> None:
    assert ("does not end" not in str(found(FINE + text, syntax=syntax))) is ends


def test_what_an_include_may_bring_is_not_missing() -> None:
    assert found(f"%include /tmp/all.ks\n{REPORT}") == []


def test_all_errors_are_reported_not_only_the_first() -> None:
    findings = found(FINE + "one\ntwo\ninstall\nthree\n")
    assert [line.split(": ")[0] for line in findings] == [
        f"x.ks:{number}" for number in (NEXT, NEXT + 1, NEXT + 3)
    ]


def test_equal_warnings_keep_their_own_lines() -> None:
    findings = found(FINE + "logging --level=info\n\nlogging --level=info\n", syntax="RHEL9")
    assert [line.split(": ")[0] for line in findings] == [f"x.ks:{NEXT}", f"x.ks:{NEXT + 2}"]


PASSWORD = "Tiger-77x"  # noqa: S105  # in no kickstart but these


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("rootpw --plaintext=P", "argument --plaintext: ignored explicit argument **masked**"),
        ("rootpw --iscrypted=P", "argument --iscrypted: ignored explicit argument **masked**"),
        ("rootpw --lock=P", "argument --lock: ignored explicit argument **masked**"),
        ("sshpw --username=a --lock=P", "argument --lock: ignored explicit argument **masked**"),
        (
            "user --name=a --plaintext=P",
            "argument --plaintext: ignored explicit argument **masked**",
        ),
        ("autopart --encrypted=P", "argument --encrypted: ignored explicit argument **masked**"),
        ("user --name=a --passwrd=P", "unrecognized arguments: --passwrd=**masked**"),
        ("user --name=a --passwrd P", "unrecognized arguments: --passwrd **masked**"),
        ("zerombr --nosuch=P", ""),
        ("user --name=a --password= P", "unrecognized arguments: **masked**"),
        ("user --name=a --nosuch= P", "unrecognized arguments: --nosuch= **masked**"),
        ("rootpw=P", "Unknown command: rootpw**masked**"),
        ("P", "Unknown command: **masked**"),
        ("%P", "Unknown kickstart section: %**masked**"),
        ("vnc --password=two P", "unrecognized arguments: **masked**"),
        ("lang C P", "Unexpected arguments to lang command: **masked**"),
        ("lang C --nosuch=P", "arguments to lang command: --nosuch=**masked**"),
        ("lang C --nosuch='P P' --P", "to lang command: --nosuch=**masked** **masked**"),
        ("bootloader P", "unrecognized arguments: **masked**"),
        ("user --name=a --password='a  P'", "a password in clear text: use --iscrypted"),
    ],
)
def test_no_finding_quotes_a_password(line: str, finding: str) -> None:
    findings = found(f"{FINE}{line.replace('P', PASSWORD)}\n")
    assert not [each for each in findings if "Tiger" in each]
    assert [each for each in findings if finding in each]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "part / --size=9 --luks-version=luks2 --passphrse=P P",
            "partition command: --luks-version=**masked** --passphrse=**masked** **masked**"
            " (another --syntax knows it)",
        ),
        ("raid / --device=md0 --metadata=1.0 raid.1", "raid command: --metadata=**masked**"),
        (
            "logvol / --vgname=v --name=x --size=9 --cachesize=1",
            "logvol command: --cachesize=**masked** (another --syntax knows it)",
        ),
    ],
)
def test_an_unknown_option_is_named(line: str, said: str) -> None:
    text = FINE.replace("autopart", line.replace("P", PASSWORD))
    findings = "\n".join(found(text, syntax="RHEL6"))
    assert f"error: Unexpected arguments to {said}" in findings
    assert PASSWORD not in findings


def test_a_line_is_found_where_the_same_stands_in_a_script() -> None:
    findings = found(f"{FINE}%pre\ninstall\n%end\ninstall\n", syntax="RHEL8")
    assert [each.split(": ")[0] for each in findings] == [f"x.ks:{NEXT + 3}"]


@pytest.mark.parametrize("mark", ["\f", "\v", "\x1c", "\x85", "\u2028", "\r"])
def test_lines_are_counted_as_editors_do(mark: str) -> None:
    script = f"%post --erroronfail\n# {mark}\ntrue{mark}\n%end\n"
    assert found(f"{FINE}{script}one\n") == [f"x.ks:{NEXT + 4}: error: Unknown command: one"]


LATIN = decoded(b"caf\xe9")


@pytest.mark.parametrize(
    ("syntax", "added", "findings"),
    [
        ("RHEL7", f"# {LATIN}\n", []),
        ("RHEL7", f"%post --erroronfail\n{LATIN}\n%end\n", []),
        ("RHEL7", f"lang C # {LATIN}\n", []),
        ("RHEL7", f"\nlang {LATIN}\n", [f"{NEXT + 1}: warning: bytes that are no UTF-8 in a"]),
        ("RHEL8", f"\n# {LATIN}\n# {LATIN}\n", [f"{NEXT + 1}: error: bytes that are no UTF-8"]),
        ("F23", f"\n# {LATIN}\n", [f"{NEXT + 1}: error: bytes that are no UTF-8: this inst"]),
        ("RHEL8", "# café\n", []),
    ],
)
def test_bytes_that_are_no_text(syntax: str, added: str, findings: list[str]) -> None:
    pairs = zip(found(FINE + added, syntax=syntax), findings, strict=True)
    assert [each for each, start in pairs if not each.startswith(f"x.ks:{start}")] == []


def test_what_is_added_is_not_looked_at() -> None:
    text = FINE.removesuffix("%end\n")
    kickstart = Kickstart(source="x.ks", syntax="RHEL7", text=f"{text}%pre\n%end\n", added=10)
    (finding,) = lint(kickstart)
    assert (finding.line, finding.message) == (8, NO_END.format("%post", 7))


def test_an_unknown_syntax() -> None:
    with pytest.raises(UsageError, match="no kickstart syntax 'RHEL77'") as caught:
        found(FINE, syntax="RHEL77")
    assert caught.value.hint == "Did you mean RHEL7?"


def test_nothing_leaks_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    found(FINE + "one\ninstall\n%packages --nobase\n%end\n", syntax="RHEL8")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("lines", "message", "hint"),
    [
        ([2], "x.ks, line 2: wrong.", "Mend the kickstart."),
        ([0], "x.ks: wrong.", "Mend the kickstart."),
        ([2, 3], "x.ks, line 2: wrong.", "Mend the kickstart; errors: 2 in all."),
    ],
)
def test_check_raises_for_the_first_error(lines: list[int], message: str, hint: str) -> None:
    kickstart = Kickstart(source="x.ks", syntax="RHEL7", text="")
    warning = LintFinding(line=1, severity="warning", message="doubtful")
    errors = [LintFinding(line=line, severity="error", message="wrong.") for line in lines]
    check(kickstart, [warning])
    with pytest.raises(KickstartError) as caught:
        check(kickstart, [warning, *errors])
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_what_is_a_comment_to_kickstarts_alone_reports() -> None:
    assert found(FINE.replace("echo @", "echo ${a#b}@")) == []


def test_lines_of_templates_are_those_of_the_text_that_they_give() -> None:
    text = f"cmdline\nrootpw --plaintext {PASSWORD}\nnosuch {'long ' * 20}\n"
    kickstart = Kickstart(source="x.ks.j2", syntax="RHEL7", text=text)
    assert shown(kickstart, 1) == ' as it is filled in ("cmdline")'
    assert shown(kickstart, 2) == ' as it is filled in ("rootpw --plaintext **masked**")'
    assert shown(kickstart, 3).endswith('long [...]")')
    assert shown(replace(kickstart, source="x.ks"), 1) == ""
    finding = LintFinding(line=3, severity="error", message="wrong")
    assert show(finding, source="x.ks.j2") == "x.ks.j2 (filled in):3: error: wrong"
    with pytest.raises(KickstartError) as caught:
        check(kickstart, [replace(finding, line=1)])
    assert caught.value.message == 'x.ks.j2, line 1 as it is filled in ("cmdline"): wrong.'
