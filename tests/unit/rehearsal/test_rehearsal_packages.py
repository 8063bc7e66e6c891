"""Repodata written by the host and read by the installer; the choice of packages."""

from pathlib import Path, PurePosixPath

import pytest

from builder.rehearsal import repodata
from builder.rehearsal.guest import software
from builder.rehearsal.guest.model import Software
from builder.rehearsal.payload import order

BASE = frozenset({"libc6", "bash"})
MEDIUM = {
    "tree": software.Package(name="tree", location="Packages/tree.deb"),
    "curl": software.Package(name="curl", location="Packages/curl.deb", requires=("libcurl4",)),
    "libcurl4": software.Package(
        name="libcurl4", location="Packages/libcurl4.deb", requires=("libpsl5", "libcurl4")
    ),
    "libpsl5": software.Package(name="libpsl5", location="Packages/libpsl5.deb"),
}


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


def test_the_installer_reads_what_the_host_writes(tmp_path: Path) -> None:
    primary = repodata.primary([package("tree"), package("curl", "libcurl4")])
    (tmp_path / "repodata").mkdir()
    (tmp_path / "repodata/primary.xml.gz").write_bytes(primary)
    repomd = repodata.repomd(primary, timestamp=1)
    (tmp_path / "repodata/repomd.xml").write_bytes(repomd)
    assert software.read_repodata(tmp_path) == {
        "curl": software.Package(
            name="curl", location="Packages/curl_1.0_amd64.deb", requires=("libcurl4",)
        ),
        "tree": software.Package(name="tree", location="Packages/tree_1.0_amd64.deb"),
    }


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
    ],
)
def test_select(wanted: Software, expected: list[str]) -> None:
    assert [chosen.name for chosen in software.select(wanted, BASE, MEDIUM)] == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Software(packages=("bash", "tree"), groups=("core", "^minimal")), []),
        (
            Software(packages=("nosuch",)),
            [
                "You have specified that the package 'nosuch' should be installed.  "
                "This package does not exist."
            ],
        ),
        (
            Software(groups=("^gnome",)),
            ["The group 'gnome' is required for this installation. This group does not exist."],
        ),
    ],
)
def test_missing(wanted: Software, expected: list[str]) -> None:
    assert software.missing(wanted, BASE, MEDIUM) == expected


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
