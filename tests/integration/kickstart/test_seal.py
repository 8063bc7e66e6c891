"""The seal and its audit: with one step left out, the audit names just that step."""

import re
import shutil
from pathlib import Path

import pytest
from roots import SEAL, Run, give, post, put, root_fixture, run_fixture

from builder import process
from builder.kickstart.library import Library
from builder.model.audit import Expected
from builder.proof.audit.judge import SEAL as STEPS
from builder.proof.audit.judge import audit
from builder.proof.audit.script import reading_kickstart
from builder.proof.audit.sealed import ABSENT, DRAWN
from builder.proof.audit.tree import GuestTree

__all__ = ["root_fixture", "run_fixture"]
LIST = re.compile(r"^list_files\(\) \{.*?^\}", re.MULTILINE | re.DOTALL)
DIRT = {
    "account-backups": ("etc/shadow-", "x"),
    "cloud-init": ("var/lib/cloud/instance/id", "x"),
    "crash-data": ("var/crash/1/vmcore", "x"),
    "device-ids": ("etc/lvm/devices/system.devices", "x"),
    "dhcp-leases": ("var/lib/dhclient/dhclient--eth0.lease", "x"),
    "hostname": ("etc/hostname", "night-17.example\n"),
    "installer-files": ("root/anaconda-ks.cfg", "x"),
    "logs": ("var/log/messages", "x"),
    "machine-id": ("etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
    "mail": ("var/spool/mail/root", "x"),
    "network-identity": (
        "etc/NetworkManager/system-connections/eth0.nmconnection",
        "[connection]\nid=eth0\nuuid=8f0bbd4c-5dbb-4a6d-9d7a-1f8a3c6f1f3e\n",
    ),
    "package-caches": ("var/cache/dnf/x.solv", "x"),
    "random-seed": ("var/lib/systemd/random-seed", "x"),
    "registration": ("etc/pki/consumer/cert.pem", "x"),
    "resolv-conf": ("etc/resolv.conf", "nameserver 192.0.2.1\n"),
    "service-identity": (
        "etc/libvirt/qemu/networks/default.xml",
        "<network>\n  <uuid>8f0bbd4c-5dbb-4a6d-9d7a-1f8a3c6f1f3e</uuid>\n</network>\n",
    ),
    "shell-history": ("home/joe/.bash_history", "x"),
    "ssh-host-keys": ("etc/ssh/ssh_host_ed25519_key", "x"),
    "storage-identity": (
        "etc/iscsi/initiatorname.iscsi",
        "InitiatorName=iqn.1994-05.com.redhat:0123456789ab",
    ),
    "temporary-files": ("var/tmp/left", "x"),
}
"""Of swap only a real disk can tell: tests/e2e/test_audit.py."""


def failed(root: Path, folder: Path) -> dict[str, tuple[str, ...]]:
    """Return what the audit of a root finds, read as the installer's system would."""
    (root / "tmp/ks-script-test").unlink()
    shutil.rmtree(root / "stubs")
    (folder / "facts").mkdir()
    (folder / "programs").mkdir()
    give(folder / "programs", "find", "sh", "tar")
    root.rename(folder / "tree")
    lister = LIST.search(reading_kickstart("n-1"))
    assert lister is not None
    script = f"set -e\n{lister[0]}\nlist_files\ntar -c -f x.tar --null --files-from=contents facts"
    process.run(["sh", "-c", f"cd {folder}; {script}"], env={"PATH": str(folder / "programs")})
    with GuestTree.opened(folder / "x.tar") as tree:
        found = audit(tree, Expected(hostname="localhost.localdomain"))
    return {each.check: each.details for each in found if not each.passed}


SNMP = "var/lib/net-snmp/snmpd.conf"
PUPPET = "etc/puppetlabs/puppet/ssl/certs"


def soil(root: Path) -> None:
    """Put all of the dirt there."""
    for path, text in DIRT.values():
        put(root / path, text)


@pytest.mark.parametrize("name", ["centos7", "rocky8", "rocky9", "alma10", "fedora44", "rehearsal"])
def test_a_sealed_system_passes(root: Path, run: Run, tmp_path: Path, name: str) -> None:
    soil(root)
    assert run(post(name, SEAL)).returncode == 0
    assert failed(root, tmp_path) == {}


def test_an_unsealed_system_fails_every_check(root: Path, tmp_path: Path) -> None:
    soil(root)
    put(root / "tmp/ks-script-test")
    assert set(DIRT) == set(failed(root, tmp_path)) == set(STEPS) - {"swap"}


@pytest.mark.parametrize("step", DIRT)
@pytest.mark.parametrize("name", ["centos7", "rehearsal"])
def test_the_audit_names_the_step_that_was_left_out(
    root: Path, run: Run, tmp_path: Path, name: str, step: str
) -> None:
    soil(root)
    assert run(post(name, SEAL, {"seal_except": step})).returncode == 0
    assert list(failed(root, tmp_path)) == [step]


@pytest.mark.parametrize("name", ["centos7", "rehearsal"])
def test_what_is_mounted_below_tmp_is_left_alone(root: Path, run: Run, name: str) -> None:
    """A bind mount of the same file system looks like any folder to find."""
    give(root / "stubs", "mount")
    put(root / "srv/data/theirs", "kept")
    put(root / "tmp/a [b]/data/below")
    put(root / "tmp/gone/too")
    mounts = root / "proc/self/mounts"
    mounts.write_text(f"{mounts.read_text()}/dev/sda1 /tmp/a\\040[b]/data ext4 rw 0 0\n")
    done = run(f"mount --bind /srv/data '/tmp/a [b]/data'\n{post(name, SEAL)}")
    assert done.returncode == 0, done.stdout
    assert (root / "srv/data/theirs").read_text() == "kept"
    assert sorted(path.name for path in (root / "tmp").iterdir()) == ["a [b]", "ks-script-test"]


@pytest.mark.parametrize("name", ["centos7", "rehearsal"])
def test_whatever_the_audit_looks_for_is_removed(
    root: Path, run: Run, tmp_path: Path, name: str
) -> None:
    """Two lists, in two languages: one must not name what the other leaves."""
    soil(root)
    patterns = {*DRAWN, *(each for step in ABSENT.values() for each in step)}
    planted = [each.replace("**", "x/y").replace("*", "x")[1:] for each in patterns]
    for path in planted:
        if not (root / path).is_dir():
            put(root / path)
    put(root / SNMP, "engineBoots 3\noldEngineID 0x80001f88\n")
    put(root / PUPPET / "ca.pem", "the authority's")
    done = run(post(name, SEAL))
    assert done.returncode == 0, done.stdout
    assert (root / SNMP).read_text() == "engineBoots 3\n"
    assert (root / PUPPET / "ca.pem").read_text() == "the authority's"
    assert failed(root, tmp_path) == {}


def test_an_engine_that_has_users_is_left_to_somebody(root: Path, run: Run, tmp_path: Path) -> None:
    put(root / SNMP, 'usmUser 1 3 0x80001f88 "me"\noldEngineID 0x80001f88\n')
    assert run(post("centos7", SEAL)).returncode == 0
    assert failed(root, tmp_path) == {"service-identity": (f"/{SNMP} has oldEngineID",)}


def test_every_place_of_a_name(root: Path, run: Run, tmp_path: Path) -> None:
    put(root / "etc/sysconfig/network", "NETWORKING=yes\nHOSTNAME=night-3\n")
    put(root / "etc/sysconfig/network-scripts/ifcfg-x", "\texport DHCP_HOSTNAME='night-3'\nA=b\n")
    put(
        root / "etc/NetworkManager/system-connections/x y",
        "[ipv4]\ndhcp-fqdn=night-3\ndhcp-hostname = night-3\ndhcp-send-hostname=true\n",
    )
    assert run(post("centos7", SEAL)).returncode == 0
    network = (root / "etc/sysconfig/network").read_text()
    assert network == "NETWORKING=yes\nHOSTNAME=localhost.localdomain\n"
    assert (root / "etc/sysconfig/network-scripts/ifcfg-x").read_text() == "A=b\n"
    assert failed(root, tmp_path) == {}


def test_clones_tell_of_whatever_is_drawn() -> None:
    text = (Library().folders[-1] / "snippets/clones.sh.j2").read_text()
    keys = [each for each in DRAWN if "/ssl/" not in each or "private_keys" in each]
    assert [each for each in (*ABSENT["storage-identity"], *keys) if each not in text] == []


def test_a_system_before_systemd_has_the_id_of_its_message_bus(
    root: Path, run: Run, tmp_path: Path
) -> None:
    (root / "stubs/systemctl").unlink()
    put(root / "var/lib/dbus/machine-id", "0123\n")
    put(root / "etc/rc.d/rc.sysinit")
    assert run(post("centos7", SEAL)).returncode == 0
    assert not (root / "var/lib/dbus/machine-id").is_symlink()
    assert not (root / "etc/machine-id").exists()
    assert failed(root, tmp_path) == {}
