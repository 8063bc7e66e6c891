"""`builder volume`, in a store pool with templates and machines."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_media import call
from store_pools import issue, overlay, with_data_file
from tiny_guests import workplace
from typer.testing import CliRunner, Result

from builder import files
from builder.cli import volume
from builder.cli.context import Context
from builder.config import Settings
from builder.errors import HostError, UsageError
from builder.host.host import Host
from builder.monitor import SilentMonitor
from builder.recipes import volumes
from builder.virt import domains, pools
from builder.virt.connection import Connection

NAME = f"bt-volumes-{os.getpid()}"
BUILD = "20261128T101010-0123abcd.qcow2"


@pytest.fixture
def host(libvirt_uri: str) -> Iterator[Host]:
    with workplace(libvirt_uri, NAME) as found:
        yield found


@pytest.fixture
def store(host: Host) -> Path:
    """Return a store with a signed template, a machine's disk, and a disk of a build."""
    path = host.store_pool.path
    template = issue(path, "build-1")
    for name in (f"{template.path.name}.intoto.jsonl", ".templates.lock"):
        (path / name).touch()
    for name in ("web1.qcow2", BUILD, "mine-20200101.1.qcow2"):
        call("qemu-img", "create", "-q", "-f", "qcow2", path / name, "1M")
    return path


def run(host: Host, *words: str, state: Path = Path()) -> Result:
    settings = Settings(uri=host.connection.uri, store_pool=host.store_pool.name, state=state)
    here = Context(settings=settings, monitor=SilentMonitor())
    return CliRunner().invoke(volume.app, words, obj=here)


@pytest.mark.parametrize("backing", ["/etc/\n\x1b[31m", "n" * 300])
def test_a_stranger_s_image_into_which_libvirt_cannot_look(
    host: Host, store: Path, backing: str
) -> None:
    odd = store / "odd.qcow2"
    call("qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", backing, "-F", "raw", odd, "1M")
    found = {each["name"] for each in json.loads(run(host, "list", "--json").stdout)}
    assert {"odd.qcow2", "web1.qcow2"} <= found
    assert run(host, "delete", "odd.qcow2").exit_code == 0
    assert not odd.exists()


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("centos7-20261123.1.qcow2", "belongs to a template", "centos7@20261123.1`"),
        ("centos7-20261123.1.json", "belongs to a template", "the newest, and what a channel"),
        ("centos7-20261123.1.qcow2.intoto.jsonl", "belongs to a template", "centos7@20261123.1`"),
        ("centos7.channels.json", "belongs to a template", "builder template delete"),
        (".templates.lock", "belongs to builder itself", "builder gc"),
        (BUILD, "belongs to a build", "builder gc"),
        ("../x", "is no volume", "builder volume list"),
        ("a\nb", "is no volume", "builder volume list"),
    ],
)
def test_what_has_a_command_of_its_own(
    name: str, said: str, hint: str, host: Host, store: Path
) -> None:
    before = sorted(store.iterdir())
    refused = run(host, "delete", name).exception
    assert isinstance(refused, UsageError)
    assert said in refused.message
    assert hint in refused.hint
    assert sorted(store.iterdir()) == before


def test_parts_of_a_build_that_runs(host: Host, store: Path, tmp_path: Path) -> None:
    build_id = BUILD.removesuffix(".qcow2")
    folder = tmp_path / "builds" / "centos7" / build_id
    folder.mkdir(parents=True)
    (folder / "build.json").write_text(
        json.dumps({"build_id": build_id, "name": "centos7", "state": "running"})
    )
    with files.locked(folder):
        refused = run(host, "delete", BUILD, state=tmp_path).exception
    assert isinstance(refused, UsageError)
    assert "That build is using it, and clears it at its end" in refused.hint
    abandoned = run(host, "delete", BUILD, state=tmp_path).exception
    assert isinstance(abandoned, UsageError)
    assert "builder gc" in abandoned.hint
    overlay(store / "20261128T101010-0123abcd.audit.qcow2", store / "web1.qcow2")
    used = run(host, "delete", "web1.qcow2").exception
    assert isinstance(used, UsageError)
    assert f"The build or check {build_id} is using it" in used.hint


def test_what_somebody_needs(host: Host, store: Path) -> None:
    disk = store / "web1.qcow2"
    xml = (
        f"<domain type='qemu'><name>{NAME}</name><memory>1024</memory>"
        "<os><type arch='x86_64'>hvm</type></os><devices><disk type='file'>"
        f"<driver type='qcow2'/><source file='{disk}'/><target dev='vda'/></disk>"
        "</devices></domain>"
    )
    domain = domains.define(host.connection, xml)
    refused = run(host, "delete", disk.name).exception
    assert isinstance(refused, UsageError)
    assert f"web1.qcow2 stays: the domain {NAME} needs it." == refused.message
    assert refused.hint == "Remove what needs it first."
    domains.remove(domain)
    call("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", disk, store / "b.qcow2")
    assert f"{store}/b.qcow2 needs it" in str(run(host, "delete", disk.name).exception)
    assert run(host, "delete", "b.qcow2").stdout.startswith("b.qcow2 is deleted, ")
    assert run(host, "delete", disk.name).exit_code == 0
    assert not disk.exists()


def test_the_data_of_another_volume(host: Host, store: Path) -> None:
    (store / "data").write_bytes(bytes(2**20))
    with_data_file(store / "disk.qcow2", store / "data")
    pools.notice(host.connection, host.store_pool.name)
    assert f"data stays: {store}/disk.qcow2 needs it." in str(run(host, "delete", "data").exception)
    assert run(host, "delete", "disk.qcow2").exit_code == 0
    assert run(host, "delete", "data").exit_code == 0


def test_what_a_domain_boots_with(host: Host, store: Path) -> None:
    kernel = store / "vmlinuz"
    kernel.touch()
    xml = (
        f"<domain type='qemu'><name>{NAME}</name><memory>1024</memory>"
        f"<os><type arch='x86_64'>hvm</type><kernel>{kernel}</kernel></os></domain>"
    )
    domain = domains.define(host.connection, xml)
    refused = run(host, "delete", kernel.name).exception
    domains.remove(domain)
    assert f"the domain {NAME} needs it" in str(refused)
    assert run(host, "delete", kernel.name).exit_code == 0


def test_another_machine_s_volumes(host: Host, store: Path) -> None:
    settings = Settings(uri="qemu://other.example/system", store_pool=host.store_pool.name)
    connection = Connection(settings.uri, host.connection.handle)
    with pytest.raises(HostError, match="is another machine"):
        volumes.delete(
            connection, settings, "web1.qcow2", pool=settings.store_pool, monitor=SilentMonitor()
        )
    assert (store / "web1.qcow2").exists()


def test_a_stranger_s_disk_that_looks_like_a_template(host: Host, store: Path) -> None:
    assert run(host, "delete", "mine-20200101.1.qcow2").exit_code == 0
    assert not (store / "mine-20200101.1.qcow2").exists()


def test_what_is_listed(host: Host, store: Path) -> None:
    assert run(host, "list").exit_code == 0
    found = json.loads(run(host, "list", "--json").stdout)
    assert {each["name"]: each["kind"] for each in found} == {
        "centos7-20261123.1.qcow2": "template",
        "mine-20200101.1.qcow2": "template",
        BUILD: "build",
        "web1.qcow2": "volume",
    }
    assert store.joinpath(".templates.lock").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("data.qcow2", "1"), 0),
        (("data.qcow2", "99999"), 2),
        (("data.qcow2", "0"), 2),
        (("a\nb.qcow2", "1"), 1),
        (("../x", "1"), 1),
        (("x-20261128.1.qcow2", "1"), 1),
        (("x-20261128.1.json", "1"), 1),
        ((BUILD, "1"), 1),
    ],
)
def test_create(words: tuple[str, str], code: int, host: Host) -> None:
    done = run(host, "create", *words)
    assert done.exit_code == code
    assert code != 1 or isinstance(done.exception, UsageError)
    assert [each.name for each in host.store_pool.path.iterdir()] == ([] if code else [words[0]])


def test_one_that_is_not_there(host: Host) -> None:
    refused = run(host, "delete", "gone.qcow2").exception
    assert isinstance(refused, HostError)
    assert "There is no volume gone.qcow2" in refused.message
