"""Names for what is added to an ISO."""

from collections.abc import Collection

import pytest

from builder.errors import UsageError
from builder.iso import iso9660, names
from builder.iso.descriptors import Descriptor
from builder.iso.iso9660 import Record
from builder.iso.tree import Tree


def _tree(*, joliet: bool) -> Tree:
    descriptor = Descriptor(
        base=0, sector=16, joliet=joliet, volume_id="", space=9, path_table_size=10,
        path_tables=(1, 1), root=Record(0, 20, 2048, 2, b"\0", b""),
    )  # fmt: skip
    return Tree(descriptor=descriptor, skip=None)


def _plain(name: str, taken: Collection[bytes] = (), *, folder: bool = False) -> str:
    return names.identifier(
        _tree(joliet=False), name, folder=folder, taken=taken, versioned=True
    ).decode("ascii")


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("ks.cfg", "KS.CFG;1"),
        ("README", "README.;1"),
        (".hidden", "_HIDDEN.;1"),
        ("a.b.c", "A_B.C;1"),
        ("a-rather-long-name.tar.gz", "A_RATHER.GZ;1"),
        ("Grüße.txt", "GR__E.TXT;1"),
        ("x.extension", "X.EXT;1"),
        ("a.", "A_.;1"),
        ("...", "___.;1"),
    ],
)
def test_plain_names(name: str, identifier: str) -> None:
    assert _plain(name) == identifier


def test_folders_have_neither_dot_nor_version() -> None:
    assert _plain("repo", folder=True) == "REPO"
    assert _plain("re.po", folder=True) == "RE"


def test_names_alike_get_numbers() -> None:
    taken: dict[bytes, None] = {}
    for _ in range(1002):
        taken[_plain("perl-something.rpm", taken).encode()] = None
    found = list(taken)
    assert found[:3] == [b"PERL_SOM.RPM;1", b"PERL_001.RPM;1", b"PERL_002.RPM;1"]
    assert found[999:] == [b"PERL_999.RPM;1", b"PERL1000.RPM;1", b"PERL1001.RPM;1"]


@pytest.mark.parametrize(("versioned", "end"), [(True, ";1"), (False, "")])
def test_joliet_keeps_names(end: str, *, versioned: bool) -> None:
    found = names.identifier(
        _tree(joliet=True), "Grüße ❤.txt", folder=False, taken=(), versioned=versioned
    )
    assert found.decode("utf-16-be") == f"Grüße ❤.txt{end}"


@pytest.mark.parametrize("name", ["n" * 104, "😀" * 52, "\udcff"])
def test_names_that_joliet_cannot_have(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        names.identifier(_tree(joliet=True), name, folder=False, taken=(), versioned=True)
    assert caught.value.hint


@pytest.mark.parametrize("use", [b"", b"PX", b"PXX"])
@pytest.mark.parametrize("name", [b"A.;1", b"AB.;1", b"\0"])
def test_records(name: bytes, use: bytes) -> None:
    raw = names.record(name, folder=False, date=b"7654321", system_use=use)
    found = iso9660.record(raw)
    assert len(raw) % 2 == 0
    assert (found.identifier, found.extent, found.length) == (name, 0, 0)
    assert found.system_use.startswith(use)
    assert raw[18:25] == b"7654321"
    moved = iso9660.record(names.placed(raw, extent=77, length=88))
    assert (moved.extent, moved.length, moved.identifier) == (77, 88, name)
