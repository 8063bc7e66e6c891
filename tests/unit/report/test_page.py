"""index.html and the pages of images: all of it, nothing of it, and what records may try."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import builder
from builder.record.runs import Figures, Outcome, Pool, Run, Waiting
from builder.report import names
from tests.reports import EVIL, Page, failed, few, files, kept, published, run
from tests.values import Golden

CSS = (Path(builder.__file__).parent / "report/data/report.css").read_text()
DOSSIER = (Path(builder.__file__).parent / "dossier/data/dossier.css").read_text()
_STYLE = re.compile(r"(?s)<style>.*</style>")
_MOST = 300 * 1000


def index(*runs: Run) -> Page:
    return Page(files(runs)[names.INDEX])


@pytest.mark.parametrize("name", ["index.html", "image-alma9.html", "image-rocky9.html"])
def test_a_few_nights(name: str, golden: Golden) -> None:
    text = files(few(), dossier="../builds/x/dossier.html")[name]
    golden(f"report/{name}", _STYLE.sub("<style></style>", text))
    Page(text)


@pytest.mark.parametrize(
    ("runs", "sentence"),
    [
        ([], "No run of a pipeline is recorded yet."),
        ([run(0, kept("a", "1"))], "The image is good."),
        ([run(0, kept("a", "1"), kept("b", "1"))], "All 2 images are good."),
        ([run(0, failed("a"), kept("b", "1"))], "1 of 2 images could not be built."),
        ([run(0, failed("a"))], "1 of 1 image could not be built."),
        (
            [run(0, kept("a", "1"), jobs=("a", "b"), ended="")],
            "The newest run of nightly has not ended.",
        ),
    ],
)
def test_the_index_begins_with_what_matters(runs: list[Run], sentence: str) -> None:
    assert f"{sentence} " in f"{index(*runs).words} "


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (published("a", "20261127.1"), "a 20261127.1 is new."),
        (kept("a", "20261127.1"), "a 20261127.1 is kept."),
        (failed("a"), "The mirror is down."),
    ],
)
def test_an_images_page_begins_with_what_became_of_it(outcome: Outcome, sentence: str) -> None:
    text = files([run(0, outcome)])["image-a.html"]
    assert f"<h1>{sentence}</h1>" in text


@pytest.mark.parametrize(
    ("waiting", "said"),
    [
        (None, "not asked"),
        (Waiting(), "none"),
        (Waiting(updates=1), "1 update"),
        (Waiting(updates=14, security=5, important=3, advisories=True), "14 updates, 3 important"),
        (Waiting(updates=14, security=5, advisories=True), "14 updates, 5 for security"),
    ],
)
def test_updates_that_wait(waiting: Waiting | None, said: str) -> None:
    found = files([run(0, kept("a", "1", waiting=waiting))])
    assert f"Waiting{said}" in Page(found["index.html"]).text.replace("\n", "")
    assert f"Waiting{said}" in Page(found["image-a.html"]).text.replace("\n", "")


def test_the_reason_of_a_failure_is_on_the_index_and_its_dossier_one_click_away() -> None:
    found = files([run(0, failed("a"))], dossier="../builds/a/1/dossier.html")
    page = Page(found["index.html"])
    assert "The mirror is down. Wait." in page.words
    assert "../builds/a/1/dossier.html" in page.values("href", of="a")
    [cell] = [each for each in page.values("href", of="a") if "#" in each][:1]
    where, _, anchor = cell.partition("#")
    assert anchor in Page(found[where]).values("id")


def test_what_failed_after_the_builds_is_told_of_the_newest_run() -> None:
    runs = [run(night, kept("a", "1"), trouble=(f"Nothing signed {night}.",)) for night in (0, 1)]
    words = index(*runs).words
    assert "After the builds: Nothing signed 1." in words
    assert "signed 0" not in words


def test_without_a_dossier_nothing_links_to_one() -> None:
    for text in files([run(0, failed("a"))]).values():
        assert "ossier" not in text


@pytest.mark.parametrize("runs", [few(), [run(0, kept("a", "1"))], []], ids=["few", "one", "none"])
def test_links_and_ids(runs: list[Run]) -> None:
    found = files(runs)
    pages = {name: Page(text) for name, text in found.items() if name.endswith(".html")}
    for page in pages.values():
        ids = page.values("id")
        assert len(ids) == len(set(ids))
        assert set(" ".join(page.values("aria-labelledby")).split()) <= set(ids)
        for href in page.values("href", of="a"):
            parts = urlsplit(href)
            assert not parts.scheme
            assert unquote(parts.path) in found
            assert not parts.fragment or parts.fragment in pages[parts.path].values("id")


@pytest.mark.parametrize(
    "outcome",
    [
        failed(EVIL, error=EVIL * 3, hint=EVIL, reason=EVIL, folder=EVIL),
        failed("long", error="x" * 100_000, hint="y " * 50_000, exit_code=-(10**30)),
        kept(EVIL, EVIL, reason=EVIL, figures=Figures(size=-1, boot_seconds=-1e300, checks=-3)),
        published("../../etc/passwd", EVIL, figures=Figures(size=10**30, install_seconds=1e300)),
        published("a" * 5000, "1", seconds=1e300),
        kept("", ""),
    ],
    ids=["failed", "long", "kept", "published", "long name", "no name"],
)
def test_records_may_hold_anything(outcome: Outcome) -> None:
    odd = Pool(name=EVIL, path=EVIL, size=1, free=10**30, used=-(10**30))
    pools = (odd, Pool(name="", path="", size=0, free=0, used=0))
    runs = [
        run(night, outcome, title=EVIL, pipeline=EVIL, pools=pools, trouble=(EVIL,))
        for night in range(2)
    ]
    for name, text in files(runs).items():
        assert name == Path(name).name
        assert len(name) < 200
        assert text.replace("\n", "").isprintable()
        if name.endswith(".html"):
            page = Page(text)
            assert "script" not in page.tags
            assert len(text) < 100_000
            assert not [key for _tag, key, _value in page.attributes if key.startswith("on")]


def test_nothing_is_asked_for_and_nothing_runs() -> None:
    for name, text in files(few()).items():
        if name.endswith(".html"):
            page = Page(text)
            assert {"script", "iframe", "img", "form", "object"}.isdisjoint(page.tags)
            assert page.values("href", of="link") == ["data:,", "feed.xml"]
            assert not page.values("src")
            assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page.values(
                "content"
            )
    assert "url(" not in CSS
    assert "@import" not in CSS


@pytest.mark.parametrize("count", [1, 200])
def test_any_number_of_images(count: int) -> None:
    runs = [run(0, *(kept(f"image{number}", "1") for number in range(count)))]
    page = index(*runs)
    assert page.values("scope").count("row") == 2 * count


def test_tables_have_headers_pictures_have_names_and_boxes_that_scroll_take_the_focus() -> None:
    for text in (text for name, text in files(few()).items() if name.endswith(".html")):
        page = Page(text)
        assert page.tags.count("th") == len(page.values("scope"))
        assert page.tags.count("svg") == page.values("role", of="svg").count("img")
        assert page.tags.count("svg") == len(
            list(filter(None, page.values("aria-label", of="svg")))
        )
        assert page.values("class", of="div").count("wide") == len(page.values("tabindex"))


def test_thirty_images_and_ninety_nights_fit() -> None:
    jobs = [f"centos-stream9-kvm-host-{number}" for number in range(30)]
    runs = [
        run(night % 9, *(published(job, "20261130.1") for job in jobs), run_id=f"{night:09}")
        for night in range(90)
    ]
    assert len(files(runs)[names.INDEX].encode()) < _MOST


def shades(css: str) -> list[dict[str, str]]:
    """Return the colours by name, light ones first."""
    found = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part)) for part in css.split(":root")]
    return [each for each in found if each]


def test_the_family_of_looks() -> None:
    for ours, theirs in zip(shades(CSS), shades(DOSSIER), strict=True):
        shared = ours.keys() & theirs.keys()
        assert len(shared) > 9
        assert {key: ours[key] for key in shared} == {key: theirs[key] for key in shared}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


@pytest.mark.parametrize("shade", shades(CSS), ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [
        *((ink, "paper", 4.5) for ink in ("ink", "soft", "link", "good", "bad", "mute", "open")),
        *((ink, "panel", 4.5) for ink in ("ink", "soft", "link", "bad")),
        *((f"on-{cell}", cell, 4.5) for cell in ("fail", "kept", "lost", "none")),
        ("open", "none", 4.5),
        *((cell, "paper", 3) for cell in ("built", "fail", "bar")),
    ],
)
def test_contrast(shade: dict[str, str], ink: str, paper: str, least: float) -> None:
    high, low = sorted((luminance(shade[ink]), luminance(shade[paper])), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= least
