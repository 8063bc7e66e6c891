"""Settings: who wins, what is refused, where things are."""

import os
from pathlib import Path

import pytest

from builder import config
from builder.config import Settings
from builder.errors import ConfigError
from builder.paths import configured

HOME = {"HOME": "/home/ann"}


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def load(
    text: str | None = None, environ: dict[str, str] | None = None, **options: str | None
) -> Settings:
    file = None
    if text is not None:
        file = Path("given.toml")
        file.write_text(text)
    return config.load(file=file, environ={**HOME, **(environ or {})}, **options)


def test_root_has_the_classic_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert load() == Settings(
        uri="qemu:///system",
        iso_pool_path=Path("/data_kvm/iso"),
        store_pool_path=Path("/data_kvm/store"),
        cache=Path("/var/cache/builder"),
        state=Path("/var/lib/builder"),
    )


def test_a_user_has_a_home_and_xdg_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    data = Path("/home/ann/.local/share/builder")
    assert load() == Settings(
        uri="qemu:///session",
        iso_pool_path=data / "iso",
        store_pool_path=data / "store",
        cache=Path("/home/ann/.cache/builder"),
        state=Path("/home/ann/.local/state/builder"),
    )
    settings = load(environ={"XDG_DATA_HOME": "/d", "XDG_CACHE_HOME": "/c", "XDG_STATE_HOME": "/s"})
    assert settings.store_pool_path == Path("/d/builder/store")
    assert (settings.cache, settings.state) == (Path("/c/builder"), Path("/s/builder"))


def test_builds_are_the_same_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = load(environ={"BUILDER_STATE": "/s"})
    (tmp_path / "checkout" / "artifacts").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "checkout")
    there = load(environ={"BUILDER_STATE": "/s"})
    assert here.builds == there.builds == Path("/s/builds")
    assert here.runs == there.runs == Path("/s/runs")
    assert (here.artifacts, there.artifacts) == (None, tmp_path / "checkout" / "artifacts")


@pytest.mark.parametrize(
    ("text", "environ", "options", "winner"),
    [
        (None, {}, {}, "store"),
        ("store_pool = 'file'", {}, {}, "file"),
        ("store_pool = 'file'", {"BUILDER_STORE_POOL": "variable"}, {}, "variable"),
        (None, {"BUILDER_STORE_POOL": "variable"}, {"store_pool": "option"}, "option"),
        ("store_pool = 'file'", {}, {"store_pool": None}, "file"),
    ],
)
def test_precedence(
    text: str | None, environ: dict[str, str], options: dict[str, str | None], winner: str
) -> None:
    assert load(text, environ, **options).store_pool == winner


def test_builder_toml_is_found_here_before_the_home(tmp_path: Path) -> None:
    home = tmp_path / "config" / "builder" / "builder.toml"
    home.parent.mkdir(parents=True)
    home.write_text("iso_pool = 'home'")
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert load(environ=environ).iso_pool == "home"
    Path("builder.toml").write_text("iso_pool = 'here'")
    assert load(environ=environ).iso_pool == "here"
    assert load("iso_pool = 'given'", environ).iso_pool == "given"


def test_paths_and_numbers_are_read_from_text(tmp_path: Path) -> None:
    settings = load(
        "artifacts = 'out'\nidle_minutes = 2",
        {"BUILDER_CACHE": "c", "BUILDER_INSTALL_MINUTES": "1.5"},
    )
    assert (settings.artifacts, settings.cache) == (tmp_path / "out", tmp_path / "c")
    assert settings.deadlines.total_seconds == 90
    assert settings.deadlines.idle_seconds == 120


@pytest.mark.parametrize(
    ("text", "environ", "sentence"),
    [
        ("stor_pool = 'x'", {}, r"There is no setting 'stor_pool': given\.toml\.$"),
        ("iso_pool_path = 5", {}, r"iso_pool_path in given\.toml must be a path, not 5\.$"),
        ("trusted_key = 5", {}, r"trusted_key in given\.toml must be a path, not 5\.$"),
        ("iso_pool = 5", {}, r"iso_pool in given\.toml must be a text, not 5\.$"),
        ("idle_minutes = 'soon'", {}, r"idle_minutes in given\.toml must be a number of minutes"),
        ("", {"BUILDER_IDLE_MINUTES": "x"}, r"BUILDER_IDLE_MINUTES must be a number .* not 'x'\.$"),
        ("idle_minutes = 5", {"BUILDER_IDLE_MINUTES": "0"}, "BUILDER_IDLE_MINUTES must be"),
        ("", {"BUILDER_BOOT_MINUTES": "-1"}, "BUILDER_BOOT_MINUTES must be"),
        ("", {"BUILDER_INSTALL_MINUTES": "nan"}, "BUILDER_INSTALL_MINUTES must be"),
        ("install_minutes = inf", {}, r"install_minutes in given\.toml must be"),
        ("", {"BUILDER_NETWORK": "default"}, "BUILDER_NETWORK: Guests cannot join the network"),
        ("network = 'bridge:'", {}, r"network in given\.toml: Guests cannot join the network"),
        ("network = 'ethernet:eth0'", {}, "cannot join the network"),
        ("network = 'bridge:a\"/>'", {}, "cannot join the network"),
        ("network = 'bridge:longer-than-linux-allows'", {}, "cannot join the network"),
        ("network = 'network:a/b'", {}, "cannot join the network"),
        ("\n= 5", {}, r"given\.toml is not TOML: .*line 2"),
        ("phases = 5", {}, r"phases in given\.toml is wrong"),
        ("[phases.boot]\nminute = 5", {}, r"phases in given\.toml is wrong: .*`minute`"),
        ("[iso_pool]\nname = 'x'", {}, "iso_pool"),
    ],
)
def test_refused(text: str, environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        load(text, environ)
    assert caught.value.hint


def test_what_may_have_been_meant(tmp_path: Path) -> None:
    Path("builder.toml").write_text("stor_pool = 'x'")
    with pytest.raises(ConfigError, match=f"{tmp_path}/builder.toml") as caught:
        load()
    assert caught.value.hint == "Did you mean store_pool?"
    Path("builder.toml").write_text("idle_minutes = 'x'")
    with pytest.raises(ConfigError, match=f"idle_minutes in {tmp_path}/builder.toml must be"):
        load()
    with pytest.raises(ConfigError, match="--uri must be a text"):
        config.load(environ={"BUILDER_IDLE_MINUTES": "5"}, uri=5)


@pytest.mark.parametrize(("user", "found"), [(0, "etc"), (1000, "iso")])
def test_root_has_a_file_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, found: str
) -> None:
    (tmp_path / "etc/releases").mkdir(parents=True)
    (tmp_path / "etc/builder.toml").write_text("iso_pool = 'etc'")
    monkeypatch.setattr(configured, "SYSTEM", tmp_path / "etc")
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert load().iso_pool == found
    assert load().release_folders == ((tmp_path / "etc/releases",) if user == 0 else ())
    Path("builder.toml").write_text("iso_pool = 'here'")
    assert load().iso_pool == "here"


def test_own_releases_are_in_the_folder_of_a_setting_then_beside_the_users_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    beside = tmp_path / "config/builder/releases"
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert load(environ=environ).release_folders == ()
    beside.mkdir(parents=True)
    assert load(environ=environ).release_folders == (beside,)
    assert load("releases = 'mine'", environ).release_folders == (tmp_path / "mine", beside)
    named = load(environ={**environ, "BUILDER_RELEASES": str(beside)})
    assert (named.releases, named.release_folders) == (beside, (beside,))
    with pytest.raises(ConfigError, match="There is no setting 'release_folders'"):
        load("release_folders = ['x']")


@pytest.mark.parametrize(
    "network", ["user", "none", "network:default", "network:my net", "bridge:br0.5"]
)
def test_networks(network: str) -> None:
    assert load(environ={"BUILDER_NETWORK": network}).network == network


def test_files_that_cannot_be_read() -> None:
    with pytest.raises(ConfigError, match=r"Cannot read missing\.toml: No such file"):
        config.load(file=Path("missing.toml"), environ=HOME)
    with pytest.raises(ConfigError, match=r"Cannot read \.: Is a directory"):
        config.load(file=Path(), environ=HOME)
    Path("latin.toml").write_bytes(b"iso_pool = '\xe4'")
    with pytest.raises(ConfigError, match=r"latin\.toml: it is no text in UTF-8"):
        config.load(file=Path("latin.toml"), environ=HOME)


def test_phases_have_limits_of_their_own_in_the_file_alone() -> None:
    text = "idle_minutes = 5\n[phases.stage-2]\nminutes = 20\n[phases.packages]\nidle_minutes = 9\n"
    found = load(text, {"BUILDER_PHASES": "{}"}).deadlines
    assert (found.of("stage 2").phase_seconds, found.of("stage 2").idle_seconds) == (1200, 300)
    assert found.of("packages").idle_seconds == 540
    assert found.of("boot").idle_seconds == 300
    with pytest.raises(ConfigError, match="phases"):
        load("[phases.nosuch]\nminutes = 1\n")


def test_paths_in_a_file_are_seen_from_its_folder_and_others_from_here(tmp_path: Path) -> None:
    Path("sub").mkdir()
    file = Path("sub/given.toml")
    file.write_text("state = 's'\nkickstarts = '/abs'\nreleases = 'r'\niso_pool = 'x'\n")
    settings = config.load(file=file, environ={**HOME, "BUILDER_CACHE": "c"}, store_pool_path="p")
    assert settings.state == tmp_path / "sub/s"
    assert settings.kickstarts == Path("/abs")
    assert settings.release_folders == (tmp_path / "sub/r",)
    assert (settings.cache, settings.store_pool_path) == (tmp_path / "c", tmp_path / "p")
    assert settings.iso_pool == "x"


def test_a_path_of_a_file_that_goes_up_is_what_the_file_system_says(tmp_path: Path) -> None:
    (tmp_path / "far/images").mkdir(parents=True)
    Path("images").symlink_to(tmp_path / "far/images")
    file = Path("images/given.toml")
    file.write_text("iso_pool_path = '../iso'\nstate = 's'\nkickstarts = 'a/../k'\n")
    settings = config.load(file=file, environ=HOME)
    assert settings.iso_pool_path == tmp_path / "far/iso"
    assert settings.state == tmp_path / "images/s", "links stay where nothing goes up"
    assert settings.kickstarts == tmp_path / "far/images/k"


def test_a_pipe_is_in_no_folder(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as file:
        file.write("state = 's'\n")
    try:
        assert config.load(file=Path(f"/dev/fd/{reading}"), environ=HOME).state == tmp_path / "s"
    finally:
        os.close(reading)
