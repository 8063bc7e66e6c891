"""Repodata written by the host and read by the installer; the choice of packages."""

from pathlib import Path, PurePosixPath

import pytest

from builder.rehearsal import comps, payload, repodata
from builder.rehearsal.guest import repositories, software
from builder.rehearsal.guest.model import Software
from builder.rehearsal.guest.repositories import Offer
from builder.rehearsal.payload import order

BASE = frozenset({"libc6", "bash"})
MEDIUM = Offer(
    packages={
        "bash": repositories.Package(name="bash", location="../images/payload.tar"),
        "tree": repositories.Package(
            name="tree", location="Packages/tree.deb", provides=("folders",)
        ),
        "curl": repositories.Package(
            name="curl", location="Packages/curl.deb", requires=("libcurl4",)
        ),
        "libcurl4": repositories.Package(
            name="libcurl4", location="Packages/libcurl4.deb", requires=("libpsl5", "libcurl4")
        ),
        "libpsl5": repositories.Package(name="libpsl5", location="Packages/libpsl5.deb"),
    },
    groups={"core": ("bash",), "tools": ("tree", "bash")},
    environments={"minimal": ("core",), "full": ("core", "tools")},
)


@pytest.mark.parametrize(
    ("depends", "expected"),
    [
        ("", ()),
        ("libc6 (>= 2.34), tree", ("tree",)),
        ("libc6:any, nano | tree", ("tree",)),
        ("bash | tree", ()),
        ("tree, tree (>= 2)", ("tree",)),
        ("nowhere", ()),
    ],
)
def test_requires(depends: str, expected: tuple[str, ...]) -> None:
    assert repodata.requires(depends, base=BASE, offered=frozenset({"tree"})) == expected


def test_parse_control_leaves_continued_lines_out() -> None:
    text = "Package: tree\nDescription: lists folders\n in a tree: nicely\nVersion: 1:2.1-1\n"
    assert repodata.parse_control(text) == {
        "Package": "tree",
        "Description": "lists folders",
        "Version": "1:2.1-1",
    }


def package(name: str, *requires: str) -> repodata.Package:
    return repodata.Package(
        name=name,
        version="1.0",
        arch="amd64",
        summary=f"about {name}",
        location=PurePosixPath(f"Packages/{name}_1.0_amd64.deb"),
        size=3,
        sha256="0" * 64,
        requires=requires,
    )


def repository(folder: Path, packages: list[repodata.Package], groups: bytes = b"") -> None:
    primary = repodata.primary(packages)
    (folder / "repodata").mkdir(parents=True)
    (folder / "repodata/primary.xml.gz").write_bytes(primary)
    (folder / "repodata/comps.xml").write_bytes(groups)
    (folder / "repodata/repomd.xml").write_bytes(repodata.repomd(primary, groups, timestamp=1))


def test_the_installer_reads_what_the_host_writes(tmp_path: Path) -> None:
    repository(tmp_path, [package("tree"), package("curl", "libcurl4")])
    assert repositories.read(tmp_path) == Offer(
        packages={
            "curl": repositories.Package(
                name="curl", location="Packages/curl_1.0_amd64.deb", requires=("libcurl4",)
            ),
            "tree": repositories.Package(name="tree", location="Packages/tree_1.0_amd64.deb"),
        }
    )


def test_every_variant_is_a_repository(tmp_path: Path) -> None:
    core = comps.Group(id="core", name="Core", mandatory=("bash",), optional=("tree",))
    agents = comps.Group(id="guest-agents", name="Guest Agents", mandatory=("agent",))
    whole = comps.Environment(id="all", name="All", groups=("core", "guest-agents"))
    repository(tmp_path / "BaseOS", [package("bash")], comps.comps([core], [whole]))
    repository(tmp_path / "AppStream", [package("agent")], comps.comps([agents], []))
    (tmp_path / ".treeinfo").write_text(
        "[variant-AppStream]\nrepository = AppStream\n[variant-BaseOS]\nrepository = BaseOS\n"
    )
    offer = repositories.read(tmp_path)
    assert {name: each.location for name, each in offer.packages.items()} == {
        "bash": "BaseOS/Packages/bash_1.0_amd64.deb",
        "agent": "AppStream/Packages/agent_1.0_amd64.deb",
    }
    assert offer.within("core") == offer.within("Core") == ("bash",)
    assert offer.within("^all") == ("bash", "agent")
    assert offer.within("all") is offer.within("^core") is None


def test_primary_does_not_depend_on_the_order() -> None:
    one, two = package("a"), package("b")
    assert repodata.primary([one, two]) == repodata.primary([two, one])


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Software(), []),
        (Software(packages=("bash",)), []),
        (Software(packages=("tree",)), ["tree"]),
        (Software(packages=("curl",)), ["libpsl5", "libcurl4", "curl"]),
        (Software(packages=("curl", "libpsl5", "tree")), ["libpsl5", "libcurl4", "curl", "tree"]),
        (Software(packages=("tree",), excluded=("tree",)), []),
        (Software(packages=("nosuch", "tree")), ["tree"]),
        (Software(packages=("folders",)), ["tree"]),
        (Software(packages=("lib*",)), ["libpsl5", "libcurl4"]),
        (Software(packages=("curl", "tree"), excluded=("tr*",)), ["libpsl5", "libcurl4", "curl"]),
        (Software(groups=("tools",)), ["tree"]),
        (Software(groups=("^minimal",)), []),
        (Software(groups=("^full",), excluded=("tree",)), []),
    ],
)
def test_select(wanted: Software, expected: list[str]) -> None:
    chosen = software.select(wanted, MEDIUM, base=BASE)
    assert [package.name for package in chosen] == expected


@pytest.mark.parametrize(
    ("wanted", "by_yum", "by_dnf"),
    [
        (
            Software(packages=("nosuch",)),
            [
                "You have specified that the package 'nosuch' should be installed.  "
                "This package does not exist."
            ],
            ["Problems in request:", "missing packages: nosuch"],
        ),
        (
            Software(packages=("one", "two*"), groups=("^gnome",)),
            [
                "You have specified that the package 'one' should be installed.  "
                "This package does not exist.",
                "You have specified that the package 'two*' should be installed.  "
                "This package does not exist.",
                "The group 'gnome' is required for this installation. This group does not exist.",
            ],
            [
                "Problems in request:",
                "missing packages: one, two*",
                "missing groups or modules: gnome",
            ],
        ),
    ],
)
def test_missing(wanted: Software, by_yum: list[str], by_dnf: list[str]) -> None:
    lacking = software.missing(wanted, MEDIUM, base=BASE)
    assert lacking
    assert (list(lacking.by_yum()), list(lacking.by_dnf())) == (by_yum, by_dnf)


def test_nothing_is_missing() -> None:
    wanted = Software(packages=("libc6", "tree", "folders", "lib*"), groups=("core", "^full"))
    assert not software.missing(wanted, MEDIUM, base=BASE)


def test_payload_order() -> None:
    paths = ["/etc", "/etc/fstab", "/usr", "/usr/bin", "/usr/bin/tree", "/usr/bin/bash"]
    owned = {
        "/etc": "base-files",
        "/usr": "base-files",
        "/usr/bin": "bash",
        "/usr/bin/bash": "bash",
        "/usr/bin/tree": "tree",
    }
    assert order(paths, owned) == [
        ("base-files", "etc"),
        ("base-files", "usr"),
        ("bash", "usr/bin"),
        ("bash", "usr/bin/bash"),
        ("tree", "usr/bin/tree"),
        ("", "etc/fstab"),
    ]


def test_the_payload_is_packed_once(tmp_path: Path) -> None:
    info = tmp_path / "target-1234/tree/var/lib/dpkg/info"
    info.mkdir(parents=True)
    (info / "tree.list").write_text("/var/lib/dpkg/info/tree.list\n")
    old = tmp_path / "payload-1233-abcd"
    old.mkdir()
    made = payload.ensure(tmp_path / "target-1234", tmp_path)
    stamp = (made / payload.ARCHIVE).stat()
    names = [line.split("\t")[0] for line in (made / payload.CONTENTS).read_text().splitlines()]
    assert names == ["tree", ""]
    assert payload.ensure(tmp_path / "target-1234", tmp_path) == made
    assert (made / payload.ARCHIVE).stat() == stamp
    assert not old.exists()
