"""The descriptor of an OVA: DMTF's Open Virtualization Format 1.1 (DSP0243).

What it asks for is what both VMware and VirtualBox can give: SATA, since installed systems of EL 8
and newer lack drivers for LSI's SCSI, and an E1000 network card.
"""

import re
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

import msgspec

from builder.model.template import Manifest

_OVF = "http://schemas.dmtf.org/ovf/envelope/1"
_CIM = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2"
_RASD = f"{_CIM}/CIM_ResourceAllocationSettingData"
_VSSD = f"{_CIM}/CIM_VirtualSystemSettingData"
_VMW = "http://www.vmware.com/schema/ovf"
_STREAM = "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"
_HARDWARE = "vmx-10"  # the first that knows SATA: ESXi 5.5
_NETWORK = "VM Network"  # what VMware calls the one that every host has
_VENDORS = {"centos": 107, "redhat": 80}
"""CIM_OperatingSystem.OSType by the maker that libosinfo names; VMware's names begin alike."""
_OTHER = (101, "otherLinux64Guest")  # Linux, 64 bits


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """The VMDK beside the descriptor; sizes in bytes."""

    name: str
    size: int
    capacity: int
    populated: int
    """What of its capacity it holds: what a datastore needs to have free."""


def descriptor(manifest: Manifest, disk: Disk) -> str:
    """Return the descriptor of a machine like the one that the template was made on."""
    for prefix, space in (("ovf", _OVF), ("rasd", _RASD), ("vssd", _VSSD), ("vmw", _VMW)):
        register_namespace(prefix, space)
    envelope = Element(_o("Envelope"))
    _files(envelope, disk)
    _networks(envelope)
    system = SubElement(envelope, _o("VirtualSystem"), {_o("id"): manifest.name})
    _info(system, "A virtual machine")
    SubElement(system, _o("Name")).text = manifest.name
    _product(system, manifest)
    _system(system, manifest.machine.osinfo)
    _hardware(system, manifest)
    indent(envelope)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(envelope, encoding="unicode") + "\n"
    )


def _files(envelope: Element, disk: Disk) -> None:
    references = SubElement(envelope, _o("References"))
    file = {_o("id"): "file1", _o("href"): disk.name, _o("size"): str(disk.size)}
    SubElement(references, _o("File"), file)
    section = SubElement(envelope, _o("DiskSection"))
    _info(section, "The disks")
    described = {
        _o("diskId"): "disk1",
        _o("fileRef"): "file1",
        _o("capacity"): str(disk.capacity),
        _o("populatedSize"): str(disk.populated),
        _o("format"): _STREAM,
    }
    SubElement(section, _o("Disk"), described)


def _networks(envelope: Element) -> None:
    section = SubElement(envelope, _o("NetworkSection"))
    _info(section, "The networks")
    network = SubElement(section, _o("Network"), {_o("name"): _NETWORK})
    SubElement(network, _o("Description")).text = "Where the machine is plugged in"


def _product(system: Element, manifest: Manifest) -> None:
    section = SubElement(system, _o("ProductSection"))
    _info(section, "What is installed")
    SubElement(section, _o("Product")).text = manifest.name
    SubElement(section, _o("Version")).text = manifest.version


def _system(system: Element, osinfo: str) -> None:
    number, name = guest(osinfo)
    attributes = {_o("id"): str(number), f"{{{_VMW}}}osType": name}
    section = SubElement(system, _o("OperatingSystemSection"), attributes)
    _info(section, "The guest operating system")
    SubElement(section, _o("Description")).text = osinfo


def guest(osinfo: str) -> tuple[int, str]:
    """Return CIM's number and VMware's name of a guest that libosinfo names."""
    found = re.fullmatch(r"http://(centos|redhat)\.(?:org|com)/[a-z-]+/(\d+)(?:\.\d+)?", osinfo)
    if not found:
        return _OTHER
    vendor, major = found.groups()
    return _VENDORS[vendor], f"{'rhel' if vendor == 'redhat' else vendor}{major}_64Guest"


def _hardware(system: Element, manifest: Manifest) -> None:
    section = SubElement(system, _o("VirtualHardwareSection"))
    _info(section, "The hardware")
    described = SubElement(section, _o("System"))
    for name, value in (
        ("ElementName", "Virtual Hardware Family"),
        ("InstanceID", "0"),
        ("VirtualSystemIdentifier", manifest.name),
        ("VirtualSystemType", _HARDWARE),
    ):
        SubElement(described, f"{{{_VSSD}}}{name}").text = value
    for number, item in enumerate(_items(manifest), start=1):
        _item(section, item | {"InstanceID": str(number)})
    firmware = "efi" if manifest.boots == "uefi" else "bios"
    config = {_o("required"): "false"} | {
        f"{{{_VMW}}}{key}": value for key, value in (("key", "firmware"), ("value", firmware))
    }
    SubElement(section, f"{{{_VMW}}}Config", config)


def _items(manifest: Manifest) -> tuple[dict[str, str], ...]:
    """Resource types are CIM's: 3 processor, 4 memory, 20 storage, 17 disk, 10 network."""
    machine = manifest.machine
    vcpus, memory = str(machine.vcpus), str(machine.memory_mib)
    return (
        {"ElementName": machine.processors, "ResourceType": "3", "VirtualQuantity": vcpus},
        {
            "ElementName": f"{memory} MiB of memory",
            "ResourceType": "4",
            "AllocationUnits": "byte * 2^20",
            "VirtualQuantity": memory,
        },
        {
            "ElementName": "SATA controller",
            "ResourceType": "20",
            "ResourceSubType": "vmware.sata.ahci",
            "Address": "0",
        },
        {
            "ElementName": "Disk 1",
            "ResourceType": "17",
            "HostResource": "ovf:/disk/disk1",
            "Parent": "3",
            "AddressOnParent": "0",
        },
        {
            "ElementName": "Network card 1",
            "ResourceType": "10",
            "ResourceSubType": "E1000",
            "AutomaticAllocation": "true",
            "Connection": _NETWORK,
        },
    )


def _item(section: Element, values: dict[str, str]) -> None:
    item = SubElement(section, _o("Item"))
    for name in sorted(values):  # the schema wants them in the order of their names
        SubElement(item, f"{{{_RASD}}}{name}").text = values[name]


def _info(section: Element, text: str) -> None:
    SubElement(section, _o("Info")).text = text


def _o(name: str) -> str:
    return f"{{{_OVF}}}{name}"
