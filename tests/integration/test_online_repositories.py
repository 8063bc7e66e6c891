"""Package repositories behind a real server, made by createrepo_c and by our own writer."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.errors import MediaError
from builder.media.online import Online, Unreachable, look, look_listed, packages, read
from builder.media.pace import Patience
from builder.media.primary import Nevra
from tests import rpms
from tests.bench.packages.media import BASE, Contents, repository
from tests.bench.packages.repodata import comps
from tests.mirrors import Mirror, serving

SOON = Patience(connect=2, silence=2)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving(Mirror()) as running:
        yield running


@pytest.fixture
def url(mirror: Mirror, tmp_path: Path) -> str:
    """Return where a repository is with BASE's packages."""
    repository(tmp_path, BASE)
    return rpms.serve(mirror, tmp_path, "/os")


def names(found: Online) -> list[str]:
    return [each.name for each in packages(found, patience=SOON)]


@pytest.mark.parametrize("packed", ["gz", "bz2", "xz", "zst", "xml"])
def test_each_form_is_read(packed: str, mirror: Mirror, tmp_path: Path) -> None:
    if packed == "zst" and not shutil.which("zstd"):
        pytest.skip("not installed: zstd")
    repository(tmp_path, Contents(names=("bash", "kernel"), packed=packed))
    served = rpms.serve(mirror, tmp_path, "/os")
    for url in (served, f"{served}/", tmp_path.as_uri()):
        assert names(look(url, patience=SOON)) == ["bash", "kernel"]


def test_other_files_are_read_by_whoever_knows_them(url: str) -> None:
    found = look(url, patience=SOON)
    record = found.record("group_gz", "group")
    assert record is not None
    assert record.href.endswith("comps.xml.gz")
    text = read(found, record, b"".join, patience=SOON)
    assert text == comps(BASE.groups, BASE.environments)
    assert found.record("updateinfo") is None


@pytest.mark.skipif(bool(rpms.MISSING), reason=f"not installed: {rpms.MISSING}")
def test_what_createrepo_writes(mirror: Mirror, tmp_path: Path) -> None:
    rpms.rpm(tmp_path, "kernel", "5.14.0-611")
    rpms.rpm(tmp_path, "dbus", "1:1.12-3.el9")
    rpms.repository(tmp_path)
    url = rpms.serve(mirror, tmp_path, "/os")
    found = look(url, patience=SOON)
    assert sorted(packages(found), key=str) == [
        Nevra("dbus", "1", "1.12", "3.el9", "noarch"),
        Nevra("kernel", "0", "5.14.0", "611", "noarch"),
    ]
    before = found.record("primary")
    assert before is not None
    assert before.open_checksum[0] == "sha256"
    assert before.size == len(mirror.files[f"/os/{before.href}"])
    assert before.open_checksum != before.checksum
    written = mirror.files["/os/repodata/repomd.xml"]
    rpms.repository(tmp_path, "--revision=other")
    rpms.serve(mirror, tmp_path, "/os")
    after = look(url).record("primary")
    assert after is not None
    assert after.content == before.content
    assert written != mirror.files["/os/repodata/repomd.xml"]


def test_a_break_is_gone_over_once(mirror: Mirror, url: str) -> None:
    mirror.faults, mirror.cut = ["503", "", "cut"], 100
    assert names(look(url, patience=SOON)) == list(BASE.names)
    mirror.faults = ["cut", "cut"]
    with pytest.raises(Unreachable, match=f"^The package repository {url} cannot be read: the con"):
        look(url, patience=SOON)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("{}/none", "404 Not Found"),
        ("http://127.0.0.1:1/os", "Connection refused"),
        ("http://[::1/os", "its address cannot be used"),
        ("ftp://127.0.0.1/os", "builder reads repositories by http, https and file alone"),
        ("file:///none/os", "/none/os/repodata/repomd.xml: No such file or directory"),
    ],
)
def test_what_cannot_be_had_is_told_without_passwords(
    address: str, why: str, mirror: Mirror
) -> None:
    address = address.format(mirror.url)
    spoken = address.replace("//", "//me:secret@", 1) if "http" in address else address
    for looks, said in ((look, why), (look_listed, why.replace("/repodata/repomd.xml", ""))):
        with pytest.raises(MediaError) as caught:
            looks(spoken, patience=SOON)
        assert caught.value.message == f"The package repository {address} cannot be read: {said}."
        assert caught.value.exit_code == 5


def test_what_is_no_repository(mirror: Mirror, url: str) -> None:
    path = "/os/repodata/repomd.xml"
    good = mirror.files[path]
    for text, why in (
        (b"<html>", "its repodata/repomd.xml is no XML"),
        (good.replace(b'"primary"', b'"secondary"'), "its list of packages is in none of the"),
        (b" " * (5 << 20), "it has more than 4194304 bytes"),
    ):
        mirror.files[path] = text
        with pytest.raises(MediaError, match=why):
            look(url, patience=SOON)


@pytest.mark.parametrize("ask", [look, look_listed])
def test_an_address_that_is_none(ask: Callable[[str], Online]) -> None:
    with pytest.raises(MediaError, match="its address cannot be used"):
        ask("http://[::1/os")


def test_another_file_than_repomd_means(mirror: Mirror, url: str) -> None:
    found = look(url, patience=SOON)
    record = found.record("primary")
    assert record is not None
    group = found.record("group")
    assert group is not None
    for content in (b"\x1f\x8b", mirror.files[f"/os/{group.href}"]):
        mirror.files[f"/os/{record.href}"] = content
        with pytest.raises(MediaError, match="has not the sha256 that repomd") as caught:
            packages(found, patience=SOON)
        assert caught.value.may_pass
    del mirror.files[f"/os/{record.href}"]  # the mirror has the next one now
    with pytest.raises(MediaError, match="404 Not Found") as caught:
        packages(found, patience=SOON)
    assert caught.value.may_pass
    with pytest.raises(MediaError, match="404 Not Found") as caught:
        look(f"{url}/none", patience=SOON)
    assert not caught.value.may_pass
