"""Secure Boot and TPMs under a real libvirt: what it makes of them, and that nothing stays."""

import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace
from tiny_guests import MACHINE, POWER_OFF, guest, open_folder, write_disk

from builder.model.domain import DomainSpec
from builder.virt import capabilities, domains
from builder.virt.connection import Connection, connect
from builder.virt.domain_xml import domain_xml

SECURE = replace(MACHINE, firmware="uefi", secure_boot=True, tpm=True)


@pytest.fixture
def connection(libvirt_uri: str) -> Iterator[Connection]:
    with connect(libvirt_uri) as opened:
        has = capabilities.accelerator(opened)
        if not (has.secure_boot and has.tpm):
            pytest.skip("this host has no firmware with Secure Boot, or no swtpm: `make setup`")
        yield opened


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


def spec(folder: Path, letter: str) -> DomainSpec:
    logs = folder / letter
    logs.mkdir(mode=0o755)
    disk = write_disk(logs / "disk.raw", "", POWER_OFF)
    return replace(guest(f"bf-{os.getpid()}-{letter}", disk, logs=logs), machine=SECURE)


def states(uri: str) -> Path:
    """Return where libvirt keeps TPMs, a folder for each domain's uuid."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return Path("/var/lib/libvirt/swtpm") if uri.endswith("system") else home / "libvirt/qemu/swtpm"


def test_each_domain_has_keys_and_a_tpm_of_its_own_while_it_is_there(
    connection: Connection, folder: Path
) -> None:
    kept = states(connection.uri)
    with (
        domains.paused(connection, domain_xml(spec(folder, "a"))) as first,
        domains.paused(connection, domain_xml(spec(folder, "b"))) as second,
    ):
        documents = [domains.live_xml(each) for each in (first, second)]
        found = [ElementTree.fromstring(each) for each in documents]  # noqa: S314  # libvirt's
        uuids = [each.findtext("uuid", "") for each in found]
        stores = [Path(each.findtext("os/nvram", "")) for each in found]
        loaders = {each.findtext("os/loader", "") for each in found}
        assert len(loaders) == 1, "one firmware"
        assert len(set(stores)) == len(set(uuids)) == 2
        assert all(each.is_file() for each in stores)
        assert all((kept / each).is_dir() for each in uuids)
    assert not any(each.exists() for each in stores)
    assert not any((kept / each).exists() for each in uuids)
