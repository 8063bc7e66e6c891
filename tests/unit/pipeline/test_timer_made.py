"""What a timer is made of: the same wherever it is typed."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from builder import config
from builder.errors import BuilderError, ConfigError, UsageError
from builder.kickstart.library import Library
from builder.pipeline.timer import PATH, Timer
from builder.pipeline.timer_made import Asked, made

PIPELINE = 'title = "Mine"\n[[build]]\nrelease = "centos7"\n'
NIGHTLY = Asked(file="nightly", at="02:30")


def timer(
    asked: Asked = NIGHTLY, environ: Mapping[str, str] | None = None, *, home: Path = Path("/root")
) -> Timer:
    known = {"HOME": str(home), **(environ or {})}
    settings = config.load(file=asked.config_file, environ=known, uri=asked.uri)
    return made(asked, settings, Library(), environ=known)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that one stands in, with a pipeline of one's own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(PIPELINE)
    return tmp_path


def test_ours_are_known_by_their_names(here: Path) -> None:
    found = timer(home=here)
    assert (found.name, found.pipeline) == ("nightly", "nightly")
    assert found.command == (sys.executable, "-P", "-m", "builder", "pipeline", "run", "nightly")
    assert found.environment == {"HOME": str(here), "PATH": PATH}


def test_the_users_are_known_by_their_paths(here: Path) -> None:
    found = timer(Asked(file="mine.toml", at="02:30"), home=here)
    assert (found.name, found.pipeline) == ("mine", str(here / "mine.toml"))
    assert found.command[-1] == str(here / "mine.toml")


@pytest.mark.parametrize("given", ["builder.toml", None])
def test_settings_that_count_are_named(here: Path, given: str | None) -> None:
    (here / "builder.toml").write_text('state = "state"\nstore_pool_path = "store"\n')
    found = timer(replace(NIGHTLY, config_file=Path(given) if given else None), home=here)
    assert found.command[4:6] == ("--config", str(here / "builder.toml"))
    assert {here / "state", here / "store"} < {*found.writable}


def test_an_option_counts_for_more_than_a_variable() -> None:
    asked = replace(NIGHTLY, uri="qemu:///session")
    found = timer(asked, {"BUILDER_URI": "qemu:///system"})
    assert found.command[4:6] == ("--uri", "qemu:///session")
    assert found.guests_below


@pytest.mark.parametrize(
    ("environ", "kept"),
    [
        ({"BUILDER_NETWORK": "none"}, {"BUILDER_NETWORK": "none"}),
        ({"BUILDER_INSTALL_MINUTES": "45"}, {"BUILDER_INSTALL_MINUTES": "45.0"}),
        ({"BUILDER_STATE": "s"}, {"BUILDER_STATE": "{here}/s"}),
        ({"BUILDER_KICKSTARTS": "k"}, {"BUILDER_KICKSTARTS": "{here}/k"}),
        ({"https_proxy": "http://proxy:3128"}, {"https_proxy": "http://proxy:3128"}),
        ({"NO_PROXY": "localhost"}, {"NO_PROXY": "localhost"}),
        ({"XDG_STATE_HOME": "/srv/state"}, {"XDG_STATE_HOME": "/srv/state"}),
        ({"BUILDER_NOSUCH": "x", "LANG": "de_DE", "PATH": "/mine", "EDITOR": "vi"}, {}),
    ],
)
def test_variables(here: Path, environ: Mapping[str, str], kept: Mapping[str, str]) -> None:
    always = {"HOME": str(here), "PATH": PATH}
    wanted = {name: value.format(here=here) for name, value in kept.items()}
    assert timer(environ=environ, home=here).environment == always | wanted


def test_artifacts_of_the_folder_are_named(here: Path) -> None:
    (here / "artifacts").mkdir()
    found = timer(home=here)
    assert found.environment["BUILDER_ARTIFACTS"] == str(here / "artifacts")
    assert here / "artifacts" in found.writable


@pytest.mark.parametrize(
    "environ",
    [
        {"BUILDER_ROOT_PASSWORD": "secret"},
        {"BUILDER_USER_PASSWORD": "secret"},
        {"BUILDER_SIGN_PASSPHRASE": "secret"},
        {"https_proxy": "http://me:secret@proxy"},
    ],
)
def test_no_secret_is_kept(here: Path, environ: Mapping[str, str]) -> None:
    name, *_ = environ
    with pytest.raises(UsageError, match=name) as caught:
        timer(environ=environ, home=here)
    assert "secret@" not in str(caught.value)
    secrets = here / "night.env"
    secrets.touch(mode=0o600)
    found = timer(replace(NIGHTLY, environment_file=Path("night.env")), environ, home=here)
    assert found.environment_file == secrets
    assert name not in found.environment


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_secrets_that_others_may_read(here: Path, mode: int) -> None:
    secrets = here / "night.env"
    secrets.touch()
    secrets.chmod(mode)
    with pytest.raises(ConfigError, match="read by others"):
        timer(replace(NIGHTLY, environment_file=secrets), home=here)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (replace(NIGHTLY, file="nosuch"), "no pipeline"),
        (replace(NIGHTLY, delay="later"), "delayed"),
        (replace(NIGHTLY, delay="1h\n[Service]"), "delayed"),
        (replace(NIGHTLY, name="a/b"), "named"),
        (replace(NIGHTLY, name="@"), "named"),
        (replace(NIGHTLY, on_failure="mail"), "no unit"),
        (replace(NIGHTLY, on_failure="a.service b.service"), "no unit"),
        (replace(NIGHTLY, environment_file=Path("/nonexistent")), "no file"),
        (replace(NIGHTLY, config_file=Path("/dev/null")), "no file"),
    ],
)
def test_what_is_refused(asked: Asked, said: str) -> None:
    with pytest.raises(BuilderError, match=said):
        timer(asked)


@pytest.mark.parametrize(
    ("text", "rehearses"),
    [
        (PIPELINE, False),
        (PIPELINE + '[[build]]\nrelease = "rehearsal9"\n', True),
        ('title = ""\n[[build]]\nrelease = "rehearsal"\niso = "made.iso"\n', False),
    ],
)
def test_rehearsals(here: Path, text: str, rehearses: bool) -> None:
    (here / "mine.toml").write_text(text)
    assert timer(Asked(file="mine.toml", at="02:30"), home=here).rehearses is rehearses


def test_it_is_the_same_wherever_it_is_typed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(file=str(here / "mine.toml"), at="02:30", config_file=here / "my.toml")
    (here / "my.toml").write_text('state = "state"\n')
    found = timer(asked, home=here)
    (here / "other").mkdir()
    (here / "other/builder.toml").write_text('state = "nosuch"\n')
    monkeypatch.chdir(here / "other")
    assert timer(asked, home=here) == found
    nearby = replace(asked, file="../mine.toml", config_file=Path("../my.toml"))
    assert timer(nearby, home=here) == found


def test_pools_are_where_libvirt_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    settings = config.load(environ={"HOME": "/root"})
    pools = (Path("/srv/iso"), Path("/srv/store"))
    found = made(NIGHTLY, settings, Library(), pools=pools, environ={"HOME": "/root"})
    assert found.writable == (*pools, settings.state, settings.cache)
