"""What a manifest says of the ISO: where that can be had again, and who vouched for it."""

from pathlib import Path

import pytest

from builder.model.media import StagedIso, Voucher
from builder.registry.manifest import origin
from tests.orders import ordered

STREAM = "https://mirror.stream.centos.org/9-stream/BaseOS/x86_64/iso"
ROCKY = "https://download.rockylinux.org/pub/rocky/9.8/isos/x86_64"
DATED = "CentOS-Stream-9-20261123.0-x86_64-dvd1.iso"
LISTED, GIVEN = Voucher(state="listed", source="https://x/SUMS"), Voucher(state="given")


@pytest.mark.parametrize(
    ("release", "file", "voucher", "url"),
    [
        ("rocky9", "Rocky-9.8-x86_64-minimal.iso", LISTED, f"{ROCKY}/Rocky-9.8-x86_64-minimal.iso"),
        ("rocky9", "mine.iso", GIVEN, ""),
        ("centos-stream9", DATED, LISTED, f"{STREAM}/{DATED}"),
        ("centos-stream9", f"CentOS-Stream-9-latest-x86_64-dvd1-{'a' * 12}.iso", LISTED, ""),
        ("rhel9", "rhel-9.8-x86_64-dvd.iso", GIVEN, ""),
    ],
)
def test_the_address_is_where_that_very_file_is(
    release: str, file: str, voucher: Voucher, url: str
) -> None:
    iso = StagedIso(
        pool="iso",
        volume=file,
        path=Path("/iso") / file,
        sha256="a" * 64,
        size=1,
        volume_id="x",
        voucher=voucher,
    )
    found = origin(ordered(release), iso)
    assert (found.url, found.voucher, found.file) == (url, voucher, file)
