"""What is compared: each row is one command that makes the same installed disk.

Memory, processors, CPU model, machine type, disk bus and disk size are builder's. Whatever else a
tool chooses by itself stays as it is, for its users get that too: builder installs with
cache=unsafe, the others with writeback; virt-install boots the kernel without firmware and menu.

Packer cannot be told that a menu is there: it waits, then types, and sleeps after each key. Its
plain row has the sleeps that it has by itself (boot_wait, boot_key_interval) and verifies the
ISO, as its manual says. The tuned row has short ones that arrived here, no sum, cache=unsafe.
Neither has a communicator, since the installed system powers itself off; the kickstart comes on a
CD, since the rehearsal's installer fetches nothing over a network.
"""

import shutil

import msgspec

from builder import files
from builder.monitor import SilentMonitor
from tests.bench.overhead.place import BUILDER, MINUTES, RELEASE, Place
from tests.values import environment

OURS = "builder"
VIRT_INSTALL = "virt-install"
PACKER = "packer"
TUNED = "packer, tuned"
NAMES = (OURS, VIRT_INSTALL, PACKER, TUNED)

_CONSOLE = "run/console.log"
_ARGUMENTS = "console=tty0 console=ttyS0,115200n8"
_TUNING: dict[str, object] = {
    "boot_wait": "1s",  # Packer itself adds two, in which it looks whether QEMU dies
    "boot_key_interval": "10ms",
    "iso_checksum": "none",
    "disk_cache": "unsafe",
}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that installs."""

    name: str
    argv: list[str]
    environment: dict[str, str] = {}
    console: str = _CONSOLE
    """Where the guest's console is kept: a pattern below the place's folder."""
    journal: str = ""
    """So for the journal of a tool that goes on after the installation."""
    missing: str = ""
    """What the machine lacks for this row."""


def rows(place: Place) -> list[Row]:
    """Return all rows, also those that this machine cannot run."""
    build = "state/builds/*/*/"
    ours = Row(
        name=OURS,
        argv=[BUILDER, "build", RELEASE, "--force"],
        environment=environment(place.host.settings),
        console=f"{build}console.log",
        journal=f"{build}build.json",
    )
    return [ours, _virt_install(place), _packer(place, PACKER), _packer(place, TUNED, **_TUNING)]


def _virt_install(place: Place) -> Row:
    machine = place.machine
    disk = place.host.store_pool.path / "virt-install.qcow2"
    options = {
        "connect": place.host.settings.uri,
        "name": f"{place.folder.name}-virt-install",
        "osinfo": machine.osinfo,
        "virt-type": machine.virt_type,
        "machine": "q35",
        "cpu": machine.cpu,
        "vcpus": machine.vcpus,
        "memory": machine.memory_mib,
        "controller": "scsi,model=virtio-scsi",
        "disk": f"path={disk},size={place.order.capacity >> 30},format=qcow2,bus=scsi",
        "network": "user,model=virtio",
        "graphics": "vnc",
        "serial": f"pty,log.file={place.folder / _CONSOLE}",
        "location": place.iso,
        "initrd-inject": place.kickstart,
        "extra-args": f"inst.ks=file:/{place.kickstart.name} {_ARGUMENTS}",
        "wait": MINUTES,
    }
    words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
    return Row(
        name=VIRT_INSTALL,
        argv=["virt-install", *words, "--noautoconsole", "--noreboot"],
        missing=_lacking({"virt-install": "virtinst", "cpio": "cpio", "xorriso": "xorriso"}),
    )


def _packer(place: Place, name: str, **changes: object) -> Row:
    path = place.folder / f"{name.replace(', ', '-')}.json"
    template = {"builders": [{**_template(place), **changes}]}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(template), indent=2))
    return Row(
        name=name,
        argv=["packer", "build", "-color=false", str(path)],
        environment={
            "PACKER_CACHE_DIR": str(place.run / "cache"),
            "TMPDIR": str(place.run),  # Packer leaves folders there
            "CHECKPOINT_DISABLE": "1",  # no questions to the maker's server
        },
        missing=_lacking({"packer": "packer", "xorriso": "xorriso"}),
    )


def _template(place: Place) -> dict[str, object]:
    machine = place.machine
    menu = f"<up><wait><tab> inst.ks=hd:LABEL=OEMDRV:/{place.kickstart.name} {_ARGUMENTS}<enter>"
    return {
        "type": "qemu",
        "iso_url": str(place.iso),
        "iso_checksum": f"sha256:{files.sha256(place.iso, monitor=SilentMonitor())}",
        "cd_files": [str(place.kickstart)],
        "cd_label": "OEMDRV",
        "accelerator": "kvm" if machine.virt_type == "kvm" else "tcg",
        "machine_type": "q35",
        "memory": machine.memory_mib,
        "cpus": machine.vcpus,
        "disk_size": f"{place.order.capacity >> 20}M",
        "disk_interface": "virtio-scsi",
        "format": "qcow2",
        "skip_compaction": True,  # compressing is none of the compared steps
        "headless": True,
        "boot_command": [menu],
        "communicator": "none",
        "shutdown_timeout": f"{MINUTES}m",
        "output_directory": str(place.run / "packer"),
        "vm_name": "disk.qcow2",
        "qemuargs": [
            ["-cpu", "host" if machine.cpu == "host-passthrough" else machine.cpu],
            ["-serial", f"file:{place.folder / _CONSOLE}"],
            ["-name", "packer,debug-threads=on"],  # names the threads, as libvirt has it done
        ],
    }


def _lacking(packages: dict[str, str]) -> str:
    """Say which of the programs are not here, and how Debian calls their packages."""
    found = [package for program, package in packages.items() if not shutil.which(program)]
    return f"not installed: {', '.join(found)}" if found else ""
