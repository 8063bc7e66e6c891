"""The scripts of our kickstarts: read by shells and shellcheck, and run in a throw-away root."""

import base64
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pykickstart.constants import KS_SCRIPT_ONERROR, KS_SCRIPT_TRACEBACK
from roots import (
    COMPLETE,
    CONFIGURE,
    PORT,
    SEAL,
    Run,
    give,
    post,
    put,
    root_fixture,
    run_fixture,
    scripts,
    stub,
)

from builder import process
from builder.install.report import parse
from builder.model.domain import CLONE_PORT
from builder.proof.audit.script import reading_kickstart
from builder.proof.clone_report import Report
from builder.releases import catalogue

__all__ = ["root_fixture", "run_fixture"]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGoldenGoldenGolden someone@example"
USER = {"user": "joe", "ssh_keys": KEY}


def records(root: Path) -> list[dict[str, Any]]:
    """Return what the host heard."""
    return [json.loads(line) for line in (root / PORT).read_text().splitlines() if line]


EL = ["centos7", "rocky8", "rocky9", "alma10", "fedora44"]
"""One of each family."""


@pytest.fixture(scope="module")
def all_scripts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return a file of each script, by the last release that has it: families share most."""
    distinct = {
        each.script: f"{name}-{number}{'-user' if variables else ''}"
        for name in catalogue.names()
        for variables in ({}, USER)
        for number, each in enumerate(scripts(name, variables))
    } | {
        each.script: f"{name}-{number}-cloud-hybrid"
        for name in EL
        for number, each in enumerate(scripts(name, profile="cloud", firmware="hybrid"))
    }
    folder = tmp_path_factory.mktemp("scripts")
    for script, name in distinct.items():
        put(folder / name, script)
    files = sorted(folder.iterdir())
    assert len(files) == len(distinct) > 10
    return files


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shells_understand_every_script(all_scripts: list[Path], shell: str) -> None:
    # Of several files a shell reads the first, and calls the rest its arguments.
    each = 'for script; do "$0" -n "$script" || failed="$failed $script"; done; [ -z "$failed" ]'
    done = process.run(["sh", "-c", each, shell, *all_scripts], check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
def test_shellcheck_finds_nothing(all_scripts: list[Path]) -> None:
    # SC2317: the trap's function is reached only by the trap. SC2016: some $ are for rpm and dpkg.
    # SC1091: nobody has the guest's /etc/os-release.
    excluded = "--exclude=SC1091,SC2016,SC2317"
    done = process.run(["shellcheck", "--shell=sh", excluded, *all_scripts], check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
def test_shellcheck_finds_nothing_in_what_reads_disks(tmp_path: Path) -> None:
    script = reading_kickstart("n-1").partition("%pre --erroronfail\n")[2].partition("%end")[0]
    put(tmp_path / "script", script)
    done = process.run(["shellcheck", "--shell=sh", tmp_path / "script"], check=False)
    assert done.stdout == ""


GONE = [
    "etc/ssh/ssh_host_rsa_key",
    "etc/ssh/ssh_host_ed25519_key.pub",
    "etc/machine-info",
    "etc/passwd-",
    "etc/udev/rules.d/70-persistent-net.rules",
    "var/lib/dhclient/dhclient-eth0.leases",
    "var/lib/dhcp/dhclient.leases",
    "var/lib/NetworkManager/secret_key",
    "var/lib/rpm/__db.001",
    "var/lib/yum/uuid",
    "var/cache/dnf/baseos-0123/repodata/repomd.xml",
    "var/cache/libdnf5/fedora-0123/solv/x.solv",
    "var/cache/PackageKit/44/metadata/x",
    "var/lib/dnf/repos/baseos-0123/countme",
    "var/lib/systemd/credential.secret",
    "var/log/dnf.rpm.log.1",
    "var/lib/apt/lists/x_Packages",
    "var/cache/apt/archives/x.deb",
    "var/cache/yum/x86_64/x",
    "var/log/anaconda/anaconda.log",
    "var/log/journal/0123/system.journal",
    "var/log/messages.1",
    "root/original-ks.cfg",
    "root/.bash_history",
    "tmp/left/over",
    "tmp/.hidden",
    "tmp/ks-script-earlier",
    "var/tmp/x",
]
EMPTY = ["etc/machine-id", "etc/resolv.conf", "var/log/messages", "var/log/wtmp", "var/mail/root"]
KEPT = [
    "etc/ssh/sshd_config",
    "root/.ssh/authorized_keys",
    "var/lib/dpkg/status",
    # Databases of packages of EL 8 and EL 9; that of EL 10 and Fedora is in /usr.
    "var/lib/rpm/Packages",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/dnf/modulefailsafe/x",
    # Why packages are there, and which groups: to dnf 4 (with its journal) and to dnf5.
    "var/lib/dnf/history.sqlite",
    "var/lib/dnf/history.sqlite-wal",
    "usr/lib/sysimage/libdnf5/packages.toml",
    "usr/lib/sysimage/libdnf5/transaction_history.sqlite",
    "boot/grub2/grubenv",
    "etc/kernel/cmdline",
]


@pytest.mark.parametrize("name", [*EL, "rehearsal"])
def test_the_seal_seals(root: Path, run: Run, name: str) -> None:
    for path in (*GONE, *EMPTY, *KEPT):
        put(root / path, "secret")
    put(root / "etc/sysconfig/network-scripts/ifcfg-eth0", "DEVICE=eth0\nHWADDR=a\nUUID=b\n")
    (root / "var/lib/dbus").mkdir()
    put(root / "var/lib/dbus/machine-id", "secret")
    done = run(post(name, SEAL))
    assert done.returncode == 0, done.stdout
    assert [path for path in GONE if (root / path).exists()] == []
    assert [path for path in EMPTY if (root / path).read_bytes()] == []
    assert [path for path in KEPT if (root / path).read_text() != "secret"] == []
    assert (root / "etc/sysconfig/network-scripts/ifcfg-eth0").read_text() == "DEVICE=eth0\n"
    assert (root / "var/lib/dbus/machine-id").readlink() == Path("/etc/machine-id")
    assert [path.name for path in (root / "tmp").iterdir()] == ["ks-script-test"]
    assert "fstrim -v /\n" in (root / "stubs/log").read_text()
    assert records(root) == []


def test_the_seal_leaves_a_managed_resolv_conf_alone(root: Path, run: Run) -> None:
    (root / "etc/resolv.conf").symlink_to("../run/stub-resolv.conf")
    assert run(post("rehearsal", SEAL)).returncode == 0
    assert (root / "etc/resolv.conf").is_symlink()


def test_the_seal_survives_a_bare_system_and_a_file_system_without_trim(
    root: Path, run: Run
) -> None:
    stub(root, "fstrim", "exit 1")
    done = run(post("centos7", SEAL))
    assert done.returncode == 0, done.stdout


STATUS = """\
Package: {name}
Status: {status}
Version: 1:2.0~rc1-1
Architecture: all
Source: {source} (3-1)

"""


def test_success_reports_packages_and_then_the_nonce(root: Path, run: Run) -> None:
    give(root / "stubs", "dpkg-query")
    put(root / "tmp/ks-script-seal")
    put(
        root / "var/lib/dpkg/status",
        STATUS.format(name="zlib", source="z", status="install ok installed")
        + STATUS.format(name="gone", source="gone", status="deinstall ok config-files")
        + STATUS.format(name="adduser", source="adduser", status="install ok installed"),
    )
    put(root / "etc/os-release", 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian (\\"b\\")"\n')
    stub(root, "sync", ":")
    done = run(post("rehearsal", COMPLETE))
    assert done.returncode == 0, done.stderr
    deb = {"kind": "deb", "version": "1:2.0~rc1-1", "arch": "all", "license": ""}
    said = {"id": "debian", "version_id": "12", "pretty_name": "Debian (b)", "cpe_name": ""}
    assert records(root) == [
        {"builder": 1, "nonce": "n-1", "package": deb | {"name": "adduser", "source": "adduser"}},
        {"builder": 1, "nonce": "n-1", "package": deb | {"name": "zlib", "source": "z"}},
        {"builder": 1, "nonce": "n-1", "system": said},
        {"builder": 1, "nonce": "n-1", "result": "success"},
    ]
    console = (root / "dev/console").read_text()
    assert console == '\n{"builder":1,"nonce":"n-1","result":"success"}\n'
    assert [path.name for path in (root / "tmp").iterdir()] == ["ks-script-test"]


DEBIAN, CENTOS = "ID=debian\n", 'ID="centos"\nID_LIKE="rhel fedora"\n'
MINT = 'ID=linuxmint\nID_LIKE="ubuntu debian"\n'
HAS_DEB = STATUS.format(name="a-deb", source="x", status="install ok installed")
HAS_RPM = "echo 'installed\ta-rpm\t(none)\t1-1\tnoarch\tx\tx'"


class Packagers(msgspec.Struct, frozen=True, kw_only=True):
    """What a system has of packagers; None where the program is not there."""

    os_release: str = ""
    rpm: str | None = None
    """What it does."""
    status: str | None = None
    """dpkg's database."""
    heard: str | None
    """The kind of packages that the host hears of."""


PACKAGERS = {
    "Debian": Packagers(os_release=DEBIAN, status=HAS_DEB, heard="deb"),
    "Debian with rpm": Packagers(os_release=DEBIAN, rpm=":", status=HAS_DEB, heard="deb"),
    "Debian with rpms": Packagers(os_release=DEBIAN, rpm=HAS_RPM, status=HAS_DEB, heard="deb"),
    "Mint with rpms": Packagers(os_release=MINT, rpm=HAS_RPM, status=HAS_DEB, heard="deb"),
    "EL": Packagers(os_release=CENTOS, rpm=HAS_RPM, heard="rpm"),
    "EL with dpkg": Packagers(os_release=CENTOS, rpm=HAS_RPM, status="", heard="rpm"),
    "EL with debs": Packagers(os_release=CENTOS, rpm=HAS_RPM, status=HAS_DEB, heard="rpm"),
    "nameless, both, debs": Packagers(rpm=":", status=HAS_DEB, heard="deb"),
    "nameless, both, rpms": Packagers(rpm=HAS_RPM, status="", heard="rpm"),
    "nameless, both kinds": Packagers(rpm=HAS_RPM, status=HAS_DEB, heard="rpm"),
    "broken os-release": Packagers(os_release="ID=$(", status=HAS_DEB, heard="deb"),
    "no packager": Packagers(heard=None),
}


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("system", PACKAGERS.values(), ids=PACKAGERS.keys())
def test_the_system_s_own_packager_is_heard(
    root: Path, run: Run, shell: str, system: Packagers
) -> None:
    put(root / "etc/os-release", system.os_release)
    if system.rpm is not None:
        stub(root, "rpm", system.rpm)
    if system.status is not None:
        give(root / "stubs", "dpkg-query")
        put(root / "var/lib/dpkg/status", system.status)
    done = run(f"exec {shell} <<'SCRIPT'\n{post('rehearsal', COMPLETE)}\nSCRIPT")
    assert done.returncode == 0, done.stderr
    packages = [each["package"] for each in records(root) if "package" in each]
    heard = [(each["kind"], each["name"]) for each in packages]
    assert heard == ([(system.heard, f"a-{system.heard}")] if system.heard else [])


def test_a_debian_s_rpm_is_not_even_asked(root: Path, run: Run) -> None:
    give(root / "stubs", "dpkg-query")
    put(root / "etc/os-release", DEBIAN)
    put(root / "var/lib/dpkg/status", HAS_DEB)
    stub(root, "rpm", "mkdir /root/.rpmdb")  # what it does where it finds no database
    assert run(post("rehearsal", COMPLETE)).returncode == 0
    assert not (root / "root/.rpmdb").exists()


RPM = [
    # What `rpm -qa` prints, and what of it is heard.
    (
        "bash\t(none)\t4.2.46-34.el7\tx86_64\tbash-4.2.46-34.el7.src.rpm\tGPLv3+",
        ("bash", "4.2.46-34.el7", "x86_64", "bash-4.2.46-34.el7.src.rpm", "GPLv3+"),
    ),
    (
        "dbus\t1\t1.10-2\tx86_64\tdbus-1.10-2.src.rpm\t(GPLv2+ or AFL) and X & Y",
        ("dbus", "1:1.10-2", "x86_64", "dbus-1.10-2.src.rpm", "(GPLv2+ or AFL) and X & Y"),
    ),
    ("nil\t0\t1-1\tnoarch\t(none)\t(none)", ("nil", "0:1-1", "noarch", "", "")),
    ('q\t(none)\t1-1\tnoarch\tq.rpm\ta"b\\c\aé', ("q", "1-1", "noarch", "q.rpm", "abc")),
    ("gpg-pubkey\t(none)\tf4a80eb5-53a7ff4b\t(none)\t(none)\tpubkey", None),
    ('a"b\t(none)\t1-1\tnoarch\tx\tx', None),
    ("ab\t(none)\t1&1\tnoarch\tx\tx", None),
    ("ab\t(none)\t1-1\tno/arch\tx\tx", None),
    ("-ab\t(none)\t1-1\tnoarch\tx\tx", None),
    ("%%end", None),
]


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_rpms_as_the_host_hears_them(root: Path, run: Run, shell: str) -> None:
    put(root / "rpms", "".join(f"installed\t{line}\n" for line, _ in RPM))
    stub(root, "rpm", "cat /rpms")
    assert run(f"exec {shell} <<'SCRIPT'\n{post('centos7', COMPLETE)}\nSCRIPT").returncode == 0
    keys = ("name", "version", "arch", "source", "license")
    expected = [dict(zip(keys, each, strict=True)) | {"kind": "rpm"} for _, each in RPM if each]
    *heard, last = records(root)
    assert [each["package"] for each in heard] == expected
    assert last["result"] == "success"
    lines = (root / PORT).read_text().splitlines()
    reports = [report for line in lines if (report := parse(line))]
    assert [report.package and report.package.name for report in reports] == [
        *(each["name"] for each in expected),
        None,
    ]


def test_a_flood_of_packages_and_an_endless_license_do_no_harm(root: Path, run: Run) -> None:
    many = [f"installed\tp-{number}\t(none)\t1-1\tnoarch\tx\tx\n" for number in range(6000)]
    put(root / "rpms", f"installed\tA\t1\t1-1\tnoarch\tx\t{'x' * 9999}\n" + "".join(many))
    stub(root, "rpm", "cat /rpms")
    assert run(post("centos7", COMPLETE)).returncode == 0
    heard = records(root)
    assert len(heard) == 5001
    assert heard[-1] == {"builder": 1, "nonce": "n-1", "result": "success"}
    assert len(heard[0]["package"]["license"]) == 400


@pytest.mark.parametrize(
    "text",
    ["ID=$(", "exit 3", "ID='a\nb'\nCPE_NAME='\\x\"{}'", "", "ID=é" + "x" * 9999],
)
def test_an_odd_os_release_does_no_harm(root: Path, run: Run, text: str) -> None:
    stub(root, "rpm", ":")
    put(root / "etc/os-release", text)
    assert run(post("centos7", COMPLETE)).returncode == 0
    assert records(root)[-1] == {"builder": 1, "nonce": "n-1", "result": "success"}
    assert all(parse(line) for line in (root / PORT).read_text().splitlines() if line)


@pytest.mark.parametrize("listener", ["absent", "deaf"])
def test_nothing_waits_for_a_port_without_a_listener(root: Path, run: Run, listener: str) -> None:
    (root / PORT).unlink()
    if listener == "deaf":
        os.mkfifo(root / PORT)
    stub(root, "timeout", 'shift; exec /usr/bin/timeout 1 "$@"')
    stub(root, "rpm", ":")
    assert run(post("centos7", COMPLETE)).returncode == 0


def test_a_failing_script_says_where_and_why(root: Path, run: Run) -> None:
    put(root / "boot/vmlinuz-3.10", "")
    stub(root, "dracut", "echo no space left >&2; exit 1")
    put(root / "etc/yum.repos.d/x", "")
    put(root / "etc/sysconfig/network-scripts/ifcfg-ens3", "")
    done = run(post("centos7", CONFIGURE))
    assert done.returncode == 1
    assert "no space left" in done.stdout
    [record] = records(root)
    assert {**record, "log_base64": ""} == {
        "builder": 1,
        "nonce": "n-1",
        "result": "failure",
        "stage": "configure",
        "log_base64": "",
    }
    said = base64.b64decode(record["log_base64"]).decode().splitlines()
    assert said[-1] == "no space left"  # nothing that the report does comes after it
    assert said[-2].startswith("+ dracut")
    assert '"result":"failure"' in (root / "dev/console").read_text()


def test_centos7_gets_vault_repositories_and_a_generic_machine(root: Path, run: Run) -> None:
    for kernel in ("3.10-1.x86_64", "5.4-2.el7uek.x86_64"):  # Oracle's second one has another name
        put(root / f"boot/vmlinuz-{kernel}", "")
    put(root / "boot/vmlinuz-0-rescue-0123", "")
    put(root / "etc/yum.repos.d/CentOS-Base.repo", "mirrorlist=http://mirrorlist.centos.org/")
    put(root / "etc/sysconfig/network-scripts/ifcfg-ens3", "HWADDR=a")
    put(root / "etc/sysconfig/network-scripts/ifcfg-lo", "DEVICE=lo")
    done = run(post("centos7", CONFIGURE, {"ssh_keys": KEY}))
    assert done.returncode == 0, done.stdout
    repositories = (root / "etc/yum.repos.d/CentOS-Base.repo").read_text()
    assert "baseurl=http://vault.centos.org/7.9.2009/updates/$basearch/" in repositories
    assert "mirrorlist" not in repositories
    scripts_folder = root / "etc/sysconfig/network-scripts"
    assert sorted(path.name for path in scripts_folder.iterdir()) == ["ifcfg-eth0", "ifcfg-lo"]
    made = [line for line in (root / "stubs/log").read_text().splitlines() if "dracut" in line]
    assert made == [
        "dracut --force /boot/initramfs-3.10-1.x86_64.img 3.10-1.x86_64",
        "dracut --force /boot/initramfs-5.4-2.el7uek.x86_64.img 5.4-2.el7uek.x86_64",
    ]
    keys = root / "root/.ssh/authorized_keys"
    assert keys.read_text() == f"{KEY}\n"
    assert keys.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", [*EL, "rehearsal"])
def test_clones_can_tell_of_themselves_and_grow(root: Path, run: Run, name: str) -> None:
    stub(root, "rpm", ":")
    put(root / "etc/yum.repos.d/x.repo", "")
    put(root / "etc/sysconfig/network-scripts/ifcfg-lo", "DEVICE=lo")
    done = run(post(name, CONFIGURE))
    assert done.returncode == 0, done.stdout
    wants = root / "etc/systemd/system/multi-user.target.wants"
    names = ["builder-boot-entries", "builder-grow-root"][not catalogue.find(name).facts.bls :]
    assert sorted(path.name for path in wants.iterdir()) == [f"{each}.service" for each in names]
    for script in (*names, "builder-clone-report"):
        path = root.parent / "upper/libexec" / script
        assert path.stat().st_mode & 0o777 == 0o755
        process.run(["shellcheck", "--shell=sh", path])


PROFILES = "etc/NetworkManager/system-connections"


@pytest.mark.parametrize("name", EL[1:])
@pytest.mark.parametrize("server", [False, True])
def test_no_profile_of_the_installer_s_card_is_left(
    root: Path, run: Run, name: str, server: bool
) -> None:
    """EL 8 has it as a script of the old kind, later ones as NetworkManager's own file."""
    put(root / "etc/sysconfig/network-scripts/ifcfg-enp1s0", "DEVICE=enp1s0\n")
    put(root / "etc/sysconfig/network-scripts/ifcfg-lo", "DEVICE=lo\n")
    put(root / PROFILES / "enp1s0.nmconnection", "[connection]\ninterface-name=enp1s0\n")
    if server:  # as NetworkManager-config-server has it
        put(root / "etc/NetworkManager/conf.d/00-server.conf", "[main]\nno-auto-default=*\n")
    done = run(post(name, CONFIGURE))
    assert done.returncode == 0, done.stdout
    old = (root / "etc/sysconfig/network-scripts").iterdir()
    assert [path.name for path in old] == ["ifcfg-lo"]
    left = {path.name: path for path in (root / PROFILES).iterdir()}
    assert list(left) == ["any-card.nmconnection"] * server
    for profile in left.values():
        assert profile.stat().st_mode & 0o777 == 0o600  # NetworkManager takes no other
        assert not re.search("interface-name|uuid|mac-address", profile.read_text())
    assert not (root / "etc/sysconfig/network").exists()


@pytest.mark.parametrize("name", EL[1:])
def test_grub_does_not_hide_its_menu(root: Path, run: Run, name: str) -> None:
    put(root / "boot/grub2/grubenv", "menu_auto_hide=1\n")
    stub(root, "grub2-editenv", 'echo "$@" >/stubs/editenv')
    done = run(post(name, CONFIGURE))
    assert done.returncode == 0, done.stdout
    assert (root / "stubs/editenv").read_text() == "- unset menu_auto_hide\n"


@pytest.mark.parametrize(
    ("has", "lang", "left"),
    [
        ("C\nC.utf8\nen_US\nen_US.utf8\nPOSIX", "en_US.UTF-8", "en_US.UTF-8"),
        ("C\nC.utf8\nPOSIX", "en_US.UTF-8", "C.UTF-8"),
        ("C\nC.utf8\nen_US\nPOSIX", "en_US.UTF-8", "C.UTF-8"),
        ("C\nC.utf8\nPOSIX", "C.UTF-8", "C.UTF-8"),
        ("C\nC.utf8\nde_DE.utf8", "de_DE.UTF-8", "de_DE.UTF-8"),
    ],
)
def test_a_locale_that_no_package_brought_is_not_left(
    root: Path, run: Run, has: str, lang: str, left: str
) -> None:
    put(root / "etc/locale.conf", f"LANG={lang}\n")
    stub(root, "locale", f"cat <<'EOF'\n{has}\nEOF")
    done = run(post("rocky9", CONFIGURE, {"lang": lang}))
    assert done.returncode == 0, done.stdout
    assert (root / "etc/locale.conf").read_text() == f"LANG={left}\n"


CENTOS_8 = """\
[baseos]
name=CentOS Linux $releasever - BaseOS
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=BaseOS
#baseurl=http://mirror.centos.org/$contentdir/$releasever/BaseOS/$basearch/os/
gpgcheck=1
enabled=1
"""
VAULT_8 = """\
[baseos]
name=CentOS Linux $releasever - BaseOS
#mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=BaseOS
baseurl=http://vault.centos.org/$contentdir/$releasever/BaseOS/$basearch/os/
gpgcheck=1
enabled=1
"""
OTHERS = "[theirs]\nmirrorlist=https://mirrors.example/list\n#baseurl=https://mirror.example/\n"


@pytest.mark.parametrize("name", ["centos8", "centos-stream8"])
def test_centos8_s_repositories_are_the_vault_s(root: Path, run: Run, name: str) -> None:
    put(root / "etc/yum.repos.d/CentOS-Linux-BaseOS.repo", CENTOS_8)
    put(root / "etc/yum.repos.d/others.repo", OTHERS)
    done = run(post(name, CONFIGURE))
    assert done.returncode == 0, done.stdout
    assert (root / "etc/yum.repos.d/CentOS-Linux-BaseOS.repo").read_text() == VAULT_8
    assert (root / "etc/yum.repos.d/others.repo").read_text() == OTHERS


@pytest.mark.parametrize("name", ["rocky8", "centos-stream9", "fedora44", "oracle8"])
def test_others_keep_the_repositories_that_they_come_with(root: Path, run: Run, name: str) -> None:
    put(root / "etc/yum.repos.d/CentOS-Linux-BaseOS.repo", CENTOS_8)
    assert run(post(name, CONFIGURE)).returncode == 0
    assert (root / "etc/yum.repos.d/CentOS-Linux-BaseOS.repo").read_text() == CENTOS_8


OURS, THEIRS, OTHER = "a" * 32, "0123456789abcdef" * 2, "f" * 32
_EDITENV = """
case $2 in
    list) echo "saved_entry=$(cat /boot/saved)" ;;
    set) echo "${3#saved_entry=}" >/boot/saved ;;
esac
"""
ENTRIES = "boot/loader/entries"


@pytest.mark.parametrize(
    ("id_", "before", "saved", "after", "saved_after"),
    [
        (OURS, [f"{THEIRS}-5.14"], f"{THEIRS}-5.14", [f"{OURS}-5.14"], f"{OURS}-5.14"),
        # Another may be saved; a second start finds nothing to do.
        (OURS, [f"{THEIRS}-5.14"], "other", [f"{OURS}-5.14"], "other"),
        (OURS, [f"{OURS}-5.14"], f"{OURS}-5.14", [f"{OURS}-5.14"], f"{OURS}-5.14"),
        (
            OURS,
            [f"{THEIRS}-5.14", f"{THEIRS}-5.15"],
            f"{THEIRS}-5.15",
            [f"{OURS}-5.14", f"{OURS}-5.15"],
            f"{OURS}-5.15",
        ),
        # Rescue images, kernels that are not here, and names of another kind are somebody's.
        (
            OURS,
            [f"{THEIRS}-0-rescue", f"{OTHER}-6.1", "fedora-6.1", "ostree-1-x"],
            "x",
            [f"{THEIRS}-0-rescue", f"{OTHER}-6.1", "fedora-6.1", "ostree-1-x"],
            "x",
        ),
        # What a new kernel made in the meantime stays.
        (
            OURS,
            [f"{THEIRS}-5.14", f"{OURS}-5.14"],
            f"{OURS}-5.14",
            [f"{THEIRS}-5.14", f"{OURS}-5.14"],
            f"{OURS}-5.14",
        ),
        ("", [f"{THEIRS}-5.14"], f"{THEIRS}-5.14", [f"{THEIRS}-5.14"], f"{THEIRS}-5.14"),
        ("uninitialized", [f"{THEIRS}-5.14"], "x", [f"{THEIRS}-5.14"], "x"),
        (OURS, [], "x", [], "x"),
    ],
)
def test_boot_entries_get_the_clone_s_own_id(  # noqa: PLR0913, PLR0917  # a row of the table
    root: Path,
    run: Run,
    id_: str,
    before: list[str],
    saved: str,
    after: list[str],
    saved_after: str,
) -> None:
    for name in before:
        put(root / ENTRIES / f"{name}.conf", "linux /boot/vmlinuz-5.14\n")
    for name in ("vmlinuz-5.14", "vmlinuz-5.15"):
        put(root / "boot" / name)
    put(root / "boot/saved", f"{saved}\n")
    put(root / "etc/machine-id", f"{id_}\n")
    give(root / "stubs", "mv")
    stub(root, "grub2-editenv", _EDITENV)
    done = run(post("rocky9", CONFIGURE) + "/usr/libexec/builder-boot-entries\n")
    assert done.returncode == 0, done.stdout
    entries = [path.stem for path in (root / ENTRIES).iterdir()] if before else []
    assert sorted(entries) == sorted(after)
    assert (root / "boot/saved").read_text() == f"{saved_after}\n"


def test_a_template_that_keeps_its_id_keeps_its_boot_entries() -> None:
    assert "boot-entries" in post("rocky9", CONFIGURE)
    for variables in ({"seal": "no"}, {"seal_except": "machine-id"}):
        assert "boot-entries" not in post("rocky9", CONFIGURE, variables)


_SYSTEMD = """
case "$1" in
    is-system-running) echo x >>/tmp/asked; [ "$(cat /tmp/asked)" = x ] && echo starting ;;
    list-units) echo '* slow.service loaded failed failed S'; echo 'bad.service loaded failed B' ;;
    show) if [ "$4" = slow.service ]; then echo Result=timeout; else echo Result=exit-code; fi ;;
esac
"""


def test_a_clone_tells_that_it_lives_and_which_units_were_too_slow(root: Path, run: Run) -> None:
    put(root / "dev/virtio-ports" / CLONE_PORT, "")
    put(root / "sys/class/net/eth0/device")
    put(root / "sys/class/net/lan0/device")
    put(root / "sys/class/net/lan0/address", "52:54:00:12:34:57\n")
    put(root / "sys/class/net/enbr0/address", "52:54:00:00:00:01\n")
    stub(root, "systemctl", _SYSTEMD)
    stub(root, "ip", "echo '2: eth0 inet 10.0.2.15/24 scope global eth0'")
    stub(root, "sleep", ":")
    done = run(post("rehearsal", CONFIGURE) + "/usr/libexec/builder-clone-report\n")
    assert done.returncode == 0, done.stdout
    report = Report()
    report.feed((root / "dev/virtio-ports" / CLONE_PORT).read_bytes())
    assert report.complete
    assert report.all("waiting") == ("is_up",)
    assert report.all("dhcp-identity") == ("52:54:00:12:34:57",)
    assert report.all("failed-unit") == ("slow.service", "bad.service")
    assert report.all("late-unit") == ("slow.service",)


@pytest.mark.parametrize(
    ("name", "kind", "stage"),
    [
        ("centos7", KS_SCRIPT_TRACEBACK, "traceback"),
        ("rocky9", KS_SCRIPT_ONERROR, "onerror"),
        ("fedora44", KS_SCRIPT_ONERROR, "onerror"),
        ("rehearsal", KS_SCRIPT_TRACEBACK, "traceback"),
        ("rehearsal", KS_SCRIPT_ONERROR, "onerror"),
    ],
)
def test_an_installer_that_fails_sends_its_logs(
    root: Path, run: Run, name: str, kind: int, stage: str
) -> None:
    [script] = [each.script for each in scripts(name) if each.type == kind]
    put(root / "tmp/anaconda.log", "the cause\n")
    assert run(script).returncode == 0
    [record] = records(root)
    assert record["stage"] == stage
    assert base64.b64decode(record["log_base64"]) == b"== /tmp/anaconda.log\nthe cause\n"
