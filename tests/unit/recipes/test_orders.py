"""From names to orders."""

from pathlib import Path
from typing import Any

import pytest

from builder.errors import BuilderError, ConfigError, UsageError
from builder.model.media import AtHand
from builder.recipes.order import Request, pairs, resolve
from tests.orders import LIBRARY, ordered

GONE = Path("/nonexistent/file")


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
    ],
)
def test_the_name_tells_what_differs(asked: dict[str, Any], name: str) -> None:
    assert ordered(**asked).name == name


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


def test_a_password_hash_goes_into_the_order_and_is_not_shown() -> None:
    hashed = f"$6$salt${'a' * 86}"
    environ = {"BUILDER_ROOT_PASSWORD": hashed}
    order = resolve(Request(release="centos7"), LIBRARY, environ=environ)
    assert order.secrets.root_password_hash == hashed
    assert hashed not in repr(order)


@pytest.mark.parametrize(
    ("asked", "error", "sentence", "hint"),
    [
        ({"release": "centos"}, UsageError, "no release 'centos'", "Did you mean centos7?"),
        ({"profile": "minimall"}, UsageError, "no profile 'minimall'", "Did you mean minimal?"),
        ({"medium": "dvdd"}, UsageError, "no medium 'dvdd'", "Did you mean dvd?"),
        ({"iso": GONE}, ConfigError, f"no file {GONE}", "--iso"),
        ({"iso": Path("/")}, ConfigError, "no file /", "--iso"),
        (
            {"kickstart": GONE},
            ConfigError,
            f"Cannot read {GONE}: No such file or directory.",
            "Check the path.",
        ),
        ({"root_password_file": GONE}, ConfigError, str(GONE), "Check the path."),
    ],
)
def test_refused(
    asked: dict[str, Any], error: type[BuilderError], sentence: str, hint: str
) -> None:
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
