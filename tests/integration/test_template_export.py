"""Exports, each read by the tool that it is for."""

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from exporting import WORDS, template
from msgspec.structs import replace
from small_media import call, small_disk
from store_pools import overlay
from tiny_guests import MACHINE

from builder.errors import BuilderError, HostError, TemplateError, UsageError
from builder.export import ova, vmdk_check
from builder.export.formats import FORMATS
from builder.export.order import Export, ExportOrder
from builder.export.run import export
from builder.model.template import Template
from builder.monitor import Progress, SilentMonitor
from builder.registry import channels
from builder.registry.registry import Registry, manifest
from tests.monitors import Heard
from tests.waiting import PATIENCE

DISKS = ("raw", "qcow2", "vmdk", "vhdx")
GRAIN = 64 << 10
NAMES = tuple(each.name for each in FORMATS)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template(tmp_path_factory.mktemp("store"))


def made(
    published: Template, folder: Path, name: str, *, compat: bool = False, force: bool = False
) -> Export:
    order = ExportOrder(format=name, output=folder, compat=compat, force=force)
    return export(published, order, monitor=SilentMonitor())


def same(published: Template, path: Path, form: str) -> None:
    call("qemu-img", "compare", "-q", "-f", "qcow2", "-F", form, published.path, path)


def checked(sums: Path) -> None:
    """Have sha256sum check the files that are named."""
    argv = ["sha256sum", "--check", "--strict", "--quiet", sums.name]
    subprocess.run(argv, cwd=sums.parent, check=True)


def info(path: Path) -> str:
    return subprocess.check_output(["qemu-img", "info", "--output=json", path], text=True)


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_told_from_another_and_is_private(
    published: Template, tmp_path: Path, name: str
) -> None:
    done = made(published, tmp_path, name)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["SHA256SUMS", done.path.name]
    assert done.path.name.startswith("tiny-20261123.1.")
    assert done.path.stat().st_mode & 0o777 == 0o600
    checked(tmp_path / "SHA256SUMS")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_template_makes_the_same_bytes(
    published: Template, tmp_path: Path, name: str
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    one, other = (made(published, tmp_path / folder, name).sha256 for folder in ("a", "b"))
    assert one == other


@pytest.mark.parametrize("form", DISKS)
def test_disks_boot_and_hold_the_same(published: Template, tmp_path: Path, form: str) -> None:
    path = made(published, tmp_path, form).path
    same(published, path, form)
    assert json.loads(info(path))["format"] == form
    drive = f"file={path},format={form},if=none,id=disk,snapshot=on"
    machine = ["qemu-system-x86_64", "-machine", "q35", "-m", "64", "-display", "none"]
    plugged = ["-net", "none", "-serial", "stdio", "-drive", drive, "-device", "ide-hd,drive=disk"]
    said = subprocess.check_output(
        [*machine, *plugged], text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE
    )
    assert WORDS in said


@pytest.mark.skipif(not shutil.which("7z"), reason="7-Zip is not installed")
@pytest.mark.parametrize("form", ["vmdk", "vhdx", "ova"])
def test_disks_as_7_zip_reads_them(published: Template, tmp_path: Path, form: str) -> None:
    """Which opens no stream-optimised VMDK of qemu-img's own."""
    path = made(published, tmp_path, form).path
    if form == "ova":
        call("tar", "-xf", path, "-C", tmp_path)
        (path,) = tmp_path.glob("*.vmdk")
    with (tmp_path / "read.raw").open("wb") as file:
        subprocess.run(["7z", "x", "-so", path], stdout=file, check=True)
    same(published, tmp_path / "read.raw", "raw")


@pytest.mark.parametrize("form", ["vmdk", "ova"])
def test_a_stream_begins_and_ends_as_one(published: Template, tmp_path: Path, form: str) -> None:
    path = made(published, tmp_path, form).path
    if form == "ova":
        call("tar", "-xf", path, "-C", tmp_path)
        (path,) = tmp_path.glob("*.vmdk")
    with path.open("r+b") as file:
        assert dict(vmdk_check.grains(path))
        file.seek(0, os.SEEK_END)
        file.write(bytes(126 * 512))  # as qemu-img leaves them
    with pytest.raises(HostError, match="goes on behind its end"):
        [*vmdk_check.grains(path)]


def test_a_stream_of_an_odd_size_is_longer_by_zeros(tmp_path: Path) -> None:
    source = template(tmp_path / "store", size=64 * 2**20 + 512)
    path = made(source, tmp_path, "ova").path
    call("tar", "-xf", path, "-C", tmp_path)
    (disk,) = tmp_path.glob("*.vmdk")
    capacity = 64 * 2**20 + GRAIN
    assert json.loads(info(disk))["virtual-size"] == capacity
    held = len(dict(vmdk_check.grains(disk))) * GRAIN
    (descriptor,) = tmp_path.glob("*.ovf")
    text = descriptor.read_text()
    assert f'ovf:capacity="{capacity}"' in text
    assert f'ovf:populatedSize="{held}"' in text
    same(source, disk, "vmdk")


def test_what_users_must_see_to_is_said(tmp_path: Path) -> None:
    source = template(tmp_path / "store", machine=replace(MACHINE, firmware="uefi"))
    assert "libvirt.loader" in made(source, tmp_path, "vagrant").needs
    assert made(source, tmp_path, "tar").needs == ""


def test_a_raw_disk_has_holes(published: Template, tmp_path: Path) -> None:
    state = made(published, tmp_path, "raw").path.stat()
    assert state.st_size == 64 * 2**20
    assert state.st_blocks * 512 < 4 * 2**20


def test_a_vmdk_is_for_vmware(published: Template, tmp_path: Path) -> None:
    path = made(published, tmp_path, "vmdk").path
    facts = json.loads(info(path))["format-specific"]["data"]
    assert facts["create-type"] == "streamOptimized"
    descriptor = path.read_bytes()[512:2048]
    assert f'SPARSE "{path.name}"'.encode() in descriptor
    assert b'ddb.adapterType = "lsilogic"' in descriptor


@pytest.mark.parametrize("compat", [True, False])
def test_the_compression_of_a_qcow2(published: Template, tmp_path: Path, *, compat: bool) -> None:
    path = made(published, tmp_path, "qcow2", compat=compat).path
    same(published, path, "qcow2")
    facts = json.loads(info(path))["format-specific"]["data"]
    assert facts["compression-type"] == ("zlib" if compat else "zstd")
    assert (path.read_bytes() == published.path.read_bytes()) is not compat


@pytest.mark.parametrize("compat", [True, False])
def test_a_tar_unpacked_in_a_store_is_a_template(
    published: Template, tmp_path: Path, *, compat: bool
) -> None:
    call("tar", "-xf", made(published, tmp_path, "tar", compat=compat).path, "-C", tmp_path)
    (there,) = Registry(tmp_path).templates()
    assert there == Registry(tmp_path).find("tiny@20261123.1")
    same(published, there.path, "qcow2")
    assert manifest(there).compression == ("zlib" if compat else "zstd")
    # It is whole: it can be handed on in turn.
    assert made(there, tmp_path / "tiny.raw", "raw").path.exists()


def test_a_box_as_vagrant_unpacks_it(published: Template, tmp_path: Path) -> None:
    call("tar", "-xzf", made(published, tmp_path, "vagrant").path, "-C", tmp_path)
    assert json.loads((tmp_path / "metadata.json").read_text())["virtual_size"] == 1
    same(published, tmp_path / "box.img", "qcow2")
    if shutil.which("ruby"):
        call("ruby", "-c", tmp_path / "Vagrantfile")


def test_an_ova_as_virtualisers_read_it(published: Template, tmp_path: Path) -> None:
    path = made(published, tmp_path, "ova").path
    names = ["tiny-20261123.1.ovf", "tiny-20261123.1.mf", "tiny-20261123.1-disk1.vmdk"]
    with tarfile.open(path, format=tarfile.USTAR_FORMAT) as tar:
        assert tar.getnames() == names
    assert path.read_bytes()[257:265] == b"ustar\x0000"
    call("tar", "-xf", path, "-C", tmp_path)
    sums = (tmp_path / names[1]).read_text().replace("SHA256(", "SHA256 (").replace(")=", ") =")
    (tmp_path / "sums").write_text(sums)  # as sha256sum --tag writes it
    checked(tmp_path / "sums")
    same(published, tmp_path / names[2], "vmdk")
    call("qemu-img", "check", "-q", tmp_path / names[2])
    assert f'ovf:size="{(tmp_path / names[2]).stat().st_size}"' in (tmp_path / names[0]).read_text()


def test_an_ova_that_is_too_large(
    published: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ova, "_LIMIT", 2**20)
    with pytest.raises(BuilderError, match="8 GiB or more"):
        made(published, tmp_path, "ova")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")
def test_a_container_disk_as_skopeo_copies_it(published: Template, tmp_path: Path) -> None:
    path = made(published, tmp_path, "oci").path
    source = f"oci-archive:{path}:20261123.1"
    found = json.loads(subprocess.check_output(["skopeo", "inspect", source]))
    assert (found["Os"], found["Architecture"], len(found["Layers"])) == ("linux", "amd64", 1)
    copied = tmp_path / "copied"
    # It checks every digest on the way.
    call("skopeo", "--insecure-policy", "copy", "--quiet", source, f"dir:{copied}")
    layer = copied / found["Layers"][0].removeprefix("sha256:")
    call("tar", "-xf", layer, "-C", tmp_path)
    same(published, tmp_path / "disk/tiny.qcow2", "qcow2")
    if not os.geteuid():  # only root keeps owners
        state = (tmp_path / "disk/tiny.qcow2").stat()
        assert (state.st_uid, state.st_gid, state.st_mode & 0o777) == (107, 107, 0o440)


@pytest.mark.skipif(not shutil.which("umoci"), reason="umoci is not installed")
def test_a_container_disk_as_umoci_unpacks_it(published: Template, tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    layout.mkdir()
    call("tar", "-xf", made(published, tmp_path, "oci").path, "-C", layout)
    rootless = ["--rootless"] if os.geteuid() else []
    call("umoci", "unpack", *rootless, "--image", f"{layout}:20261123.1", tmp_path / "bundle")
    same(published, tmp_path / "bundle/rootfs/disk/tiny.qcow2", "qcow2")


@pytest.mark.parametrize(
    ("name", "size"),
    # Ends of the disk in the conversion, while the container is written, at the very end.
    [*((name, "1m") for name in NAMES), ("ova", "5m"), ("oci", "5m"), ("vagrant", "3m")],
)
def test_a_full_disk_is_told_and_nothing_is_left(
    published: Template, tmp_path: Path, name: str, size: str
) -> None:
    with small_disk(tmp_path / "full", size) as folder:
        with pytest.raises(HostError, match="No space is left in"):
            made(published, folder, name)
        assert list(folder.iterdir()) == []


class _Interrupted(Heard):
    """Presses Ctrl-C at the beginning of the nth thing that is counted."""

    def __init__(self, nth: int) -> None:
        super().__init__()
        self._nth = nth

    def advance(self, amount: int = 1) -> None:  # noqa: ARG002  # the interface's name
        if len(self.counted) == self._nth:
            raise KeyboardInterrupt


@pytest.mark.parametrize("name", NAMES)
def test_an_interruption_leaves_nothing(published: Template, tmp_path: Path, name: str) -> None:
    order = ExportOrder(format=name, output=tmp_path, compat=name == "tar")
    for nth in range(1, 20):
        try:
            export(published, order, monitor=_Interrupted(nth))
        except KeyboardInterrupt:
            assert list(tmp_path.iterdir()) == []
        else:
            break
    assert nth > 2, "it was never interrupted"


def test_a_file_that_is_there_is_replaced_with_force_alone(
    published: Template, tmp_path: Path
) -> None:
    path = tmp_path / "x.qcow2"
    path.write_text("mine")
    with pytest.raises(UsageError, match="exists already") as caught:
        made(published, path, "qcow2")
    assert "--force replaces it" in caught.value.hint
    assert path.read_text() == "mine"
    assert made(published, path, "qcow2", force=True).path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == published.path.read_bytes()
    checked(tmp_path / "SHA256SUMS")


def test_lines_of_other_exports_stay(published: Template, tmp_path: Path) -> None:
    first = made(published, tmp_path, "qcow2")
    first.path.unlink()
    second, third = made(published, tmp_path, "raw"), made(published, tmp_path, "qcow2")
    assert (tmp_path / "SHA256SUMS").read_text() == (
        f"{second.sha256}  {second.path.name}\n{third.sha256}  {third.path.name}\n"
    )


def test_a_line_that_cannot_be_written_is_refused_at_once(
    published: Template, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "SHA256SUMS")
    broken = replace(published, path=tmp_path / "not read before")
    with pytest.raises(UsageError, match="is a pipe"):
        made(broken, tmp_path, "qcow2")


class Late(SilentMonitor):
    """Something takes the name of SHA256SUMS while the template is exported."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        with super().step(title):
            (self._folder / "SHA256SUMS").mkdir()
            yield


def test_an_export_stays_when_its_line_cannot_be_written(
    published: Template, tmp_path: Path
) -> None:
    order = ExportOrder(format="qcow2", output=tmp_path)
    with pytest.raises(UsageError, match=r"is whole, but .*SHA256SUMS is a folder") as caught:
        export(published, order, monitor=Late(tmp_path))
    [made] = tmp_path.glob("*.qcow2")
    (tmp_path / "SHA256SUMS").rmdir()
    command = caught.value.hint.split("`")[1]
    argv = ["sh", "-c", command]  # as people would
    line = subprocess.run(argv, cwd=tmp_path, check=True, stdout=subprocess.PIPE).stdout
    (tmp_path / "SHA256SUMS").write_bytes(line)
    checked(tmp_path / "SHA256SUMS")
    assert made.read_bytes()[:4] == b"QFI\xfb"


def test_a_template_that_has_changed_is_not_handed_on(published: Template, tmp_path: Path) -> None:
    path = tmp_path / "x.qcow2"
    content = bytearray(published.path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(TemplateError, match="has changed since it was published"):
        made(replace(published, path=path), tmp_path, "qcow2")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("form", ["qcow2", "raw"])
@pytest.mark.parametrize(
    "base", ["/nonexistent/base", "json:{'driver':'raw','file':{'driver':'file','filename':'/x'}}"]
)
def test_an_image_that_needs_others_is_not_handed_on(
    published: Template, tmp_path: Path, base: str, form: str
) -> None:
    path = overlay(tmp_path / "x.qcow2", base)
    with pytest.raises(TemplateError, match=f"no whole image: it needs {base}"):
        made(replace(published, path=path), tmp_path, form)
    assert list(tmp_path.iterdir()) == [path]


class _Meanwhile(SilentMonitor):
    """Does something as soon as the template is looked at."""

    def __init__(self, deed: Callable[[], object]) -> None:
        self._deed = deed

    @contextmanager
    def progress(
        self, title: str, *, total: int | None = None, unit: str = "B"
    ) -> Iterator[Progress]:
        self._deed()
        self._deed = lambda: None
        with super().progress(title, total=total, unit=unit) as progress:
            yield progress


def _export_while(template: Template, deed: Callable[[], object], folder: Path, form: str) -> None:
    order = ExportOrder(format=form, output=folder, compat=form == "qcow2")
    export(template, order, monitor=_Meanwhile(deed))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_deleted_meanwhile_is_said_to_be(
    published: Template, tmp_path: Path, name: str
) -> None:
    store = Path(shutil.copytree(published.path.parent, tmp_path / "store"))
    (template,) = Registry(store).templates()

    def delete() -> None:
        template.manifest.unlink()
        template.path.unlink()

    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(TemplateError, match=r"^tiny 20261123\.1 was deleted meanwhile\.$"):
        _export_while(template, delete, folder, name)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_revoked_meanwhile_is_not_handed_on(
    published: Template, tmp_path: Path, name: str
) -> None:
    store = Path(shutil.copytree(published.path.parent, tmp_path / "store"))
    (template,) = Registry(store).templates()
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(TemplateError, match=r"tiny 20261123\.1 is revoked: no ssh"):
        _export_while(
            template,
            lambda: channels.revoke(Registry(store), "tiny", reason="no ssh"),
            folder,
            name,
        )
    assert list(folder.iterdir()) == []


def test_a_result_that_is_not_the_template_gets_no_name(
    published: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "copyfile", lambda _source, part: part.write_bytes(b"x"))
    with pytest.raises(HostError, match="not what was copied"):
        made(published, tmp_path, "qcow2")
    assert list(tmp_path.iterdir()) == []
