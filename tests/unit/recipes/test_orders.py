"""From names to orders."""

import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from builder.errors import BuilderError, ConfigError, MediaError, UsageError
from builder.kickstart.library import Library
from builder.kickstart.render import render
from builder.model.kickstart import Variable
from builder.model.media import AtHand, Download
from builder.recipes.order import Request, pairs, resolve
from builder.recipes.unused import refuse_unused
from builder.releases import catalogue
from builder.releases.own import gathered
from tests.orders import LIBRARY, key, ordered

_WORDS = ("other", "C", "sdb", "ext4", "permissive", f"ssh-ed25519 {'A' * 32}")
GONE, ISO = Path("/nonexistent/file"), Path("x.iso")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], {}),
        (["a=1", "b=2"], {"a": "1", "b": "2"}),
        (["append=console=ttyS0"], {"append": "console=ttyS0"}),
        (["a="], {"a": ""}),
        (["a=1", "a=2"], {"a": "2"}),
    ],
)
def test_pairs(texts: list[str], expected: dict[str, str]) -> None:
    assert pairs(texts) == expected


@pytest.mark.parametrize(
    ("text", "name"), [("lang", "lang"), ("root_password:Tiger-77x", "root_password"), ("", "NAME")]
)
def test_a_pair_needs_a_value(text: str, name: str) -> None:
    with pytest.raises(UsageError, match=f"^--set {name} has no value.$") as caught:
        pairs(["a=1", text])
    assert caught.value.hint == f"Write --set {name}=VALUE."


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({}, "centos7"),
        ({"medium": "minimal"}, "centos7"),
        ({"medium": "dvd", "profile": "kvm-host"}, "centos7-dvd-kvm-host"),
        ({"firmware": "uefi"}, "centos7-uefi"),
        ({"firmware": "hybrid"}, "centos7-hybrid"),
        ({"secure_boot": True}, "centos7-uefi-secureboot"),
        ({"firmware": "hybrid", "secure_boot": True, "tpm": True}, "centos7-hybrid-secureboot-tpm"),
        ({"tpm": True, "profile": "kvm-host"}, "centos7-kvm-host-tpm"),
    ],
)
def test_the_name_tells_what_differs(asked: dict[str, Any], name: str) -> None:
    assert ordered(**asked).name == name


def test_a_medium_without_packages_needs_a_repository(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        '[corp9]\nextends = "rhel9"\nmedia.boot = { file = "boot.iso", network = true }\n'
    )
    library = Library(rows=gathered([tmp_path]))
    with pytest.raises(ConfigError, match=r"^boot\.iso has no packages, and the row of corp9 says"):
        ordered("corp9", library=library, medium="boot")
    assert ordered("corp9", library=library).variant == "dvd"
    own = tmp_path / "own.ks"
    own.write_text("url --url=https://mirror.example/\n")
    assert ordered("corp9", library=library, medium="boot", kickstart=own).variant == "boot"


def test_what_was_asked_for_is_in_the_order(tmp_path: Path) -> None:
    iso = tmp_path / "x.iso"
    iso.touch()
    order = ordered(
        medium="dvd",
        iso=iso,
        allow_unverified=True,
        variables={"lang": "de_DE.UTF-8"},
        memory_mib=3000,
        vcpus=3,
        disk_gib=33,
    )
    assert order.iso == AtHand(path=iso)
    assert (order.memory_mib, order.vcpus, order.capacity) == (3000, 3, 33 * 2**30)
    assert order.variables == {"lang": "de_DE.UTF-8"}
    assert order.medium == order.release.media["dvd"]


def test_what_an_iso_at_hand_must_have(tmp_path: Path) -> None:
    iso = tmp_path / "x.iso"
    iso.touch()
    digest = "ab" * 32
    given = AtHand(path=iso, sha256=digest, given=True)
    for release in ("centos7", "rocky9", "rhel9"):
        assert ordered(release, iso=iso, sha256=digest.upper()).iso == given
        assert ordered(release, iso=iso, allow_unverified=True).iso == AtHand(path=iso)
    known = catalogue.find("centos7").media["minimal"].sha256
    assert ordered("centos7", iso=iso).iso == AtHand(path=iso, sha256=known)
    row = catalogue.find("alma9")
    listed = Download(urls=row.urls, medium=row.media["minimal"], checksums=row.checksums)
    assert ordered("alma9", iso=iso).iso == AtHand(path=iso, known=listed)
    assert ordered("alma9").iso == listed
    assert getattr(ordered("centos-stream9").iso, "rolling", False)


def test_a_password_hash_goes_into_the_order_and_is_not_shown() -> None:
    hashed = f"$6$salt${'a' * 86}"
    environ = {"BUILDER_ROOT_PASSWORD": hashed}
    order = resolve(Request(release="centos7"), LIBRARY, environ=environ)
    assert order.secrets.root_password_hash == hashed
    assert hashed not in repr(order)


@pytest.mark.parametrize(
    ("asked", "error", "sentence", "hint"),
    [
        ({"release": "centos"}, UsageError, "no release 'centos'", "Did you mean centos8?"),
        ({"profile": "minimall"}, UsageError, "no profile 'minimall'", "Did you mean minimal?"),
        ({"medium": "dvdd"}, UsageError, "no medium 'dvdd'", "Did you mean dvd?"),
        ({"iso": GONE}, MediaError, f"There is no file {GONE}.", "--iso"),
        ({"iso": Path("/")}, MediaError, "/ is no file.", "--iso"),
        ({"iso": Path("/dev/null")}, MediaError, "/dev/null is no file.", "--iso"),
        ({"memory_mib": 10}, UsageError, "centos7 does not run in 10 MiB", "512 at least; 2048"),
        ({"memory_mib": 511}, UsageError, "does not run in 511 MiB", "512 at least"),
        (
            {"memory_mib": 1279, "medium": "netinstall"},
            UsageError,
            "does not run in 1279 MiB",
            "1280 at least",
        ),
        (
            {"kickstart": GONE},
            ConfigError,
            f"Cannot read {GONE}: No such file or directory.",
            "Check the path.",
        ),
        ({"root_password_file": GONE}, ConfigError, str(GONE), "Check the path."),
        (
            {"release": "rhel9", "iso": ISO},
            MediaError,
            "Nobody says which sha256 x.iso must have: Red Hat Enterprise Linux 9",
            "--sha256 HEX",
        ),
        ({"iso": ISO, "sha256": "ab"}, UsageError, "64 hexadecimal digits", "from the vendor"),
        (
            {"firmware": "bios", "secure_boot": True},
            UsageError,
            "BIOS has no Secure Boot.",
            "--firmware uefi or hybrid",
        ),
        ({"sha256": "ab" * 32}, UsageError, "--sha256 is for an ISO at hand.", "--iso FILE"),
        ({"allow_unverified": True}, UsageError, "--allow-unverified is for an ISO", "--iso FILE"),
        (
            {"iso": ISO, "sha256": "ab" * 32, "allow_unverified": True},
            UsageError,
            "--sha256 and --allow-unverified contradict each other.",
            "Leave one out.",
        ),
    ],
)
def test_refused(
    asked: dict[str, Any], error: type[BuilderError], sentence: str, hint: str, tmp_path: Path
) -> None:
    if asked.get("iso") == ISO:
        (iso := tmp_path / ISO).touch()
        asked = asked | {"iso": iso}
    with pytest.raises(error) as caught:
        ordered(**asked)
    assert sentence in caught.value.message
    assert hint in caught.value.hint


def test_a_kickstart_at_hand_goes_into_the_order_and_the_name(tmp_path: Path) -> None:
    file = tmp_path / "Web Server.ks.j2"
    file.write_text("cmdline\n")
    order = ordered(kickstart=file)
    assert order.kickstart.name == "Web Server.ks.j2"
    assert order.kickstart.texts["Web Server.ks.j2"] == "cmdline\n"
    assert order.name == "centos7-web-server"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("web-1.0.ks", "centos7-web-1.0"),
        ("web-1.1.ks", "centos7-web-1.1"),
        ("web-1..1.ks", "centos7-web-1-1"),
        ("web-.1_.ks", "centos7-web-1"),
        ("web", "centos7-web"),
        ("web.KS", "centos7-web"),
        ("web.cfg.j2", "centos7-web"),
        ("A.B.C.ks", "centos7-a.b.c"),
        ("web.v2.txt", "centos7-web.v2.txt"),
        ("ks.cfg", "centos7-ks"),
        ("tools-2.ks", "centos7-tools-2"),
        ("../web_.ks", "centos7-web"),
    ],
)
def test_a_kickstart_s_name_keeps_its_versions(tmp_path: Path, file: str, name: str) -> None:
    (tmp_path / "in").mkdir()
    (path := tmp_path / "in" / file).touch()
    assert ordered(kickstart=path).name == name


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("_.ks", "no name of its own: _.ks gives none"),
        (".ks", "no name of its own: .ks gives none"),
        ("...ks", "no name of its own: ...ks gives none"),
        ("日本.ks", "no name of its own: 日本.ks gives none"),
        ("café.ks", "no name of its own: café.ks gives none"),
        ("tools.ks", "centos7-tools is the name of a template that is built without tools.ks."),
        ("DVD.ks.j2", "centos7-dvd is the name of a template that is built without DVD.ks.j2."),
        ("uefi.ks", "centos7-uefi is the name of a template that is built without uefi.ks."),
        ("dvd-tools-uefi.ks", "centos7-dvd-tools-uefi is the name of a template"),
    ],
)
def test_a_kickstart_s_name_is_that_of_no_other_template(
    tmp_path: Path, file: str, sentence: str
) -> None:
    (tmp_path / file).touch()
    with pytest.raises(UsageError) as caught:
        ordered(kickstart=tmp_path / file)
    assert sentence in caught.value.message
    assert "name" in caught.value.hint


def test_a_label_is_the_last_part_of_a_name() -> None:
    assert ordered(label="de").name == "centos7-de"
    varied = ordered(medium="dvd", profile="tools", firmware="uefi", label="lang-de")
    assert varied.name == "centos7-dvd-tools-uefi-lang-de"


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("tools", "centos7-tools is the name of a template that is built without the label tools."),
        ("dvd-uefi", "centos7-dvd-uefi is the name of a template that is built without the label"),
        ("De", "The label 'De' cannot be a part of a template's name."),
        ("20261130.1", "The label '20261130.1' cannot be"),
        ("-a", "The label '-a' cannot be"),
        ("a/b", "The label 'a/b' cannot be"),
        ("a\n", "cannot be a part"),
    ],
)
def test_a_label_that_cannot_be(label: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        ordered(label=label)
    assert sentence in caught.value.message
    assert caught.value.hint


def test_a_label_is_no_reason_to_build_again() -> None:
    assert key(ordered(label="de"), iso_sha256="x") == key(ordered(), iso_sha256="x")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"medium": "dvd"}, "centos7-dvd"),
        ({"medium": "dvd", "profile": "tools"}, "centos7-dvd-tools"),
        ({"medium": "dvd", "firmware": "uefi"}, "centos7-dvd-uefi"),
    ],
)
def test_two_releases_make_no_template_of_one_name(
    tmp_path: Path, changes: dict[str, Any], name: str
) -> None:
    (tmp_path / "own.toml").write_text('[centos7-dvd]\nextends = "centos7"\n')
    library = Library(None, gathered([tmp_path]))
    assert ordered("centos7-dvd", library=library).name == "centos7-dvd"
    assert ordered("centos7", library=library, profile="tools").name == "centos7-tools"
    with pytest.raises(UsageError) as caught:
        ordered("centos7", library=library, **changes)
    said = f"{name} would be a template of the release centos7-dvd as much as of centos7."
    assert caught.value.message == said


_PLAIN = "cmdline\n"


def _kickstart(folder: Path, name: str) -> Path:
    file = folder / name
    file.write_text(_PLAIN)
    return file


@pytest.mark.parametrize(
    ("asked", "idle"),
    [
        ({"variables": {"hostname": "x", "lang": "C"}}, "the variable hostname and the variable l"),
        ({"variables": {"seal": "false", "disk": "sda"}}, "the variable disk."),
        ({"profile": "kvm-host"}, "the profile kvm-host."),
        ({"root_password_file": Path("/dev/null")}, "a root password."),
    ],
)
def test_what_a_plain_kickstart_cannot_use(
    asked: dict[str, Any], idle: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        ordered(kickstart=_kickstart(tmp_path, "my.ks"), **asked)
    assert caught.value.message.startswith(f"my.ks is no template, so it cannot use {idle}")
    assert "my.ks.j2" in caught.value.hint
    if "root_password_file" not in asked:
        ordered(kickstart=_kickstart(tmp_path, "my.ks.j2"), **asked)


@pytest.mark.parametrize(
    ("text", "asked", "idle"),
    [
        ("cmdline\n", {"variables": {"hostname": "x", "seal": "false"}}, "the variable hostname"),
        ("network --hostname={{ hostname }}\n", {"variables": {"hostname": "x"}}, ""),
        ("{% if hostname %}text\n{% endif %}", {"variables": {"hostname": "x"}}, ""),
        ("network --hostname=hostname\n", {"variables": {"hostname": "x"}}, "the variable host"),
        ('{% include "snippets/network.ks.j2" %}', {"variables": {"hostname": "x"}}, ""),
        ('{% extends "base.ks.j2" %}', {"variables": {"hostname": "x"}, "profile": "kvm-host"}, ""),
        ("%packages\n%end\n", {"profile": "kvm-host"}, "the profile kvm-host"),
        ("%packages\n{{ packages }}\n%end\n", {"profile": "kvm-host"}, ""),
        ("rootpw --lock\n", {"root_password_file": Path("pw")}, "a root password"),
        ("rootpw {{ root_password_hash }}\n", {"root_password_file": Path("pw")}, ""),
    ],
)
def test_what_a_template_at_hand_does_not_mention(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, asked: dict[str, Any], idle: str
) -> None:
    monkeypatch.chdir(tmp_path)
    # As crypt makes it, so that nobody has to.
    Path("pw").write_text(f"$6$salt${'a' * 86}\n")
    file = tmp_path / "my.ks.j2"
    file.write_text(text)
    order = ordered(kickstart=file, **asked)
    said = ""
    try:
        refuse_unused(order, root_password="root_password_file" in asked)
    except UsageError as error:
        said = error.message
    assert bool(said) is bool(idle)
    assert idle in said


def test_variables_of_the_seal_are_all_that_a_plain_kickstart_uses(tmp_path: Path) -> None:
    file = _kickstart(tmp_path, "my.ks")
    plain = ordered(kickstart=file)
    for name, value in {"seal": "false", "seal_except": "logs"}.items():
        sealed = ordered(kickstart=file, variables={name: value})
        assert render(sealed).text != render(plain).text
    declared = plain.kickstart.variables.items()
    others = {name: _another(each) for name, each in declared if not name.startswith("seal")}
    assert render(replace(plain, variables=others)).text == render(plain).text


def _another(variable: Variable) -> str:
    match variable.default:
        case bool(value):
            return str(not value).lower()
        case int(value):
            return str(value + 1)
        case _:
            return next(word for word in _WORDS if re.fullmatch(variable.pattern, word))
