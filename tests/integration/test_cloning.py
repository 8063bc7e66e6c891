"""Machines from templates, under a real libvirt."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock
from xml.etree import ElementTree

import pytest
from exporting import template
from msgspec.structs import replace
from small_media import call
from store_pools import with_data_file
from tiny_guests import workplace

from builder.cli import app
from builder.errors import ConfigError, HostError, TemplateError, UsageError
from builder.host.host import Host
from builder.model.clone import Clone, CloneOrder
from builder.model.package import Package
from builder.model.template import Template
from builder.monitor import SilentMonitor
from builder.recipes.clone import clone
from builder.registry.registry import LOCK
from builder.virt import domains, volumes
from tests.values import environment
from tests.waiting import wait_until

PREFIX = f"bt-{os.getpid()}"
NAME = f"{PREFIX}-web"
STORE = f"{PREFIX}-store"
ORDER = CloneOrder(name=NAME, start=False)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGoldenGoldenGolden someone@example"
SPACES = {
    "builder": "urn:builder:domain:1.0",
    "os": "http://libosinfo.org/xmlns/libvirt/domain/1.0",
}
Typed = Callable[..., dict[str, str]]


@pytest.fixture
def host(libvirt_uri: str) -> Iterator[Host]:
    with workplace(libvirt_uri, PREFIX) as opened:
        yield opened
        for name in domains.names(opened.connection):
            if name.startswith(PREFIX):
                domains.remove(domains.Domain(name=name, connection=opened.connection))


@pytest.fixture
def plain(host: Host) -> Template:
    return template(host.store_pool.path)


@pytest.fixture
def cloud(host: Host) -> Template:
    return template(
        host.store_pool.path,
        packages=(Package(name="cloud-init", version="23.1.1-11.el9", arch="noarch", kind="rpm"),),
    )


def made(host: Host, source: Template, order: CloneOrder = ORDER) -> Clone:
    return clone(host, source, order, monitor=SilentMonitor())


@pytest.fixture
def typed(host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Return a function that runs `builder template clone` and returns what it prints, by rows."""
    for name, value in environment(host.settings).items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> dict[str, str]:
        assert app.run(["template", "clone", *words]) == 0
        rows = (line.split() for line in capsys.readouterr().out.splitlines())
        return {row[0]: row[-1] for row in rows}

    return run


def definition(host: Host) -> ElementTree.Element:
    text = domains.live_xml(domains.Domain(name=NAME, connection=host.connection))
    return ElementTree.fromstring(text)  # noqa: S314  # libvirt wrote it


def left(host: Host, source: Template) -> list[str]:
    """Return what there is of machines, beside the template: files, volumes and domains."""
    known = {source.path.name, source.manifest.name, LOCK, f"{source.name}.channels.json"}
    names = {each.name for each in host.store_pool.path.iterdir()}
    names |= {each.name for each in volumes.all_volumes(host.connection, host.store_pool.name)}
    names |= {each for each in domains.names(host.connection) if each.startswith(PREFIX)}
    return sorted(names - known)


def test_a_machine_knows_where_it_came_from(host: Host, plain: Template) -> None:
    done = made(host, plain)
    assert done == Clone(
        name=NAME,
        template="tiny",
        version="20261123.1",
        disk=host.store_pool.path / f"{NAME}.qcow2",
        seed=None,
        running=False,
    )
    domain = definition(host)
    (origin,) = domain.findall("metadata/builder:template", SPACES)
    assert (origin.get("name"), origin.get("version")) == ("tiny", "20261123.1")
    (osinfo,) = domain.findall("metadata/os:libosinfo/os:os", SPACES)
    assert osinfo.get("id") == "http://libosinfo.org/unknown"
    assert domain.findtext("title") == f"{NAME}, a clone of tiny 20261123.1"
    assert domain.findtext("memory") == str(64 * 1024)
    assert not domains.active(host.connection, NAME)
    handle = host.connection.handle.lookupByName(NAME)
    assert (handle.isPersistent(), handle.autostart()) == (1, 0)


@pytest.mark.parametrize(("disk_gib", "size"), [(0, 64 * 2**20), (3, 3 * 2**30)])
def test_its_disk_is_an_overlay(host: Host, plain: Template, disk_gib: int, size: int) -> None:
    disk = made(host, plain, replace(ORDER, disk_gib=disk_gib)).disk
    found = json.loads(subprocess.check_output(["qemu-img", "info", "--output=json", disk]))
    assert found["full-backing-filename"] == str(plain.path)
    assert (found["backing-filename-format"], found["virtual-size"]) == ("qcow2", size)
    assert disk.stat().st_size < 2**20


def test_it_runs(typed: Typed, host: Host, plain: Template) -> None:
    assert typed(plain.name, NAME)["state"] == "running"
    assert domains.has_run(host.connection, NAME)
    # Its only words are "power off".
    wait_until(lambda: not domains.active(host.connection, NAME))
    assert NAME in domains.names(host.connection)


def test_options_come_before_the_template(
    typed: Typed, host: Host, cloud: Template, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(f"{KEY} {name}\n")
    (tmp_path / "web").write_text("#cloud-config\n")
    hardware = "--memory 128 --vcpus 2 --network user --disk-gib 1"
    told = f"--ssh-key {tmp_path}/a --ssh-key {tmp_path}/b --user-data {tmp_path}/web"
    options = f"{hardware} {told} --hostname web.example --no-start"
    said = typed(cloud.name, NAME, *options.split())
    assert said["state"] == "off"
    domain = definition(host)
    (interface,) = domain.findall("devices/interface")
    found = (domain.findtext("memory"), domain.findtext("vcpu"), interface.get("type"))
    assert found == (str(128 * 1024), "2", "user")
    sizes = {each.path: each.capacity for each in volumes.all_volumes(host.connection, STORE)}
    assert sizes[Path(said["disk"])] == 2**30
    assert json.loads(call("isoinfo", "-J", "-x", "/meta-data", "-i", said["seed"])) == {
        "instance-id": NAME,
        "local-hostname": "web.example",
        "public-keys": [f"{KEY} a", f"{KEY} b"],
    }
    assert call("isoinfo", "-J", "-x", "/user-data", "-i", said["seed"]) == "#cloud-config\n"


def test_its_seed_is_what_cloud_init_reads(host: Host, cloud: Template, tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_text(f"{KEY}\n")
    seed = made(host, cloud, replace(ORDER, ssh_keys=(tmp_path / "key.pub",))).seed
    assert seed is not None
    assert (seed.parent, seed.stat().st_mode & 0o777) == (host.store_pool.path, 0o600)
    assert left(host, cloud) == [NAME, f"{NAME}-cidata.iso", f"{NAME}.qcow2"]
    assert "Volume id: cidata" in call("isoinfo", "-d", "-i", seed)
    call("bsdtar", "-xf", seed, "-C", tmp_path)
    assert json.loads((tmp_path / "meta-data").read_text())["public-keys"] == [KEY]
    (source,) = definition(host).findall("devices/disk[@device='cdrom']/source")
    assert source.get("file") == str(seed)


@pytest.mark.parametrize("network", ["network:nosuch", "bridge:nosuch"])
def test_a_network_that_is_not_there_leaves_nothing(
    host: Host, cloud: Template, network: str
) -> None:
    kind = network.partition(":")[0]
    sentence = f"{NAME} could not run: there is no {kind} nosuch"
    for start in (True, False):  # libvirt itself looks when the guest starts
        with pytest.raises(HostError, match=sentence) as caught:
            made(host, cloud, replace(ORDER, network=network, start=start))
        assert "shows all. A clone takes another by --network" in caught.value.hint
        assert left(host, cloud) == []


def test_a_domain_that_is_refused_leaves_nothing(
    host: Host, cloud: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.recipes.clone.clone_xml", lambda _spec: "<domain/>")
    with pytest.raises(HostError, match="refuses"):
        made(host, cloud)
    assert left(host, cloud) == []


def test_more_than_a_machine_can_have(host: Host, plain: Template) -> None:
    """Before anything is made where libvirt says so; else it refuses the domain."""
    assert host.accelerator.most_vcpus > 1
    unsaid = replace(host, accelerator=replace(host.accelerator, most_vcpus=0))
    for here, kind, sentence in (
        (host, UsageError, "No guest can have 4096 processors here"),
        (unsaid, HostError, "libvirt refuses the domain: "),
    ):
        with pytest.raises(kind, match=sentence) as caught:
            made(here, plain, replace(ORDER, vcpus=4096))
        assert "--vcpus" in caught.value.hint
        assert "build" not in caught.value.hint
        assert left(here, plain) == []


@pytest.mark.parametrize("where", ["nocloud.make", "pools.notice", "domains.boot"])
def test_an_interruption_leaves_nothing(
    host: Host, cloud: Template, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(f"builder.recipes.clone.{where}", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            made(host, cloud, replace(ORDER, start=True))
    assert left(host, cloud) == []


@pytest.mark.parametrize("what", ["domain", "disk", "seed"])
def test_a_name_that_is_taken(host: Host, cloud: Template, what: str) -> None:
    if what == "domain":
        xml = f"<domain type='qemu'><name>{NAME}</name><memory>1024</memory><os>"
        domains.define(host.connection, f"{xml}<type arch='x86_64'>hvm</type></os></domain>")
    else:
        suffix = ".qcow2" if what == "disk" else "-cidata.iso"
        volumes.create(host.connection, host.store_pool.name, f"{NAME}{suffix}", capacity=2**20)
    before = left(host, cloud)
    with pytest.raises(UsageError, match=f"There is a (domain|volume) {NAME}.* already"):
        made(host, cloud)
    assert left(host, cloud) == before


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (replace(ORDER, name="../x"), "cannot be the name of a machine"),
        (replace(ORDER, name=".x"), "cannot be the name of a machine"),
        (replace(ORDER, name="rehearsal-20261128.2"), "would be taken for that of a template"),
        (replace(ORDER, name="a-20261128T101010-0123abcd"), "taken for that of a build"),
        (replace(ORDER, hostname="x"), "has no cloud-init"),
        (replace(ORDER, network="br0"), "the network 'br0'"),
        (replace(ORDER, network='bridge:"/>'), "the network 'bridge:"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    host: Host, plain: Template, order: CloneOrder, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        made(host, plain, order)
    assert left(host, plain) == []


def test_an_image_that_needs_others_gets_no_machine(host: Host, plain: Template) -> None:
    data = with_data_file(plain.path, host.store_pool.path / "data").with_name("data")
    with pytest.raises(TemplateError, match=f"no whole image: it needs {data}"):
        made(host, plain)
    assert left(host, plain) == [data.name]


def test_a_disk_smaller_than_the_template(host: Host, plain: Template) -> None:
    large = replace(plain, image=replace(plain.image, virtual_size=2**30 + 1))
    with pytest.raises(UsageError, match="smaller than the template's") as caught:
        made(host, large, replace(ORDER, disk_gib=1))
    assert "--disk-gib 2" in caught.value.hint


def test_a_wrong_file_is_told_before_anything_is_made(
    host: Host, cloud: Template, tmp_path: Path
) -> None:
    (tmp_path / "user-data").write_text("packages: [vim]\n")
    with pytest.raises(ConfigError, match="does not begin as user-data"):
        made(host, cloud, replace(ORDER, user_data=tmp_path / "user-data"))
    assert left(host, cloud) == []
