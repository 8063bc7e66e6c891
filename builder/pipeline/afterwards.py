"""What follows a run: templates promoted, exported and pruned, the report, and who is told."""

from builder.config import Settings
from builder.monitor import Monitor
from builder.pipeline.job import Pipeline
from builder.record.runs import Run


def follow_up(run: Run, pipeline: Pipeline, settings: Settings, *, monitor: Monitor) -> None:
    """Do what the pipeline asks for at the end of a run; what fails of it is a warning."""
