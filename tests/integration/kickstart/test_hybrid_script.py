"""What makes an image boot with BIOS as well, run in a throw-away root."""

from pathlib import Path

import pytest
from pykickstart.constants import KS_SCRIPT_POST
from pykickstart.parser import KickstartParser
from pykickstart.version import makeVersion
from roots import CONFIGURE, Run, give, post, put, root_fixture, run_fixture, stub

from builder.kickstart.render import render
from builder.model.domain import CLONE_PORT
from builder.proof.clone_report import Report
from tests.orders import ordered

__all__ = ["root_fixture", "run_fixture"]
# As EL 7's grub2-mkconfig writes it under UEFI; the words in comments and titles stay.
UNDER_UEFI = """\
# linuxefi is for UEFI
menuentry 'CentOS Linux linuxefi 7' {
\tlinuxefi /boot/vmlinuz-3.10 root=UUID=1 ro initrdefi
\tinitrdefi /boot/initramfs-3.10.img
}
"""
FOR_BIOS = """\
# linuxefi is for UEFI
menuentry 'CentOS Linux linuxefi 7' {
\tlinux16 /boot/vmlinuz-3.10 root=UUID=1 ro initrdefi
\tinitrd16 /boot/initramfs-3.10.img
}
"""
_GPT = bytes(446) + b"\x80\x00\x02\x00\xee\xff\xff\xff" + bytes(58) + b"EFI PART"


def configure(release: str) -> str:
    kickstart = render(ordered(release=release, firmware="hybrid"))
    parser = KickstartParser(makeVersion(kickstart.syntax))
    parser.readKickstartFromString(kickstart.for_build("n-1"))
    found = [each for each in parser.handler.scripts if each.type == KS_SCRIPT_POST]
    return str(next(each.script for each in found if each.inChroot))


@pytest.fixture
def grub(root: Path) -> Path:
    """Return the folder of GRUB's menu in the root: the commands write down how they are called."""
    (root / "dev/sda").write_bytes(_GPT)
    put(root / "etc/yum.repos.d/x")
    put(root / "etc/sysconfig/network-scripts/ifcfg-ens3")
    stub(root, "rpm", "echo 3.10")
    stub(root, "grub2-install", 'echo grub2-install "$@" >>/stubs/log')
    stub(root, "grub2-mkconfig", f"cat >\"$2\" <<'END'\n{UNDER_UEFI}END")
    (root / "boot/grub2").mkdir()
    return root / "boot/grub2"


@pytest.mark.parametrize("release", ["centos7", "rocky8"])
def test_bios_gets_a_menu_where_that_of_uefi_lies_elsewhere(
    root: Path, run: Run, grub: Path, release: str
) -> None:
    done = run(configure(release))
    assert done.returncode == 0, done.stdout
    assert "grub2-install --target=i386-pc /dev/sda\n" in (root / "stubs/log").read_text()
    assert (grub / "grub.cfg").read_text() == FOR_BIOS
    changed = bytearray(_GPT)
    changed[446] = 0
    assert (root / "dev/sda").read_bytes() == changed


def test_a_menu_for_both_stays(run: Run, grub: Path) -> None:
    put(grub / "grub.cfg", "blscfg\n")
    done = run(configure("rocky9"))
    assert done.returncode == 0, done.stdout
    assert (grub / "grub.cfg").read_text() == "blscfg\n"


def test_a_boot_loader_that_fails_ends_the_installation(root: Path, run: Run, grub: Path) -> None:
    stub(root, "grub2-install", "echo no room in biosboot >&2; exit 1")
    done = run(configure("rocky9"))
    assert done.returncode == 1
    assert "no room in biosboot" in done.stdout
    assert not (grub / "grub.cfg").exists()


@pytest.mark.parametrize(
    ("variable", "tpm", "told"),
    [
        (b"\6\0\0\0\1", True, (("uefi",), ("1",), ("yes",))),
        (b"\6\0\0\0\0", False, (("uefi",), ("0",), ())),
        (b"", True, (("uefi",), (), ("yes",))),
        (None, True, (("bios",), (), ("yes",))),
    ],
)
def test_a_clone_tells_what_started_it(
    root: Path, run: Run, variable: bytes | None, told: tuple[tuple[str, ...], ...], *, tpm: bool
) -> None:
    put(root / "dev/virtio-ports" / CLONE_PORT, "")
    put(root / "sys/class/net/eth0/device")
    if variable is not None:
        put(root / "sys/firmware/efi/efivars/SecureBoot-8be4df61")
        (root / "sys/firmware/efi/efivars/SecureBoot-8be4df61").write_bytes(variable)
    if tpm:
        (root / "sys/class/tpm/tpm0").mkdir(parents=True)
    give(root / "stubs", "od")
    stub(root, "ip", "echo '2: eth0 inet 10.0.2.15/24 scope global eth0'")
    stub(root, "sleep", ":")
    done = run(post("rehearsal", CONFIGURE) + "/usr/libexec/builder-clone-report\n")
    assert done.returncode == 0, done.stdout
    report = Report()
    report.feed((root / "dev/virtio-ports" / CLONE_PORT).read_bytes())
    assert report.complete
    assert tuple(report.all(each) for each in ("firmware", "secure-boot", "tpm")) == told
