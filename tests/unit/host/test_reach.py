"""Whom a folder lets through."""

import os

import pytest

from builder.host.reach import passes


@pytest.mark.parametrize(
    ("mode", "user", "groups", "through"),
    [
        (0o700, 0, {0}, True),
        (0o700, 1000, {9}, True),
        (0o700, 64055, {64055}, False),
        (0o711, 64055, {64055}, True),
        (0o750, 64055, {100}, True),
        (0o701, 64055, {100}, False),  # the group's bits count for its members, not the others'
        (0o011, 1000, {100}, False),
        (0o744, 64055, {64055}, False),
    ],
)
def test_folder_of_user_1000_and_group_100(
    mode: int, user: int, groups: set[int], *, through: bool
) -> None:
    about = os.stat_result((0o040000 | mode, 0, 0, 1, 1000, 100, 0, 0, 0, 0))
    assert passes(about, user, frozenset(groups)) is through
