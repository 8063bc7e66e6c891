"""The kickstart commands: what they print and how they end."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from builder.cli.context import Context
from builder.cli.kickstart import app
from builder.config import Settings
from builder.errors import ConfigError, KickstartError, UsageError
from builder.model.kickstart import NONCE
from builder.monitor import SilentMonitor
from builder.releases import catalogue

COMMON = Context(settings=Settings(), monitor=SilentMonitor())


def run(*arguments: str, common: Context = COMMON) -> str:
    result = CliRunner().invoke(app, list(arguments), obj=common, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture(autouse=True)
def no_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BUILDER_ROOT_PASSWORD", "BUILDER_USER_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


def test_list() -> None:
    lines = run("list").splitlines()
    assert lines[0].split() == ["RELEASE", "FAMILY", "KICKSTART", "SYNTAX", "PROFILES"]
    assert any(line.startswith("centos7") and "kvm-host" in line for line in lines)
    rows = {row["release"]: row for row in json.loads(run("list", "--json"))}
    assert (rows["centos7"]["syntax"], rows["centos7"]["family"]) == ("RHEL7", "el7")
    assert "kvm-host" not in rows["rehearsal"]["profiles"]


def test_render() -> None:
    text = run("render", "centos7", "-p", "tools", "--set", "hostname=gold", "--firmware", "uefi")
    assert " --hostname=gold\n" in text
    assert "\ntree\n" in text
    assert "part /boot/efi " in text
    assert text.endswith("%end\n")


def test_an_own_folder_is_searched_first(tmp_path: Path) -> None:
    (tmp_path / "centos7.ks.j2").write_text("mine {{ nonce }}\n")
    common = Context(settings=Settings(kickstarts=tmp_path), monitor=SilentMonitor())
    assert run("render", "centos7", common=common) == f"mine {NONCE}\n"


@pytest.mark.parametrize("name", ["centos7", "rehearsal"])
def test_lint_of_a_release_prints_nothing(name: str) -> None:
    assert run("lint", name) == ""


@pytest.mark.parametrize(
    ("words", "severity"),
    [
        (["rhel9", "--set", "online=true"], "warning"),
        (["rhel9.6", "--set", "online=true"], "warning"),
        (["rhel7", "--profile", "cloud"], "note"),
        (["rhel9", "--set", "online=false"], ""),
        (["rehearsal9", "--medium", "minimal", "--profile", "tools"], ""),
        (["rehearsal9", "--set", "online=true"], "warning"),
        (["rocky9", "--set", "online=true"], ""),
        (["rocky9", "--profile", "cloud"], ""),
    ],
    ids=" ".join,
)
def test_online_is_said_to_do_nothing_where_no_repository_is_known(
    words: list[str], severity: str
) -> None:
    printed = run("lint", *words)
    assert printed.endswith("a row of your own can name some\n") is bool(severity)
    assert (f": {severity}: online adds nothing, for the row of {words[0]} names" in printed) is (
        bool(severity)
    )


def test_only_a_release_s_kickstart_must_report_by_itself(tmp_path: Path) -> None:
    fine = "cmdline\nlang C\ntimezone UTC\nrootpw --lock\nautopart\npoweroff\n"
    for name in ("x.ks", "centos7.ks.j2"):
        (tmp_path / name).write_text(fine)
    assert run("lint", str(tmp_path / "x.ks")) == ""
    common = Context(settings=Settings(kickstarts=tmp_path), monitor=SilentMonitor())
    assert "nothing reports success" in run("lint", "centos7", common=common)


def test_lint_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "x.ks"
    file.write_text("cmdline\nnosuch\nautopart\nrootpw --lock\npoweroff\n")
    result = CliRunner().invoke(app, ["lint", str(file)], obj=COMMON)
    assert isinstance(result.exception, KickstartError)
    assert f"{file}:2: error: Unknown command: nosuch\n" in result.stdout


def test_lint_takes_another_syntax(tmp_path: Path) -> None:
    file = tmp_path / "x.ks"
    file.write_text("cmdline\nauth --enableshadow\nautopart\nrootpw --lock\npoweroff\n")
    assert "error" not in run("lint", str(file))
    result = CliRunner().invoke(app, ["lint", str(file), "--syntax", "RHEL10"], obj=COMMON)
    assert f"{file}:2: error: auth has been removed: leave" in result.stdout


@pytest.mark.parametrize(
    ("said", "options", "removed", "first"),
    [
        ("#version=RHEL8\n", [], False, ""),
        ("#version=RHEL10  \n", [], True, ""),
        ("\n# mine\n#version=F40\n", [], True, ""),
        ("#version=rhel10\n", [], True, ""),
        ("#version=Red Hat Enterprise Linux 10.1\n", [], True, ""),
        ("#version=RHEL10\n", ["--syntax", "RHEL7"], False, ""),
        ("#version=NOPE\n", ["--syntax", "RHEL7"], False, ""),
        ("# #version=RHEL10\n", [], False, ""),
        ("#version=DEVEL\n", [], True, ":1: warning: DEVEL is read as F46; EL 7 wrote it as well"),
        ("", ["--syntax", "DEVEL"], True, ""),
    ],
)
def test_lint_takes_the_syntax_that_a_file_says(
    tmp_path: Path, said: str, options: list[str], removed: bool, first: str
) -> None:
    (file := tmp_path / "x.ks").write_text(f"{said}auth --enableshadow\n")
    result = CliRunner().invoke(app, ["lint", str(file), *options], obj=COMMON)
    assert ("auth has been removed" in result.stdout) is removed
    assert result.stdout.startswith(f"{file}{first}")


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("RHEL99", "Did you mean RHEL9? --syntax goes before what the file says."),
        ("", "Mend that line. --syntax goes before what the file says."),
        ("CentOS Stream 9", "Mend that line. --syntax goes before what the file says."),
    ],
)
def test_a_syntax_that_nobody_knows(tmp_path: Path, said: str, hint: str) -> None:
    (file := tmp_path / "x.ks").write_text(f"\n#version={said}\ncmdline\n")
    result = CliRunner().invoke(app, ["lint", str(file)], obj=COMMON)
    assert isinstance(result.exception, UsageError)
    message = f"Line 2 says #version={said}, which is no syntax of kickstarts."
    assert (result.exception.message, result.exception.hint) == (message, hint)


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (
            ["lint", "/nosuch/x.ks"],
            "Cannot read /nosuch/x.ks: No such file or directory.",
            "Check the path.",
        ),
        (
            ["lint", "centos"],
            "There is no file and no release 'centos'.",
            "Did you mean centos8?",
        ),
        (
            ["lint", "mine.ks.j2"],
            "mine.ks.j2 is a template, to be checked when it is filled in.",
            "`builder build RELEASE --kickstart mine.ks.j2 --dry-run` does both.",
        ),
        *[
            (
                ["lint", "mine.ks", option, value],
                f"{option} is not for mine.ks: a file is linted as it is.",
                f"Leave {option} out.",
            )
            for option, value in (
                ("--set", "a=b"),
                ("--profile", "cloud"),
                ("--profile", "minimal"),
                ("--medium", "dvd"),
                ("--firmware", "bios"),
            )
        ],
        (
            ["lint", "centos7", "--syntax", "NOPE"],
            "--syntax is not for centos7: a release has a syntax of its own.",
            "Leave --syntax out.",
        ),
        (["lint", "min.ks"], "There is no file and no release 'min.ks'.", "Did you mean mine.ks?"),
        (
            ["lint", "zzz"],
            "There is no file and no release 'zzz'.",
            f"Name a file by its path, or a release: {', '.join(catalogue.names())}.",
        ),
        (["render", "centos"], "There is no release 'centos'.", "Did you mean centos8?"),
        (["render", "centos7", "--set", "x"], "--set x has no value.", "Write --set x=VALUE."),
        (
            ["render", "centos7", "--medium", "minimum"],
            "centos7 has no medium 'minimum'.",
            "Did you mean minimal?",
        ),
    ],
)
def test_wrong_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mine.ks", "mine.ks.j2"):
        Path(name).touch()
    result = CliRunner().invoke(app, arguments, obj=COMMON)
    assert isinstance(result.exception, UsageError | ConfigError)
    assert (result.exception.message, result.exception.hint) == (message, hint)
