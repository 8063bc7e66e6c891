"""Variables: types, patterns, layers; no value may leave its line."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import BuilderError, ConfigError, UsageError
from builder.kickstart import variables
from builder.kickstart.library import Library
from builder.model.kickstart import Value, Variable

KNOWN = Library().variables()
SET = variables.COMMAND_LINE


def resolved(**texts: str) -> dict[str, Value]:
    return variables.resolve(KNOWN, [(SET, variables.convert(KNOWN, texts))])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("hostname", "web-1.example.org", "web-1.example.org"),
        ("swap_mib", "512", 512),
        ("online", "yes", True),
        ("online", "FALSE", False),
        ("seal", "0", False),
        ("packages", "tree, -plymouth*,@^minimal", ("tree", "-plymouth*", "@^minimal")),
        ("packages", "", ()),
        ("packages", "@nodejs:18/common,-@perl:5.30", ("@nodejs:18/common", "-@perl:5.30")),
        ("packages", "@php/minimal,@virt:rhel", ("@php/minimal", "@virt:rhel")),
        ("disk", "vda", "vda"),
        ("disk", "nvme0n1", "nvme0n1"),
        ("timezone", "America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("lang", "de_DE.UTF-8", "de_DE.UTF-8"),
        ("kernel_args", "quiet,hugepages=4", ("quiet", "hugepages=4")),
        ("user", "", ""),
    ],
)
def test_texts_get_their_types(name: str, text: str, value: object) -> None:
    found = resolved(**{name: text})[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hostname", "a\nrootpw x"),
        ("hostname", "a b"),
        ("hostname", ""),
        ("hostname", "-a"),
        ("hostname", "a\n"),
        ("lang", "en_US.UTF-8 --addsupport=x"),
        ("timezone", "Etc/UTC; reboot"),
        ("timezone", "../../etc/passwd"),
        ("disk", "sda --all"),
        ("disk", "/dev/sda"),
        ("filesystem", "btrfs"),
        ("swap_mib", "-1"),
        ("swap_mib", "1.5"),
        ("swap_mib", "1" * 13),
        ("online", "maybe"),
        ("packages", "%end"),
        ("packages", "a b"),
        ("packages", "nodejs:18"),  # without @ it is no module
        ("packages", "@a:1:2:3"),
        ("user", "root"),  # who is there already
        ("packages", "tree #"),
        ("services_enabled", "sshd --disabled=x"),
        ("kernel_args", 'a"b'),
        ("kernel_args", "a b"),
        ("user", "joe;id"),
        ("user", "Root"),
        ("user_groups", "wheel,a b"),
        ("ssh_keys", "not a key"),
        ("ssh_keys", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA' ; reboot"),
        ("ssh_keys", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA\nEOF"),
        ("selinux", "enforcing --x"),
    ],
)
def test_values_that_could_break_out_are_refused(name: str, text: str) -> None:
    with pytest.raises(UsageError, match=rf"--set: {name} cannot be"):
        resolved(**{name: text})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("db_password", "s3cret!"),
        ("mirror", "https://bob:s3cret@host/x"),
        ("arguments", "quiet inst.vncpassword=s3cret"),
    ],
)
def test_a_value_that_opens_something_is_not_quoted(name: str, value: str) -> None:
    known = {name: Variable(help="", default="x", pattern="[a-z]*")}
    with pytest.raises(UsageError, match=rf"^--set: {name} cannot be \*\*masked\*\*\.$"):
        variables.resolve(known, [(SET, {name: value})])


@given(st.sampled_from([name for name in sorted(KNOWN)]), st.text(max_size=30))
def test_whatever_is_accepted_stays_on_its_line(name: str, text: str) -> None:
    try:
        value = resolved(**{name: text})[name]
    except BuilderError:
        return
    items = value if isinstance(value, tuple) else (str(value),)
    for item in items:
        assert not re.search(r"[\x00-\x1f\x7f-\xa0\"'\\`$%#;|&<>(){}\u2028\u2029]", item)


def test_an_unknown_variable_gets_a_hint() -> None:
    with pytest.raises(UsageError, match="no variable 'hostnam'") as caught:
        resolved(hostnam="x")
    assert caught.value.hint == "Did you mean hostname?"


def test_later_layers_win() -> None:
    layers: list[tuple[str, dict[str, object]]] = [
        ("a", {"disk": "vda", "swap_mib": 1}),
        ("b", {"disk": "vdb"}),
    ]
    values = variables.resolve(KNOWN, layers)
    assert (values["disk"], values["swap_mib"]) == ("vdb", 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("swap_mib", True),
        ("swap_mib", "1"),
        ("swap_mib", -1),
        ("online", 1),
        ("packages", "tree"),
        ("packages", ["tree", 1]),
        ("hostname", ["a"]),
        ("hostname", "a b"),
    ],
)
def test_a_profile_must_have_the_right_types(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"profile x: {name} cannot be"):
        variables.resolve(KNOWN, [("profile x", {name: value})])


def test_an_own_folder_adds_variables(tmp_path: Path) -> None:
    (tmp_path / "variables.toml").write_text('[role]\nhelp = "What it is for"\ndefault = "web"\n')
    known = Library(tmp_path).variables()
    assert known["role"].default == "web"
    assert "hostname" in known


@pytest.mark.parametrize(
    "text",
    ["x", "[a]\n", '[a]\nhelp = "h"\ndefault = 1.5\n', '[a]\nhelp = "h"\ndefault = "a"\nx = 1\n',
     '[a]\nhelp = "h"\ndefault = "a"\npattern = "("\n'],
)  # fmt: skip
def test_a_wrong_declaration_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "variables.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"variables\.toml is (wrong|not TOML)"):
        Library(tmp_path).variables()


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_every_default_passes_its_own_pattern(name: str) -> None:
    values = variables.resolve(KNOWN, [("itself", {name: KNOWN[name].default})])
    assert values[name] == KNOWN[name].default
    assert KNOWN[name].help
