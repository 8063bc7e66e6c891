"""What a clone's machine and seed are made from."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from builder.errors import HostError, UsageError
from builder.model.clone import CloneOrder
from builder.model.domain import Accelerator, Machine
from builder.model.package import Package
from builder.model.template import Manifest
from builder.recipes.clone import hardware, seed_for
from tests.values import EMULATION, KVM, machine, manifest

MADE = machine()
RECORD = manifest()
EMULATED = manifest(machine=machine(virt_type="qemu", cpu="qemu64"))
CLOUD = manifest(
    packages=(Package(name="cloud-init", version="19.4-7.el7.centos.6", arch="x86_64"),)
)
ORDER = CloneOrder(name="web_1")


@pytest.mark.parametrize(
    ("record", "host", "order", "expected"),
    [
        (RECORD, KVM, ORDER, MADE),
        (RECORD, EMULATION, ORDER, machine(virt_type="qemu", cpu="Nehalem")),
        (EMULATED, KVM, ORDER, MADE),
        (EMULATED, EMULATION, ORDER, EMULATED.machine),
        (
            RECORD,
            KVM,
            replace(ORDER, memory_mib=512, vcpus=8, network="bridge:br0"),
            machine(memory_mib=512, vcpus=8, network="bridge:br0"),
        ),
    ],
)
def test_hardware(
    record: Manifest, host: Accelerator, order: CloneOrder, expected: Machine
) -> None:
    assert hardware(record, host, order, emulated_cpu="Nehalem") == expected


@pytest.mark.parametrize("network", ["br0", "bridge:", "network:a:b", "user:x", "user\n"])
def test_what_is_no_network(network: str) -> None:
    with pytest.raises(UsageError, match="cannot join the network") as caught:
        hardware(RECORD, KVM, replace(ORDER, network=network), emulated_cpu="Nehalem")
    assert "network:NAME (`virsh net-list --all` shows them)" in caught.value.hint


UEFI = machine(firmware="uefi")


def test_a_host_without_uefi() -> None:
    record = manifest(machine=UEFI)
    assert hardware(record, KVM, ORDER, emulated_cpu="Nehalem").firmware == "uefi"
    with pytest.raises(HostError, match="finds no UEFI firmware"):
        hardware(record, EMULATION, ORDER, emulated_cpu="Nehalem")


SECURE = machine(firmware="uefi", secure_boot=True, tpm=True)
HYBRID = manifest(machine=SECURE, firmware="hybrid")
NO_UEFI = replace(KVM, uefi=False, secure_boot=False)


@pytest.mark.parametrize(
    ("record", "host", "order", "start"),
    [
        (manifest(machine=SECURE), KVM, ORDER, "uefi with Secure Boot and TPM"),
        (manifest(machine=SECURE), KVM, replace(ORDER, secure_boot=False, tpm=False), "uefi"),
        (RECORD, KVM, replace(ORDER, tpm=True), "bios with TPM"),
        (HYBRID, KVM, ORDER, "uefi with Secure Boot and TPM"),
        (HYBRID, KVM, replace(ORDER, firmware="bios"), "bios with TPM"),
        (HYBRID, NO_UEFI, replace(ORDER, firmware="bios"), "bios with TPM"),
        (manifest(machine=UEFI, firmware="hybrid"), KVM, ORDER, "uefi"),
        (manifest(machine=UEFI, firmware="hybrid"), NO_UEFI, ORDER, "bios"),
        (HYBRID, NO_UEFI, replace(ORDER, secure_boot=False), "bios with TPM"),
        (
            manifest(machine=UEFI, firmware="hybrid"),
            KVM,
            replace(ORDER, secure_boot=True),
            "uefi with Secure Boot",
        ),
    ],
)
def test_what_a_clone_starts_by(
    record: Manifest, host: Accelerator, order: CloneOrder, start: str
) -> None:
    assert hardware(record, host, order, emulated_cpu="Nehalem").start == start


@pytest.mark.parametrize(
    ("record", "host", "order", "sentence"),
    [
        (
            RECORD,
            KVM,
            replace(ORDER, firmware="uefi"),
            "centos7 20261123.1 does not boot with uefi",
        ),
        (manifest(machine=UEFI), KVM, replace(ORDER, firmware="bios"), "does not boot with bios"),
        (RECORD, KVM, replace(ORDER, secure_boot=True), "Only UEFI has Secure Boot"),
        (HYBRID, NO_UEFI, ORDER, "finds no UEFI firmware on"),
        (
            HYBRID,
            KVM,
            replace(ORDER, firmware="bios", secure_boot=True),
            "Only UEFI has Secure Boot",
        ),
        (
            manifest(machine=UEFI, firmware="hybrid"),
            NO_UEFI,
            replace(ORDER, secure_boot=True),
            "finds no UEFI firmware on",
        ),
        (HYBRID, replace(KVM, tpm=False), ORDER, "cannot emulate a TPM"),
    ],
)
def test_what_a_clone_cannot_start_by(
    record: Manifest, host: Accelerator, order: CloneOrder, sentence: str
) -> None:
    with pytest.raises((UsageError, HostError), match=sentence) as caught:
        hardware(record, host, order, emulated_cpu="Nehalem")
    assert caught.value.hint


def test_more_processors_than_a_guest_can_have() -> None:
    with pytest.raises(UsageError, match="No guest can have 9 processors here"):
        hardware(
            RECORD,
            replace(KVM, most_vcpus=8),
            replace(ORDER, vcpus=9),
            emulated_cpu="Nehalem",
        )


def test_a_template_with_cloud_init_is_told_its_name() -> None:
    seed = seed_for(CLOUD, ORDER)
    assert seed is not None
    assert (seed.hostname, seed.ssh_keys) == ("web-1", ())
    assert seed.user_data.startswith(b"#cloud-config\n")
    named = seed_for(CLOUD, replace(ORDER, hostname="web.example"))
    assert named is not None
    assert named.hostname == "web.example"


@pytest.mark.parametrize("names", [(), ("cloud-init-doc",), ("python3-cloud-init",)])
def test_a_template_without_cloud_init_has_no_seed(names: tuple[str, ...]) -> None:
    packages = tuple(Package(name=name) for name in names)
    assert seed_for(manifest(packages=packages), ORDER) is None


@pytest.mark.parametrize(
    "order",
    [
        replace(ORDER, hostname="web"),
        replace(ORDER, ssh_keys=(Path("/gone.pub"),)),
        replace(ORDER, user_data=Path("/gone")),
    ],
)
def test_what_a_template_without_cloud_init_cannot_be_told(order: CloneOrder) -> None:
    with pytest.raises(UsageError, match="has no cloud-init") as caught:
        seed_for(RECORD, order)
    assert "a profile that has it" in caught.value.hint
