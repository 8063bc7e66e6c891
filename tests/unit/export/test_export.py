"""What exports are made of: descriptors, metadata, layouts, sums."""

import gzip
import json
import os
import random
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from msgspec.structs import replace

from builder.cli.template.export import export as command
from builder.errors import HostError, UsageError
from builder.export import formats, oci, ova, sums, tarball, vagrant, vhdx, vmdk
from builder.export.archive import Member, digests, pack
from builder.export.needs import needs
from builder.export.order import ExportOrder, ExportSource
from builder.export.ovf import Disk, descriptor, guest
from builder.export.run import export
from builder.model.domain import Machine
from builder.monitor import Monitor, SilentMonitor
from builder.paths import targets
from tests.monitors import Heard
from tests.users import as_a_user
from tests.values import Golden, image, machine, manifest, template

UEFI = machine(firmware="uefi")
CONTENT = b"QFI\xfb but for this"
MANIFEST = manifest(
    created="2026-11-23T16:47:02Z",
    image=image(virtual_size=20 * 2**30 + 1, size=len(CONTENT)),
)
RECORD = msgspec.json.encode(MANIFEST) + b" "
SILENT = SilentMonitor()
OVF = "{http://schemas.dmtf.org/ovf/envelope/1}"
RASD = "{http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData}"


@pytest.fixture
def source(tmp_path: Path) -> ExportSource:
    image = tmp_path / "image.qcow2"
    image.write_bytes(CONTENT)
    return ExportSource(manifest=MANIFEST, record=RECORD, image=image)


def listed(path: Path) -> list[tuple[str, int, int, int, int]]:
    """Return name, mode, user, group and date of all that is in a tar."""
    with tarfile.open(path) as tar:
        return [(each.name, each.mode, each.uid, each.gid, int(each.mtime)) for each in tar]


def held(path: Path, name: str) -> bytes:
    with tarfile.open(path) as tar:
        file = tar.extractfile(name)
        assert file is not None
        return file.read()


@pytest.mark.parametrize("hardware", [machine(), UEFI], ids=["bios", "uefi"])
def test_descriptor(golden: Golden, hardware: Machine) -> None:
    """The standard requires every Info, the Name, the System and the Description of a network."""
    disk = Disk(
        name="centos7-20261123.1-disk1.vmdk", size=4711, capacity=20 * 2**30, populated=2**30
    )
    golden(f"export/{hardware.firmware}.ovf", descriptor(manifest(machine=hardware), disk))


def test_the_descriptor_refers_to_what_is_there() -> None:
    text = descriptor(MANIFEST, Disk(name="d.vmdk", size=1, capacity=512, populated=0))
    envelope = ElementTree.fromstring(text)  # noqa: S314  # we wrote it
    (file,) = envelope.iter(f"{OVF}File")
    (disk,) = envelope.iter(f"{OVF}Disk")
    (network,) = envelope.iter(f"{OVF}Network")
    items = list(envelope.iter(f"{OVF}Item"))
    ids = [item.findtext(f"{RASD}InstanceID") for item in items]
    kinds = {item.findtext(f"{RASD}ResourceType"): item for item in items}
    assert ids == [str(number) for number in range(1, len(items) + 1)]
    assert disk.get(f"{OVF}fileRef") == file.get(f"{OVF}id")
    assert kinds["17"].findtext(f"{RASD}HostResource") == f"ovf:/disk/{disk.get(f'{OVF}diskId')}"
    assert kinds["17"].findtext(f"{RASD}Parent") == kinds["20"].findtext(f"{RASD}InstanceID")
    assert kinds["10"].findtext(f"{RASD}Connection") == network.get(f"{OVF}name")
    for item in items:  # a sequence in the schema
        names = [child.tag for child in item]
        assert names == sorted(names)


@pytest.mark.parametrize(
    ("osinfo", "expected"),
    [
        ("http://centos.org/centos/7.0", (107, "centos7_64Guest")),
        ("http://centos.org/centos-stream/9", (107, "centos9_64Guest")),
        ("http://redhat.com/rhel/9.2", (80, "rhel9_64Guest")),
        ("http://rockylinux.org/rocky/9", (101, "otherLinux64Guest")),
        ("http://libosinfo.org/linux/2022", (101, "otherLinux64Guest")),
    ],
)
def test_guest_names(osinfo: str, expected: tuple[int, str]) -> None:
    assert guest(osinfo) == expected


@pytest.mark.parametrize(("count", "text"), [(1, "1 processor"), (2, "2 processors")])
def test_processors_are_counted(count: int, text: str) -> None:
    found = descriptor(
        manifest(machine=machine(vcpus=count)),
        Disk(name="d.vmdk", size=1, capacity=512, populated=0),
    )
    assert f"<rasd:ElementName>{text}</rasd:ElementName>" in found


def test_manifest_of_an_ova() -> None:
    assert ova.manifest({"a.ovf": "01", "a.vmdk": "02"}) == (
        b"SHA256(a.ovf)= 01\nSHA256(a.vmdk)= 02\n"
    )


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
@pytest.mark.parametrize("form", [each.name for each in formats.FORMATS if each.name != "tar"])
def test_users_are_told_what_uefi_needs(form: str, firmware: str) -> None:
    assert bool(needs(form, firmware)) is (firmware == "uefi" or form in {"vmdk", "vhdx"})


@pytest.mark.parametrize("form", [each.name for each in formats.FORMATS])
def test_what_boots_with_both_needs_nothing(form: str) -> None:
    assert not needs(form, "hybrid")


def test_a_tar_needs_nothing() -> None:
    """It is a template again, whose manifest says what its machines have."""
    assert not needs("tar", "uefi")


def test_an_ova_holds_what_its_manifest_says(
    source: ExportSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changing(_: ExportSource, path: Path, *, name: str, monitor: Monitor) -> int:  # noqa: ARG001
        path.write_bytes(b"as it is summed")
        monkeypatch.setattr(ova, "manifest", lambda _: path.write_bytes(b"packed") and b"")
        return 0

    monkeypatch.setattr(vmdk, "make", changing)
    with pytest.raises(HostError, match="not hold what its manifest says"):
        ova.write(source, tmp_path / "x.ova", name="x.ova", monitor=SILENT)


def test_crc32c() -> None:
    assert vhdx.crc32c(b"123456789") == 0xE3069283  # the check value of its catalogues


def test_a_vhdx_whose_log_is_not_empty_is_refused() -> None:
    header = b"head".ljust(0x30, b"\0") + b"\1" * 16 + bytes(4096 - 0x40)
    with pytest.raises(HostError, match="not finished"):
        vhdx.settled(header, number=1, seed="x")


@pytest.mark.parametrize(("capacity", "gigabytes"), [(1, 1), (2**30, 1), (2**30 + 1, 2)])
def test_vagrant_counts_in_whole_gigabytes(capacity: int, gigabytes: int) -> None:
    assert json.loads(vagrant.metadata(capacity)) == {
        "provider": "libvirt",
        "format": "qcow2",
        "virtual_size": gigabytes,
    }


@pytest.mark.parametrize(
    ("hardware", "boots", "name"),
    [(machine(), "bios", "bios"), (UEFI, "uefi", "uefi"), (UEFI, "hybrid", "bios")],
)
def test_vagrantfile(golden: Golden, hardware: Machine, boots: str, name: str) -> None:
    golden(f"export/Vagrantfile-{name}", vagrant.vagrantfile(hardware, boots))


def test_a_box(source: ExportSource, tmp_path: Path) -> None:
    path = tmp_path / "x.box"
    vagrant.write(source, path, name="x.box", monitor=SILENT)
    names = ["metadata.json", "Vagrantfile", "box.img"]
    assert listed(path) == [(name, 0o644, 0, 0, source.when) for name in names]
    assert held(path, "box.img") == CONTENT
    assert gzip.decompress(path.read_bytes())[:13] == b"metadata.json"


@pytest.mark.parametrize(
    ("line", "warned"),
    [("rootpw --lock", True), ("user --name=web", True), ("user --name=vagrant", False)],
)
def test_a_box_that_vagrant_cannot_log_in_to(
    source: ExportSource, tmp_path: Path, line: str, *, warned: bool
) -> None:
    monitor = Heard()
    told = replace(source, manifest=manifest(created=MANIFEST.created, kickstart=line))
    vagrant.write(told, tmp_path / "x.box", name="x.box", monitor=monitor)
    assert ["no user vagrant" in text for _kind, text, _ in monitor.told] == [True] * warned


@pytest.mark.parametrize("signatures", [b"", b"{}\n"])
def test_a_tar_holds_a_template(source: ExportSource, tmp_path: Path, signatures: bytes) -> None:
    path = tmp_path / "x.tar"
    tarball.write(replace(source, signatures=signatures), path, name="x.tar", monitor=SILENT)
    image, record = "centos7-20261123.1.qcow2", "centos7-20261123.1.json"
    signed = {f"{image}.intoto.jsonl": 0o644} if signatures else {}
    modes = {image: 0o600, **signed, record: 0o600}  # the manifest last: it shows the rest
    assert listed(path) == [(name, mode, 0, 0, source.when) for name, mode in modes.items()]
    assert held(path, record) == RECORD
    for name in signed:
        assert held(path, name) == signatures


@pytest.mark.parametrize("gzipped", [False, True])
def test_no_damage_of_an_archive_is_another_error(tmp_path: Path, *, gzipped: bool) -> None:
    path, noise = tmp_path / "x", random.Random(3).randbytes(20000)  # noqa: S311  # the same
    members = [Member(name="a", content=b"hello" * 500), Member(name="b", content=noise)]
    wrote = pack(path, members, when=1, monitor=SILENT, gzipped=gzipped)
    content = path.read_bytes()
    for seed in range(300):
        chance = random.Random(seed)  # noqa: S311  # the same each time
        damaged = bytearray(content)
        at = chance.randrange(20, len(content) - 8)
        damaged[at : at + 4] = chance.randbytes(4)
        path.write_bytes(damaged[: len(content) - seed % 3])
        with suppress(HostError):
            found = digests(path, monitor=SILENT)
            assert not gzipped or found != wrote


def test_a_container_disk(source: ExportSource, tmp_path: Path, golden: Golden) -> None:
    path = tmp_path / "x.oci.tar"
    oci.write(source, path, name="x.oci.tar", monitor=SILENT)
    golden("export/index.json", held(path, "index.json").decode())
    index = json.loads(held(path, "index.json"))
    manifest = json.loads(_blob(path, index["manifests"][0]))
    golden("export/manifest.json", json.dumps(manifest, indent=2))
    config = json.loads(_blob(path, manifest["config"]))
    (layer,) = manifest["layers"]
    assert config["rootfs"]["diff_ids"] == [layer["digest"]]
    (tmp_path / "layer.tar").write_bytes(_blob(path, layer))
    assert listed(tmp_path / "layer.tar") == [
        ("disk", 0o755, 0, 0, source.when),
        ("disk/centos7.qcow2", 0o440, 107, 107, source.when),
    ]
    assert held(tmp_path / "layer.tar", "disk/centos7.qcow2") == CONTENT
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "image.qcow2",
        "layer.tar",
        "x.oci.tar",
    ]


def _blob(path: Path, described: dict[str, Any]) -> bytes:
    content = held(path, str(described["digest"]).replace("sha256:", "blobs/sha256/"))
    assert len(content) == described["size"]
    return content


@pytest.mark.parametrize("ustar", [True, False])
@pytest.mark.parametrize("gzipped", [True, False])
def test_archives_are_the_same_each_time(tmp_path: Path, *, ustar: bool, gzipped: bool) -> None:
    members = (Member(name="a", content=b"x"), Member(name="d"), Member(name="d/b", content=b""))
    paths = [tmp_path / "1.tar", tmp_path / "2.tar"]
    for path in paths:
        pack(path, members, when=1, monitor=SILENT, ustar=ustar, gzipped=gzipped)
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert list(digests(paths[0], monitor=SILENT)) == ["a", "d", "d/b"]


@pytest.mark.parametrize("damage", [b"", b"y" * 512])
def test_what_cannot_be_read_again_is_told(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(damage)
    with pytest.raises(HostError, match="cannot be read again"):
        digests(path, monitor=SILENT)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("", "a", "11  a\n"),
        ("00  b\n", "a", "00  b\n11  a\n"),
        ("00  a\n22  b\n", "a", "22  b\n11  a\n"),
        ("00 *a\n", "a", "11  a\n"),
        ("00  a\n", "a b", "00  a\n11  a b\n"),
        ("", "a\\\nb", "\\11  a\\\\\\nb\n"),
        ("\\00  a\\nb\n", "a\nb", "\\11  a\\nb\n"),
    ],
)
def test_sums(text: str, name: str, expected: str) -> None:
    assert sums.updated(text, name, "11") == expected


def test_sums_of_a_terabyte_are_refused_before_the_work(tmp_path: Path) -> None:
    with (tmp_path / sums.NAME).open("wb") as file:
        file.truncate(1 << 40)
    order = ExportOrder(format="qcow2", output=tmp_path / "x.qcow2")
    with pytest.raises(HostError, match="SHA256SUMS: it is larger than"):
        export(template(), order, monitor=SILENT)
    with pytest.raises(HostError, match="SHA256SUMS: it is larger than"):
        sums.record(tmp_path / "x", "11")
    assert [each.name for each in tmp_path.iterdir()] == [sums.NAME]


@pytest.mark.parametrize("there", [True, False])
def test_sums_are_written_through_no_link(tmp_path: Path, *, there: bool) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "shared"
    folder.mkdir()
    if there:
        victim.write_text("22  x\n")
        victim.chmod(0o600)
    (folder / sums.NAME).symlink_to(victim)
    order = ExportOrder(format="qcow2", output=folder / "x.qcow2")
    with pytest.raises(UsageError, match="SHA256SUMS is a link"):
        export(template(), order, monitor=SILENT)
    with pytest.raises(UsageError, match="SHA256SUMS is a link"):
        sums.record(folder / "x", "11")
    assert (folder / sums.NAME).is_symlink()
    assert victim.exists() == there
    assert not there or (victim.read_text(), victim.stat().st_mode & 0o777) == ("22  x\n", 0o600)


@pytest.mark.parametrize("there", [True, False])
def test_sums_are_read_through_no_link_that_comes_in_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, there: bool
) -> None:
    victim, path = tmp_path / "victim", tmp_path / sums.NAME
    victim.write_text("secret")
    if there:
        path.write_text("22  x\n")
    look = targets.target

    def just_after(found: Path, *, force: bool) -> Path:
        judged = look(found, force=force)
        path.unlink(missing_ok=True)
        path.symlink_to(victim)
        return judged

    monkeypatch.setattr(targets, "target", just_after)
    with pytest.raises(HostError, match=r"SHA256SUMS: it is no plain file"):
        sums.record(tmp_path / "x", "11")
    assert (path.is_symlink(), victim.read_text()) == (True, "secret")


@pytest.mark.parametrize(("before", "after"), [(None, 0o644), (0o600, 0o600), (0o664, 0o664)])
def test_sums_keep_their_mode(tmp_path: Path, before: int | None, after: int) -> None:
    if before is not None:
        (tmp_path / sums.NAME).touch()
        (tmp_path / sums.NAME).chmod(before)
    sums.record(tmp_path / "x", "11")
    assert (tmp_path / sums.NAME).stat().st_mode & 0o777 == after


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give files away")
def test_sums_keep_their_owner_and_group(tmp_path: Path) -> None:
    path = tmp_path / sums.NAME
    path.write_text("22  y\n")
    path.chmod(0o640)
    os.chown(path, 12345, 12346)
    sums.record(tmp_path / "x", "11")
    state = path.stat()
    assert (state.st_uid, state.st_gid, state.st_mode & 0o777) == (12345, 12346, 0o640)
    assert path.read_text() == "22  y\n11  x\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become a user")
@pytest.mark.parametrize(
    ("owner", "group", "mode", "why"),
    [
        (12345, 12345, 0o444, "Cannot write .*SHA256SUMS: Permission denied"),
        (0, 12345, 0o666, "another user's or group's"),
        (12345, 1, 0o644, "another user's or group's"),
        (12345, 12345, 0o600, ""),
    ],
)
def test_sums_that_cannot_be_replaced_as_they_are_are_told_before_the_work(
    tmp_path: Path, owner: int, group: int, mode: int, why: str
) -> None:
    path = tmp_path / sums.NAME
    path.touch()
    with as_a_user(tmp_path):
        _as_root(lambda: os.chown(path, owner, group))
        _as_root(lambda: path.chmod(mode))
        if not why:
            assert sums.check(tmp_path / "x") == path
            return
        order = ExportOrder(format="qcow2", output=tmp_path / "x.qcow2")
        with pytest.raises(HostError, match=why):
            export(template(), order, monitor=SILENT)


def _as_root(change: Callable[[], object]) -> None:
    user = os.geteuid()
    os.seteuid(0)
    change()
    os.seteuid(user)


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    order = ExportOrder(format="qcow2", output=tmp_path / ("x" * 300))
    with pytest.raises(UsageError, match="File name too long"):
        export(template(), order, monitor=SILENT)


def test_formats_are_unlike_and_in_the_help(source: ExportSource) -> None:
    assert len({each.name for each in formats.FORMATS}) == len(formats.FORMATS)
    assert len({each.suffix for each in formats.FORMATS}) == len(formats.FORMATS)
    assert source.stem == "centos7-20261123.1"
    (option,) = command.__annotations__["form"].__metadata__
    assert all(each.name in option.help for each in formats.FORMATS)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (ExportOrder(format="vdmk"), "There is no format 'vdmk'"),
        (ExportOrder(format="raw", compat=True), "--compat means nothing for raw"),
        (ExportOrder(format="raw", output=Path("/dev/null")), "/dev/null is a device"),
    ],
)
def test_orders_that_cannot_be(order: ExportOrder, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        export(template(), order, monitor=SILENT)
