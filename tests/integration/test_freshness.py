"""What is built again when repositories change: real rpms, createrepo_c and a web server."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from builder.cli import app
from builder.errors import MediaError
from builder.install.plan import machine
from builder.media.obtain import Folders
from builder.model.build import BuildOrder
from builder.model.package import Package, PackageChange
from builder.model.template import Origin
from builder.model.traces import Traces
from builder.monitor import SilentMonitor
from builder.pipeline.plan import Judged, Place, judge
from builder.recipes.freshness import decide
from builder.recipes.inputs import rendered
from builder.recipes.repositories import Network
from builder.recipes.work import BuildOptions
from builder.registry.manifest import draft
from builder.registry.publish import publish
from builder.registry.registry import Registry
from tests import rpms
from tests.mirrors import Mirror, serving
from tests.monitors import Heard
from tests.orders import ordered
from tests.values import KVM, image

pytestmark = pytest.mark.skipif(bool(rpms.MISSING), reason=f"not installed: {rpms.MISSING}")

KICKSTART = """\
cmdline
{source}
lang en_US.UTF-8
timezone UTC
rootpw --lock
autopart
clearpart --all --initlabel
poweroff
%packages
kernel
tree
http*
-httpd-doc
@^server
%end
"""
COMPS = """\
<comps>
  <group><id>core</id><name>Core</name><packagelist>
    <packagereq type="mandatory">bash</packagereq>
    <packagereq type="optional">optional</packagereq>{}</packagelist></group>
  <environment><id>server</id><name>Server</name><grouplist><groupid>core</groupid></grouplist>
  </environment>
</comps>
"""
EMPTY = hashlib.sha256().hexdigest()
INSTALLED = {"bash": "5.1-2", "dbus": "1:1.12-3", "kernel": "5.14.0-611", "local": "1-1"}
PACKAGES = tuple(
    Package(kind="rpm", name=name, version=evr, arch="noarch") for name, evr in INSTALLED.items()
)


class Site:
    """A web server with one repository, and a store with what was installed from it."""

    def __init__(self, mirror: Mirror, place: Path, *, iso: Path | None = None) -> None:
        self.mirror, self.place, self.iso = mirror, place, iso
        self.store = place / "store"
        self.store.mkdir()
        self.tree = place / "tree"
        self.source = f"url --url={mirror.url}/os"
        self.text = KICKSTART
        for name, evr in INSTALLED.items():
            if name != "local":
                self.add(name, evr)
        self.add("unrelated", "1-1")
        self.write()

    def add(self, name: str, evr: str) -> None:
        rpms.rpm(self.tree, name, evr)

    def write(self, *more: str, options: tuple[str, ...] = ()) -> None:
        """Write the metadata anew; `more` are packages that the group has besides."""
        comps = self.place / "comps.xml"
        extra = (f'<packagereq type="default">{each}</packagereq>' for each in more)
        comps.write_text(COMPS.format("".join(extra)))
        rpms.repository(self.tree, "--groupfile", str(comps), *options)
        rpms.serve(self.mirror, self.tree, "/os")

    @property
    def order(self) -> BuildOrder:
        path = self.place / "mine.ks"
        path.write_text(self.text.format(source=self.source))
        if self.iso:
            order = ordered("rocky9", kickstart=path, iso=self.iso, allow_unverified=True)
            return replace(
                order,
                iso=replace(order.iso, sha256=EMPTY),
            )
        return replace(ordered("rocky9", kickstart=path), iso=ordered("centos7").iso)

    def installed(self, **changes: Any) -> None:  # noqa: ANN401
        """Publish what a build would make, by its own rule and draft."""
        kickstart = rendered(self.order, monitor=SilentMonitor())
        sha256 = self.order.iso.sha256
        basis = decide(
            self.order,
            kickstart,
            sha256,
            registry=Registry(self.store),
            options=BuildOptions(),
            monitor=changes.get("monitor", SilentMonitor()),
        )
        assert basis.verdict.kept is None
        moment = datetime(2026, 11, 1, tzinfo=UTC)
        record = draft(
            self.order,
            Origin(file="x.iso", sha256=sha256),
            kickstart,
            machine=machine(self.order, KVM, network="user"),
            traces=Traces(id="b", name=self.order.name, folder=self.place, began=moment),
            repositories=changes.get("repositories", basis.repositories),
        )
        candidate = self.store / "candidate"
        candidate.touch()
        record = replace(record, packages=changes.get("packages", PACKAGES))
        facts = image(size=0, virtual_size=self.order.capacity)
        publish(candidate, record, facts, today=moment.date())

    def judged(self, network: Network | None = None, **options: Any) -> Judged:  # noqa: ANN401
        folders = Folders(pool=self.place, cache=self.place, state=self.place)
        return judge(
            self.order,
            Place(store=self.store, folders=folders),
            options=BuildOptions(**options),
            network=network or Network(),
            monitor=SilentMonitor(),
        )


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(Mirror()) as mirror:
        made = Site(mirror, tmp_path)
        made.installed()
        yield made


KEPT = Judged(state="unchanged", reason="unchanged since 20261101.1", version="20261101.1")


def aside(site: Site) -> Judged:
    """Return what is said where something changed that is not in the image."""
    where = site.source.partition("=")[2]
    return replace(KEPT, reason=f"{KEPT.reason}: what is new in {where} is not in it")


def test_a_refresh_without_a_change_keeps_the_template(site: Site) -> None:
    assert site.judged() == KEPT
    written = site.mirror.files["/os/repodata/repomd.xml"]
    site.write(options=("--revision=tomorrow",))
    assert site.mirror.files["/os/repodata/repomd.xml"] != written
    asked = len(site.mirror.asked)
    assert site.judged() == KEPT
    assert site.mirror.asked[asked:] == ["/os/repodata/repomd.xml"]


def test_a_package_of_the_image_is_newer(site: Site) -> None:
    site.add("kernel", "5.14.0-633")
    site.add("bash", "5.1-10")
    site.add("dbus", "1:1.12-3")  # as it was
    site.add("local", "1-1")
    site.write()
    found = site.judged()
    assert (found.state, found.reason) == ("changed", "kernel 5.14.0-611 → 5.14.0-633, and 1 more")
    assert found.changes == (
        PackageChange(name="kernel", arch="noarch", before="5.14.0-611", after="5.14.0-633"),
        PackageChange(name="bash", arch="noarch", before="5.1-2", after="5.1-10"),
    )


@pytest.mark.parametrize(
    ("name", "evr"),
    [
        ("unrelated", "2-1"),
        ("httpd-doc", "1-1"),  # excluded
        ("optional", "1-1"),  # of a group, and not by itself
        ("dbus", "2-1"),  # without its epoch it is older
        ("bash", "5.1-1"),
    ],
)
def test_what_is_not_in_the_image_keeps_it(site: Site, name: str, evr: str) -> None:
    site.add(name, evr)
    site.write()
    assert site.judged() == aside(site)
    assert site.judged(rebuild="changed").state == "changed"


def test_what_was_withdrawn_keeps_it(site: Site) -> None:
    for file in site.tree.glob("bash-*"):
        file.unlink()
    site.write()
    assert site.judged() == aside(site)


@pytest.mark.parametrize("name", ["tree", "httpd"])
def test_what_the_kickstart_names_is_there_now(site: Site, name: str) -> None:
    site.add(name, "2.4-1")
    site.write()
    found = site.judged()
    assert found.reason == f"{name} 2.4-1 is new in its repositories"
    assert found.changes == (PackageChange(name=name, arch="noarch", before="", after="2.4-1"),)


def test_a_group_has_another_package(site: Site) -> None:
    site.write("unrelated")
    assert site.judged().reason == "unrelated 1-1 is new in its repositories"


def test_a_group_that_is_left_out(tmp_path: Path) -> None:
    with serving(Mirror()) as mirror:
        site = Site(mirror, tmp_path)
        site.text = site.text.replace("@^server", "@^server\n-@Core")
        site.installed()
        site.write("unrelated")
        assert site.judged() == aside(site)


def test_a_package_of_a_module_whose_stream_nobody_knows(tmp_path: Path) -> None:
    name, version = "perl", "5.30-1.module+el9"
    package = Package(kind="rpm", name=name, version=version, arch="noarch")
    with serving(Mirror()) as mirror:
        site = Site(mirror, tmp_path)
        site.installed(packages=(*PACKAGES, package))
        site.add(name, "5.32-1.module+el9")
        modules = tmp_path / "modules.yaml"
        modules.write_text(
            "---\ndocument: modulemd\nversion: 2\ndata:\n  name: perl\n  stream: 5.32\n"
            "  artifacts:\n    rpms:\n    - perl-0:5.32-1.module+el9.noarch\n...\n"
        )
        site.write()
        assert site.judged().reason == f"perl {version} → 5.32-1.module+el9"
        rpms.modules(site.tree, modules)
        rpms.serve(mirror, site.tree, "/os")
        found = site.judged()
        assert (found.state, found.reason.partition("; ")[2]) == (
            "unchanged",
            "not looked for: perl, as nobody knows their streams",
        )


def test_a_repository_that_is_down_is_told(site: Site) -> None:
    """Neither kept nor built: who knows what is in it?"""
    files, site.mirror.files = site.mirror.files, {}
    with pytest.raises(MediaError, match="/os cannot be read: 404 Not Found") as caught:
        site.judged()
    assert "--force" in caught.value.hint
    site.mirror.files = files
    assert site.judged() == KEPT


def test_what_is_built_in_any_case_waits_for_no_repository(site: Site) -> None:
    site.mirror.files = {}
    heard = Heard()
    kickstart = rendered(site.order, monitor=SilentMonitor())
    found = decide(
        site.order,
        kickstart,
        site.order.iso.sha256,
        registry=Registry(site.store),
        options=BuildOptions(force=True),
        monitor=heard,
    )
    assert found.verdict.kept is None
    assert [each.digest for each in found.repositories] == [""]
    assert any("404 Not Found" in text for _kind, text, _details in heard.told)


@pytest.mark.parametrize("broken", [None, b"of another night"])
def test_a_mirror_in_the_middle_of_an_update(site: Site, broken: bytes | None) -> None:
    site.add("unrelated", "2-1")
    site.write()
    (primary,) = (path for path in site.mirror.files if "-primary.xml" in path)
    del site.mirror.files[primary]
    if broken:
        site.mirror.files[primary] = broken
    with pytest.raises(MediaError) as caught:
        site.judged()
    assert caught.value.may_pass


def test_a_repository_that_only_guests_reach(tmp_path: Path) -> None:
    """What installs from it is built, and kept: no answer was ever had."""
    with serving(Mirror()) as mirror:
        site = Site(mirror, tmp_path)
        files, mirror.files = mirror.files, {}
        assert site.judged() == Judged(state="new", reason="never built")
        site.installed()
        where = f"{mirror.url}/os could not be asked"
        assert site.judged() == replace(KEPT, reason=f"{KEPT.reason}; {where}")
        mirror.files = files
        assert site.judged() == aside(site)
        site.add("bash", "6-1")
        site.write()
        assert site.judged().reason == "bash 5.1-2 → 6-1"


def test_a_repository_that_only_guests_reach_beside_one_that_changes(tmp_path: Path) -> None:
    heard = Heard()
    with serving(Mirror()) as mirror:
        site = Site(mirror, tmp_path)
        site.source += "\nrepo --name=inner --baseurl=http://[inner/x"
        site.installed(monitor=heard)
        assert [text for _kind, text, _details in heard.told] == [
            "The package repository http://[inner/x cannot be read: its address cannot be used. "
            "Whether anything is new there is not known."
        ]
        inner = "; http://[inner/x could not be asked"
        assert site.judged() == replace(KEPT, reason=f"{KEPT.reason}{inner}")
        site.add("unrelated", "2-1")
        site.write()
        assert site.judged().reason.endswith(f"/os is not in it{inner}")
        site.add("bash", "6-1")
        site.write()
        assert site.judged().reason == "bash 5.1-2 → 6-1"


def test_a_repository_that_is_down_for_a_template_from_before(tmp_path: Path) -> None:
    with serving(Mirror()) as mirror:
        site = Site(mirror, tmp_path)
        site.installed(repositories=())
        mirror.files = {}
        where = f"{mirror.url}/os could not be asked"
        assert site.judged() == replace(KEPT, reason=f"{KEPT.reason}; {where}")


def test_a_plan_asks_each_repository_once(site: Site) -> None:
    site.add("kernel", "5.14.0-633")
    site.write()
    asked, network = len(site.mirror.asked), Network()
    for _image in range(3):
        assert site.judged(network).state == "changed"
    paths = site.mirror.asked[asked:]
    assert len(paths) == len(set(paths))
    site.mirror.files = {}
    asked, network = len(site.mirror.asked), Network()
    for _image in range(3):
        with pytest.raises(MediaError):
            site.judged(network)
    assert len(site.mirror.asked) == asked + 1


def test_a_template_from_before_repositories_were_recorded(tmp_path: Path) -> None:
    """Its key holds none: what is in it decides."""
    with serving(Mirror()) as mirror:
        site = Site(mirror, tmp_path)
        site.installed(repositories=())
        assert site.judged() == aside(site)
        site.add("bash", "6-1")
        site.write()
        assert site.judged().reason == "bash 5.1-2 → 6-1"


@pytest.mark.parametrize("packages", [(), (Package(name="bash-5.1-2.noarch"),)])
def test_a_template_of_which_nobody_knows_the_versions(
    tmp_path: Path, packages: tuple[Package, ...]
) -> None:
    """It is not kept for want of anything to compare."""
    with serving(Mirror()) as mirror:
        site = Site(mirror, tmp_path)
        site.installed(packages=packages)
        assert site.judged() == KEPT
        site.add("unrelated", "2-1")
        site.write()
        found = site.judged()
        assert found.state == "changed"
        assert found.reason.endswith("and its manifest does not say which versions are in it")


@pytest.mark.parametrize("kind", ["mirrorlist", "metalink"])
def test_lists_of_mirrors(tmp_path: Path, kind: str) -> None:
    with serving(Mirror()) as mirror:
        site = Site(mirror, tmp_path)
        site.source = f"url --{kind}={mirror.url}/list?arch=$basearch&release=$releasever"
        path = "/list?arch=x86_64&release=9.8"
        good, dead = f"{mirror.url}/os", f"{mirror.url}/dead"
        text = f"# mirrors\n{dead}/\n{good}/\n"
        if kind == "metalink":
            urls = [
                f'<url preference="{number}">{each}/repodata/repomd.xml</url>'
                for number, each in ((5, good), (100, dead))
            ]
            text = f'<metalink xmlns="http://www.metalinker.org/">{"".join(urls)}</metalink>'
        mirror.files[path] = text.encode()
        site.installed()
        assert site.judged() == KEPT
        assert f"{good.removeprefix(mirror.url)}/repodata/repomd.xml" in mirror.asked
        site.add("kernel", "5.14.0-633")
        site.write()
        mirror.files[path] = text.encode()
        assert site.judged().reason == "kernel 5.14.0-611 → 5.14.0-633"
        mirror.files[path] = b"none\n"
        with pytest.raises(MediaError, match="no mirror is in that list"):
            site.judged()


def test_a_plan_by_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    iso = tmp_path / "mine.iso"
    iso.touch()
    with serving(Mirror()) as mirror:
        site = Site(mirror, tmp_path, iso=iso)
        site.installed()
        pipeline = tmp_path / "night.toml"
        pipeline.write_text(
            f"""title = "Night"
            [[build]]
            release = "rocky9"
            kickstart = "{tmp_path}/mine.ks"
            iso = "{iso}"
            allow_unverified = true
            """
        )
        for name, value in settings(tmp_path).items():
            monkeypatch.setenv(name, value)

        def said() -> str:
            assert app.run(["pipeline", "plan", str(pipeline)]) == 0
            return capsys.readouterr().out.splitlines()[1]

        assert re.search(r" kept +unchanged since 20261101.1$", said())
        site.add("kernel", "5.14.0-633")
        site.write()
        assert re.search(r" built +kernel 5.14.0-611 → 5.14.0-633$", said())
        mirror.files = {}
        assert re.search(r" failed +cannot be built: .* cannot be read: 404 Not Found\.$", said())


def settings(place: Path) -> dict[str, str]:
    return {
        "BUILDER_STORE_POOL_PATH": str(place / "store"),
        "BUILDER_ISO_POOL_PATH": str(place),
        "BUILDER_STATE": str(place / "state"),
        "BUILDER_URI": "test:///default",
    }
