"""dossier.html: all of it, nothing of it, and what guests may try."""

import base64
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from builder.dossier.excerpt import telling
from builder.dossier.facts import gather
from builder.dossier.page import clock, render, write
from builder.errors import HostError
from builder.model.hiding import MARK, Hiding
from builder.record import logs
from tests.values import Golden, image, manifest

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
# Two pixels. Other zlibs would pack them otherwise, and the golden page has them inside.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4nGNgYGD4//8/AAYBAv4CsjmuAAAAAElFTkSu"
    "QmCC"
)
EVIL = "<script>alert(1)</script>\"'&\x1b[31m\x9b2J\u202e"

TEXTS = (
    "console.log", "virtio.log", "installer.log", "clone-a.log", "kickstart.ks", "domain.xml",
)  # fmt: skip

RECORD = {
    "build_id": "20261125T094005-96974f0b",
    "name": "rehearsal",
    "pid": 1,
    "state": "failed",
    "step": "Installing",
    "error": "The kickstart asks for a package that is not on the medium: nosuch.",
    "hint": "Mend %packages.",
    "began": "2026-11-25T09:40:05Z",
    "ended": "2026-11-25T09:40:36Z",
    "exit_code": 7,
    "steps": [{"step": "Staging rehearsal.iso", "seconds": 1}],
}
EVENTS = [
    (0, "step", {"text": "Staging rehearsal.iso"}),
    (1, "step", {"text": "Installing"}),
    (2, "phase", {"text": "boot"}),
    (3, "screen", {"text": "screens/0001-3s.png"}),
    (30, "failure", {"text": "No.", "source": "console", "line": "package 'nosuch'"}),
    (31, "end", {"text": "failed"}),
]


class Page(HTMLParser):
    """What a browser would make of a page: its tags, ids, links and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]


def fill(folder: Path, **files: object) -> Path:
    """Make a failed build's folder; `files` replace what is in it, by stem."""
    (folder / "screens").mkdir(parents=True)
    lines = [
        {"time": "2026-11-25T09:40:05Z", "seconds": seconds, "kind": kind, **more}
        for seconds, kind, more in EVENTS
    ]
    texts = {
        "build.json": json.dumps(RECORD | dict(files)),
        "events.jsonl": "".join(f"{json.dumps(line)}\n" for line in lines),
        "console.log": "".join(f"line {n}\r\n" for n in range(20)) + "package 'nosuch'\r\nend\r\n",
        "virtio.log": "a\tlog\n",
        "kickstart.ks": "# one\nzerombr\n",
        "domain.xml": "<domain/>\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "screens" / "0001-3s.png").write_bytes(PNG)
    return folder


def page(folder: Path) -> str:
    return render(gather(folder), now=NOW)


def test_a_failed_build(tmp_path: Path, golden: Golden) -> None:
    folder = fill(tmp_path / "rehearsal" / "20261125T094005-96974f0b")
    text = page(folder)
    golden("dossier/failed.html", re.sub(r"(?s)<style>.*</style>", "<style></style>", text))
    Page(text)


def test_a_published_build(tmp_path: Path) -> None:
    folder = fill(tmp_path / "b", state="done", error="", hint="", step="")
    record = manifest(name="rehearsal", image=image(virtual_size=2**32, size=2**26))
    (folder / "manifest.json").write_bytes(msgspec.json.encode(record))
    text = Page(page(folder)).text
    assert "rehearsal 20261123.1 is published." in text
    assert "64.0 MiB, 4.0 GiB virtual" in text
    assert "host-passthrough, 2048 MiB, BIOS" in text
    assert "What the guest said" not in text


@pytest.mark.parametrize(
    ("source", "line", "shown"),
    [
        ("clone-b", "Started B.", "clone-b.log, the lines around the failure"),
        ("clone-b", "not there", "clone-b.log, its last lines"),
        (None, "", "clone-a.log, its last lines"),  # a finding: no single line tells of it
    ],
)
def test_when_a_clone_fails_it_is_the_clone_that_is_shown(
    tmp_path: Path, source: str | None, line: str, shown: str
) -> None:
    folder = fill(tmp_path / "b", step="Booting two clones", error="A clone stands still.")
    event = {"time": "2026-11-25T09:40:05Z", "seconds": 40, "kind": "failure", "text": "No."}
    told = json.dumps(event | {"source": source, "line": line}) if source else ""
    (folder / "events.jsonl").write_text(told)
    (folder / "clone-a.log").write_text("Started A.\n")
    (folder / "clone-b.log").write_text("Started B.\n")
    assert shown in Page(page(folder)).text


@pytest.mark.parametrize("missing", ["build.json", "events.jsonl", "console.log", "virtio.log",
    "kickstart.ks", "domain.xml", "screens/0001-3s.png"])  # fmt: skip
def test_everything_may_be_missing(tmp_path: Path, missing: str) -> None:
    folder = fill(tmp_path / "rehearsal" / "b")
    (folder / missing).unlink()
    assert write(folder).is_file()


@pytest.mark.parametrize("name", ["build.json", "events.jsonl", "manifest.json", "kickstart.ks",
    "console.log", "screenshot.png", "screenshot.ppm", "screens/0002-4s.png"])  # fmt: skip
def test_everything_may_be_nonsense(tmp_path: Path, name: str) -> None:
    folder = fill(tmp_path / "rehearsal" / "b")
    (folder / name).write_bytes(b"\xff\0<nonsense>{")
    assert "<nonsense>" not in write(folder).read_text()


def test_an_empty_folder_has_a_page_too(tmp_path: Path) -> None:
    folder = tmp_path / "rehearsal" / "b"
    folder.mkdir(parents=True)
    text = Page(write(folder).read_text()).text
    assert "Nothing is known of this build of rehearsal." in text
    assert [path.name for path in folder.iterdir()] == ["dossier.html"]


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="Cannot write"):
        write(tmp_path / "nosuch")


def test_guests_are_hostile(tmp_path: Path) -> None:
    folder = fill(tmp_path / "b", name=EVIL, error=EVIL, hint=EVIL, step=EVIL, version=EVIL)
    line = {"time": EVIL, "seconds": 1, "kind": "step", "text": EVIL}
    with (folder / "events.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    for name in TEXTS:
        (folder / name).write_text(EVIL)
    (folder / "<script>.txt").touch()
    text = page(folder)
    found = Page(text)
    assert "script" not in found.tags
    assert not [name for name, _value in found.attributes if name.startswith("on")]
    assert set(text) & set("\x1b\x9b\u202e") == set()
    assert "default-src 'none'" in text


def test_what_opens_something_is_hidden_however_it_is_escaped(tmp_path: Path) -> None:
    said = "curl: a&b<Secret'1>: 404"
    folder = fill(tmp_path / "b", error=f"It failed: {said}.")
    failure = {"time": "t", "seconds": 9, "kind": "failure", "text": said, "source": "console"}
    hidden = {"line": said.replace("a&b<Secret'1>", MARK)}
    (folder / "events.jsonl").write_text(json.dumps(failure | hidden) + "\n")
    (folder / "console.log").write_text(f"before\n{said}\nafter\n")
    for blank in (False, True):  # as it came, and when the build is over
        if blank:
            logs.conceal(folder, Hiding(["a&b<Secret'1>"]))
        text = write(folder, hide=Hiding(["a&b<Secret'1>"])).read_text()
        assert "Secret" not in text + (folder / "console.txt").read_text()
        assert "the lines around the failure" in text
        assert "404" in re.findall(r"<mark>(.*?)\s*</mark>", text)[0]


def test_guests_that_print_what_stands_for_secrets_cost_nothing() -> None:
    said = f"{MARK * 40}x"
    assert telling(["*" * 400, said], said) == 2


def test_nothing_is_loaded_and_every_picture_has_words(tmp_path: Path) -> None:
    found = Page(page(fill(tmp_path / "b")))
    assert all(uri.startswith("data:image/png;base64,") for uri in found.values("src"))
    assert all(found.values("alt"))
    links = [link for link in found.values("href") if link not in ("data:,",)]
    anchors = [link.removeprefix("#") for link in links if link.startswith("#")]
    assert set(anchors) <= set(found.values("id"))
    assert not [link for link in links if ":" in link or link.startswith("/")]
    assert len(found.values("id")) == len(set(found.values("id")))
    assert "url(" not in page(fill(tmp_path / "c"))


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("The installer cannot read line 2 of the kickstart.", ["zerombr"]),
        ("The kickstart script at line 1 failed.", ["# one"]),
        ("The kickstart script at line 99 failed.", []),
    ],
)
def test_the_line_of_the_kickstart_is_marked(tmp_path: Path, error: str, line: list[str]) -> None:
    folder = fill(tmp_path / "b", error=error)
    (folder / "events.jsonl").unlink()
    assert re.findall(r"<mark>(.*?)\s*</mark>", page(folder)) == line


def test_of_a_long_log_the_end_is_shown(tmp_path: Path) -> None:
    folder = fill(tmp_path / "b", state="done", error="")
    (folder / "events.jsonl").unlink()
    (folder / "console.log").write_text("".join(f"line {n}\n" for n in range(1, 1001)))
    text = page(folder)
    assert "last 200 lines" in text
    assert "counter-reset: line 800" in text
    assert re.findall(r"<span>line (\d+)", text)[::199] == ["801", "1000"]


@pytest.mark.parametrize(
    ("state", "shown"),
    [("failed", True), ("abandoned", True), ("interrupted", True), ("done", False)],
)
def test_where_no_line_tells_of_it_the_last_ones_are_shown(
    tmp_path: Path, state: str, shown: bool
) -> None:
    folder = fill(tmp_path / "b", state=state, error="The guest crashed.")
    (folder / "events.jsonl").unlink()
    assert ("its last lines" in page(folder)) is shown
    assert "<mark>" not in page(folder)


def test_a_page_stays_small(tmp_path: Path) -> None:
    """Without any one of its limits this page would be larger."""
    folder = fill(tmp_path / "b")
    huge = (b"\xff<>" * 700 + b"\n") * 500
    for name in TEXTS:
        (folder / name).write_bytes(huge)
    for number in range(2, 9):
        (folder / "screens" / f"{number:04}-{number}s.png").write_bytes(PNG + bytes(10**6))
    (folder / "screenshot.png").write_bytes(PNG + bytes(3 * 10**6))
    event = json.dumps({"time": "", "seconds": 1, "kind": "note", "text": "<" * 500})
    (folder / "events.jsonl").write_text(f"{event}\n" * 1_000)
    assert write(folder).stat().st_size < 8_000_000


def test_logs_are_written_clean_and_stay_private(tmp_path: Path) -> None:
    folder = fill(tmp_path / "b")
    (folder / "console.log").write_bytes(b"\x1b[31mred\x1b[0m\r\n\r\nlogin: ")
    first = write(folder).read_text()
    assert (folder / "console.txt").read_text() == "red\nlogin:\n"
    for name in ("dossier.html", "console.txt"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    again = write(folder).read_text()
    assert again.partition("<footer>")[0] == first.partition("<footer>")[0]
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (31.9, "0:31"), (725, "12:05"), (3723, "1:02:03")]
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
