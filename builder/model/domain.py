"""A domain as a value: what its XML is made from."""

from pathlib import Path
from typing import Annotated

import msgspec

from builder.model.traces import Traces

RESULT_PORT = "org.builder.result.0"
"""virtio port through which the guest tells how the installation ended."""

CLONE_PORT = "org.builder.clone.0"
"""virtio port through which a throw-away clone tells of itself."""

ANACONDA_PORT = "org.fedoraproject.anaconda.log.0"
"""virtio port that Anaconda looks for by itself and sends its log to."""


CONSOLE = "console"
"""What we call the serial console among the sources of a guest's output."""


BUILD_DISK = "sda"
"""The name of the disk that a build's guest has, as Linux gives it: virtio-scsi."""


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """A virtio-scsi disk whose discards reach the file."""

    path: Path
    format: str = "qcow2"
    boot_order: int
    readonly: bool = False


class Cdrom(msgspec.Struct, frozen=True, kw_only=True):
    """A read-only CD drive."""

    path: Path
    format: str = "raw"
    """"raw" for an ISO, "qcow2" for an overlay on one."""
    boot_order: int = 1


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A virtio port; what the guest writes to it goes into the file `log`."""

    name: str
    log: Path


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The hardware that an installation and its checks run on.

    A manifest that says it is whatever was written there: it must fit into XML, and mean something.
    """

    osinfo: Annotated[str, msgspec.Meta(pattern=r"^[!-~]*\Z")]
    """libosinfo's identifier of the guest."""
    virt_type: Annotated[str, msgspec.Meta(pattern=r"^(kvm|qemu)\Z")]
    """"kvm" or "qemu" (emulation)."""
    cpu: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._+-]*\Z")]
    """"host-passthrough", or the name of a CPU model."""
    memory_mib: Annotated[int, msgspec.Meta(ge=1)]
    vcpus: Annotated[int, msgspec.Meta(ge=1)]
    firmware: Annotated[str, msgspec.Meta(pattern=r"^(bios|uefi)\Z")]
    """"bios" or "uefi"."""
    secure_boot: bool = False
    """Whether UEFI starts only what is signed, by the keys that it comes with."""
    tpm: bool = False
    """Whether there is a TPM 2.0, emulated."""
    network: str
    """"user", "network:NAME", "bridge:NAME" or "none"."""

    @property
    def processors(self) -> str:
        """How many there are, for people."""
        return f"{self.vcpus} processor{'' if self.vcpus == 1 else 's'}"

    @property
    def start(self) -> str:
        """What it starts by, for people."""
        extras = ("Secure Boot" * self.secure_boot, "TPM" * self.tpm)
        return " with ".join(filter(None, (self.firmware, " and ".join(filter(None, extras)))))

    @property
    def kernel_args(self) -> tuple[str, ...]:
        """What a kernel is to be told of the hardware.

        Linux tests whether the timer ticks. Where an emulator gets no processor meanwhile, it
        panics: "IO-APIC + timer doesn't work!". Under KVM it leaves the test out by itself.
        """
        return () if self.virt_type == "kvm" else ("no_timer_check",)


class DomainSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One domain: its machine and what is plugged into it."""

    name: str
    title: str
    machine: Machine
    maker: Traces | None = None
    """The build or check that it is for, which its definition names: the proof that it is ours."""
    disks: tuple[Disk, ...]
    cdrom: Cdrom | None = None
    console_log: Path
    channels: tuple[Channel, ...] = ()
    reboots: bool = False
    """Whether the domain goes on when its guest reboots; else that ends it."""

    @property
    def logs(self) -> dict[str, Path]:
        """Where what the guest writes is kept: to its console ("console") and each port."""
        return {CONSOLE: self.console_log} | {each.name: each.log for each in self.channels}


class TemplateVersion(msgspec.Struct, frozen=True, kw_only=True):
    """The template that a machine is a clone of."""

    name: str
    version: str


class CloneSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that stays: a clone of a template, for people to run and to manage."""

    name: str
    machine: Machine
    template: TemplateVersion
    disk: Path
    """A qcow2, its backing file the template's image."""
    seed: Path | None = None
    """cloud-init's data, an ISO."""


class Accelerator(msgspec.Struct, frozen=True, kw_only=True):
    """How this host runs x86_64 guests."""

    virt_type: str
    cpu: str
    """Empty when the release decides (emulation)."""
    uefi: bool
    secure_boot: bool = False
    """Whether there is firmware that minds signatures."""
    tpm: bool = False
    """Whether it emulates TPMs (swtpm)."""
    most_vcpus: int = 0
    """Of one guest; 0 where libvirt does not say."""
