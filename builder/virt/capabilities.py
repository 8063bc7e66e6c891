"""What the hypervisor's host can do."""

from xml.etree import ElementTree

import libvirt

from builder.errors import HostError
from builder.model.domain import Accelerator
from builder.virt.connection import Connection, persistent, translated

_UNSUPPORTED = (
    None,  # the reason got lost on its way, see pools
    libvirt.VIR_ERR_INVALID_ARG,
    libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
    libvirt.VIR_ERR_NO_SUPPORT,  # of hypervisors but QEMU
)


def accelerator(connection: Connection) -> Accelerator:
    """Choose KVM where libvirt says it works, emulation otherwise."""
    for virt_type in ("kvm", "qemu"):
        found = _capabilities(connection, virt_type)
        if found is not None:
            return read(found, virt_type)
    raise HostError(
        f"libvirt at {connection.uri} can run no x86_64 guests.",
        hint="Install qemu-system-x86 (Debian) or qemu-kvm (EL), and use QEMU: qemu:///system.",
    )


def read(document: str, virt_type: str) -> Accelerator:
    """Return what libvirt's description of a domain's capabilities says.

    That firmware comes with enrolled keys it does not say: see builder/virt/firmware.py.
    """
    found = ElementTree.fromstring(document)  # noqa: S314  # libvirt wrote it
    most = found.find("vcpu")
    return Accelerator(
        virt_type=virt_type,
        cpu="host-passthrough" if virt_type == "kvm" else "",
        uefi=_has(found, "os/enum[@name='firmware']", "efi"),
        secure_boot=_has(found, "os/loader/enum[@name='secure']", "yes"),
        tpm=_has(found, "devices/tpm/enum[@name='backendModel']", "emulator"),
        most_vcpus=int(most.get("max", "0")) if most is not None else 0,
    )


@persistent
def _capabilities(connection: Connection, virt_type: str) -> str | None:
    with translated("Cannot ask what the host can do"):
        try:
            return str(connection.handle.getDomainCapabilities(None, "x86_64", "q35", virt_type, 0))
        except libvirt.libvirtError as error:
            if error.get_error_code() in _UNSUPPORTED:
                return None
            raise


def _has(capabilities: ElementTree.Element, where: str, value: str) -> bool:
    return any(each.text == value for each in capabilities.findall(f"{where}/value"))


@persistent
def version(connection: Connection) -> dict[str, str]:
    """Return libvirt's and the hypervisor's versions, for the manifest."""
    with translated("Cannot ask libvirt for its version"):
        numbers = {
            "libvirt": connection.handle.getLibVersion(),
            "qemu": connection.handle.getVersion(),
        }
    return {
        name: f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
        for name, number in numbers.items()
    }


def hypervisor_user(connection: Connection) -> tuple[int, int] | None:
    """Return the user and the group that guests run as; None where libvirt does not tell."""
    with translated("Cannot ask libvirt for its users"):
        found = ElementTree.fromstring(connection.handle.getCapabilities())  # noqa: S314  # libvirt's
    for model in found.iterfind("host/secmodel"):
        user, _, group = model.findtext("baselabel", "").partition(":")
        if model.findtext("model") == "dac" and user and group:
            return int(user), int(group)
    return None
