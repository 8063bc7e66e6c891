"""What images say of the files that they need."""

import os
from pathlib import Path

import pytest

from builder.virt import backing
from tests.headers import extension, external, qcow, qed


def sparse(descriptor: str) -> bytes:
    return b"KDMV".ljust(512, b"\0") + descriptor.encode()


PARENT = 'parentFileNameHint="base"\nRW 2048 SPARSE "old-name.vmdk"\n'
DATA, OTHER, END = extension(0x44415441, b"data"), extension(7, b"five!"), extension(0, b"")
JSON, QUORUM, QUOTED = (
    b'json:{"driver":"raw","file":{"driver":"file","filename":"/a/base"}}',
    b'json:{"driver":"quorum","children":[{"file.filename":"one"},{"file":{"filename":"two"}}]}',
    rb"json:{'file':{'filename':'/a/it\'s \u0062\"se'},'backing': {'file.filename' : 'below'}}",
)
NUL = rb'json:{"file.filename":"a\u0000"}'
ROWS = {
    "qcow": (qcow(1, 104, 4, b"base"), ["base"]),
    "qcow2": (qcow(2, 104, 4, b"base and more"), ["base"]),
    "version 3": (qcow(3, 104, 4, b"base"), ["base"]),
    "one of tomorrow": (qcow(4, 104, 4, b"base"), ["base"]),
    "absolute": (qcow(3, 104, 7, b"/a/base"), ["/a/base"]),
    "above": (qcow(3, 104, 7, b"../base"), ["../base"]),
    "no text": (qcow(3, 104, 3, b"n\xffn"), ["n\udcffn"]),
    "through no folder": (qcow(3, 104, 15, b"gone/../../base"), ["../base"]),
    "options": (qcow(3, 104, len(JSON), JSON), ["raw", "file", "/a/base"]),
    "options of many": (qcow(3, 104, len(QUORUM), QUORUM), ["quorum", "one", "two"]),
    "options as QEMU takes them": (
        qcow(3, 104, len(QUOTED), QUOTED),
        ["/a/it's b\"se", "below"],
    ),
    "options that are none": (qcow(3, 104, 6, b"json:{"), []),
    "remote": (qcow(3, 104, 13, b"nbd:host:1234"), []),
    "socket": (qcow(3, 104, 21, b"nbd+unix:///?socket=x"), []),
    "device": (qcow(3, 104, 24, b"nvme://0000:00:01.0/base"), []),
    "folder": (qcow(3, 104, 9, b"fat:rw:/a"), []),
    "nothing": (qcow(3, 104, 10, b"null-co://"), []),
    "throttled": (qcow(3, 104, 9, b"throttle:"), []),
    "debugged": (qcow(3, 104, 14, b"blkdebug::base"), ["base"]),
    "debugged as told": (qcow(3, 104, 23, b"blkdebug:conf:file:base"), ["conf", "base"]),
    "verified": (qcow(3, 104, 24, b"blkverify:raw:nbd:host:1"), ["raw"]),
    "filters in filters": (qcow(3, 104, 1000, b"blkdebug::" * 99 + b"/a/base..."), ["/a/base..."]),
    "filter of nothing": (qcow(3, 104, 9, b"blkdebug:"), []),
    "colon": (qcow(3, 104, 5, b"./a:b"), ["a:b"]),
    "protocol": (qcow(3, 104, 9, b"file:base"), ["base"]),
    "alone": (qcow(3, 0, 0), []),
    "NUL": (qcow(3, 104, 3, b"a\0b"), ["a"]),
    "NUL in options": (qcow(3, 104, len(NUL), NUL), []),
    "cut off": (qcow(3, 104, 4), []),
    "far away": (qcow(3, 2**63, 4), []),
    "long": (qcow(3, 104, 2**31, b"base"), []),
    "data file": (external(DATA, END), ["data"]),
    "data file after others": (external(OTHER, OTHER, DATA), ["data"]),
    "data file, absolute": (external(extension(0x44415441, b"/a/data")), ["/a/data"]),
    "data file, twice": (external(extension(0x44415441, b"first"), DATA), ["data"]),
    "data file, long header": (external(bytes(8), DATA, length=112), ["data"]),
    "data file after the end": (external(END, DATA), []),
    "data file of no feature": (external(DATA, features=3), []),
    "data file of version 2": (external(DATA, version=2), []),
    "data file without a name": (external(END), []),
    "data file, cut off": (external(DATA[:6]), []),
    "data file, long": (external(extension(7, b"", length=2**32 - 1), DATA), []),
    "data file, header without end": (external(DATA, length=2**32 - 1), []),
    "data file, no header": (external()[:100], []),
    "data file and backing file": (
        qcow(3, 128, 4)[:72] + external(DATA, END)[72:128] + b"base",
        ["base", "data"],
    ),
    "garbage": (b"QFI\xfbgarbage", []),
    "magic": (b"QFI\xfb", []),
    "qed": (qed(1), ["base"]),
    "qed alone": (qed(0), []),
    "qed cut off": (b"QED\0", []),
    "vmdk": (sparse(f"# Disk DescriptorFile\n{PARENT}"), ["base"]),
    "vmdk cut off": (b"KDMV", []),
    "vmdk with another line": (sparse('CID=1 parentFileNameHint="base"'), ["base"]),
    "descriptor": (
        b'# Disk DescriptorFile\nparentFileNameHint="base"\n'
        b'RW 2048 FLAT "one.vmdk" 0\nRDONLY 1 SPARSE "two.vmdk"\nRW 9 ZERO\n',
        ["base", "one.vmdk", "two.vmdk"],
    ),
    "raw": (b"x" * 1024, []),
    "empty": (b"", []),
}


@pytest.mark.parametrize(("content", "names"), ROWS.values(), ids=ROWS)
def test_names(tmp_path: Path, content: bytes, names: list[str]) -> None:
    image = tmp_path / "image"
    image.write_bytes(content)
    expected = [Path(os.path.normpath(tmp_path / name)) for name in names]
    assert [each.path for each in backing.needs(image)] == expected


PARTS = {
    "alone": (qcow(3, 0, 0), ""),
    "version 2": (qcow(2, 0, 0), ""),
    "version 2 with what are features later": (external(version=2), ""),
    "backing file": (qcow(3, 104, 4, b"base"), "it needs base"),
    "not understood": (qcow(2, 104, 6, b"fat:/a"), "it needs fat:/a"),
    "remote": (qcow(3, 104, 9, b"nbd:h:123"), "it needs nbd:h:123"),
    "quoted": (qcow(3, 104, len(QUOTED), QUOTED), f"it needs {QUOTED.decode()}"),
    "far away": (qcow(3, 2**63, 4), "it needs another file"),
    "long": (qcow(3, 104, 2**31, b"base"), "it needs another file"),
    "data file": (external(DATA, END), "it needs data"),
    "data file without a name": (external(END), "it needs another file"),
    "version 1": (qcow(1, 0, 0), "it is a qcow2 of the unknown version 1"),
    "version 4": (qcow(4, 0, 0), "it is a qcow2 of the unknown version 4"),
    "cut off": (qcow(3, 0, 0)[:103], "it is no qcow2"),
    "another kind": (sparse(PARENT), "it is no qcow2"),
    "empty": (b"", "it is no qcow2"),
}


@pytest.mark.parametrize(("content", "why"), PARTS.values(), ids=PARTS)
def test_what_stands_alone(tmp_path: Path, content: bytes, why: str) -> None:
    image = tmp_path / "image"
    image.write_bytes(content)
    assert backing.parts(image) == why


@pytest.mark.parametrize("name", ["blkdebug::tomorrow:base", "tomorrow:base", "x" * 5000])
def test_names_that_nobody_understands(tmp_path: Path, name: str) -> None:
    image = tmp_path / "image"
    image.write_bytes(external(extension(0x44415441, name.encode()), END))
    with pytest.raises(backing.UnclearError) as caught:
        backing.needs(image)
    assert name.endswith(str(caught.value))


def test_a_name_leads_through_links_as_the_system_goes(tmp_path: Path) -> None:
    (tmp_path / "far" / "store").mkdir(parents=True)
    (tmp_path / "store").symlink_to(tmp_path / "far" / "store")
    image = tmp_path / "image"
    image.write_bytes(qcow(3, 104, 13, b"store/../base"))
    assert [each.path for each in backing.needs(image)] == [tmp_path / "far" / "base"]
    (tmp_path / "far" / "image").symlink_to(image)  # the names are seen from where the link is
    image.write_bytes(qcow(3, 104, 4, b"base"))
    through = tmp_path / "far" / "image"
    assert [each.path for each in backing.needs(through)] == [tmp_path / "far" / "base"]


def test_what_a_guest_writes_is_told_apart(tmp_path: Path) -> None:
    image = tmp_path / "image"
    for content, _names in (ROWS["data file and backing file"], ROWS["descriptor"]):
        image.write_bytes(content)
        found = {each.path.name: each.data for each in backing.needs(image)}
        assert found.pop("base") is False
        assert found
        assert all(found.values())


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "memory").symlink_to("/proc/self/mem")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "memory", Path("/dev/zero")):
        assert backing.needs(path) == ()
    with pytest.raises(FileNotFoundError):
        backing.needs(tmp_path / "gone")
