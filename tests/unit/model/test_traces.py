"""What a build is known by: an id of our own form, and exactly the names that follow from it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from builder.model.traces import Traces, id_in, is_build, is_check, scratch_of

ID = "20261128T100000-0123abcd"


def traces(folder: str = f"/s/builds/centos7/{ID}", **known: str) -> Traces:
    return Traces(
        id=known.get("id", ID),
        name=known.get("name", "centos7"),
        folder=Path(folder),
        began=datetime.now(UTC),
    )


@pytest.mark.parametrize(
    "word",
    [
        "", "*", "2", "prod-db", "20261128T100000", f"{ID}0", f"x{ID}", f"{ID}\n", ID.upper(),
        "20261128T100000-0123abc*", "٢0261128T100000-0123abcd", "../20261128T100000-0123abcd",
        "again-", "again-abcdefg", "again-abcdefghi", "again-????????", "again-ABCDEFGH",
    ],
)  # fmt: skip
def test_no_id_of_ours(word: str) -> None:
    assert not is_build(word)
    assert not is_check(word)


def test_ids_of_ours() -> None:
    assert is_build(ID)
    assert is_check("again-ab_d3f9h")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (f"{ID}.qcow2", ID),
        (f".{ID}.candidate", ID),
        (f"..{ID}.candidate.json", ID),
        (f".{ID}.iso.abcd_123.part", ID),
        (f".{ID}.iso.builder-abcd_123.part", ID),
        (f"builder-check-b-{ID}.qcow2", ID),
        (".again-ab_d3f9h.tar", "again-ab_d3f9h"),
        (f"copy-of-{ID}.qcow2", ""),
        (f"{ID}", ""),
        (f"{ID}-mine.qcow2", ""),
        (f"{ID}.\x1b[2J", ""),
        (f"centos7-{ID}.qcow2", ""),
        ("centos7-20261128.1.qcow2", ""),
    ],
)
def test_the_id_in_the_name_of_a_file(name: str, found: str) -> None:
    assert id_in(name) == found


def test_every_name_of_a_file_has_the_id_in_it() -> None:
    named = traces().files(iso_pool=Path("/iso"), store_pool=Path("/store"))
    assert {id_in(path.name) for path in named} == {ID}
    assert {path.parent for path in named} == {Path("/iso"), Path("/store")}


def test_domains() -> None:
    checks = (f"builder-audit-{ID}", f"builder-check-a-{ID}", f"builder-check-b-{ID}")
    assert traces().domains == (f"builder-centos7-{ID}", *checks)
    assert traces(name="").domains == checks


@pytest.mark.parametrize(
    ("folder", "home"),
    [
        (f"/s/{ID}", f"/s/{ID}"),
        (f"/s/{ID}/audit", f"/s/{ID}"),
        ("/elsewhere", "/elsewhere"),
    ],
)
def test_home(folder: str, home: str) -> None:
    assert traces(folder).home == Path(home)


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        (".a.iso.builder-12345678.part", "a.iso"),
        (".a\n.builder-12345678.part", "a\n"),
        (".builder-12345678.part", ""),
        (".a.iso.part", ""),
        (".a.iso.builder.part", ""),
        (".a.iso.12345678.part", ""),
        (".a.iso.builder-123456789.part", ""),
        (".a.iso.builder-1234567.part", ""),
        (".a.iso.builder-1234567X.part", ""),
        ("a.iso.builder-12345678.part", ""),
        (".holiday.download.part", ""),
    ],
)
def test_half_written_files(name: str, beside: str) -> None:
    assert scratch_of(name) == beside


def test_similar_names() -> None:
    assert scratch_of(".holiday.download.part", mark="") == "holiday"
    assert scratch_of(".a.iso.builder-12345678.part", mark="") == ""
