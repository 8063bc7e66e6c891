"""Commands against libvirt's in-process test driver, and what starting costs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_pools import printed

from builder.cli import app
from builder.kickstart.library import Library
from builder.recipes.order import Request, resolve
from builder.recipes.steps import STEPS
from builder.virt.connection import connect
from tests.hosts import URI
from tests.opening import KICKSTART, TOKEN, told

HEAVY = ("libvirt", "pycdlib", "jinja2", "pykickstart", "requests", "tqdm", "pydantic")


@pytest.fixture(autouse=True)
def _libvirt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Keep one connection open: the test driver forgets everything with the last one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUILDER_URI", URI)
    monkeypatch.setenv("BUILDER_ISO_POOL_PATH", str(tmp_path / "iso"))
    monkeypatch.setenv("BUILDER_STORE_POOL_PATH", str(tmp_path / "store"))
    with connect(URI):
        yield


def test_pools(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = printed(capsys, "pool", "init").splitlines()
    assert [line.split(",")[0] for line in lines] == [
        f"iso: {tmp_path / 'iso'}",
        f"store: {tmp_path / 'store'}",
    ]
    table = printed(capsys, "pool", "list").splitlines()
    assert table[0].split() == ["NAME", "STATE", "AUTOSTART", "FREE", "PATH"]
    assert [line.split()[0] for line in table[1:]] == ["default-pool", "iso", "store"]
    listed = json.loads(printed(capsys, "pool", "list", "--json"))
    assert {pool["name"]: pool["path"] for pool in listed}["iso"] == str(tmp_path / "iso")


def test_volumes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    printed(capsys, "pool", "init")
    path = printed(capsys, "volume", "create", "data.qcow2", "20")
    assert path == f"{tmp_path / 'store' / 'data.qcow2'}\n"
    assert "data.qcow2  volume  qcow2   20.0 GiB" in printed(capsys, "volume", "list")
    (volume,) = json.loads(printed(capsys, "volume", "list", "--json"))
    assert volume["capacity"] == 20 * 2**30
    assert json.loads(printed(capsys, "volume", "list", "--pool", "iso", "--json")) == []
    assert app.run(["volume", "delete", "data.qcow2"]) == 4  # the test driver makes no files
    assert "we do not" in capsys.readouterr().err
    Path(path.strip()).touch()
    assert app.run(["volume", "delete", "data.qcow2"]) == 0
    # Which the test driver has, and whose folder is nowhere.
    assert "images in the pool default-pool, which is away, may need it" in capsys.readouterr().err
    assert json.loads(printed(capsys, "volume", "list", "--json")) == []


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["volume", "list"], "There is no storage pool store."),
        (["volume", "create", "x.qcow2", "1", "--pool", "nosuch"], "no storage pool nosuch"),
        (["volume", "delete", "x", "--pool", "default-pool"], "There is no volume x"),
        (["template", "list"], "There is no storage pool store."),
        (["--uri", "nosuch:///x", "pool", "list"], "Cannot connect to libvirt at nosuch:///x"),
        (["--uri", "nosuch:///x", "build", "centos7"], "Cannot connect to libvirt at nosuch:///x"),
    ],
)
def test_refusals(capsys: pytest.CaptureFixture[str], argv: list[str], sentence: str) -> None:
    assert app.run(argv) == 4
    captured = capsys.readouterr()
    error, hint = captured.err.splitlines()
    assert captured.out == ""
    assert error.startswith("error: ")
    assert sentence in error
    assert hint.startswith("hint: ")


@pytest.mark.parametrize("uri", [URI, "nosuch:///x"])
@pytest.mark.parametrize("release", ["centos7", "rehearsal"])
def test_a_dry_run_prints_the_plan_and_touches_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, release: str, uri: str
) -> None:
    assert app.run(["--uri", uri, "build", release, "--dry-run"]) == 0
    captured = capsys.readouterr()
    looked, rest = captured.out.split("\n\n# plan\n")
    assert looked.startswith("# preflight\n")
    plan, rest = rest.split("\n\n# kickstart\n")
    kickstart, domain = rest.split("\n# domain\n")
    order = resolve(Request(release=release), Library(), environ={})
    titles = [f"{number}. {step.title(order)}: " for number, step in enumerate(STEPS, start=1)]
    told = zip(plan.splitlines(), titles, strict=True)
    assert all(line.startswith(title) for line, title in told)
    assert "%packages" in kickstart
    assert "poweroff" in kickstart
    assert domain.startswith("<domain ")
    assert "The preview assumes a host with KVM" in captured.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("network", "words", "code"),
    [
        ("bridge:no-such-br", (), 4),
        ("network:none-such", (), 4),
        ("user", ("--sign", "/nowhere.key"), 3),
        ("user", ("--sign", __file__), 3),
    ],
)
def test_a_dry_run_refuses_what_a_build_would(
    network: str, words: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILDER_NETWORK", network)
    assert app.run(["--uri", URI, "build", "centos7", "--dry-run", *words]) == code


def test_a_dry_run_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["--uri", URI, "build", "centos7", "--dry-run", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown.keys() == {"preflight", "steps", "kickstart", "domain_xml"}
    assert len(shown["steps"]) == len(STEPS)


def test_an_iso_that_nobody_names_cannot_be_unverified(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["build", "centos7", "--allow-unverified", "--dry-run"]) == 2
    assert "Name that with --iso FILE." in capsys.readouterr().err


def test_a_dry_run_shows_what_was_asked_for_and_no_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILDER_ROOT_PASSWORD", "correct horse")
    sizes = ["--memory-mib", "3333", "--vcpus", "3", "--disk-gib", "33", "--firmware", "uefi"]
    assert app.run(["build", "centos7", "--medium", "dvd", "--dry-run", *sizes]) == 0
    captured = capsys.readouterr()
    assert '<memory unit="MiB">3333</memory>' in captured.out
    assert "<vcpu>3</vcpu>" in captured.out
    assert 'firmware="efi"' in captured.out
    assert "BUILD.qcow2, 33 GiB" in captured.out
    assert "CentOS-7-x86_64-DVD-2009.iso" in captured.out
    assert "rootpw --iscrypted **masked**" in captured.out
    assert "correct horse" not in captured.out + captured.err
    assert "$6$" not in captured.out + captured.err


def test_a_dry_run_and_the_linter_tell_no_secret_of_a_kickstart_at_hand(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert app.run(["build", "rehearsal", "--kickstart", str(KICKSTART), "--dry-run"]) == 0
    said = capfd.readouterr()
    assert told(said.out + said.err) == []
    assert TOKEN in said.out
    assert "a password in clear text: use --iscrypted" in said.err


def test_what_is_added_to_a_kickstart_at_hand_is_no_reason_to_warn(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fine = "cmdline\ncdrom\nlang C\ntimezone UTC\nrootpw --lock\nautopart\npoweroff\n"
    (tmp_path / "own.ks").write_text(f"{fine}%packages\n@core\n%end\n")
    words = ["build", "rehearsal", "--kickstart", str(tmp_path / "own.ks"), "--dry-run"]
    assert app.run(words) == 0
    assert "of the kickstart:" not in capfd.readouterr().err


def test_a_build_tells_every_error_of_its_kickstart(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fine = "cmdline\ncdrom\nlang C\ntimezone UTC\nrootpw --lock\nautopart\npoweroff\n"
    (tmp_path / "own.ks").write_text(f"{fine}one\ntwo\n")
    words = ["build", "rehearsal", "--kickstart", str(tmp_path / "own.ks"), "--dry-run"]
    assert app.run(words) == 6
    said = capfd.readouterr()
    assert "problem  kickstart" in said.out
    assert said.err.splitlines()[-3:] == [
        "    error: line 9 of the kickstart: Unknown command: two",
        "error: own.ks, line 8: Unknown command: one.",
        "hint: Mend the kickstart; errors: 2 in all.",
    ]


@pytest.mark.parametrize("umask", ["000", "077"])
def test_modes_do_not_depend_on_the_umask(umask: str, tmp_path: Path) -> None:
    builder = f"{sys.executable} -m builder"
    script = f"umask {umask}; {builder} pool init && {builder} host run -- sh -c umask"
    done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=True)
    modes = {(tmp_path / name).stat().st_mode & 0o777 for name in ("iso", "store")}
    assert modes == {0o755}
    assert done.stdout.split()[-1] == f"0{umask}"  # a program of the user's has the user's


def test_starting_is_cheap() -> None:
    script = (
        "import sys\n"
        "from builder.cli import app\n"
        "assert app.run(['--help']) == 0\n"
        "print('HEAVY', *sorted(set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.rpartition("HEAVY")[2].split())
    assert loaded & set(HEAVY) == set()


def test_the_module_is_the_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "builder", "build", "nosuch"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: There is no release 'nosuch'.\nhint: ")
