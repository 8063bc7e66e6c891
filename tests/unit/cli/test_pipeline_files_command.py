"""builder pipeline check, show, new and list: files of people's own."""

import json
import re
from pathlib import Path

import pytest

from builder.cli.app import run

GOOD = """title = "Mine"
[matrix]
release = ["rocky9", "alma9"]
firmware = ["bios", "uefi"]
variables = { timezone = "UTC" }
[notify.webhook]
url = "https://hooks.example/services/T0/SECRET"
"""
WRONG = 'title = "x"\n[[build]]\nrelease = "rocky99"\nfirmwar = "uefi"\n'


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pipelines").mkdir()
    Path("pipelines/mine.toml").write_text(GOOD)
    Path("wrong.toml").write_text(WRONG)


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    assert run(["pipeline", *words]) == code
    streams = capsys.readouterr()
    return streams.out, streams.err


def test_check_says_what_a_file_holds(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, "check", "pipelines/mine.toml", "rehearsal")
    assert out == (
        "pipelines/mine.toml: 4 images from 2 releases\nrehearsal: 2 images from 1 release\n"
    )
    assert err == ""


def test_check_says_what_is_wrong_in_all_files(capsys: pytest.CaptureFixture[str]) -> None:
    Path("none.toml").write_text("title = \n")
    Path("pipe.toml").write_bytes(b"\xff")
    files = ("wrong.toml", "none.toml", "pipelines/mine.toml", "pipe.toml")
    out, err = said(capsys, "check", *files, code=3)
    assert out.splitlines() == [
        "wrong.toml:4: [[build]] 1 firmwar: There is no such key. Did you mean firmware?",
        "none.toml:1: This file is not TOML: Invalid value. Mend that line.",
        "pipelines/mine.toml: 4 images from 2 releases",
        "pipe.toml: Cannot read pipe.toml: it is no text in UTF-8 (line 1). Save it as UTF-8.",
    ]
    assert err.startswith("error: wrong.toml, none.toml, pipe.toml: 3 mistakes.\nhint: ")


def test_check_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, "check", "--json", "pipelines/mine.toml", "wrong.toml", code=3)
    good, wrong = json.loads(out)
    assert (good["file"], good["right"], good["findings"]) == ("pipelines/mine.toml", True, [])
    assert good["images"] == ["rocky9", "rocky9-uefi", "alma9", "alma9-uefi"]
    assert good["releases"] == ["alma9", "rocky9"]
    assert (wrong["right"], wrong["images"]) == (False, [])
    assert wrong["findings"][0]["line"] == 4


NAMED = """title = "x"
[[build]]
release = "rocky9"
iso = "my.iso"
root_password_file = "root"
[publish]
sign = "key"
[notify]
command = ["./tell"]
[notify.mail]
to = ["a@b"]
sender = "a@b"
security = "tls"
user = "me"
password_file = "mail"
[notify.webhook]
url = "https://x"
token_file = "token"
"""


def test_check_warns_of_files_that_are_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pipelines/named.toml").write_text(NAMED)
    names = ("my.iso", "root", "key", "tell", "mail", "token")
    out, err = said(capsys, "check", "pipelines/named.toml")
    assert out == "pipelines/named.toml: 1 image from 1 release\n"
    for name in names:
        assert f"/{name}, the " in err
    assert len(err.splitlines()) == len(names)
    said(capsys, "check", "--json", "pipelines/named.toml")
    for name in names:
        Path("pipelines", name).touch()
    assert said(capsys, "check", "pipelines/named.toml")[1] == ""


def test_check_of_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is no file ./x.toml." in said(capsys, "check", "./x.toml", code=2)[1]


def test_show_says_what_a_file_comes_to(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, "show", "pipelines/mine.toml", "--only", "alma*", "--except", "*-uefi")
    header, image, _, *facts = out.splitlines()
    assert header.split()[:5] == ["TEMPLATE", "RELEASE", "PROFILE", "FIRMWARE", "MEDIUM"]
    row = ["alma9", "alma9", "minimal", "bios", "minimal", "timezone=UTC", "relevant"]
    assert image.split() == row
    named = ["title", "file", "limits", "retry", "publish", "notify", "webhook"]
    assert [line.split()[0] for line in facts] == named
    assert "SECRET" not in out
    assert facts[-1].split() == ["webhook", "json", "to", "https://hooks.example"]


@pytest.mark.parametrize(
    "url", ["https://hooks.example/SECRET", "https://hooks.example?key=SECRET"]
)
@pytest.mark.parametrize("words", [("show", "pipelines/mine.toml"), ("list",)])
@pytest.mark.parametrize("json_", [(), ("--json",)])
def test_what_opens_a_webhook_is_not_shown(
    capsys: pytest.CaptureFixture[str], url: str, words: tuple[str, ...], json_: tuple[str, ...]
) -> None:
    path = Path("pipelines/mine.toml")
    text = path.read_text()
    path.write_text(re.sub(r'url = "https://hooks[^"]*"', f'url = "{url}"', text))
    assert url in path.read_text()
    assert "SECRET" not in said(capsys, *words, *json_)[0]


def test_show_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, "show", "pipelines/mine.toml", "--only", "alma9", "--json")
    found = json.loads(out)
    assert "SECRET" not in out
    assert found["notify"]["webhook"]["url"] == "https://hooks.example"
    assert found["title"] == "Mine"
    assert [job["name"] for job in found["jobs"]] == ["alma9"]
    assert found["limits"]["parallel"] == 1
    assert found["retry"]["on"] == ["media", "host"]


@pytest.mark.parametrize("verb", ["show", "plan", "run"])
def test_a_glob_that_no_image_matches(capsys: pytest.CaptureFixture[str], verb: str) -> None:
    words = ("pipelines/mine.toml", "--only", "alma9-efi")
    _, err = said(capsys, verb, *words, code=2)
    assert err == "error: mine has no image alma9-efi.\nhint: Did you mean alma9-uefi?\n"
    assert "no image x" in said(capsys, verb, *words[:1], "--except", "xyz", code=2)[1]


def test_new_writes_a_file_that_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, "new", "a file.toml")
    assert out == "wrote  a file.toml\nNext: builder pipeline check 'a file.toml'\n"
    assert said(capsys, "check", "a file.toml")[0].startswith("a file.toml: 4 images from 3 rel")


def test_new_leaves_alone_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    Path("link").symlink_to("nowhere")
    for name in ("wrong.toml", "pipelines", "link", "gone/x.toml"):
        _, err = said(capsys, "new", name, code=2)
        assert err.startswith("error: ")
        assert "hint: " in err
    assert Path("wrong.toml").read_text() == WRONG
    assert not Path("nowhere").exists()


def test_list_has_those_of_the_folder_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pipelines/wrong.toml").write_text(WRONG)
    out, err = said(capsys, "list")
    names = [line.split()[0] for line in out.splitlines()[1:]]
    assert names == ["golden", "nightly", "rehearsal", "pipelines/mine.toml"]
    assert "wrong.toml, line 4: [[build]] 1 firmwar: There is no such key." in err
