"""What a run records of a template beside its name."""

from datetime import date
from pathlib import Path

import pytest

from builder.model.template import Template
from builder.pipeline.measured import described
from builder.record.runs import Outcome
from builder.registry.publish import publish
from builder.registry.registry import Registry
from tests.values import image, manifest


def test_a_template_that_somebody_removes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops no run."""
    (tmp_path / "candidate").touch()
    made = publish(
        tmp_path / "candidate",
        manifest(name="mine"),
        image(size=0, virtual_size=1),
        today=date(2026, 11, 28),
    )
    versions = Registry.versions

    def late(self: Registry, name: str) -> tuple[Template, ...]:
        made.path.unlink()
        made.path.with_suffix(".json").unlink()
        return versions(self, name)

    monkeypatch.setattr(Registry, "versions", late)
    outcome = Outcome(
        name="mine", result="published", seconds=1, version=made.version, path=str(made.path)
    )
    found = described(outcome)
    assert found.figures is not None
    assert found.changes == ()
