"""A raw disk with holes where nothing is written."""

from pathlib import Path

from builder.export import convert
from builder.export.order import ExportSource
from builder.monitor import Monitor


def write(source: ExportSource, part: Path, *, name: str, monitor: Monitor) -> None:  # noqa: ARG001
    """See formats.Writer."""
    convert.convert(source, part, to="raw", monitor=monitor)
    convert.compare(source, part, to="raw", monitor=monitor)
