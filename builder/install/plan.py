"""From values to the domain that installs, without touching anything."""

from pathlib import Path

from msgspec.structs import replace

from builder.errors import HostError, UsageError
from builder.model.build import BuildOrder
from builder.model.domain import (
    ANACONDA_PORT,
    RESULT_PORT,
    Accelerator,
    Cdrom,
    Channel,
    Disk,
    DomainSpec,
    Machine,
)
from builder.model.installation import InstallPlan
from builder.model.media import InstallMedia
from builder.model.traces import Traces
from builder.virt import firmware


def machine(order: BuildOrder, accelerator: Accelerator, *, network: str) -> Machine:
    """Choose the hardware.

    Raises HostError for what the host lacks of UEFI, Secure Boot and TPM, UsageError as
    `refuse_processors`.
    """
    # Two of some sixty emulated guests with two processors froze while their kernel started.
    processors = order.vcpus or (order.release.vcpus if accelerator.virt_type == "kvm" else 1)
    refuse_processors(processors, accelerator)
    chosen = Machine(
        osinfo=order.release.osinfo,
        virt_type=accelerator.virt_type,
        cpu=accelerator.cpu or order.release.emulated_cpu,
        memory_mib=order.memory_mib or order.release.memory_mib,
        vcpus=processors,
        # Only UEFI's installer makes a boot loader for both: that for BIOS is added to it.
        firmware="bios" if order.firmware == "bios" else "uefi",
        secure_boot=order.secure_boot,
        tpm=order.tpm,
        network=network,
    )
    _refuse_without(chosen, accelerator)
    return chosen


def adapted(machine: Machine, accelerator: Accelerator, *, emulated_cpu: str) -> Machine:
    """Return the machine of a template as this host can run it.

    `emulated_cpu` is the release's, for a template that was made with KVM and does not name one.
    Raises HostError for what the host lacks of UEFI, Secure Boot and TPM.
    """
    _refuse_without(machine, accelerator)
    named = "" if machine.cpu == "host-passthrough" else machine.cpu
    return replace(
        machine,
        virt_type=accelerator.virt_type,
        cpu=accelerator.cpu or named or emulated_cpu,
    )


def refuse_processors(asked: int, accelerator: Accelerator) -> None:
    """Raise UsageError for more processors than one guest can have here."""
    if 0 < accelerator.most_vcpus < asked:
        raise UsageError(
            f"No guest can have {asked} processors here.",
            hint=f"--vcpus {accelerator.most_vcpus} is the most.",
        )


def started(machine: Machine, by: str) -> Machine:
    """Return the machine with that firmware instead of its own; only UEFI has Secure Boot."""
    return replace(machine, firmware=by, secure_boot=machine.secure_boot and by == "uefi")


def _refuse_without(machine: Machine, accelerator: Accelerator) -> None:
    if machine.firmware == "uefi" and not accelerator.uefi:
        raise HostError(
            "libvirt finds no UEFI firmware on this host.",
            hint=firmware.OVMF,
        )
    if machine.secure_boot and not accelerator.secure_boot:
        raise HostError(
            "libvirt finds no UEFI firmware with Secure Boot on this host.",
            hint=firmware.OVMF,
        )
    if machine.tpm and not accelerator.tpm:
        raise HostError(
            "libvirt cannot emulate a TPM on this host.",
            hint=firmware.SWTPM,
        )


def install_plan(
    role: str, machine: Machine, *, nonce: str, disk: Path, media: InstallMedia, traces: Traces
) -> InstallPlan:
    """Return the plan for a domain that boots the media once and installs to `disk`.

    It is named by `traces` and its role there.
    """
    name = traces.domain(role)
    domain = DomainSpec(
        name=name,
        title=f"Installation for {name}",
        machine=machine,
        maker=traces,
        disks=(Disk(path=disk, boot_order=2),),
        cdrom=Cdrom(path=media.path, format=media.format),
        console_log=traces.folder / "console.log",
        channels=(
            Channel(name=ANACONDA_PORT, log=traces.folder / "virtio.log"),
            Channel(name=RESULT_PORT, log=traces.folder / "result.log"),
        ),
    )
    return InstallPlan(domain=domain, nonce=nonce, media=media, traces=traces)
