"""From an order and a host to a machine."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from builder.errors import HostError, UsageError
from builder.install.plan import install_plan, machine
from builder.model.domain import ANACONDA_PORT, RESULT_PORT, Accelerator
from builder.model.traces import Traces
from builder.proof import verify
from builder.releases import catalogue
from tests.orders import ordered
from tests.values import EMULATION, KVM, media


def test_the_release_decides_what_nobody_asked_for() -> None:
    release = catalogue.find("centos7")
    found = machine(ordered(), EMULATION, network="user")
    assert (found.virt_type, found.cpu) == ("qemu", release.emulated_cpu)
    assert (found.memory_mib, found.vcpus) == (release.memory_mib, 1)
    assert (found.osinfo, found.network) == (release.osinfo, "user")
    assert machine(ordered(), KVM, network="user").vcpus == release.vcpus > 1


def test_what_was_asked_for_wins() -> None:
    found = machine(ordered(firmware="uefi", memory_mib=4096, vcpus=3), KVM, network="bridge:br0")
    assert (found.virt_type, found.cpu, found.firmware) == ("kvm", "host-passthrough", "uefi")
    assert (found.memory_mib, found.vcpus, found.network) == (4096, 3, "bridge:br0")


@pytest.mark.parametrize(
    ("accelerator", "told"), [(EMULATION, ("no_timer_check",)), (KVM, ())], ids=["qemu", "kvm"]
)
def test_kernels_are_told_that_their_timer_is_emulated(
    accelerator: Accelerator, told: tuple[str, ...]
) -> None:
    assert machine(ordered(), accelerator, network="user").kernel_args == told


@pytest.mark.parametrize(
    ("asked", "lacking", "sentence", "package"),
    [
        ({"firmware": "uefi"}, "uefi", "libvirt finds no UEFI firmware on", "edk2-ovmf (EL)"),
        ({"firmware": "hybrid"}, "uefi", "libvirt finds no UEFI firmware on", "ovmf (Debian)"),
        ({"secure_boot": True}, "secure_boot", "UEFI firmware with Secure Boot", "edk2-ovmf (EL)"),
        ({"tpm": True}, "tpm", "libvirt cannot emulate a TPM on this host", "swtpm-tools"),
    ],
)
def test_what_a_host_lacks(
    asked: dict[str, Any], lacking: str, sentence: str, package: str
) -> None:
    wanted = ordered(**asked)
    assert machine(wanted, KVM, network="user").firmware == ("bios" if lacking == "tpm" else "uefi")
    with pytest.raises(HostError, match=sentence) as caught:
        machine(wanted, replace(KVM, **{lacking: False}), network="user")
    assert package in caught.value.hint


def test_a_bios_has_no_secure_boot() -> None:
    secure = machine(ordered(firmware="hybrid", secure_boot=True, tpm=True), KVM, network="user")
    assert secure.start == "uefi with Secure Boot and TPM"
    assert verify.machines(secure, "uefi") == (secure, secure)
    first, second = verify.machines(secure, "hybrid")
    assert (first, second.start) == (secure, "bios with TPM")


def test_more_processors_than_a_guest_can_have() -> None:
    few = replace(KVM, most_vcpus=288)
    assert machine(ordered(vcpus=288), few, network="user").vcpus == 288
    with pytest.raises(UsageError, match="No guest can have 289 processors here") as caught:
        machine(ordered(vcpus=289), few, network="user")
    assert caught.value.hint == "--vcpus 288 is the most."
    with pytest.raises(UsageError, match="No guest can have 2 processors here"):
        machine(ordered(), replace(KVM, most_vcpus=1), network="user")  # the release's own number


def test_the_cd_boots_before_the_disk_and_the_evidence_stays_together() -> None:
    plan = install_plan(
        "x",
        machine(ordered(), KVM, network="user"),
        nonce="n",
        disk=Path("/s/d.qcow2"),
        media=media(),
        traces=Traces(id="ID", folder=Path("/a/x"), began=datetime.now(UTC)),
    )
    assert plan.domain.cdrom is not None
    assert (plan.domain.cdrom.boot_order, plan.domain.disks[0].boot_order) == (1, 2)
    assert {each.name for each in plan.domain.channels} == {ANACONDA_PORT, RESULT_PORT}
    logs = {plan.domain.console_log, *(each.log for each in plan.domain.channels)}
    assert (len(logs), {log.parent for log in logs}) == (3, {plan.traces.folder})
