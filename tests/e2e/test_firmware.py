"""An image that boots with BIOS and with UEFI, which minds signatures, on machines with a TPM.

One build shows all of it: one of its clones starts by UEFI with Secure Boot, the other by BIOS.
"""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from attempts import SILENT, told

from builder.host.host import Host
from builder.kickstart.library import Library
from builder.model.clone import CloneOrder
from builder.model.template import Built, Manifest
from builder.recipes.build import build
from builder.recipes.clone import clone
from builder.recipes.order import Request, resolve
from builder.virt import domains

_LIBVIRT = Path("/var/lib/libvirt")


@pytest.fixture(scope="module")
def built(host: Host) -> Built:
    """Return what the build came to, from a medium without AppStream."""
    request = Request(
        release="rehearsal9", medium="minimal", firmware="hybrid", secure_boot=True, tpm=True
    )
    return build(resolve(request, Library(), environ={}), host=host, monitor=SILENT)


def _document(host: Host, name: str) -> ElementTree.Element:
    domain = domains.Domain(name=name, connection=host.connection)
    return ElementTree.fromstring(domains.live_xml(domain))  # noqa: S314  # libvirt wrote it


def test_one_image_boots_both_ways(built: Built) -> None:
    record = Manifest.parse(built.template.manifest.read_bytes())
    assert record.name == "rehearsal9-minimal-hybrid-secureboot-tpm"
    assert (record.boots, record.machine.start) == ("hybrid", "uefi with Secure Boot and TPM")
    assert all(each.passed for each in (*record.audit, *record.clones))
    first, second = (told(built, letter) for letter in "ab")
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
            clone(host, built.template, order, monitor=SILENT)
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
