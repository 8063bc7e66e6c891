"""What many tests begin with: a template of CentOS 7 and its parts. What differs is named."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from builder.config import Settings
from builder.model.domain import Accelerator, Machine
from builder.model.media import InstallMedia
from builder.model.package import Package, System
from builder.model.template import ImageFacts, Manifest, Template
from builder.record.builds import Build, BuildRecord

Golden = Callable[[str, str], None]
"""golden(NAME, TEXT), the fixture: a check that a text equals the file NAME below tests/golden."""

KVM = Accelerator(virt_type="kvm", cpu="host-passthrough", uefi=True, secure_boot=True, tpm=True)
EMULATION = Accelerator(virt_type="qemu", cpu="", uefi=False)

_MACHINE = Machine(
    osinfo="http://centos.org/centos/7.0",
    virt_type="kvm",
    cpu="host-passthrough",
    memory_mib=2048,
    vcpus=2,
    firmware="bios",
    network="user",
)
_IMAGE = ImageFacts(virtual_size=10 * 2**30, size=5, sha256="ab" * 32)
_MANIFEST = Manifest(
    name="centos7",
    version="20261123.1",
    build_id="20261123T100000-0a1b2c3d",
    build_key="f" * 64,
    created="2026-11-23T10:00:00Z",
    finished="2026-11-23T10:09:30Z",
    release="centos7",
    profile="minimal",
    medium="minimal",
    iso="CentOS-7-x86_64-Minimal-2009.iso",
    iso_sha256="07b94e6b1a0b0260b94c83d6bb76b26bf7a310dc78d7a9c7432809fb9bc6194a",
    iso_url="https://vault.example/CentOS-7-x86_64-Minimal-2009.iso",
    variables={"lang": "de_DE.UTF-8"},
    kickstart="rootpw --lock\n",
    machine=_MACHINE,
    packages=(
        Package(
            kind="rpm",
            name="bash",
            version="4.2.46-34.el7",
            arch="x86_64",
            source="bash-4.2.46-34.el7.src.rpm",
            license="GPLv3+",
        ),
        Package(kind="rpm", name="dbus", version="1:1.10.24-15.el7", arch="x86_64"),
        Package(kind="rpm", name="libstdc++", version="4.8.5-44.el7", arch="i686"),
    ),
    system=System(
        id="centos",
        version_id="7",
        pretty_name="CentOS Linux 7 (Core)",
        cpe_name="cpe:/o:centos:centos:7",
    ),
    image=_IMAGE,
    compression="zstd",
    tools={"builder": "0.1.0", "libvirt": "9.0.0", "qemu": "7.2.22"},
)
_TEMPLATE = Template(
    name="centos7",
    version="20261123.1",
    path=Path("/srv/store/centos7-20261123.1.qcow2"),
    image=_IMAGE,
    manifest=Path("/srv/store/centos7-20261123.1.json"),
)
_MEDIA = InstallMedia(
    path=Path("/srv/iso/ID.qcow2"),
    format="qcow2",
    volume_id="CentOS 7 x86_64",
    kickstart_path="/ks.cfg",
    size=0,
)


_GONE = 2**22 + 1
"""A process that cannot be: the kernel's largest id is 2^22."""


def machine(**changes: object) -> Machine:
    """Return the hardware: what a host with KVM gives to CentOS 7."""
    return replace(_MACHINE, **changes)


def image(**changes: object) -> ImageFacts:
    """Return an image's facts; its file has five bytes."""
    return replace(_IMAGE, **changes)


def manifest(**changes: object) -> Manifest:
    """Return what a build of CentOS 7 records, all of it."""
    return replace(_MANIFEST, **changes)


def template(**changes: object) -> Template:
    """Return a template whose files are not there."""
    return replace(_TEMPLATE, **changes)


def media(**changes: object) -> InstallMedia:
    """Return what an installation boots from: an overlay with a kickstart."""
    return replace(_MEDIA, **changes)


def build(state: str, seconds: float = 1, **content: Any) -> Build:  # noqa: ANN401
    """Return a build of CentOS 7; `content` is what its record has."""
    record = BuildRecord(build_id="x", name="centos7", state=state, **content)
    began = datetime(2026, 11, 25, tzinfo=UTC)
    return Build(folder=Path("x"), record=record, state=state, began=began, seconds=seconds)


def recorded(folder: Path, **content: object) -> Path:
    """Make the folder of a build whose process is gone; `content` is what its record has."""
    folder.mkdir(parents=True)
    names = {"build_id": folder.name, "name": folder.parent.name, "pid": _GONE}
    (folder / "build.json").write_text(json.dumps(names | content))
    return folder


def environment(settings: Settings) -> dict[str, str]:
    """Return the variables that give a process these settings."""
    known = {name: getattr(settings, name) for name in Settings.__struct_fields__}
    return {f"BUILDER_{name.upper()}": str(each) for name, each in known.items() if each}
