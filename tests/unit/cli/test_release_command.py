"""builder release and init: what they print and write, and that it works as it is written."""

import json
import re
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from msgspec.structs import replace

from builder.cli import app
from builder.kickstart.library import library
from builder.model.media import Voucher
from builder.model.release import Medium, Release
from builder.monitor import SilentMonitor
from builder.pipeline import definition
from builder.record import vouchers
from builder.releases import catalogue
from builder.releases.life import notice, state
from builder.releases.shape import NO_KEYS

README = Path(__file__).parents[3] / "README.md"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, of a user without settings, on a host without libvirt."""
    for name in ("XDG_CONFIG_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("BUILDER_ISO_POOL_PATH", str(tmp_path / "iso"))
    monkeypatch.setenv("BUILDER_URI", f"qemu+unix:///session?socket={tmp_path}/none")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert app.run(list(words)) == code
    return capsys.readouterr().out


def test_every_row_is_listed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "iso").mkdir()
    (here / "iso/Rocky-9.8-x86_64-dvd.iso").touch()
    rows = {line.split()[0]: line for line in said(capsys, "release", "list").splitlines()}
    assert rows.keys() - {"NAME"} == set(catalogue.names())
    assert rows["rocky9"].split("  ")[0] == "rocky9"
    assert rows["rocky9"].endswith("2032-05-31         dvd")
    assert "2024-06-30 (past)" in rows["centos7"]
    assert list(rows).index("rocky9") < list(rows).index("rocky10")
    assert "FROM" not in rows["NAME"], "all are ours"


def test_what_the_pool_has_under_another_name_is_there(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BUILDER_STATE", str(here / "state"))
    (here / "iso").mkdir()
    (here / "iso/CentOS-Stream-9-20261123.0-x86_64-dvd1.iso").touch()
    for file in ("CentOS-Stream-9-20261123.0-x86_64-dvd1.iso", "gone.iso"):
        record = vouchers.Record(
            sha256=sha256(file.encode()).hexdigest(),
            file=file,
            asked=f"CentOS-Stream-{10 if file == 'gone.iso' else 9}-latest-x86_64-dvd1.iso",
            voucher=Voucher(state="listed"),
            when="2026-11-30T00:00:00.000Z",
        )
        vouchers.keep(here / "state", record, monitor=SilentMonitor())
    rows = {row["name"]: row for row in json.loads(said(capsys, "release", "list", "--json"))}
    assert rows["centos-stream9"]["media"]["dvd"]["in_pool"]
    assert not rows["centos-stream10"]["media"]["dvd"]["in_pool"]


def test_json_says_the_same(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "home/builder/releases").mkdir(parents=True)
    own = here / "home/builder/releases/own.toml"
    own.write_text('[rocky9]\nextends = "rocky9"\n[corp9]\nextends = "rocky9"\n')
    rows = {row["name"]: row for row in json.loads(said(capsys, "release", "list", "--json"))}
    assert rows["centos7"]["life"] == "past"
    assert rows["centos7"]["end_of_life"] == "2024-06-30"
    assert (rows["centos7"]["source"], rows["centos7"]["instead_of"]) == ("builder", "")
    assert (rows["rocky9"]["source"], rows["rocky9"]["instead_of"]) == (str(own), "builder")
    assert (rows["corp9"]["source"], rows["corp9"]["instead_of"]) == (str(own), "")
    medium = {"file": "Rocky-9.8-x86_64-boot.iso", "in_pool": False}
    assert rows["corp9"]["media"]["boot"] == medium
    shown = json.loads(said(capsys, "release", "show", "corp9.6", "--json"))
    assert (shown["name"], shown["version"], shown["source"]) == ("corp9.6", "9.6", str(own))
    assert shown["checksums"]["file"] == "CHECKSUM"
    medium = json.loads(said(capsys, "release", "show", "rocky9", "--json"))["media"]["boot"]
    assert (medium["network"], medium["in_pool"], len(medium["sha256"])) == (True, False, 64)
    listed = said(capsys, "release", "list").splitlines()
    assert [line.split("  ")[-1].strip() for line in listed if "own.toml" in line] == [
        str(own),
        f"{own}, instead of that of builder",
    ]


def test_all_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    shown = said(capsys, "release", "show", "alma8")
    for each in (
        "AlmaLinux 8.10",
        "el8",
        "2029-05-31",
        "alma8.0 alma8.1",
        "AlmaLinux-8.10-x86_64-minimal.iso, the default",
        "AlmaLinux-8.10-x86_64-boot.iso, without packages",
        "https://vault.almalinux.org/8.10/isos/x86_64",
        "CHECKSUM",
        "BC5EDDCADF502C077F1582882AE81E8ACED7258B",
        "clear-signed",
        "RPM-GPG-KEY-AlmaLinux-8",
        "https://repo.almalinux.org/almalinux/8/BaseOS/x86_64/os/",
        "RHEL8",
        "Nehalem",
        "http://almalinux.org/almalinux/8",
    ):
        assert each in shown
    assert "no known address: get it from its vendor" in said(capsys, "release", "show", "rhel9")
    made_here = said(capsys, "release", "show", "rehearsal")
    assert "this machine: a build makes" in made_here
    assert "vendor" not in made_here


def test_keys_without_a_signature_sign_nothing(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "home/builder/releases").mkdir(parents=True)
    own = here / "home/builder/releases/own.toml"
    own.write_text('[corp8]\nextends = "alma8"\nchecksums.signature = ""\n')
    shown = said(capsys, "release", "show", "corp8")
    assert "BC5EDDCADF502C077F1582882AE81E8ACED7258B" not in shown
    assert re.search("^signed by +nobody$", shown, re.MULTILINE)


def test_a_release_that_has_ended_is_shown_with_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert app.run(["release", "show", "centos8"]) == 0
    sentence = "CentOS Linux 8 (2111) has had no updates since 2021-12-31: its end of life."
    assert f"warning: {sentence}" in capsys.readouterr().err


def test_an_older_minor_version_has_ended(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["release", "show", "rocky9.6"]) == 0
    heard = capsys.readouterr()
    assert re.search(r"^end of life +9\.8 is out \(past\)$", heard.out, re.MULTILINE)
    sentence = "Rocky Linux 9.6 gets no updates now that 9.8 is out, unless somebody sells them."
    assert f"warning: {sentence}\n" in heard.err
    found = json.loads(said(capsys, "release", "show", "rocky9.6", "--json"))
    assert {"life": "past", "followed_by": "9.8", "end_of_life": None}.items() <= found.items()
    assert sentence in said(capsys, "build", "rocky9.6", "--dry-run")
    (here / "home/builder/releases").mkdir(parents=True)
    own = here / "home/builder/releases/own.toml"
    own.write_text('[rocky9]\nextends = "rocky9"\nversion = "9.6"\n')
    rows = {line.split()[0]: line for line in said(capsys, "release", "list").splitlines()}
    assert " 9.8 is out (past) " in rows["rocky9"]
    assert "2032-05-31" in rows["alma9"]
    own.write_text('[rocky9]\nextends = "rocky9"\nfollowed_by = "9.9"\n')
    assert "no such key" in said(capsys, "release", "check", str(own), code=3)


@pytest.mark.parametrize(
    ("today", "wanted"),
    [("2024-03-31", ""), ("2024-04-01", "soon"), ("2024-06-30", "soon"), ("2024-07-01", "past")],
)
def test_end_of_life(today: str, wanted: str) -> None:
    centos7, day = catalogue.find("centos7"), date.fromisoformat(today)
    assert state(centos7, day) == wanted
    assert bool(notice(centos7, day)) == (wanted == "past")
    assert state(replace(centos7, end_of_life=None), day) == ""


def test_a_file_that_is_called_as_ours_is_checked(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "releases.toml").write_text('[corp9]\nextends = "rocky9"\n')
    assert said(capsys, "release", "check", "releases.toml") == "releases.toml is right: corp9.\n"


def test_a_file_is_checked(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "good.toml").write_text('[corp9]\nextends = "rocky9"\n')
    assert said(capsys, "release", "check", "good.toml") == "good.toml is right: corp9.\n"
    (here / "empty.toml").write_text("# nothing\n")
    none = said(capsys, "release", "check", "empty.toml")
    assert none == "empty.toml is right: it holds no release.\n"
    (here / "bad.toml").write_text('[corp9]\nextends = "rocky9"\ntitel = "x"\nvcpus = 0\n')
    assert app.run(["release", "check", "bad.toml"]) == 3
    heard = capsys.readouterr()
    assert heard.out.splitlines() == [
        "bad.toml:3: [corp9] titel: There is no such key. Did you mean title?",
        "bad.toml:4: [corp9] vcpus: It must be a whole number from 1 to 4096, not 0.",
    ]
    assert "error: bad.toml has 2 mistakes." in heard.err
    found = json.loads(said(capsys, "release", "check", "bad.toml", "--json", code=3))
    assert [(each["line"], each["key"]) for each in found] == [(3, "titel"), (4, "vcpus")]
    said(capsys, "release", "check", "none.toml", code=3)


@pytest.mark.parametrize(
    "words",
    [
        ("release", "list"),
        ("release", "show", "rocky9"),
        ("kickstart", "list"),
        ("kickstart", "lint", "rocky9"),
        ("build", "rocky9", "--dry-run"),
    ],
    ids=" ".join,
)
def test_a_file_that_is_broken_is_told_once_by_who_looks_something_up(
    here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    (here / "builder.toml").write_text('releases = "."\n')
    (here / "broken.toml").write_text('[corp9]\ntitle = "x\n')
    (here / "builder.toml").rename(here / "settings")
    assert app.run(["--config", "settings", *words]) == 0
    told = [each for each in capsys.readouterr().err.splitlines() if "broken.toml" in each]
    assert [each.strip().partition(":")[0] for each in told] == ["warning"]
    assert app.run(["--config", "settings", "build", "corp9", "--dry-run"]) == 3
    assert "error: " in capsys.readouterr().err


STARTED = (
    "builder.toml",
    "releases/own.toml",
    "kickstarts/own.ks.j2",
    "kickstarts/profiles/own.toml",
    "pipelines/own.toml",
)


def test_what_init_writes_works(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = said(capsys, "init", "a place")
    assert out.splitlines()[:-1] == [f"wrote  a place/{name}" for name in STARTED]
    assert out.splitlines()[-1].startswith("Next: cd 'a place' && builder build own9 ")
    monkeypatch.chdir(here / "a place")
    assert said(capsys, "release", "check", "releases/own.toml").endswith("is right: own9.\n")
    assert "own9" in said(capsys, "release", "list")
    assert said(capsys, "kickstart", "lint", "own9", "--profile", "own") == ""
    text = said(capsys, "kickstart", "render", "own9", "--profile", "own")
    assert "Built by our own kickstart." in text
    assert "timezone Europe/Berlin" in text
    assert re.search(r"^rsync$", text, re.MULTILINE)
    known = library(Path("kickstarts"), [Path("releases")])
    jobs = definition.load(Path("pipelines/own.toml"), known).jobs
    assert [job.name for job in jobs] == ["own9", "own9-own"]


def test_what_windows_wrote_is_read_as_it_is_meant(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its editors put a mark before UTF-8, and end lines with CRLF."""
    said(capsys, "init")
    (here / "kickstarts/variables.toml").write_text('[own]\nhelp = "x"\ndefault = "y"\n')
    for path in here.rglob("*.toml"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert said(capsys, "release", "check", "releases/own.toml").endswith("is right: own9.\n")
    assert "own9" in said(capsys, "release", "list")
    assert "timezone Europe/Berlin" in said(
        capsys, "kickstart", "render", "own9", "--profile", "own", "--set", "own=z"
    )
    assert "own9-own" in said(capsys, "pipeline", "plan", "pipelines/own.toml")
    (here / "wrong.toml").write_bytes(b"\xef\xbb\xbf[corp9]\r\nextends = 'rocky9'\r\nfoo = 1\r\n")
    assert "wrong.toml:3: [corp9] foo:" in said(capsys, "release", "check", "wrong.toml", code=3)


@pytest.mark.parametrize(
    "words",
    [
        ("--config", "FILE", "release", "list"),
        ("release", "check", "FILE"),
        ("pipeline", "plan", "FILE"),
        ("kickstart", "render", "rocky9", "--profile", "wide"),
        ("build", "rocky9", "--root-password-file", "FILE", "--dry-run"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf_16_is_told_as_that(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    encoding: str,
) -> None:
    monkeypatch.setenv("BUILDER_KICKSTARTS", str(here))
    (here / "profiles").mkdir()
    path = here / "profiles/wide.toml"
    path.write_text('title = "x"\n', encoding=encoding)
    assert app.run([str(path) if word == "FILE" else word for word in words]) == 3
    assert capsys.readouterr().err == (
        f"error: Cannot read {path}: it is text in UTF-16.\nhint: Save it as UTF-8.\n"
    )


def test_what_is_commented_out_in_the_settings_is_right_as_well(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "init")
    path = here / "builder.toml"
    path.write_text(re.sub(r"^# (?=\w+ = )", "", path.read_text(), flags=re.MULTILINE))
    assert "network = " in path.read_text()
    assert "own9" in said(capsys, "release", "list")


def test_init_overwrites_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "builder.toml").write_text("# mine\n")
    (here / "releases").mkdir()
    (here / "releases/own.toml").symlink_to(here / "elsewhere.toml")
    out = said(capsys, "init")
    assert out.splitlines()[:3] == [
        "kept   builder.toml",
        "kept   releases/own.toml",
        "wrote  kickstarts/own.ks.j2",
    ]
    assert (here / "builder.toml").read_text() == "# mine\n"
    assert not (here / "elsewhere.toml").exists()
    assert "wrote" not in said(capsys, "init")


def test_settings_from_elsewhere_mean_what_is_beside_them(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "init", "there")
    assert "own9" in said(capsys, "--config", str(here / "there/builder.toml"), "release", "list")


def blocks(text: str) -> list[str]:
    """Return the indented blocks of a text that are tables of TOML."""
    found = re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", text, re.MULTILINE)
    return [re.sub("^    ", "", each, flags=re.MULTILINE) for each in found if "[" in each[:6]]


SECTION = README.read_text().partition("## Your own releases, profiles and kickstarts")[2]
OWN, NEWER, *_ = blocks(SECTION)


@pytest.fixture
def followed(here: Path) -> Path:
    """Return the file that somebody makes who does what README says."""
    (here / "releases").mkdir()
    (here / "builder.toml").write_text('releases = "releases"\n')
    (here / "releases/corp.toml").write_text(OWN)
    return here / "releases/corp.toml"


def test_a_plan_tells_of_an_iso_that_has_to_be_added(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BUILDER_STATE", str(here / "state"))
    missing = "problem  medium      rhel-9.8-x86_64-dvd.iso cannot be downloaded: no address"
    assert missing in said(capsys, "build", "rhel9", "--dry-run", code=5)
    assert "cannot be downloaded" not in said(capsys, "build", "rocky9", "--dry-run")


def test_readme_tells_every_key() -> None:
    readme = README.read_text()
    told = readme[readme.index("The keys of a release are") : readme.index("To try this without")]
    keys = {*Release.__struct_fields__, *Medium.__struct_fields__, "extends", "older"}
    assert {key for key in keys - {*NO_KEYS} if f"`{key}" not in told} == set()


def test_the_release_of_readme_that_extends_the_rehearsal_needs_no_more(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "own.toml").write_text('[corp1]\nextends = "rehearsal"\ntitle = "Corp"\n')
    assert said(capsys, "release", "check", "own.toml") == "own.toml is right: corp1.\n"


@pytest.mark.usefixtures("followed")
def test_the_own_release_of_readme_is_built_as_far_as_it_goes_without_an_iso(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert len(OWN.splitlines()) < 10
    assert said(capsys, "release", "check", "releases/corp.toml").endswith("is right: corp9.\n")
    plan = said(capsys, "build", "corp9", "--dry-run")
    assert "https://mirror.example/corp/9.8/corp-9.8.iso (sha256 9f86d081" in plan
    assert "# Corp Linux 9.8, profile minimal." in plan
    assert "<name>builder-corp9-BUILD</name>" in plan
    minor = said(capsys, "build", "corp9.6", "--dry-run")
    assert "<name>builder-corp9.6-BUILD</name>" in minor
    assert "corp-9.6.iso (sha256 9f86d081" not in minor, "that is the digest of 9.8"


def test_the_newer_minor_of_readme(followed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    followed.write_text(NEWER)
    assert said(capsys, "release", "check", str(followed)).endswith("is right: rocky9.\n")
    assert "Rocky-9.9-x86_64-minimal.iso" in said(capsys, "release", "show", "rocky9")


@pytest.mark.parametrize("line", OWN.splitlines()[1:])
def test_a_mistake_in_each_line_of_it_is_told(
    followed: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    key, number = line.partition(" ")[0], OWN.splitlines().index(line) + 1
    named = "file" if key.startswith("media") else key
    followed.write_text(OWN.replace(line, line.replace(named, f"{named}z", 1)))
    out = said(capsys, "release", "check", str(followed), code=3)
    assert out.startswith(f"{followed}:{number if key != 'extends' else 1}: [corp9")
    assert "Did you mean" in out or "Write extends" in out
    followed.write_text(OWN.replace(line, f"{key} = 1"))
    out = said(capsys, "release", "check", str(followed), code=3)
    assert f"{followed}:{number}: [corp9" in out
    assert f"{key.rpartition('.')[2]}: It must be " in out
