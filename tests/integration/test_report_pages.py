"""The report as a browser shows it: thirty images, ninety nights, on a desk and on a phone."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from builder.monitor import SilentMonitor
from builder.report import names
from builder.report.gather import gather
from builder.report.write import write
from tests import nights, reports
from tests.mirrors import Mirror, serving

sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright: make browser")
_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium: make browser")

DESK, PHONE = (1280, 900), (420, 900)
PAPER = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}


class Report:
    """A report in a folder, with an image that fails now, and its build's dossier."""

    def __init__(self, place: Path) -> None:
        runs = nights.nights(place / "runs")
        _pipeline, image = gather(runs, dossier=lambda _outcome: "").failing[0]
        outcome = image.newest.outcome
        assert outcome
        self.name, self.error = image.name, outcome.error
        self.page = names.page_of(image.name)
        self.anchor = names.anchor(image.newest.run.run_id)
        build = Path(outcome.folder)
        build.mkdir(parents=True)
        (build / "dossier.html").write_text("<!DOCTYPE html><title>its dossier</title>")
        self.folder = place / "report"
        write(place / "runs", self.folder, monitor=SilentMonitor())


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return Report(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        # Its own sandbox needs namespaces that containers lack, and root may not have one.
        found = playwright.chromium.launch(
            executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield found
        found.close()


@contextmanager
def opened(
    browser: Any,  # noqa: ANN401  # Playwright may be absent
    address: str,
    size: tuple[int, int] = DESK,
    scheme: str = "light",
) -> Iterator[Any]:
    """Open a page; at the end it must have asked for nothing but pages, and said nothing."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    page, said, asked = context.new_page(), list[str](), list[tuple[str, str]]()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append((request.resource_type, request.url)))
    page.goto(address)
    yield page
    context.close()
    assert said == []
    assert {kind for kind, _url in asked} == {"document"}
    start = address.rpartition("/report/")[0]
    assert all(url.startswith(start) for _kind, url in asked)


@pytest.fixture(params=["index.html", "image"])
def address(request: pytest.FixtureRequest, report: Report) -> str:
    name = report.page if request.param == "image" else request.param
    return f"{report.folder.as_uri()}/{name}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_it_fits_on_a_desk_and_on_a_phone_by_day_and_by_night(
    browser: Any,  # noqa: ANN401  # Playwright may be absent
    address: str,
    size: tuple[int, int],
    scheme: str,
    tmp_path: Path,
) -> None:
    with opened(browser, address, size, scheme) as page:
        page.screenshot(path=tmp_path / "page.png", full_page=True)  # for people to look at
        width = page.evaluate("document.documentElement.scrollWidth")
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        outside = page.evaluate(
            """[...document.querySelectorAll("body *")].filter(
                each => !each.closest(".wide *")
                && each.getBoundingClientRect().right > innerWidth + 1
            ).map(each => each.outerHTML)"""
        )
    assert (width, paper, outside) == (size[0], PAPER[scheme], [])


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_no_text_is_too_long_for_it(
    browser: Any,  # noqa: ANN401  # Playwright may be absent
    size: tuple[int, int],
    tmp_path: Path,
) -> None:
    long = "x" * 900
    outcome = reports.failed(long, error=long, hint=long, reason=long)
    runs = [reports.run(0, outcome, pipeline=long, title=long, pools=(reports.POOL,))]
    place = tmp_path / "report"
    place.mkdir()
    for name, text in reports.files(runs, dossier="x").items():
        (place / name).write_text(text)
        if name.endswith(".html"):
            with opened(browser, f"{place.as_uri()}/{name}", size) as page:
                assert page.evaluate("document.documentElement.scrollWidth") == size[0]


def test_on_a_phone_the_grid_scrolls_in_its_own_box_and_keeps_its_names(
    browser: Any,  # noqa: ANN401  # Playwright may be absent
    report: Report,
) -> None:
    with opened(browser, f"{report.folder.as_uri()}/index.html", PHONE) as page:
        box = page.get_by_role("region", name="Images and nights of nightly")
        assert box.evaluate("each => each.scrollWidth > each.clientWidth")
        name = box.get_by_role("rowheader").first
        before = name.bounding_box()
        box.evaluate("each => { each.scrollLeft = 400 }")
        assert name.bounding_box()["x"] == before["x"]
        assert box.evaluate("each => each.scrollLeft") == 400


def test_on_a_desk_ninety_nights_need_no_scrolling(
    browser: Any,  # noqa: ANN401  # Playwright may be absent
    report: Report,
) -> None:
    with opened(browser, f"{report.folder.as_uri()}/index.html") as page:
        for box in page.get_by_role("region").all():
            assert box.evaluate("each => each.scrollWidth <= each.clientWidth")


def test_the_reason_of_a_failure_is_one_click_away(
    browser: Any,  # noqa: ANN401  # Playwright may be absent
    report: Report,
) -> None:
    with opened(browser, f"{report.folder.as_uri()}/index.html") as page:
        row = page.get_by_role("region", name="Images and nights of").get_by_role(
            "row", name=report.name, exact=False
        )
        row.get_by_role("link", name="failed").first.click()
        assert page.url == f"{report.folder.as_uri()}/{report.page}#{report.anchor}"
        sync_api.expect(page.locator("li:target")).to_be_in_viewport()
        sync_api.expect(page.locator("li:target")).to_contain_text(report.error)


def test_so_is_the_dossier_of_its_build(
    browser: Any,  # noqa: ANN401  # Playwright may be absent
    report: Report,
) -> None:
    with opened(browser, f"{report.folder.as_uri()}/index.html") as page:
        card = page.get_by_role("listitem").filter(
            has=page.get_by_role("heading", name=report.name)
        )
        sync_api.expect(card).to_contain_text(report.error)
        card.get_by_role("link", name="Dossier").click()
        assert page.title() == "its dossier"


def test_the_keyboard_reaches_what_scrolls_and_every_failure(
    browser: Any,  # noqa: ANN401  # Playwright may be absent
    tmp_path: Path,
) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    for name, text in reports.files(reports.few()).items():
        (folder / name).write_text(text)
    with opened(browser, f"{folder.as_uri()}/index.html", PHONE) as page:
        stops = page.locator("a, [tabindex]").count()
        seen = []
        for _stop in range(stops):
            page.keyboard.press("Tab")
            seen.append(str(page.evaluate(_FOCUS)))
    assert len(set(seen)) > 1
    assert {"Images and nights of nightly", "failed", "rocky9", "Atom feed"} <= set(seen)
    assert seen[0] == "rocky9"  # which fails
    assert seen[-1] == "JSON"


_FOCUS = 'document.activeElement.getAttribute("aria-label") || document.activeElement.innerText'


def test_a_screen_reader_hears_words(
    browser: Any,  # noqa: ANN401  # Playwright may be absent
    report: Report,
) -> None:
    with opened(browser, f"{report.folder.as_uri()}/index.html") as page:
        for word in ("built", "kept", "failed", "killed"):
            cells = page.get_by_role("cell", name=word, exact=True)
            assert cells.count() > 0
        assert page.get_by_role("columnheader", name="2026-11-30 02:50").count() == 2


def test_behind_a_web_server_it_is_the_same(
    browser: Any,  # noqa: ANN401  # Playwright may be absent
    report: Report,
) -> None:
    with serving(Mirror()) as server:
        server.kind = "text/html"
        for path in report.folder.iterdir():
            server.files[f"/report/{path.name}"] = path.read_bytes()
        with opened(browser, f"{server.url}/report/index.html") as page:
            page.get_by_role("link", name=report.name, exact=True).first.click()
            sync_api.expect(page.get_by_role("heading", level=1)).to_have_text(report.error)
            page.get_by_role("link", name="All images").click()
            sync_api.expect(page.get_by_role("heading", level=1)).to_contain_text("could not be")
    names_asked = [path.removeprefix("/report/") for path in server.asked]
    assert names_asked == ["index.html", report.page, "index.html"]
