"""Domains as XML, against golden files."""

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from builder.install.plan import install_plan
from builder.model.domain import CloneSpec, Disk, DomainSpec, Machine, TemplateVersion
from builder.model.traces import Traces
from builder.virt.domain_xml import clone_xml, domain_xml
from tests.values import Golden, machine, media

EVIDENCE = Path("/srv/artifacts/centos7/ID")
EMULATED = machine(virt_type="qemu", cpu="Nehalem")
ACCELERATED = machine(network="bridge:br0")


def parsed(document: str) -> ElementTree.Element:
    return ElementTree.fromstring(document)  # noqa: S314  # we wrote it


def spec(hardware: Machine, purpose: str) -> DomainSpec:
    if purpose == "clone":
        return DomainSpec(
            name="builder-check-ID",
            title="Boot check of .ID.candidate",
            machine=hardware,
            disks=(Disk(path=Path("/srv/store/builder-check-ID.qcow2"), boot_order=1),),
            console_log=EVIDENCE / "boot.log",
        )
    plan = install_plan(
        "centos7",
        hardware,
        nonce="0" * 32,
        disk=Path("/srv/store/ID.qcow2"),
        media=media(),
        traces=Traces(id="ID", name="centos7", folder=EVIDENCE, began=datetime.now(UTC)),
    )
    return plan.domain


def started(hardware: Machine, by: str) -> Machine:
    words = by.split("-")
    return replace(hardware, firmware=words[0], secure_boot="secure" in words, tpm="tpm" in words)


@pytest.mark.parametrize("purpose", ["install", "clone"])
@pytest.mark.parametrize("firmware", ["bios", "uefi", "uefi-secure", "uefi-secure-tpm"])
@pytest.mark.parametrize("hardware", [EMULATED, ACCELERATED], ids=["tcg", "kvm"])
def test_golden(golden: Golden, hardware: Machine, firmware: str, purpose: str) -> None:
    accelerator = "tcg" if hardware.virt_type == "qemu" else "kvm"
    document = domain_xml(spec(started(hardware, firmware), purpose))
    golden(f"domain/{purpose}-{firmware}-{accelerator}.xml", document)


def test_other_networks() -> None:
    named = parsed(domain_xml(spec(replace(EMULATED, network="network:default"), "clone")))
    (interface,) = named.findall("devices/interface")
    (source,) = interface.findall("source")
    assert (interface.get("type"), source.attrib) == ("network", {"network": "default"})
    assert "<interface" not in domain_xml(spec(replace(EMULATED, network="none"), "clone"))


@pytest.mark.parametrize("seed", [None, Path("/srv/store/web1-cidata.iso")], ids=["", "seed"])
@pytest.mark.parametrize("firmware", ["bios", "bios-tpm", "uefi", "uefi-secure-tpm"])
def test_machines_from_templates(golden: Golden, firmware: str, seed: Path | None) -> None:
    machine = CloneSpec(
        name="web1",
        machine=started(ACCELERATED, firmware),
        template=TemplateVersion(name="centos7", version="20261123.1"),
        disk=Path("/srv/store/web1.qcow2"),
        seed=seed,
    )
    golden(f"domain/machine-{firmware}{'-seed' if seed else ''}.xml", clone_xml(machine))


def test_names_cannot_break_out_of_their_place() -> None:
    nasty = "a\"b<c>&d'e"
    disk = Disk(path=Path("/srv") / nasty, boot_order=1)
    plain = spec(EMULATED, "clone")
    domain = parsed(domain_xml(replace(plain, name=nasty, disks=(disk,))))
    source = domain.find("devices/disk/source")
    assert source is not None
    assert (domain.findtext("name"), source.get("file")) == (nasty, f"/srv/{nasty}")


def test_disks_are_lettered_in_order() -> None:
    disks = tuple(Disk(path=Path(f"/srv/{n}.qcow2"), boot_order=n) for n in (1, 2, 3))
    domain = parsed(domain_xml(replace(spec(EMULATED, "clone"), disks=disks)))
    targets = [target.get("dev") for target in domain.findall("devices/disk/target")]
    assert targets == ["sda", "sdb", "sdc"]
