"""A store pool with templates that are small, but real images."""

import subprocess
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from builder.model.domain import Machine
from builder.model.package import Package
from builder.model.template import Manifest, Template
from builder.registry.image import measure
from builder.registry.publish import publish

TODAY = date(2026, 11, 23)
RECORD = Manifest(
    name="centos7",
    build_id="ID",
    build_key="key",
    created="2026-11-23T10:00:00Z",
    release="centos7",
    profile="minimal",
    medium="minimal",
    iso="x.iso",
    iso_sha256="0" * 64,
    kickstart="text\n",
    machine=Machine(
        osinfo="x", virt_type="kvm", cpu="x", memory_mib=1, vcpus=1, firmware="bios", network="user"
    ),
    packages=(Package(name="bash", version="4.2.46-34.el7", arch="x86_64", kind="rpm"),),
)


def qemu_img(*words: str | Path) -> None:
    subprocess.run(["qemu-img", *words], check=True, capture_output=True)


def overlay(path: Path, base: Path | str) -> Path:
    """Make a qcow2 whose backing file is `base`, as written there."""
    qemu_img("create", "-u", "-f", "qcow2", "-F", "qcow2", "-b", base, path, "1M")
    return path


def candidate(store: Path, build_id: str) -> Path:
    """Make an image that is ready to be published."""
    path = store / f".{build_id}.candidate"
    qemu_img("create", "-f", "qcow2", path, "1M")
    return path


def issue(store: Path, build_id: str, record: Manifest = RECORD) -> Template:
    """Publish a small image."""
    image = candidate(store, build_id)
    record = replace(record, build_id=build_id)
    return publish(image, record, measure(image), today=TODAY)
