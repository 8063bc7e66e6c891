"""Two systems that were installed alike, compared."""

from pathlib import Path

from builder.proof.audit.tree import GuestTree
from tests.archives import write
from tests.twins.differences import differences, explained

ONE = {"etc/same": "x", "etc/id": "1", "etc/only": "x", "var/x": "a", "etc/mode": "", "var/d/": ""}
OTHER = {"etc/same": "x", "etc/id": "2", "var/x": "ab", "etc/mode": "", "var/d/": ""}


def test_each_difference_is_named(tmp_path: Path) -> None:
    files = (
        write(tmp_path / "one.tar", ONE),
        write(tmp_path / "two.tar", OTHER, modes={"etc/mode": 0o600}),
    )
    with GuestTree.opened(files[0]) as one, GuestTree.opened(files[1]) as other:
        assert dict(differences(one, other)) == {
            "/etc/id": "another content",
            "/etc/mode": "another kind, mode or label",
            "/etc/only": "only in one of them",
            "/var/x": "1 and 2 bytes",
        }
        assert not [*differences(one, one)]


def test_what_names_file_systems_is_explained_and_what_names_machines_is_not() -> None:
    assert explained("/etc/fstab")
    assert explained("/boot/grub2/grub.cfg")
    assert not explained("/etc/iscsi/initiatorname.iscsi")
    assert not explained("/etc/machine-id")
    assert explained("/var/lib/yum/history/x.sqlite")
    assert not explained("/var/lib/yum/uuid")
