"""What files of pools are, by their names."""

import pytest

from builder.errors import UsageError
from builder.recipes.volumes import check_name, kind, refuse_others


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web1.qcow2", "volume"),
        ("web1-cidata.iso", "volume"),
        ("CentOS-7-x86_64-Minimal-2009.iso", "volume"),
        ("data-20261128.qcow2", "volume"),
        ("20261128.1.qcow2", "volume"),
        ("centos7-20261128.1.raw", "volume"),
        ("notes.json", "volume"),
        ("centos7-20261128.1.qcow2", "template"),
        ("my-own-centos7-20261128.12.qcow2", "template"),
        ("centos7-20261128.1.json", "record"),
        ("centos7-20261128.1.qcow2.intoto.jsonl", "record"),
        ("centos7.channels.json", "record"),
        ("20261128T101010-0123abcd.qcow2", "build"),
        ("20261128T101010-0123abcd.iso", "build"),
        ("again-a1b2c3_4-a.qcow2", "build"),
        (".templates.lock", "hidden"),
        (".20261128T101010-0123abcd.candidate", "hidden"),
        (".x.iso.abcdefgh.part", "hidden"),
    ],
)
def test_kinds(name: str, expected: str) -> None:
    assert kind(name) == expected


@pytest.mark.parametrize(
    "name", ["", ".x", "-x", "../x", "a/b", "a\nb", "a b", "\x1b[2J", "é", "x" * 201]
)
def test_names_that_none_can_have(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a volume"):
        check_name(name, "volume")


@pytest.mark.parametrize(
    ("name", "whose", "other"),
    [
        ("centos7-20261128.1.qcow2", "template", "without a version at its end"),
        ("centos7-20261128.1.json", "template", "without a version at its end"),
        ("x.channels.json", "template", "that does not end in .channels.json"),
        ("20261128T101010-0123abcd-x.qcow2", "build", "without a build's id in it"),
    ],
)
def test_names_that_others_go_by(name: str, whose: str, other: str) -> None:
    with pytest.raises(
        UsageError, match=f"A volume would be taken for that of a {whose}"
    ) as caught:
        refuse_others(name, "A volume")
    assert caught.value.hint == f"Choose a name {other}."
