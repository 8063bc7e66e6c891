"""Pools and volumes as XML and back."""

from pathlib import Path

import pytest

from builder.virt import xml

NAMES = ["store", "my store", "a&b <c>", "quo\"te's", "Größe 文"]


@pytest.mark.parametrize("name", NAMES)
def test_a_pool_reads_back(name: str) -> None:
    document = xml.pool_xml(name, Path("/srv") / name)
    assert xml.pool_path(document) == Path("/srv") / name


@pytest.mark.parametrize(
    ("kind", "path"),
    [("dir", Path("/srv")), ("fs", Path("/srv")), ("netfs", Path("/srv")), ("logical", None)],
)
def test_only_folders_are_pools_for_us(kind: str, path: Path | None) -> None:
    document = f"<pool type='{kind}'><name>x</name><target><path>/srv</path></target></pool>"
    assert xml.pool_path(document) == path


def test_volume() -> None:
    assert xml.volume_xml("a&b.qcow2", 10 * 2**30) == (
        "<volume>\n"
        "  <name>a&amp;b.qcow2</name>\n"
        '  <capacity unit="bytes">10737418240</capacity>\n'
        "  <target>\n"
        '    <format type="qcow2" />\n'
        "    <compat>1.1</compat>\n"
        "  </target>\n"
        "</volume>\n"
    )


def test_a_volume_of_small_clusters() -> None:
    document = xml.volume_xml("x.qcow2", 2**30, cluster=4096)
    assert '<clusterSize unit="bytes">4096</clusterSize>' in document


@pytest.mark.parametrize("name", NAMES)
def test_an_overlay_reads_back(name: str) -> None:
    backing = Path("/srv") / name
    document = xml.volume_xml("x.qcow2", 0, backing=backing)
    assert xml.parse_volume(document) == ("qcow2", backing)


@pytest.mark.parametrize("odd", ["\x1b[31m", "\x00", "\x0c", "\ufffe"])
def test_a_stranger_s_backing_file_with_controls_in_its_name(odd: str) -> None:
    document = f"<volume><backingStore><path>/etc/{odd}</path></backingStore></volume>"
    form, backing = xml.parse_volume(document)
    assert (form, str(backing)) == ("raw", f"/etc/\ufffd{odd[1:]}")


@pytest.mark.parametrize(
    ("document", "form"),
    [
        ("<volume><target><format type='iso'/></target></volume>", "iso"),
        ("<volume><target><format/></target></volume>", "raw"),
        ("<volume/>", "raw"),
        ("<volume><backingStore><path/></backingStore></volume>", "raw"),
    ],
)
def test_a_volume_that_says_little(document: str, form: str) -> None:
    assert xml.parse_volume(document) == (form, None)


@pytest.mark.parametrize(
    ("inside", "paths"),
    [
        ("<devices><disk><source file='/d'/></disk></devices>", ["/d"]),
        ("<devices><disk><source pool='p' volume='v'/></disk></devices>", ["/pool/v"]),
        (
            "<devices><disk><source file='/d'><dataStore type='file'><format type='raw'/>"
            "<source file='/data'/></dataStore></source></disk></devices>",
            ["/d", "/data"],
        ),
        ("<os><kernel>/k</kernel><initrd>/i</initrd><dtb>/t</dtb></os>", ["/k", "/i", "/t"]),
        ("<os><loader type='pflash'>/l</loader><nvram template='/t'>/n</nvram></os>", ["/l", "/n"]),
        ("<os><nvram type='file'><source file='/n'/></nvram></os>", ["/n"]),
        ("<os firmware='efi'><nvram/><loader secure='no'/></os>", []),
    ],
)
def test_the_files_that_a_domain_needs(inside: str, paths: list[str]) -> None:
    for document in (
        f"<domain>{inside}</domain>",
        f"<domainsnapshot><domain>{inside}</domain></domainsnapshot>",
    ):
        found = xml.disk_files(document, pools={"p": Path("/pool")})
        assert [str(each.path) for each in found] == paths
