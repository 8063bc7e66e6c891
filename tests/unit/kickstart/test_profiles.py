"""Profiles: those that come with us, and bad ones."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.errors import ConfigError, UsageError
from builder.kickstart import library, profiles, texts
from builder.kickstart.library import Library
from builder.kickstart.render import render
from builder.model.kickstart import CheckFile, Profile
from builder.monitor import SilentMonitor
from builder.releases import catalogue
from tests.monitors import Heard
from tests.orders import ordered
from tests.users import as_a_user

CENTOS7 = catalogue.find("centos7")
REHEARSAL = catalogue.find("rehearsal")
RELEASES = Library().releases(monitor=SilentMonitor())
FAMILIES = {each.family for each in RELEASES}
LIBVIRTD = ("sshd", "libvirtd", "tuned")


def write(folder: Path, name: str, text: str) -> Path:
    (folder / "profiles").mkdir(parents=True, exist_ok=True)
    (folder / "profiles" / f"{name}.toml").write_text(text)
    return folder


def test_profiles_fit_their_releases() -> None:
    every = Library().profiles(monitor=SilentMonitor())
    fit = {each.name for each in every if each.fits(CENTOS7)}
    assert {"minimal", "kvm-host", "tools"} <= fit
    assert "kvm-host" not in {each.name for each in every if each.fits(REHEARSAL)}
    for profile in every:
        assert profile.title
        assert set(profile.releases) <= {*catalogue.names(), *FAMILIES}
        assert set(profile.family) <= FAMILIES
        assert set(profile.medium) <= {key for each in RELEASES for key in each.media}


PODMAN = ("aardvark-dns", "buildah", "passt", "podman", "skopeo")
"""Without weak dependencies containers would not find each other, nor users the network."""


@pytest.mark.parametrize(
    ("release", "profile", "medium", "expected"),
    [
        ("centos7", "kvm-host", "dvd", {"online": True, "services_enabled": LIBVIRTD}),
        ("rocky8", "kvm-host", "dvd", {"online": False, "services_enabled": LIBVIRTD}),
        ("rocky9", "kvm-host", "minimal", {"online": True}),
        ("rocky9", "kvm-host", "dvd", {"online": False}),
        ("rocky9", "tools", "minimal", {"online": True}),
        ("alma10", "tools", "boot", {"online": False}),  # such media need no asking
        ("fedora44", "cloud", "dvd", {"online": True}),
        ("fedora44", "server", "dvd", {"online": False}),
        ("oracle7", "server", "dvd", {"packages": ("@^infrastructure-server-environment",)}),
        ("rhel10", "server", "dvd", {"packages": ("@^server-product-environment",)}),
        ("rocky8", "podman", "dvd", {"packages": ("buildah", "podman", "skopeo")}),
        ("rocky9", "podman", "dvd", {"packages": PODMAN}),
    ],
)
def test_families_and_media_have_variables_of_their_own(
    release: str, profile: str, medium: str, expected: dict[str, object]
) -> None:
    values = render(ordered(release, profile=profile, medium=medium)).values
    assert {name: values[name] for name in expected} == expected


def test_what_is_given_goes_before_a_profile_s_families_and_media() -> None:
    order = ordered("rocky9", profile="tools", variables={"online": "no", "packages": "vim"})
    values = render(order).values
    assert (values["online"], values["packages"]) == (False, ("vim",))


@pytest.mark.parametrize(
    ("releases", "fitting"),
    [
        ([], ["centos7", "centos8", "rehearsal"]),
        (["el7"], ["centos7"]),  # a rehearsal is of EL 7's family for its installer's sake
        (["rehearsal"], ["rehearsal"]),
        (["el7", "rehearsal"], ["centos7", "rehearsal"]),
        (["centos8"], ["centos8"]),
    ],
)
def test_a_profile_is_for_families_and_for_releases(
    releases: list[str], fitting: list[str]
) -> None:
    profile = Profile(releases=tuple(releases))
    names = ("centos7", "centos8", "rehearsal")
    assert [each for each in names if profile.fits(catalogue.find(each))] == fitting


def test_a_misspelt_key_is_said(tmp_path: Path) -> None:
    own = write(tmp_path, "mine", 'titel = "x"\n')
    with pytest.raises(ConfigError, match=r"mine\.toml: there is no key 'titel'") as caught:
        Library(own).profile("mine", CENTOS7)
    assert caught.value.hint == "Did you mean title?"


def test_a_misspelt_family_is_said(tmp_path: Path) -> None:
    own = write(tmp_path, "mine", "[family.el70.variables]\nonline = true\n")
    with pytest.raises(ConfigError, match=r"mine\.toml: there is no family 'el70'") as caught:
        Library(own).profile("mine", CENTOS7)
    assert caught.value.hint == "Did you mean el7?"


def test_a_misspelt_medium_is_said(tmp_path: Path) -> None:
    own = write(tmp_path, "mine", "[medium.minmal.variables]\nonline = true\n")
    with pytest.raises(ConfigError, match="no release has a medium 'minmal'") as caught:
        Library(own).profile("mine", CENTOS7)
    assert caught.value.hint == "Did you mean minimal?"


def test_a_medium_of_other_releases_is_none_of_a_mistake(tmp_path: Path) -> None:
    own = write(tmp_path, "mine", "[medium.boot.variables]\nonline = true\n")
    assert "boot" not in CENTOS7.media
    assert Library(own).profile("mine", CENTOS7).medium


def test_a_variable_that_is_wrong_for_one_family_is_named_with_it(tmp_path: Path) -> None:
    own = Library(write(tmp_path, "mine", "[family.el7.variables]\nonlin = true\n"))
    render(ordered("rocky9", profile="mine", library=own))
    with pytest.raises(ConfigError, match="profile mine, family el7") as caught:
        render(ordered("centos7", profile="mine", library=own))
    assert caught.value.hint == "Did you mean online?"


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("kvm-hots", "There is no profile 'kvm-hots'.", "Did you mean kvm-host?"),
        ("podman", "The profile podman is not for rehearsal.", "It is for el8, el9, el10, fedora."),
        ("../minimal", "There is no profile '../minimal'.", "Did you mean minimal?"),
    ],
)
def test_a_profile_that_does_not_fit(name: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        Library().profile(name, REHEARSAL)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_an_own_profile_hides_ours(tmp_path: Path) -> None:
    own = write(tmp_path, "minimal", 'title = "Mine"\n')
    assert Library(own).profile("minimal", CENTOS7).title == "Mine"
    assert Library(own).profile("kvm-host", CENTOS7).name == "kvm-host"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become a user")
def test_profiles_that_cannot_be_read_are_not_none(tmp_path: Path) -> None:
    own = write(tmp_path, "mine", 'title = "Mine"\n')
    (own / "profiles").chmod(0)
    with as_a_user(own), pytest.raises(ConfigError, match=r"Cannot read .*/profiles: Permission"):
        profiles.find([own], "mine", release=CENTOS7)


@pytest.mark.parametrize("text", ["title = 1", "[variables", "releases = 'centos7'"])
def test_a_wrong_profile_is_refused(tmp_path: Path, text: str) -> None:
    own = write(tmp_path, "mine", text)
    with pytest.raises(ConfigError, match=r"mine\.toml is (wrong|not TOML)"):
        Library(own).profile("mine", CENTOS7)


@pytest.mark.parametrize(
    ("lay", "why"),
    [
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
        (lambda path: path.symlink_to(f"{path.parent}/{'n' * 300}"), "File name too long"),
        (lambda path: path.write_text("titel = 'x'"), "titel"),
        (lambda path: path.write_text("a = 1\nb = ="), "at line 2, column 5"),
        (lambda path: path.write_bytes(b"\xff"), "no text in UTF-8"),
        (lambda path: path.write_text("a." * 400 + "b = 1"), "dots"),
    ],
)
def test_only_who_names_a_bad_profile_is_refused(
    tmp_path: Path, lay: Callable[[Path], object], why: str
) -> None:
    own = write(tmp_path, "good", 'title = "Good"\n')
    lay(own / "profiles" / "bad.toml")
    assert Library(own).profile("good", CENTOS7).title == "Good"
    with pytest.raises(ConfigError, match=why):
        Library(own).profile("bad", CENTOS7)
    heard = Heard()
    names = [each.name for each in Library(own).profiles(monitor=heard)]
    assert {"good", "minimal"} <= set(names)
    assert "bad" not in names
    [(kind, text, _)] = heard.told
    assert (kind, why in text, "bad.toml" in text) == ("warning", True, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become a user")
def test_a_link_into_a_closed_folder_stops_nobody_else(tmp_path: Path) -> None:
    own = write(tmp_path, "good", 'title = "Good"\n')
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "file").touch()
    for link in (own / "profiles" / "bad.toml", own / "bad.ks.j2"):
        link.symlink_to(tmp_path / "closed" / "file")
    (tmp_path / "closed").chmod(0)
    with as_a_user(own):
        assert profiles.find([own], "good", release=CENTOS7).title == "Good"
        with pytest.raises(ConfigError, match="Permission denied"):
            profiles.find([own], "bad", release=CENTOS7)
        assert "profiles/good.toml" in texts.gather([own], "x.j2", "{% include x %}")[0]


def test_a_folder_of_the_settings_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    for name in ("gone", "file", "file/x", "loop"):
        with pytest.raises(ConfigError, match=name) as caught:
            library.library(tmp_path / name)
        assert "BUILDER_KICKSTARTS" in caught.value.hint
    assert library.library(tmp_path).own == tmp_path
    assert library.library(None).own is None


def test_an_installed_wheel_brings_its_own_kickstarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "builder"
    monkeypatch.setattr(library, "_PACKAGE", package)
    assert Library().folders == (tmp_path / "site-packages" / "kickstarts",)
    (package / "data" / "kickstarts").mkdir(parents=True)
    assert Library(tmp_path).folders == (tmp_path, package / "data" / "kickstarts")


def test_checks_are_named_from_the_folder_of_profiles_and_may_read_it(tmp_path: Path) -> None:
    own = write(tmp_path / "own", "web", 'checks = ["checks/a/up.sh", "checks/test_web.py"]\n')
    for name in ("conftest.py", "checks/lib.sh", "checks/test_web.py", "elsewhere/data"):
        (own / name).parent.mkdir(exist_ok=True)
        (own / name).touch()
    (own / "checks/a").mkdir()
    (own / "checks/a/up.sh").touch(0o755)
    (own / "checks/a/round").symlink_to("..")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/expected").write_bytes(b"\xff")
    (own / "checks/linked").symlink_to(tmp_path / "linked")
    found = Library(own).checks(Library(own).profile("web", CENTOS7))
    assert found.programs == ("checks/a/up.sh", "checks/test_web.py")
    names = {"conftest.py", "checks/lib.sh", "checks/test_web.py", "checks/linked/expected"}
    assert set(found.files) == names | {"checks/a/up.sh"}
    assert found.files["checks/linked/expected"] == CheckFile(content=b"\xff", executable=False)
    assert found.files["checks/a/up.sh"] == CheckFile(content=b"", executable=True)


def test_folders_nested_beyond_reason_are_left_out(tmp_path: Path) -> None:
    own = write(tmp_path / "own", "web", 'checks = ["checks/up.sh"]\n')
    deep = own / "checks" / "/".join(["x"] * 500)
    deep.mkdir(parents=True)
    for each in (own / "checks/up.sh", own / "checks/x/x/near", deep / "far"):
        each.touch(0o755)
    found = Library(own).checks(Library(own).profile("web", CENTOS7))
    assert set(found.files) == {"checks/up.sh", "checks/x/x/near"}


def test_checks_may_lie_anywhere(tmp_path: Path) -> None:
    own = write(tmp_path / "own", "web", f'checks = ["../a/up.sh", "{tmp_path}/b/up.sh"]\n')
    for name, beside in (("a", "lib.sh"), ("b", "huge")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "up.sh").touch(0o755)
        (tmp_path / name / beside).touch()
    with (tmp_path / "b/huge").open("wb") as file:
        file.truncate(17 << 20)
    found = Library(own).checks(Library(own).profile("web", CENTOS7))
    assert found.programs == ("a/up.sh", "b/up.sh")
    assert set(found.files) == {"a/up.sh", "a/lib.sh", "b/up.sh"}


@pytest.mark.parametrize(
    ("name", "size", "said"), [("disk.img", 17 << 20, "too large"), ("\udcff", 0, "no text")]
)
def test_what_cannot_go_along_with_checks_is_said(
    tmp_path: Path, name: str, size: int, said: str
) -> None:
    own = write(tmp_path, "web", 'checks = ["up.py"]\n')
    (own / "up.py").touch()
    with (own / name).open("wb") as file:
        file.truncate(size)
    with pytest.raises(ConfigError, match=said) as caught:
        Library(own).checks(Library(own).profile("web", CENTOS7))
    assert "a folder of their own" in caught.value.hint


@pytest.mark.parametrize("name", ["gone.sh", "plain.sh"])
def test_a_check_that_cannot_run(tmp_path: Path, name: str) -> None:
    own = write(tmp_path, "web", f'checks = ["{name}"]\n')
    (tmp_path / "plain.sh").touch(0o644)
    with pytest.raises(ConfigError, match=f"the check {name} is no program") as caught:
        Library(own).profile("web", CENTOS7)
    assert str(tmp_path / name) in caught.value.hint
