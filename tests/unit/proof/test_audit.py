"""The audit: one finding a flaw, and none for what was asked for."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.errors import HostError, TemplateError
from builder.kickstart.library import Library
from builder.model.audit import Expected, Finding
from builder.proof import checks
from builder.proof.audit.exposed import SECRETS
from builder.proof.audit.freed import freed
from builder.proof.audit.judge import EXPOSED, SEAL, audit
from builder.proof.audit.tree import GuestTree
from tests.archives import write

HASH = f"$6$salt${'a' * 86}"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGoldenGoldenGolden someone@example"
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUA\n"
ENFORCING = {
    "etc/selinux/config": "SELINUX=enforcing\n",
    "etc/selinux/targeted/policy/policy.31": "",
}
LABEL = "system_u:object_r:etc_t:s0"
ACCOUNTS = (
    "root:x:0:0::/root:/bin/sh\nsshd:x:74:74::/var/empty:/sbin/nologin\n"
    "nobody:x:65534:65534::/:/sbin/nologin\n"
)
CLEAN = {
    "etc/passwd": ACCOUNTS,
    "etc/shadow": "root:!!:18000::::::\nsshd:*:18000::::::\n",
    "etc/machine-id": "",
}
JOE = {
    "etc/passwd": ACCOUNTS + "joe:x:1000:1000::/home/joe:/bin/bash\n",
    "home/joe/.ssh/authorized_keys": f"# mine\n{KEY}\n",
}


def failed(
    folder: Path,
    files: dict[str, str],
    *,
    expected: Expected | None = None,
    modes: dict[str, int] | None = None,
    label: str = "",
) -> dict[str, tuple[str, ...]]:
    """Return what an audit of a clean system with these files finds."""
    archive = write(folder / "archive.tar", CLEAN | files, modes=modes, label=label)
    with GuestTree.opened(archive) as tree:
        found = audit(tree, expected or Expected())
    assert [each.check for each in found] == sorted(SEAL | EXPOSED)
    return {each.check: each.details for each in found if not each.passed}


def test_a_clean_system_has_no_findings(tmp_path: Path) -> None:
    assert failed(tmp_path, {}) == {}


@pytest.mark.parametrize(
    ("path", "text", "check", "detail"),
    [
        ("etc/machine-id", "0af1\n", "machine-id", "{} holds 0af1"),
        ("var/lib/dbus/machine-id", "0af1\n", "machine-id", "{} holds 0af1"),
        (
            "etc/iscsi/initiatorname.iscsi",
            "InitiatorName=iqn.1994-05.com.redhat:1\n",
            "storage-identity",
            "{}",
        ),
        ("etc/nvme/hostnqn", "nqn.2014-08.org.nvmexpress:uuid:1\n", "storage-identity", "{}"),
        ("etc/insights-client/machine-id", "1\n", "registration", "{}"),
        ("etc/sysconfig/rhn/systemid", "<value>ID-1</value>\n", "registration", "{}"),
        ("etc/rhsm/facts/katello.facts", "{}", "registration", "{}"),
        ("etc/krb5.keytab", "x", "registration", "{}"),
        ("etc/multipath/wwids", "/1/\n", "device-ids", "{}"),
        ("etc/hostid", "abcd", "service-identity", "{}"),
        (
            "etc/libvirt/qemu/networks/default.xml",
            "<network>\n  <mac address='52:54:00:00:00:01'/>\n</network>\n",
            "service-identity",
            "{} has a mac",
        ),
        ("etc/hostname", "night-3\n", "hostname", "{} says night-3"),
        (
            "etc/sysconfig/network",
            "NETWORKING=yes\nHOSTNAME='night-3'\n",
            "hostname",
            "{} says night-3",
        ),
        (
            "etc/NetworkManager/system-connections/x",
            "[ipv4]\ndhcp-hostname=night-3\n",
            "hostname",
            "{} has dhcp-hostname=",
        ),
        (
            "etc/sysconfig/network-scripts/ifcfg-eth0",
            " export DHCP_HOSTNAME='night-3'\n",
            "hostname",
            "{} has DHCP_HOSTNAME=",
        ),
        (
            "etc/resolv.conf",
            "# by hand\nnameserver 192.0.2.1\n",
            "resolv-conf",
            "{} says nameserver 192.0.2.1",
        ),
        (
            "etc/sysconfig/network-scripts/ifcfg-eth0",
            "DEVICE=eth0\nUUID=1-2\n",
            "network-identity",
            "{} has UUID=",
        ),
        ("var/log/journal/x/system.journal", "", "logs", "{}"),
        ("facts/swap", "/dev/sda2 1\n", "swap", "the swap area /dev/sda2 holds data"),
        ("root/.env", f"x={HASH}\n", "secrets", "{} has a password hash"),
        ("etc/x.pem", PRIVATE, "secrets", "{} has a private key"),
        (
            "etc/wireguard/wg0.conf",
            f"PrivateKey = {'a' * 43}=\n",
            "secrets",
            "{} has a key of WireGuard",
        ),
        (
            "var/lib/net-snmp/snmpd.conf",
            "oldEngineID 0x8\n",
            "service-identity",
            "{} has oldEngineID",
        ),
        ("etc/puppetlabs/puppet/ssl/certs/me.pem", "x", "service-identity", "{}"),
        ("var/lib/rancher/k3s/agent/client-kubelet.key", "x", "service-identity", "{}"),
        ("etc/lvm/devices/backup/system.devices-1.2", "x", "device-ids", "{}"),
        ("var/lib/sss/db/cache_x.ldb", "x", "registration", "{}"),
        (
            "etc/yum.repos.d/x.repo",
            "baseurl=https://me:pass@example.com/\n",
            "secrets",
            "{} has a password in an address",
        ),
        (
            "root/ks.cfg",
            "rootpw --plaintext almalinux\n",
            "secrets",
            "{} has a password of a kickstart",
        ),
        ("etc/shadow", f"root:{HASH}:18000::::::\n", "root-login", "root has a password"),
        (
            "etc/shadow",
            "root:!!:1::::::\nsshd::1::::::\n",
            "passwords",
            "sshd has an empty password",
        ),
        ("etc/passwd", f"{ACCOUNTS}joe:x:1000:1000::/:/bin/sh\n", "users", "the account joe"),
        ("etc/passwd", f"{ACCOUNTS}toor:x:0:0::/:/bin/sh\n", "users", "the account toor is root"),
        (
            "etc/passwd",
            f"{ACCOUNTS}a:x:²:0::/:/bin/sh\nb:x:{'9' * 5000}:0::/:/bin/sh\nt:x:00:0::/:/bin/sh\n",
            "users",
            "the account t is root",
        ),
        ("root/.ssh/authorized_keys", KEY, "authorized-keys", "{} lets in someone@example"),
    ],
)
def test_a_flaw_is_one_finding(
    tmp_path: Path, path: str, text: str, check: str, detail: str
) -> None:
    assert failed(tmp_path, {path: text}) == {check: (detail.format(f"/{path}"),)}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"etc/hostname": "kvm.example\n"}, Expected(hostname="kvm.example")),
        ({"etc/hostname": "localhost.localdomain\n"}, Expected()),
        ({"etc/machine-id": "uninitialized\n"}, Expected()),
        ({"etc/sysconfig/network": "HOSTNAME=localhost.localdomain\n"}, Expected()),
        (
            {"etc/NetworkManager/system-connections/x": "[ipv4]\ndhcp-send-hostname=no\n"},
            Expected(),
        ),
        ({"etc/shadow": f"root:{HASH}:1::::::\n"}, Expected(root_password=True)),
        (JOE, Expected(users=("joe",), ssh_keys=(KEY.rsplit(maxsplit=1)[0],))),
        ({"etc/pki/tls/cert.pem": "-----BEGIN CERTIFICATE-----\nMIIB\n"}, Expected()),
        ({"usr/share/doc/x": f"an example: {HASH}\n"}, Expected()),
        ({"var/log/wtmp": ""}, Expected()),
        ({"etc/puppet/ssl/certs/ca.pem": "x"}, Expected()),
        ({"etc/wireguard/wg0.conf": "PublicKey = x\n# PrivateKey = \n"}, Expected()),
        ({"facts/swap": "/dev/sda2 0\n"}, Expected()),
        ({"var/lib/NetworkManager/": ""}, Expected()),
        (ENFORCING | {".autorelabel": ""}, Expected()),
        (ENFORCING | {"etc/selinux/config": "SELINUX=disabled\n"}, Expected()),
        ({"etc/selinux/config": "SELINUX=permissive\nSELINUXTYPE=default\n"}, Expected()),
    ],
)
def test_what_was_asked_for_is_no_finding(
    tmp_path: Path, files: dict[str, str], expected: Expected
) -> None:
    assert failed(tmp_path, files, expected=expected) == {}


UEFI = Expected(firmware="uefi")
NOTHING = "there is no EFI/BOOT/BOOTX64.EFI on "


@pytest.mark.parametrize(
    ("fact", "expected", "details"),
    [
        ("no /dev/sda1\n", UEFI, (f"{NOTHING}/dev/sda1",)),
        ("", UEFI, (f"{NOTHING}a file system that UEFI reads",)),
        ("no /dev/sda1\nyes /dev/sda2\n", UEFI, ()),
        ("no /dev/sda1\n", Expected(firmware="bios"), ()),
        ("", Expected(), ()),
    ],
)
def test_firmware_without_a_boot_entry_finds_something(
    tmp_path: Path, fact: str, expected: Expected, details: tuple[str, ...]
) -> None:
    found = failed(tmp_path, {"facts/fallback": fact}, expected=expected)
    assert found == ({"boot-fallback": details} if details else {})


@pytest.mark.parametrize(
    ("used", "mib", "passed"),
    [
        ("314572800 /dev/sda1\n", 363, True),
        ("314572800 /dev/sda1\n", 800, False),
        ("314572800 /dev/sda1\n524288000 /dev/mapper/a-b\n", 860, True),
        ("", 1000, True),  # the reader of an older archive noted nothing
    ],
)
def test_an_image_holds_no_more_than_what_is_in_use(
    tmp_path: Path, used: str, mib: int, passed: bool
) -> None:
    with GuestTree.opened(write(tmp_path / "archive.tar", {"facts/used": used})) as tree:
        found = freed(tree, allocated=mib << 20)
    assert found.passed == passed
    assert passed or "the image holds 800 MiB, and only 300 are in use" in found.details[0]


def test_files_and_folders_that_everybody_may_change(tmp_path: Path) -> None:
    modes = {"etc/cron.d/x": 0o666, "srv/shared/": 0o777, "tmp/": 0o1777}
    found = failed(tmp_path, dict.fromkeys(modes, ""), modes=modes)
    assert found == {"world-writable": ("/etc/cron.d/x", "/srv/shared")}


def test_labels_are_wanted_where_selinux_is_used(tmp_path: Path) -> None:
    assert failed(tmp_path, ENFORCING, label=LABEL) == {}
    assert list(failed(tmp_path, ENFORCING)) == ["selinux-labels"]
    unlabelled = "system_u:object_r:unlabeled_t:s0"
    [details] = failed(tmp_path, ENFORCING, label=unlabelled).values()
    assert f"/etc/passwd ({unlabelled})" in details


def test_a_flood_of_findings_is_cut(tmp_path: Path) -> None:
    found = failed(tmp_path, {f"var/log/{number}.log": "x" for number in range(99)})
    assert len(found["logs"]) == 20


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _whole: b"",
        lambda _whole: b"\1" * 2048,
        lambda whole: whole.replace(b"644\0", b"644x", 1),
    ],
    ids=["nothing", "nonsense", "a list that was cut off"],
)
def test_an_archive_that_is_none(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    archive = write(tmp_path / "archive.tar", {"etc/passwd": ""})
    archive.write_bytes(spoil(archive.read_bytes()))
    with pytest.raises(HostError, match="cannot be read"), GuestTree.opened(archive):
        pass


LOGS = Finding(check="logs", says="logs are empty", details=("/var/log/a", "/var/log/b"))
FINE = Finding(check="mail", says="no letters")
USERS = Finding(check="users", says="no account", details=("the account joe",))


def test_a_finding_blocks_unless_it_is_waived() -> None:
    with pytest.raises(TemplateError) as caught:
        checks.refuse([FINE, LOGS, USERS])
    assert caught.value.message == (
        "The template did not pass logs (logs are empty): /var/log/a, and 1 more; nor users."
    )
    assert "--waive logs --waive users" in caught.value.hint
    waived = checks.waive([FINE, LOGS, USERS], {"logs", "users", "mail"})
    assert [each.waived for each in waived] == [False, True, True]
    checks.refuse(waived)


def sealed_away() -> list[str]:
    """Return the paths that the seal removes by name."""
    snippets = Library().folders[-1] / "snippets"
    text = "".join(path.read_text() for path in sorted(snippets.glob("seal*.sh.j2")))
    removals = re.findall(r"^ *rm -r?f (.*)$", text.replace("\\\n", " "), re.MULTILINE)
    return sorted({word for line in removals for word in line.split() if word.startswith("/")})


@pytest.mark.parametrize("pattern", sealed_away())
def test_whatever_the_seal_removes_is_looked_for(tmp_path: Path, pattern: str) -> None:
    """The other way round is tests/integration/kickstart/test_seal.py's."""
    # What systemd's files, of which only some are a card's, and ids hold.
    files = {pattern[1:].replace("*", "x.link"): "[Match]\nMACAddress=52:54:00:12:34:56\n"}
    assert failed(tmp_path, files) != {}


@pytest.mark.parametrize(
    "text",
    [
        f"$1$ab${'x' * 22}",
        f"$2b$10${'x' * 53}",
        f"$5$rounds=5000$salt${'x' * 43}",
        f"$7$CU..../....{'x' * 22}${'x' * 43}",
        f"$y$j9T${'x' * 22}${'x' * 43}",
        f"$argon2id$v=19$m=65536,t=3,p=4${'x+' * 11}${'/+x' * 14}",
    ],
)
def test_every_form_of_a_hash(tmp_path: Path, text: str) -> None:
    assert failed(tmp_path, {"root/.env": f"x={text}\n"}).keys() == {"secrets"}


@pytest.mark.parametrize(
    ("path", "begin", "told"),
    [
        ("boot/grub/i386-pc/legacy_password_test.mod", "\x7fELF\0", False),
        ("boot/efi/EFI/centos/mmx64.efi", "MZ\0", False),
        ("boot/grub2/user.cfg", "", True),
        ("boot/grub/i386-pc/notes.mod", "", True),
        ("srv/program", "\x7fELF\0", True),
    ],
)
def test_hashes_of_boot_loaders_are_no_secret(
    tmp_path: Path, path: str, begin: str, *, told: bool
) -> None:
    """Two that such programs test themselves with, as they are in them."""
    hashes = "$1$oaL$eyrazuM7TkxVkKgBim1WH1\0$2a$00$abcdefghijklmnopqrstuu"
    assert ("secrets" in failed(tmp_path, {path: f"{begin}{hashes}"})) == told


def test_other_secrets_in_boot_loaders_are_told(tmp_path: Path) -> None:
    """An image of a kernel with its command line and its initramfs is made on the spot."""
    key = f"MZ\0-----BEGIN PRIVATE KEY-----\n{'M' * 64}\n"
    assert failed(tmp_path, {"boot/efi/EFI/Linux/own.efi": key}).keys() == {"secrets"}


@pytest.mark.parametrize(
    "text",
    [
        "$1$2$3",
        "$5${name}_${version}",
        f"$6$ {'x' * 40}",
        "dest=$y$m$d/var/backups/database",
        'cp "$1$2$3/usr/local/share/app" .',
        "$1$2$ENVIRONMENTVARIABLENAME",
    ],
)
def test_parameters_of_scripts_are_no_hash(tmp_path: Path, text: str) -> None:
    assert failed(tmp_path, {"root/.env": text}) == {}


@pytest.mark.parametrize("pattern", SECRETS.values(), ids=SECRETS)
def test_a_file_of_blank_lines_takes_no_more_than_its_length(pattern: re.Pattern[bytes]) -> None:
    """What begins with white space would, at each of its lines, look at all that follow."""
    assert not pattern.pattern.startswith(rb"^\s")


def test_a_file_of_pieces_of_hashes_takes_no_more_than_its_length() -> None:
    pattern = re.sub(rb"\[[^]]*\]", b"", SECRETS["a password hash"].pattern)
    assert b"{22}" in pattern
    assert re.findall(rb"[*+]|\{\d+,\}", pattern) == []
