"""A box for Vagrant's libvirt provider.

Its format is version 1, with one disk named box.img: every vagrant-libvirt reads it, and version 2,
with a list of disks, offers nothing for one disk.
"""

from pathlib import Path

import msgspec

from builder.export.archive import Member, pack
from builder.export.order import ExportSource
from builder.model.domain import Machine
from builder.monitor import Monitor

_GB = 2**30
_USER = "vagrant"
"""Whom `vagrant up` logs in as, by ssh, unless a Vagrantfile says otherwise."""
_NOBODY = (
    f"its kickstart has no user {_USER}, as whom `vagrant up` logs in: build it with "
    f"--set user={_USER} --set ssh_keys=KEY, or name another by config.ssh.username"
)


def write(source: ExportSource, part: Path, *, name: str, monitor: Monitor) -> None:  # noqa: ARG001
    """See formats.Writer."""
    if _USER not in source.manifest.kickstart:
        monitor.tell("warning", _NOBODY)
    defaults = vagrantfile(source.manifest.machine, source.manifest.boots)
    members = (
        Member(name="metadata.json", content=metadata(source.capacity)),
        Member(name="Vagrantfile", content=defaults.encode()),
        Member(name="box.img", content=source.image),
    )
    pack(part, members, when=source.when, monitor=monitor, gzipped=True)


def metadata(capacity: int) -> bytes:
    """Return metadata.json for a disk of `capacity` bytes: the provider counts in whole GiB."""
    value = {"provider": "libvirt", "format": "qcow2", "virtual_size": -(-capacity // _GB)}
    return msgspec.json.encode(value) + b"\n"


def vagrantfile(machine: Machine, boots: str) -> str:
    """Return the defaults that the box brings along; `boots` is what its image boots with."""
    lines = [
        'Vagrant.configure("2") do |config|',
        "  # A minimal system has no rsync and no NFS.",
        '  config.vm.synced_folder ".", "/vagrant", disabled: true',
        "  config.vm.provider :libvirt do |libvirt|",
        f"    libvirt.memory = {machine.memory_mib}",
        f"    libvirt.cpus = {machine.vcpus}",
        '    libvirt.machine_type = "q35"',
        '    libvirt.disk_bus = "scsi"',
        *_firmware(boots),
        "  end",
        "end",
    ]
    return "\n".join(lines) + "\n"


def _firmware(boots: str) -> list[str]:
    if boots != "uefi":
        return []
    return ["    # It boots with UEFI: set libvirt.loader and libvirt.nvram to your host's OVMF."]
