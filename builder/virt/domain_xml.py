"""libvirt's domain XML from a value."""

from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, fromstring, register_namespace

from builder.model.domain import (
    Cdrom,
    Channel,
    CloneSpec,
    Disk,
    DomainSpec,
    Machine,
    TemplateVersion,
)
from builder.model.traces import Traces
from builder.virt.xml import text

_LIBOSINFO = "http://libosinfo.org/xmlns/libvirt/domain/1.0"
_OURS = "urn:builder:domain:1.0"
_AGENT_PORT = "org.qemu.guest_agent.0"


def domain_xml(spec: DomainSpec) -> str:
    """Return the definition of a domain that is used once and never restarted by itself."""
    domain = Element("domain", type=spec.machine.virt_type)
    SubElement(domain, "name").text = spec.name
    SubElement(domain, "title").text = spec.title
    metadata = SubElement(domain, "metadata")
    if spec.maker:
        _maker(metadata, spec.maker)
    _hardware(domain, metadata, spec.machine)
    # Where a reboot ends the domain as well, QEMU's event tells which of the two it was.
    # A crashed one stays for a screenshot; whoever watches destroys it.
    _lifecycle(domain, reboot="restart" if spec.reboots else "destroy", crash="preserve")
    devices = SubElement(domain, "devices")
    SubElement(devices, "controller", type="scsi", index="0", model="virtio-scsi")
    for number, disk in enumerate(spec.disks):
        # A build that loses power is built again, and a template is flushed when published.
        _disk(devices, disk, target=f"sd{chr(ord('a') + number)}", cache="unsafe")
    if spec.cdrom is not None:
        _cdrom(devices, spec.cdrom)
    _interface(devices, spec.machine.network)
    _console(devices, log=spec.console_log)
    for channel in spec.channels:
        _channel(devices, channel)
    # A socket: a port is chosen by libvirt and taken by QEMU, and somebody may be quicker.
    SubElement(SubElement(devices, "graphics", type="vnc"), "listen", type="socket")
    _standard_devices(devices, spec.machine, balloon="none")
    return text(domain)


def clone_xml(spec: CloneSpec) -> str:
    """Return the definition of a machine that stays, and knows which template it came from."""
    origin = f"{spec.template.name} {spec.template.version}"
    domain = Element("domain", type=spec.machine.virt_type)
    SubElement(domain, "name").text = spec.name
    SubElement(domain, "title").text = f"{spec.name}, a clone of {origin}"
    described = f"A clone of builder's template {origin}, whose image its disk needs."
    SubElement(domain, "description").text = described
    metadata = SubElement(domain, "metadata")
    _origin(metadata, spec.template)
    _hardware(domain, metadata, spec.machine)
    _lifecycle(domain, reboot="restart", crash="destroy")
    devices = SubElement(domain, "devices")
    SubElement(devices, "controller", type="scsi", index="0", model="virtio-scsi")
    _disk(devices, Disk(path=spec.disk, boot_order=1), target="sda")
    if spec.seed is not None:
        _seed(devices, spec.seed)
    _interface(devices, spec.machine.network)
    _console(devices)
    agent = SubElement(devices, "channel", type="unix")
    SubElement(agent, "target", type="virtio", name=_AGENT_PORT)
    SubElement(devices, "input", type="tablet", bus="usb")  # the pointer is where one clicks
    graphics = SubElement(devices, "graphics", type="vnc", port="-1", autoport="yes")
    SubElement(graphics, "listen", type="address", address="127.0.0.1")
    _standard_devices(devices, spec.machine, balloon="virtio")
    return text(domain)


def maker(document: str) -> Traces | None:
    """Return the build or check that a domain says it is for; None for somebody else's domain."""
    root = fromstring(document)  # noqa: S314  # libvirt wrote it
    found = root.find(f"metadata/{{{_OURS}}}build")
    if found is None:
        return None
    said = {key: found.get(key, "") for key in ("id", "name", "folder")}
    began = datetime.min.replace(tzinfo=UTC)  # nobody asks a domain for that
    return Traces(id=said["id"], name=said["name"], folder=Path(said["folder"]), began=began)


def _maker(metadata: Element, traces: Traces) -> None:
    register_namespace("builder", _OURS)
    said = {"id": traces.id, "name": traces.name, "folder": str(traces.home)}
    SubElement(metadata, f"{{{_OURS}}}build", said)


def _origin(metadata: Element, origin: TemplateVersion) -> None:
    register_namespace("builder", _OURS)
    SubElement(metadata, f"{{{_OURS}}}template", name=origin.name, version=origin.version)


def _hardware(domain: Element, metadata: Element, machine: Machine) -> None:
    register_namespace("libosinfo", _LIBOSINFO)
    libosinfo = SubElement(metadata, f"{{{_LIBOSINFO}}}libosinfo")
    SubElement(libosinfo, f"{{{_LIBOSINFO}}}os", id=machine.osinfo)
    SubElement(domain, "memory", unit="MiB").text = str(machine.memory_mib)
    SubElement(domain, "vcpu").text = str(machine.vcpus)
    _boot(domain, machine)
    _processor(domain, machine)


def _boot(domain: Element, machine: Machine) -> None:
    os = SubElement(domain, "os")
    SubElement(os, "type", arch="x86_64", machine="q35").text = "hvm"
    if machine.firmware != "uefi":
        return
    os.set("firmware", "efi")
    firmware, enabled = SubElement(os, "firmware"), "yes" if machine.secure_boot else "no"
    # Debian's and EL's firmware descriptors differ in their defaults: ask for what we mean.
    SubElement(firmware, "feature", enabled=enabled, name="enrolled-keys")
    SubElement(firmware, "feature", enabled=enabled, name="secure-boot")
    if machine.secure_boot:
        SubElement(os, "loader", secure="yes")


def _processor(domain: Element, machine: Machine) -> None:
    features = SubElement(domain, "features")
    SubElement(features, "acpi")
    SubElement(features, "apic")
    if machine.secure_boot:
        # The guest's kernel must not write to the variables: only System Management Mode may.
        SubElement(features, "smm", state="on")
    if machine.cpu == "host-passthrough":
        SubElement(domain, "cpu", mode="host-passthrough")
    else:
        cpu = SubElement(domain, "cpu", mode="custom", match="exact")
        SubElement(cpu, "model", fallback="forbid").text = machine.cpu
    _clock(domain)


def _clock(domain: Element) -> None:
    """Set the timers as virt-install does for Linux guests, which have better ones than HPET."""
    clock = SubElement(domain, "clock", offset="utc")
    SubElement(clock, "timer", name="rtc", tickpolicy="catchup")
    SubElement(clock, "timer", name="pit", tickpolicy="delay")
    SubElement(clock, "timer", name="hpet", present="no")


def _lifecycle(domain: Element, *, reboot: str, crash: str) -> None:
    SubElement(domain, "on_poweroff").text = "destroy"
    SubElement(domain, "on_reboot").text = reboot
    SubElement(domain, "on_crash").text = crash


def _disk(devices: Element, disk: Disk, *, target: str, cache: str = "default") -> None:
    element = SubElement(devices, "disk", type="file", device="disk")
    SubElement(element, "driver", name="qemu", type=disk.format, cache=cache, discard="unmap")
    SubElement(element, "source", file=str(disk.path))
    SubElement(element, "target", dev=target, bus="scsi")
    if disk.readonly:
        SubElement(element, "readonly")
    SubElement(element, "boot", order=str(disk.boot_order))


def _cdrom(devices: Element, cdrom: Cdrom) -> None:
    element = SubElement(devices, "disk", type="file", device="cdrom")
    SubElement(element, "driver", name="qemu", type=cdrom.format)
    SubElement(element, "source", file=str(cdrom.path))
    # The letter is out of the disks' way; the address keeps libvirt from counting up to it.
    SubElement(element, "target", dev="sdz", bus="sata")
    SubElement(element, "readonly")
    SubElement(element, "boot", order=str(cdrom.boot_order))
    SubElement(element, "address", type="drive", controller="0", bus="0", target="0", unit="0")


def _seed(devices: Element, path: Path) -> None:
    """Add the seed on the disks' own controller: kernels made for clouds know no SATA."""
    element = SubElement(devices, "disk", type="file", device="cdrom")
    SubElement(element, "driver", name="qemu", type="raw")
    SubElement(element, "source", file=str(path))
    SubElement(element, "target", dev="sdb", bus="scsi")
    SubElement(element, "readonly")


def _interface(devices: Element, network: str) -> None:
    kind, _, name = network.partition(":")
    if kind == "none":
        return
    element = SubElement(devices, "interface", type=kind)
    if name:
        SubElement(element, "source", attrib={kind: name})
    SubElement(element, "model", type="virtio")


def _console(devices: Element, *, log: Path | None = None) -> None:
    serial = SubElement(devices, "serial", type="pty")
    if log is not None:
        SubElement(serial, "log", file=str(log), append="on")
    SubElement(serial, "target", port="0")
    console = SubElement(devices, "console", type="pty")
    SubElement(console, "target", type="serial", port="0")


def _channel(devices: Element, channel: Channel) -> None:
    # A file takes all that the guest writes, whoever reads it, and whether somebody does.
    element = SubElement(devices, "channel", type="file")
    SubElement(element, "source", path=str(channel.log), append="on")
    SubElement(element, "target", type="virtio", name=channel.name)


def _standard_devices(devices: Element, machine: Machine, *, balloon: str) -> None:
    if machine.tpm:
        # Its state is by the domain's uuid, so no clone inherits another's; undefining removes it.
        tpm = SubElement(devices, "tpm", model="tpm-crb")
        SubElement(tpm, "backend", type="emulator", version="2.0")
    video = SubElement(devices, "video")
    SubElement(video, "model", type="vga")
    rng = SubElement(devices, "rng", model="virtio")
    SubElement(rng, "backend", model="random").text = "/dev/urandom"
    SubElement(devices, "memballoon", model=balloon)
    SubElement(devices, "panic", model="isa")
