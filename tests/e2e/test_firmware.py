"""An image that boots with BIOS and with UEFI, which minds signatures, on machines with a TPM.

One build shows all of it: one of its clones starts by UEFI with Secure Boot, the other by BIOS.
"""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from builder.host.host import Host
from builder.kickstart.library import Library
from builder.model.clone import CloneOrder
from builder.model.media import StagedIso
from builder.model.template import Built, Manifest
from builder.monitor import SilentMonitor
from builder.recipes.build import build
from builder.recipes.clone import clone
from builder.recipes.order import Request, resolve
from builder.virt import domains

_LIBVIRT = Path("/var/lib/libvirt")


@pytest.fixture(scope="module")
def built(host: Host, rehearsal: StagedIso) -> Built:
    """Return what the build came to."""
    assert rehearsal.path.is_file()
    request = Request(release="rehearsal", firmware="hybrid", secure_boot=True, tpm=True)
    return build(resolve(request, Library(), environ={}), host=host, monitor=SilentMonitor())


def _told(built: Built, letter: str) -> dict[str, str]:
    assert built.folder is not None
    lines = (built.folder / f"clone-{letter}-report.log").read_text().splitlines()
    said = [json.loads(line) for line in lines]
    return {each["item"]: each["value"] for each in said}


def _document(host: Host, name: str) -> ElementTree.Element:
    domain = domains.Domain(name=name, connection=host.connection)
    return ElementTree.fromstring(domains.live_xml(domain))  # noqa: S314  # libvirt wrote it


def test_one_image_boots_both_ways(built: Built) -> None:
    record = Manifest.parse(built.template.manifest.read_bytes())
    assert record.name == "rehearsal-hybrid-secureboot-tpm"
    assert (record.boots, record.machine.start) == ("hybrid", "uefi with Secure Boot and TPM")
    assert all(each.passed for each in (*record.audit, *record.clones))
    first, second = (_told(built, letter) for letter in "ab")
    assert (first["firmware"], first["secure-boot"], first["tpm"]) == ("uefi", "1", "yes")
    assert (second["firmware"], second["tpm"], "secure-boot" in second) == ("bios", "yes", False)
    assert first["machine-id"] != second["machine-id"]


def test_nothing_stays_of_firmware_and_tpm(built: Built) -> None:
    record = Manifest.parse(built.template.manifest.read_bytes())
    uuid = ElementTree.fromstring(record.domain_xml).findtext("uuid")  # noqa: S314  # libvirt's
    assert uuid
    assert not (_LIBVIRT / "swtpm" / uuid).exists()
    assert not [*(_LIBVIRT / "qemu/nvram").glob(f"*{record.build_id}*")]


def test_machines_for_people_start_in_either_way(host: Host, built: Built) -> None:
    orders = (
        CloneOrder(name="e2e-firmware-uefi", start=False),
        CloneOrder(name="e2e-firmware-bios", start=False, firmware="bios"),
    )
    try:
        for order in orders:
            clone(host, built.template, order, monitor=SilentMonitor())
        uefi, bios = (_document(host, order.name) for order in orders)
    finally:
        for order in orders:
            domains.remove(domains.Domain(name=order.name, connection=host.connection))
            (host.store_pool.path / f"{order.name}.qcow2").unlink(missing_ok=True)
    features = {each.get("name"): each.get("enabled") for each in uefi.iter("feature")}
    assert (features["secure-boot"], features["enrolled-keys"]) == ("yes", "yes")
    assert [each.get("firmware") for each in bios.findall("os")] == [None]
    assert all(each.find("devices/tpm/backend") is not None for each in (uefi, bios))
    assert uefi.findtext("uuid") != bios.findtext("uuid")  # by which TPMs have their state
