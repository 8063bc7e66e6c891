"""The digest of a file that grows."""

import hashlib
import os
from pathlib import Path

import pytest

from builder.media.follower import Follower
from tests.monitors import Heard

CONTENT = os.urandom(3_000_001)


@pytest.mark.parametrize("steps", [[], [0], [1], [1, 2, 3], [1 << 20, (1 << 20) + 1], [3_000_000]])
def test_it_is_that_of_the_whole_however_it_grew(steps: list[int], tmp_path: Path) -> None:
    heard = Heard()
    with (tmp_path / "x").open("wb+", buffering=0) as file:
        follower, at = Follower(file.fileno()), 0
        for end in (*steps, len(CONTENT)):
            file.write(CONTENT[at:end])
            follower.grown(end)
            at = end
        digest = follower.digest(len(CONTENT), heard)
    assert digest == hashlib.sha256(CONTENT).hexdigest()
    assert heard.done == len(CONTENT)


def test_what_was_there_before_counts(tmp_path: Path) -> None:
    (path := tmp_path / "x").write_bytes(CONTENT[:70_000])
    with path.open("ab+", buffering=0) as file:
        follower = Follower(file.fileno())
        follower.grown(70_000)
        file.write(CONTENT[70_000:])
        assert follower.digest(len(CONTENT), Heard()) == hashlib.sha256(CONTENT).hexdigest()


def test_a_file_that_shrinks_is_an_error_and_no_digest(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb+", buffering=0) as file:
        file.write(CONTENT)
        follower = Follower(file.fileno())
        file.truncate(5)
        with pytest.raises(OSError, match="it became shorter"):
            follower.digest(len(CONTENT), Heard())


def test_it_ends_without_a_digest(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb+", buffering=0) as file:
        follower = Follower(file.fileno())
        follower.end()
        follower.end()
    assert follower.done == 0
