"""Pipeline files: good ones, and bad apples."""

from pathlib import Path

import pytest

from builder.errors import ConfigError, UsageError
from builder.kickstart.library import Library
from builder.pipeline import definition
from builder.recipes.order import Request
from tests.monitors import Heard

GOOD = """
title = "Two"
parallel = 3
[defaults]
release = "centos7"
root_password_file = "secret"
variables = { timezone = "Europe/Berlin", swap_mib = "0" }
[[build]]
profile = "minimal"
[[build]]
medium = "dvd"
firmware = "uefi"
iso = "/isos/x.iso"
variables = { swap_mib = "512" }
"""
FILE = Path("/where/night.toml")


def test_a_good_file_is_read() -> None:
    pipeline = definition.parse(GOOD, Library(), path=FILE)
    assert (pipeline.name, pipeline.title, pipeline.limits.parallel) == ("night", "Two", 3)
    assert [job.name for job in pipeline.jobs] == ["centos7", "centos7-dvd-uefi"]
    assert [job.medium for job in pipeline.jobs] == ["minimal", "dvd"]


def test_a_plain_kickstart_gets_the_defaults_that_it_can_use(tmp_path: Path) -> None:
    (tmp_path / "own.ks").write_text("cmdline\n")
    (tmp_path / "own.ks.j2").write_text("cmdline\n")
    text = """
title = "x"
[defaults]
release = "centos7"
root_password_file = "secret"
variables = { timezone = "Europe/Berlin", seal = "no" }
[[build]]
kickstart = "own.ks"
[[build]]
kickstart = "own.ks.j2"
profile = "kvm-host"
"""
    plain, template = (
        job.request for job in definition.parse(text, Library(), path=tmp_path / "x.toml").jobs
    )
    assert (plain.variables, plain.root_password_file) == ({"seal": "no"}, None)
    assert template.variables == {"timezone": "Europe/Berlin", "seal": "no"}
    assert template.root_password_file == tmp_path / "secret"
    for wrong in (
        text.replace('"own.ks"', '"own.ks"\nvariables = { lang = "C" }'),
        text.replace('"secret"', '"secret"\nkickstart = "own.ks"').replace(
            'kickstart = "own.ks"\n[[', "[["
        ),
    ):
        with pytest.raises(ConfigError, match="is no template, so it cannot use the variab"):
            definition.parse(wrong, Library(), path=tmp_path / "x.toml")


def test_builds_get_the_defaults_and_override_them() -> None:
    plain, special = (job.request for job in definition.parse(GOOD, Library(), path=FILE).jobs)
    secret = Path("/where/secret")
    assert plain == Request(
        release="centos7",
        root_password_file=secret,
        variables={"timezone": "Europe/Berlin", "swap_mib": "0"},
    )
    assert special == Request(
        release="centos7",
        medium="dvd",
        firmware="uefi",
        iso=Path("/isos/x.iso"),
        root_password_file=secret,
        variables={"timezone": "Europe/Berlin", "swap_mib": "512"},
    )


def test_what_all_isos_at_hand_have_is_for_builds_that_have_one() -> None:
    text = """
title = "x"
[defaults]
release = "rhel9"
allow_unverified = true
[[build]]
[[build]]
firmware = "uefi"
iso = "/isos/x.iso"
[[build]]
firmware = "hybrid"
iso = "/isos/y.iso"
sha256 = "{}"
""".format("ab" * 32)
    requests = [each.request for each in definition.parse(text, Library(), path=FILE).jobs]
    assert [each.allow_unverified for each in requests] == [False, True, False]
    assert [bool(each.sha256) for each in requests] == [False, False, True]


def test_a_row_s_password_is_for_a_template(tmp_path: Path) -> None:
    (tmp_path / "own.ks").write_text("cmdline\n")
    row = 'release = "centos7"\nkickstart = "own.ks"\nroot_password_file = "secret"\n'
    with pytest.raises(ConfigError, match="cannot use a root password"):
        definition.parse(f'title = "x"\n[[build]]\n{row}', Library(), path=tmp_path / "x.toml")


def test_builds_say_what_their_machines_start_by() -> None:
    text = GOOD.replace('firmware = "uefi"', 'firmware = "hybrid"\nsecure_boot = true\ntpm = true')
    names = [job.name for job in definition.parse(text, Library(), path=FILE).jobs]
    assert names == ["centos7", "centos7-dvd-hybrid-secureboot-tpm"]


def test_one_at_a_time_unless_the_file_says_more() -> None:
    text = 'title = "One"\n[[build]]\nrelease = "rehearsal"\n'
    assert definition.parse(text, Library(), path=FILE).limits.parallel == 1


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("title", "titel", ", line 2: titel: There is no such key.", "Did you mean title?"),
        ('title = "Two"', "", "title: The key title is missing", "title ="),
        ("parallel = 3", "parallel = 0", ", line 3: parallel: It must be a whole number, more", ""),
        ("[defaults]", "[default]", ", line 4: default: There is no such key.", "an defaults?"),
        ("[[build]]", "[build]", "not TOML", ""),
        ('"centos7"', '"centos77"', ", line 5: [defaults] release: There is no r", "mean centos7?"),
        ('release = "centos7"', "", ", line 8: [[build]] 1: The key release is missing", "list"),
        ("release =", "relase =", ", line 5: [defaults] relase: There is no such", "mean release?"),
        ('"centos7"', "7", ", line 5: [defaults] release: It must be a text, not 7.", "in quotes"),
        ('"centos7"', '"centos7"\nvcpus = -1', "vcpus: It must be a whole number from 0 to 4", ""),
        ('"centos7"', '"centos7"\nvcpus = "2"', "to 4096, not '2'.", "Take the quotes away."),
        ('"centos7"', '"centos7"\nmemory_mib = 10485760', "from 0 to 1048576, not 10485", ""),
        ('"centos7"', '"centos7"\ndisk_gib = 8193', "from 0 to 8192, not 8193.", ""),
        ('profile = "minimal"', 'profile = "kvm"', "9: [[build]] 1 profile: There is no prof", ""),
        ("medium =", "medum =", "11: [[build]] 2 medum: There is no such key.", "you mean medium?"),
        (
            'medium = "dvd"',
            'medium = "cd"',
            "[[build]] 2 medium: centos7 has no medium 'cd'",
            "dvd",
        ),
        (
            'firmware = "uefi"',
            'firmware = "efi"',
            "be one of 'bios', 'uefi', 'hybrid', not 'ef",
            "",
        ),
        (
            'iso = "/isos/x.iso"',
            "iso = 3",
            "[[build]] 2 iso: It must be a path (without NUL), not 3.",
            "",
        ),
        (
            'swap_mib = "512"',
            "swap_mib = 512",
            "14: [[build]] 2 variables.swap_mib: It must be a",
            "",
        ),
        ("swap_mib =", "swp_mib =", "[defaults] variables.swp_mib: There is no var", "swap_mib?"),
        (
            '"512"',
            '"much"',
            "[[build]] 2 variables.swap_mib: swap_mib cannot be 'much'",
            "whole num",
        ),
        ('medium = "dvd"\nfirmware = "uefi"', "", "2: It makes the template centos7, as", "label"),
        ('medium = "dvd"', 'label = "De"', "label 'De' cannot be a part", "small letters"),
        ('medium = "dvd"\nfirmware = "uefi"', 'label = "dvd"', "centos7-dvd is the name", "label"),
        (
            'firmware = "uefi"',
            'firmware = "bios"\nsecure_boot = true',
            "[[build]] 2: BIOS has no Secure Boot.",
            "uefi or hybrid",
        ),
        ("[defaults]", "[defaults]\nsecure_boot = true\nfirmware = 'bios'", "BIOS has no Sec", ""),
        ('iso = "/isos/x.iso"', f'sha256 = "{"ab" * 32}"', "[[build]] 2: --sha256 is for an I", ""),
        ('iso = "/isos/x.iso"', "allow_unverified = true", "--allow-unverified is for an I", ""),
        (
            'x.iso"',
            f'x.iso"\nsha256 = "{"ab" * 32}"\nallow_unverified = true',
            "--sha256 and --allow-unverified contradict each other",
            "",
        ),
        ('x.iso"', 'x.iso"\nsha256 = "ab"', "[[build]] 2: --sha256 takes 64 hex", "vendor"),
        (GOOD[GOOD.index("[[build]]") :], "", ": It builds nothing.", "[matrix]"),
    ],
)
def test_a_bad_file_is_refused(old: str, new: str, message: str, hint: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError, match=r"^night\.toml") as caught:
        definition.parse(GOOD.replace(old, new, 1), Library(), path=FILE)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.hint


@pytest.mark.parametrize("content", [None, b"title = '\xff'"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"Cannot read .*/x\.toml"):
        definition.load(path, Library())


@pytest.mark.parametrize("name", ["nightly", "nightly.toml"])
def test_a_bare_name_is_one_of_ours(name: str) -> None:
    assert definition.find(name) == definition.folder() / "nightly.toml"


def test_a_path_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nightly.toml").touch()
    assert definition.find(str(tmp_path / "nightly.toml")) == tmp_path / "nightly.toml"
    monkeypatch.chdir(tmp_path)
    assert definition.find("nightly.toml") == Path("nightly.toml")


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("nihgtly", "There is no pipeline 'nihgtly'.", "Did you mean nightly?"),
        ("no/nightly", "There is no file no/nightly.", "`builder pipeline list` shows ours."),
        ("../nightly", "There is no file ../nightly.", "`builder pipeline list` shows ours."),
    ],
)
def test_an_unknown_name_gets_a_hint(name: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        definition.find(name)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("file", "name"),
    [("own.toml", "own"), ("pipelines/own.toml", "own"), ("pipelines/own.toml", "own.toml")],
)
def test_a_pipeline_of_ones_own_is_found_for_the_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).touch()
    with pytest.raises(UsageError) as caught:
        definition.find(name)
    assert caught.value.hint == f"Give yours by its path: {file}."


def test_the_list_goes_on_where_a_profile_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "kvm-host.toml").write_text("titel = 1")
    heard = Heard()
    names = [each.name for each in definition.available(Library(tmp_path), monitor=heard)]
    assert "rehearsal" in names
    assert names
    assert all(kind == "warning" and "kvm-host.toml" in text for kind, text, _ in heard.told)
    assert heard.told
