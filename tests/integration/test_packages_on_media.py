"""%packages against media of each layout: what is not there is told before any guest."""

import hashlib
import re
import shutil
from pathlib import Path
from typing import Literal

import pytest
from msgspec.structs import replace

from builder import files
from builder.cli import app
from builder.errors import MediaError
from builder.kickstart.wanted import wanted
from builder.media.selection import missing
from builder.media.software import shelf
from builder.model.kickstart import Kickstart, LintFinding
from builder.model.media import Voucher
from builder.monitor import SilentMonitor
from builder.recipes.preview import preview
from builder.record import vouchers
from tests.bench.packages.media import BASE, LAYOUTS, MORE, Contents, master, medium, repository
from tests.hosts import settings
from tests.orders import ordered

_MISSING = [tool for tool in ("xorriso", "zstd") if not shutil.which(tool)]
pytestmark = pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {_MISSING}")

FINE = "cmdline\ncdrom\nlang C\ntimezone UTC\nrootpw --lock\nautopart\npoweroff\n%packages\n"
_ABOUT = ("medium", "packages")
FIRST = FINE.count("\n") + 1
FOLDERS = {
    "el7": [""],
    "el8": ["BaseOS", "AppStream"],
    "el9": ["BaseOS", "Minimal"],
    "el10": ["BaseOS", "AppStream"],
    "fedora": [""],
    "network": [],
}
SYNTAX = {"el7": "RHEL7", "fedora": "F44", "el10": "RHEL10"}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("media")
    return {layout: medium(layout, folder) for layout in FOLDERS}


def look(path: Path, lines: str, *, before: str = "", syntax: str = "RHEL8") -> list[str]:
    """Return what is said of lines of %packages."""
    text = FINE.replace("%packages", f"{before}%packages", 1) + f"{lines}\n%end\n"
    return list(map(shown, missing(wanted(Kickstart(source="x", syntax=syntax, text=text)), path)))


def shown(finding: LintFinding) -> str:
    return f"{finding.severity} {finding.line}: {finding.message}"


@pytest.mark.parametrize("layout", FOLDERS)
def test_repositories_of_each_layout(media: dict[str, Path], layout: str) -> None:
    with shelf(media[layout]) as opened:
        software = opened.software()
    assert list(software.folders) == FOLDERS[layout]
    assert len(software.packages) == (len((*BASE.names, *MORE.names)) if layout in LAYOUTS else 0)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("httpdd", "there is no package httpdd on {}: did you mean httpd?"),
        ("httpd.i686", "there is no package httpd.i686 on {}: did you mean httpd?"),
        ("bash-5.15*", "there is no package bash-5.15* on {}"),
        ("zzz", "there is no package zzz on {}"),
        ("/usr/sbin/none", "no package provides /usr/sbin/none on {}"),
        ("@cor", "there is no group cor on {}: did you mean core?"),
        ("@guest-agent", "there is no group guest-agent on {}: did you mean guest-agents?"),
        (
            "@^minimal-enviroment",
            "there is no environment minimal-enviroment on {}: did you mean minimal-environment?",
        ),
        ("@perl:5.25", "the module perl has no stream 5.25: did you mean 5.24?"),
        (
            "@perl:5.24/minimum",
            "the module perl has no profile minimum: did you mean minimal?",
        ),
        ("@nodejs:20", "the module nodejs has no stream 20: it has 18"),
    ],
)
def test_what_is_misspelt_is_told_on_each_layout(
    media: dict[str, Path], layout: str, line: str, said: str
) -> None:
    message = said.format(f"{layout}.iso")
    assert look(media[layout], line, syntax=SYNTAX.get(layout, "RHEL8")) == [
        f"error {FIRST}: {message}"
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "line",
    [
        "bash",
        "httpd",
        "httpd.x86_64",
        "httpd-5.14.0",
        "httpd-5.14.0-427.13.1.el9.x86_64",
        "0:httpd-5.14.0-427.13.1.el9",
        "dracut-config-*",
        "httpd-5.1?.0",
        "yum-utils4",
        "yum-util*4",
        "/usr/bin/repoquery",
        "/etc/bash.conf",
        "-no-such-*",
        "-no-such-package",
        "-@no-such-group",
        "@core",
        "@Core",
        "@guest agents",
        "@Guest Agents --optional",
        "@^minimal-environment",
        "@^Minimal Install",
        "@graphical-server-environment",
        "@perl:5.30",
        "@perl/common",
        "@nodejs:18/default",
    ],
)
def test_what_anaconda_finds_is_found(media: dict[str, Path], layout: str, line: str) -> None:
    assert look(media[layout], line, syntax=SYNTAX.get(layout, "RHEL8")) == []


@pytest.mark.parametrize(
    ("before", "line", "said"),
    [
        ("", "/usr/share/none", ["warning {line}: no package provides /usr/share/none on el8.iso"]),
        (
            "repo --name=more --baseurl=http://h/\n",
            "zzz",
            ["warning {line}: there is no package zzz on el8.iso, but more may have it"],
        ),
        ("module --name=perl --stream=5.30\n", "bash", []),
        (
            "module --name=perl --stream=6\n",
            "bash",
            ["error 8: the module perl has no stream 6: it has 5.24, 5.30"],
        ),
        (
            "module --name=pearl\n",
            "bash",
            ["error 8: there is no module pearl on el8.iso: did you mean perl?"],
        ),
    ],
)
def test_what_else_the_kickstart_says(
    media: dict[str, Path], before: str, line: str, said: list[str]
) -> None:
    at = FIRST + before.count("\n")
    assert look(media["el8"], line, before=before) == [each.format(line=at) for each in said]


def test_what_is_missing_is_left_out_on_request(media: dict[str, Path]) -> None:
    text = f"{FINE.rstrip()} --ignoremissing\nzzz\n@yyy\n%end\n"
    found = missing(wanted(Kickstart(source="x", syntax="RHEL8", text=text)), media["el8"])
    assert [each.severity for each in found] == ["warning", "warning"]
    assert all(each.message.endswith("and is left out") for each in found)


@pytest.mark.parametrize(
    ("option", "before", "end"),
    [
        (" --ignoremissing", "", ", and is left out: did you mean bash?"),
        (
            "",
            "repo --name=more --baseurl=http://h/\n",
            ", but more may have it: did you mean bash?",
        ),
    ],
)
def test_a_question_ends_the_sentence(
    media: dict[str, Path], option: str, before: str, end: str
) -> None:
    text = f"{before}{FINE.rstrip()}{option}\nbashh\n%end\n"
    [found] = missing(wanted(Kickstart(source="x", syntax="RHEL8", text=text)), media["el8"])
    assert found.message.endswith(f"there is no package bashh on el8.iso{end}")


@pytest.mark.parametrize(
    ("layout", "source", "why"),
    [
        ("network", "cdrom", "network.iso holds no list of them"),
        ("el8", "url --url=http://h/", "elsewhere"),
    ],
)
def test_where_nothing_can_be_said_it_is_said_once(
    media: dict[str, Path], layout: str, source: str, why: str
) -> None:
    text = f"{FINE.replace('cdrom', source)}zzz\n@yyy\n%end\n"
    [found] = missing(wanted(Kickstart(source="x", syntax="RHEL8", text=text)), media[layout])
    assert (found.severity, found.line) == ("note", 0)
    assert why in found.message


def test_an_image_has_no_packages(media: dict[str, Path]) -> None:
    assert look(media["el8"], "zzz", before="liveimg --url=http://h/x\n") == []


@pytest.mark.parametrize("packed", ["gz", "bz2", "xz", "zst", "xml"])
def test_metadata_packed_by_each_tool(tmp_path: Path, packed: str) -> None:
    path = medium(
        "el9", tmp_path, base=replace(BASE, packed=packed), more=replace(MORE, packed=packed)
    )
    assert look(path, "httpd\n@core\n@perl:5.24") == []
    assert len(look(path, "httpdd\n@cor")) == 2


def test_a_medium_without_treeinfo_is_looked_through(tmp_path: Path) -> None:
    repository(tmp_path / "tree/BaseOS", BASE)
    repository(tmp_path / "tree/AppStream", MORE)
    path = master(tmp_path / "tree", tmp_path / "x.iso", label="X")
    assert look(path, "bash\nhttpd\n@core") == []


def test_a_group_that_every_installation_has(tmp_path: Path) -> None:
    path = medium("el7", tmp_path, base=replace(BASE, groups=("standard=Standard",)))
    assert look(path, "bash") == ["error 0: there is no group core on el7.iso"]
    assert look(path, "bash\n-@core") == []


def test_a_medium_without_groups_is_asked_for_none(tmp_path: Path) -> None:
    bare = Contents(names=("bash",))
    path = medium("el8", tmp_path, base=bare, more=Contents(names=("httpd",)))
    assert look(path, "@core\n@^server\nbash") == []


def test_metadata_that_are_damaged_are_the_mediums_fault(tmp_path: Path) -> None:
    repository(tmp_path / "tree", replace(BASE, packed="xml"))
    [primary] = (tmp_path / "tree/repodata").glob("*-primary.xml")
    primary.write_bytes(primary.read_bytes()[:-100])
    index = primary.with_name("repomd.xml")
    new = hashlib.sha256(primary.read_bytes()).hexdigest()
    index.write_text(re.sub(">[0-9a-f]{64}<", f">{new}<", index.read_text(), count=1))
    path = master(tmp_path / "tree", tmp_path / "x.iso", label="X")
    with pytest.raises(MediaError, match=r"^x\.iso is a damaged ISO: its .* cannot be read"):
        look(path, "bash")
    primary.unlink()
    path = master(tmp_path / "tree", tmp_path / "y.iso", label="X")
    with pytest.raises(MediaError, match=r"^y\.iso is a damaged ISO: it has no file repodata/"):
        look(path, "bash")


@pytest.mark.parametrize("packed", ["gz", "zst", "xml"])
@pytest.mark.parametrize("kind", ["primary", "comps", "modules"])
def test_lists_of_another_medium_are_told(kind: str, packed: str, tmp_path: Path) -> None:
    """Each can be read; that it is not what repomd.xml means, only its checksum tells."""
    mine = replace(BASE, modules=MORE.modules, packed=packed)
    more = {"names": "more", "groups": "more=More", "modules": "more:1=default"}
    other = replace(mine, **{name: (*getattr(mine, name), each) for name, each in more.items()})
    repository(tmp_path / "tree", mine)
    repository(tmp_path / "other", other)
    [wrong] = (tmp_path / "other/repodata").glob(f"*-{kind}.*")
    [right] = (tmp_path / "tree/repodata").glob(f"*-{kind}.*")
    wrong.replace(right)
    path = master(tmp_path / "tree", tmp_path / "x.iso", label="X")
    reason = rf"^x\.iso is a damaged ISO: its file repodata/{right.name} has not the sha256 that"
    with pytest.raises(MediaError, match=reason):
        look(path, "bash\n@perl:5.24")


@pytest.mark.parametrize(
    ("kind", "digits", "right"),
    [
        ("sha", "sha1", True),
        ("sha", "sha256", False),
        ("sha512", "sha512", True),
        ("md5", "md5", True),
        ("md5", "sha1", False),
        ("blake9", "sha1", True),  # one that nobody knows tells nothing
        ("", "sha1", True),
    ],
)
def test_kinds_of_checksums(kind: str, digits: str, tmp_path: Path, *, right: bool) -> None:
    repository(tmp_path / "tree", replace(BASE, groups=(), environments=()))
    index = tmp_path / "tree/repodata/repomd.xml"
    [primary] = index.parent.glob("*-primary.*")
    value = hashlib.new(digits, primary.read_bytes()).hexdigest().upper()
    told = re.sub(r">[0-9a-f]{64}<", f">\n {value} <", index.read_text())
    index.write_text(told.replace('type="sha256"', f'type="{kind}"'))
    path = master(tmp_path / "tree", tmp_path / "x.iso", label="X")
    if right:
        assert look(path, "bash") == []
        return
    with pytest.raises(MediaError, match=r"that repomd\.xml gives"):
        look(path, "bash")


def test_lists_in_forms_that_nobody_reads_are_refused(tmp_path: Path) -> None:
    repository(tmp_path / "tree", BASE)
    index = tmp_path / "tree/repodata/repomd.xml"
    index.write_text(index.read_text().replace(".xml.gz", ".xml.zck"))
    path = master(tmp_path / "tree", tmp_path / "x.iso", label="X")
    with pytest.raises(MediaError, match=r"list of packages in the root of x\.iso cannot"):
        look(path, "bash")


def test_the_linter_looks_at_an_iso(
    media: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own := tmp_path / "own.ks").write_text(f"{FINE}httpdd\n@cor\n%end\n")
    words = ["kickstart", "lint", str(own), "--syntax", "RHEL9", "--iso", str(media["el9"])]
    assert app.run(words) == 6
    said = capsys.readouterr()
    assert f"own.ks:{FIRST}: error: there is no package httpdd on el9.iso" in said.out
    assert f"own.ks:{FIRST + 1}: error: there is no group cor on el9.iso" in said.out
    assert f"line {FIRST}: there is no package httpdd on el9.iso: did you mean httpd?" in said.err


def test_a_dry_run_and_a_build_tell_before_any_guest(
    media: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    iso = media["el9"].rename(tmp_path / "Rocky-9.iso")
    media["el9"] = iso
    words = ["--uri", "test:///default", "build", "rocky9", "--iso", str(iso)]
    words += ["--allow-unverified", "--set", "packages=-rsyslog-logrotate,httpdd,nginxx"]
    words += ["--dry-run"]  # this medium has no syslog
    assert app.run(words) == 6
    said = capsys.readouterr()
    assert "problem  packages" in said.out
    assert "there is no package httpdd on Rocky-9.iso: did you mean httpd?" in said.err
    assert "there is no package nginxx on Rocky-9.iso: did you mean nginx?" in said.out


@pytest.mark.parametrize(
    ("voucher", "known"), [("listed", True), ("given", True), ("unverified", False)]
)
def test_a_dry_run_looks_at_the_newest_of_a_release_that_moves(
    voucher: Literal["listed", "given", "unverified"], tmp_path: Path, *, known: bool
) -> None:
    order = ordered("centos-stream9", variables={"packages": "-rsyslog-logrotate,httpdd"})
    place = settings(tmp_path)
    (tmp_path / "iso").mkdir()
    path = medium("el9", tmp_path / "iso", name="Stream-9-20260831.0.iso")
    record = vouchers.Record(
        sha256=files.digest(path, monitor=SilentMonitor()),
        file=path.name,
        asked=order.medium.file,
        voucher=Voucher(state=voucher),
        when="2026-08-31T00:00:00.000Z",
    )
    vouchers.keep(place.state, record, monitor=SilentMonitor())
    if not files.remembered(path):
        pytest.skip("no extended attributes here")
    shown = preview(order, place, monitor=SilentMonitor()).preflight
    said = [f"{each.state} {each.detail}" for each in shown if each.subject in _ABOUT]
    if known:
        newest, lacking = said
        assert newest == f"ok {path} is the newest in the pool; the build may fetch a newer one."
        assert lacking.startswith("warning el8.ks.j2, line ")
        assert lacking.endswith("no package httpdd on Stream-9-20260831.0.iso: did you mean httpd?")
    else:
        assert said == [
            "ok packages are not looked for: the ISO is not there; the build does so when it is."
        ]
