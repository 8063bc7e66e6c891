"""The fingerprints of the catalogue are those of the vendors' own key files, as gpg reads them."""

import subprocess
from pathlib import Path

import pytest

from builder.releases import catalogue

KEYS = Path(__file__).parents[1] / "vendors/keys"
FILES = {"RPM-GPG-KEY-oracle-ol10": "RPM-GPG-KEY-oracle-ol9"}
"""Of Oracle Linux 10 there is a file with the key of 9."""
SIGNED = [
    name
    for name in catalogue.names()
    if (checksums := catalogue.find(name).checksums) is not None and checksums.signature
]


def primary(path: Path, home: Path) -> set[str]:
    """Return the fingerprints of the primary keys in a file."""
    shown = subprocess.run(
        ["gpg", "--homedir", home, "--batch", "--with-colons", "--show-keys", path],
        check=True,
        capture_output=True,
        text=True,
    )
    fields = [line.split(":") for line in shown.stdout.splitlines()]
    kinds = [each[0] for each in fields]
    return {fields[at + 1][9] for at, kind in enumerate(kinds) if kind == "pub"}


@pytest.mark.parametrize("name", SIGNED)
def test_fingerprints_are_those_of_the_key_files(name: str, tmp_path: Path) -> None:
    checksums = catalogue.find(name).checksums
    assert checksums is not None
    file = checksums.key_files[0]
    found = primary(KEYS / FILES.get(file, file), tmp_path)
    assert set(checksums.keys) <= found, "the row names no key that the vendor has not"
    # Oracle's file has a backup key as well, which has signed no list that was seen.
    assert found - set(checksums.keys) <= {"982231759C7467065D0CE9B2A7DD07088B4EFBE6"}


def test_most_vendors_sign() -> None:
    assert len(SIGNED) >= 12
