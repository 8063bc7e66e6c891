"""What is printed of a build."""

from pathlib import Path

import pytest

from builder.cli.build import summary
from builder.model.template import Built
from tests.values import template


@pytest.mark.parametrize(
    ("folder", "lines"), [(Path("/builds/ID"), ["folder        /builds/ID"]), (None, [])]
)
def test_a_build_that_was_not_needed_has_no_folder(folder: Path | None, lines: list[str]) -> None:
    shown = summary(Built(template=template(), fresh=folder is not None, folder=folder))
    assert [line for line in shown.splitlines() if line.startswith("folder")] == lines
