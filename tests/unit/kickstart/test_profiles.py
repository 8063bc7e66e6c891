"""Profiles: those that come with us, and bad ones."""

from pathlib import Path

import pytest

from builder.errors import ConfigError, UsageError
from builder.kickstart import folders, profiles
from builder.releases import catalogue

CENTOS7 = catalogue.find("centos7")
REHEARSAL = catalogue.find("rehearsal")


def write(folder: Path, name: str, text: str) -> Path:
    (folder / "profiles").mkdir(exist_ok=True)
    (folder / "profiles" / f"{name}.toml").write_text(text)
    return folder


def test_profiles_fit_their_releases() -> None:
    assert {"minimal", "kvm-host", "tools"} <= {each.name for each in profiles.available(CENTOS7)}
    assert "kvm-host" not in {each.name for each in profiles.available(REHEARSAL)}
    for profile in profiles.available(CENTOS7):
        assert profile.title
        assert set(profile.releases) <= set(catalogue.names())


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("kvm-hots", "There is no profile 'kvm-hots'.", "Did you mean kvm-host?"),
        ("kvm-host", "The profile kvm-host is not for rehearsal.", "It is for centos7."),
        ("../minimal", "There is no profile '../minimal'.", "Did you mean minimal?"),
    ],
)
def test_a_profile_that_does_not_fit(name: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        profiles.find(name, release=REHEARSAL)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_an_own_profile_hides_ours(tmp_path: Path) -> None:
    own = write(tmp_path, "minimal", 'title = "Mine"\n')
    assert profiles.find("minimal", release=CENTOS7, own=own).title == "Mine"
    assert profiles.find("kvm-host", release=CENTOS7, own=own).name == "kvm-host"


@pytest.mark.parametrize("text", ["titel = 'x'", "title = 1", "[variables", "releases = 'centos7'"])
def test_a_wrong_profile_is_refused(tmp_path: Path, text: str) -> None:
    own = write(tmp_path, "mine", text)
    with pytest.raises(ConfigError, match=r"mine\.toml is wrong"):
        profiles.find("mine", release=CENTOS7, own=own)


def test_an_installed_wheel_brings_its_own_kickstarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "builder"
    monkeypatch.setattr(folders, "_PACKAGE", package)
    assert folders.folders() == (tmp_path / "site-packages" / "kickstarts",)
    (package / "data" / "kickstarts").mkdir(parents=True)
    assert folders.folders(tmp_path) == (tmp_path, package / "data" / "kickstarts")


def test_checks_are_named_from_the_folder_of_profiles(tmp_path: Path) -> None:
    own = write(tmp_path, "web", 'checks = ["checks/up.sh", "checks/test_web.py"]\n')
    (tmp_path / "checks").mkdir()
    for name, mode in (("up.sh", 0o755), ("test_web.py", 0o644)):
        (tmp_path / "checks" / name).touch(mode)
    found = profiles.find("web", release=CENTOS7, own=own).checks
    assert found == (tmp_path / "checks/up.sh", tmp_path / "checks/test_web.py")


@pytest.mark.parametrize("name", ["gone.sh", "plain.sh"])
def test_a_check_that_cannot_run(tmp_path: Path, name: str) -> None:
    own = write(tmp_path, "web", f'checks = ["{name}"]\n')
    (tmp_path / "plain.sh").touch(0o644)
    with pytest.raises(ConfigError, match=f"the check {name} is no program") as caught:
        profiles.find("web", release=CENTOS7, own=own)
    assert str(tmp_path / name) in caught.value.hint
