"""Files that are whole or not there."""

from pathlib import Path

import pytest

from builder import durable
from builder.errors import HostError


def test_a_file_is_written_and_written_again(tmp_path: Path) -> None:
    for data in (b"old", b"new and longer", b""):
        durable.write(tmp_path / "x", data)
        assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x", data)]


def test_the_way_is_by_the_draft(tmp_path: Path) -> None:
    (tmp_path / ".half").write_text("left by a process that was killed")
    durable.write(tmp_path / "x", b"data", draft=tmp_path / ".half")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_what_cannot_be_written_leaves_the_old_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "x" / "y").mkdir(parents=True)
    with pytest.raises(HostError, match=r"Cannot write .*/x: "):
        durable.write(tmp_path / "x", b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
