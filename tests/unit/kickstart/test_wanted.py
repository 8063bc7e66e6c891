"""What a kickstart asks package repositories for."""

from typing import Any

import pytest

from builder.kickstart.wanted import Wanted, wanted
from builder.model.kickstart import Kickstart


def read(text: str, syntax: str = "RHEL8") -> Wanted:
    return wanted(Kickstart(source="x.ks", syntax=syntax, text=text))


def named(found: Wanted, kind: str) -> list[tuple[str, int]]:
    return [(each.name, each.line) for each in getattr(found, kind)]


@pytest.mark.parametrize(
    ("lines", "kind", "expected"),
    [
        ("bash", "packages", [("bash", 2)]),
        ("  bash.x86_64  # the shell", "packages", [("bash.x86_64", 2)]),
        ("bash\nvim\n-bash", "packages", [("vim", 3)]),
        ("-bash\nbash", "packages", [("bash", 3)]),
        ("-*firmware\n# none\n", "packages", []),
        ("@core", "groups", [("core", 2)]),
        ("@ core", "groups", [("core", 2)]),
        ("bash", "groups", [("core", 0)]),
        ("-@core", "groups", []),
        ("@a\n-@a\n@core", "groups", [("core", 4)]),
        ("@Fedora Cloud Server --optional", "groups", [("Fedora Cloud Server", 2), ("core", 0)]),
        ("@perl:5.24/minimal\n@core", "groups", [("perl:5.24/minimal", 2), ("core", 3)]),
        ("@^minimal-environment", "environments", [("minimal-environment", 2)]),
        ("@^one\n@^two", "environments", [("two", 3)]),
        ("@^one\n-@^one", "environments", []),
    ],
)
def test_packages_are_read_with_their_lines(
    lines: str, kind: str, expected: list[tuple[str, int]]
) -> None:
    assert named(read(f"%packages\n{lines}\n%end\n"), kind) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("bash\n-vim\n-*firmware  # none\n-@games\n-@^x", ("vim", "*firmware")),
        ("-bash\nbash", ()),
        ("bash\n-bash", ("bash",)),
    ],
)
def test_what_is_left_out(lines: str, expected: tuple[str, ...]) -> None:
    found = read(f"%packages\n{lines}\n%end\n")
    assert found.excluded == expected
    assert found.excluded_groups == (("games",) if "games" in lines else ())


def test_a_second_section_adds_to_the_first() -> None:
    found = read("%packages\none\n%end\n%post\necho three\n%end\n%packages\ntwo\n-one\n%end\n")
    assert named(found, "packages") == [("two", 8)]


def test_modules_of_commands() -> None:
    text = "module --name=perl --stream=5.24\nmodule --name=nginx\nmodule --name=php --disable\n"
    assert named(read(text), "modules") == [("perl:5.24", 1), ("nginx", 2)]


@pytest.mark.parametrize(
    ("text", "syntax", "field", "expected"),
    [
        ("cdrom\n", "RHEL8", "source", "medium"),
        ("", "RHEL8", "source", "medium"),
        ("url --url=http://h/\n", "RHEL7", "source", "elsewhere"),
        ("nfs --server=h --dir=/d\n", "RHEL9", "source", "elsewhere"),
        ("harddrive --partition=sdb1 --dir=/d\n", "RHEL10", "source", "elsewhere"),
        ("liveimg --url=http://h/\n", "RHEL8", "source", "image"),
        ("ostreecontainer --url=x\n", "RHEL10", "source", "image"),
        ("repo --name=a --baseurl=http://h/\n", "RHEL7", "repositories", ("a",)),
        ("repo --name=a --metalink=http://h/\n", "F44", "repositories", ("a",)),
        ("repo --name=updates\n", "F44", "repositories", ("updates",)),
        (
            "repo --name=A --baseurl=file:///run/install/repo/AppStream\n",
            "RHEL8",
            "repositories",
            (),
        ),
        ("%packages --ignoremissing\n%end\n", "RHEL8", "ignores_missing", True),
        ("%packages\n%end\n", "RHEL8", "ignores_missing", False),
        ("%packages --nocore\n%end\n", "RHEL8", "groups", ()),
        ("cdrom\n", "RHEL8", "groups", ()),
    ],
)
def test_where_they_come_from(text: str, syntax: str, field: str, expected: Any) -> None:  # noqa: ANN401
    assert getattr(read(text, syntax), field) == expected
