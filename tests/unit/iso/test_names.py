"""Names for what is added to an ISO."""

from collections.abc import Collection

import pytest

from builder.errors import UsageError
from builder.iso import iso9660, names
from builder.iso.descriptors import Descriptor
from builder.iso.iso9660 import Record
from builder.iso.source import Memory
from builder.iso.tree import Tree, folded, name_of


def _tree(*, joliet: bool) -> Tree:
    descriptor = Descriptor(
        base=0, sector=16, joliet=joliet, volume_id="", space=9, path_table_size=10,
        path_tables=(1, 1), root=Record(0, 20, 2048, 2, b"\0", b""),
    )  # fmt: skip
    return Tree(descriptor=descriptor, skip=None)


def _plain(name: str, taken: Collection[bytes] = (), *, folder: bool = False) -> str:
    return names.identifier(
        _tree(joliet=False), name, folder=folder, taken=taken, versioned=True, leads=False
    ).decode("ascii")


def _joliet(name: str, taken: Collection[bytes] = (), *, leads: bool = False) -> str:
    return names.identifier(
        _tree(joliet=True), name, folder=False, taken=taken, versioned=False, leads=leads
    ).decode("utf-16-be")


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
        _tree(joliet=True), "Grüße ❤.txt", folder=False, taken=(), versioned=versioned, leads=False
    )
    assert found.decode("utf-16-be") == f"Grüße ❤.txt{end}"


@pytest.mark.parametrize("name", ["n" * 104, "😀", "\udcff", "odd;1"])
def test_names_that_joliet_alone_cannot_have(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        _joliet(name, leads=True)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("n" * 103, "n" * 103),
        ("n" * 104, "n" * 103),
        ("n" * 104 + ".noarch.rpm", "n" * 99 + ".rpm"),
        ("n." + "x" * 200, "n." + "x" * 50),
        ("😀.txt", "_.txt"),
        ("odd;1", "odd_1"),
        ("a:b*c?d\\e", "a_b_c_d_e"),
    ],
)
def test_joliet_beside_rock_ridge_has_what_it_can(name: str, identifier: str) -> None:
    assert _joliet(name) == identifier


def test_joliet_names_alike_get_numbers() -> None:
    taken: dict[bytes, None] = {}
    for _ in range(3):
        taken[_joliet("n" * 110 + ".rpm", taken).encode("utf-16-be")] = None
    found = [each.decode("utf-16-be") for each in taken]
    assert found == ["n" * 99 + ".rpm", "n" * 96 + "001.rpm", "n" * 96 + "002.rpm"]


@pytest.mark.parametrize(
    ("name", "folder", "identifier"),
    [
        ("ks.cfg", False, "KS.CFG;1"),
        ("README", False, "README.;1"),
        ("a-rather-long-name.noarch.rpm", False, "A-RATHER-LONG-NAME.NOARCH.RPM;1"),
        (".treeinfo", False, ".TREEINFO;1"),
        ("re.po", True, "RE.PO"),
    ],
)
def test_names_without_rock_ridge_stay_what_they_are(
    name: str, identifier: str, *, folder: bool
) -> None:
    found = names.identifier(
        _tree(joliet=False), name, folder=folder, taken=(), versioned=True, leads=True
    )
    assert found.decode() == identifier
    record = iso9660.record(names.record(found, folder=folder, date=bytes(7)))
    assert folded(name_of(Memory(b""), _tree(joliet=False), record)) == folded(name)


@pytest.mark.parametrize("name", ["n" * 31, "Grüße", "a;b", "a:b", "...", "\udcff", "a\tb"])
def test_names_that_iso_9660_alone_cannot_have(name: str) -> None:
    with pytest.raises(UsageError, match="neither Rock Ridge nor Joliet") as caught:
        names.identifier(
            _tree(joliet=False), name, folder=False, taken=(), versioned=True, leads=True
        )
    assert caught.value.hint


@pytest.mark.parametrize(
    "name", ["isolinux.cfg~", "isolinux^cfg.", "syslinux.cfgs", "ISOLINUX.CFGX"]
)
def test_what_is_shortened_is_no_menu_for_isolinux(name: str) -> None:
    assert not _plain(name).startswith(("ISOLINUX.CFG", "SYSLINUX.CFG"))


@pytest.mark.parametrize("name", ["isolinux~", "isolinux.d", "boot.d", "efi.old"])
def test_a_folder_that_is_shortened_is_none_where_isolinux_looks(name: str) -> None:
    assert _plain(name, folder=True).lower() not in {"isolinux", "boot", "efi"}
    assert _plain("isolinux", folder=True) == "ISOLINUX"


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
