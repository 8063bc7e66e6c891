"""The options that benchmarks share, and how they end."""

import argparse
from pathlib import Path

import msgspec

from tests.bench.tables import Target, promises, say


def parser(name: str, text: str | None, *, runs: int) -> argparse.ArgumentParser:
    """Return the parser of `make NAME`."""
    made = argparse.ArgumentParser(prog=f"make {name}", description=text)
    made.add_argument("--runs", type=int, default=runs, help="runs of each row that count")
    made.add_argument("--json", type=Path, help="write every run to this file")
    return made


def add_folder(made: argparse.ArgumentParser, *, needs: str) -> None:
    """Let the user choose what is measured."""
    made.add_argument(
        "--folder",
        type=Path,
        default=Path("/var/tmp"),  # noqa: S108  # of a name of its own in there
        help=f"on the file system to measure, with {needs}",
    )


def conclude(
    options: argparse.Namespace, report: str, targets: list[Target], results: object
) -> None:
    """Print what was measured and which targets are met; write every run where that is asked."""
    say(report)
    say(f"\n{promises(targets)}")
    if options.json:
        options.json.write_bytes(msgspec.json.encode(results))
