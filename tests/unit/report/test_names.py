"""Files and addresses of images, whatever they are called."""

import os
from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.report.names import is_page, link, page_of, slug


@pytest.mark.parametrize(
    ("image", "page"),
    [
        ("centos7", "image-centos7.html"),
        ("centos-stream9_x.y", "image-centos-stream9_x.y.html"),
        ("", "image-.html"),
        ("a b", "image-a~20b.html"),
        ("a~20b", "image-a~7E20b.html"),
        ("../up", "image-..~2Fup.html"),
        ("ä", "image-~C3~A4.html"),
        ("\x00", "image-~00.html"),
        ("%2e", "image-~252e.html"),
    ],
)
def test_a_page(image: str, page: str) -> None:
    assert page_of(image) == page
    assert is_page(page)


@given(st.text(), st.text())
def test_names_stay_apart_and_are_their_own_addresses(one: str, other: str) -> None:
    page = page_of(one)
    assert (page == page_of(other)) == (one == other)
    assert page == Path(page).name == unquote(page)
    assert urljoin("file:///report/index.html", page) == f"file:///report/{page}"
    assert is_page(page)


def test_long_names_stay_apart() -> None:
    one, other = slug("a" * 5000), slug("a" * 5001)
    assert one != other
    assert len(one) == len(other) < 120


@pytest.mark.parametrize(
    "name", ["index.html", "image-.htm", "image-a/b.html", "image-a%20b.html", "x", "", "image-"]
)
def test_no_page(name: str) -> None:
    assert not is_page(name)


def test_a_link_leads_to_the_file_from_wherever_the_page_is(tmp_path: Path) -> None:
    build = tmp_path / "builds" / "a b" / "1?#%"
    build.mkdir(parents=True)
    (build / "dossier.html").touch()
    for place in (tmp_path / "report", tmp_path / "x" / "y", build.parent):
        found = link(f"{build}/dossier.html", seen_from=place)
        assert Path(unquote(urljoin(f"{place.as_uri()}/", found)).removeprefix("file://")) == (
            build / "dossier.html"
        )


@pytest.mark.parametrize("target", ["dossier.html", "javascript:alert(1)", "/nosuch", "/\x00", "/"])
def test_no_link_to_what_is_not_there(target: str, tmp_path: Path) -> None:
    assert link(target, seen_from=tmp_path) == ""


def test_no_link_to_what_depends_on_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dossier.html").touch()
    monkeypatch.chdir(tmp_path)
    assert link("dossier.html", seen_from=tmp_path) == ""


def test_no_link_to_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "dossier.html")
    assert link(f"{tmp_path}/dossier.html", seen_from=tmp_path) == ""
