"""The user's own rows: files of releases in folders, of which a broken one is no one's else."""

import re
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from builder.errors import ConfigError, explained
from builder.paths.reading import is_plain, read_text
from builder.releases import catalogue
from builder.releases.catalogue import Catalogue
from builder.releases.rows import Layer

_LARGEST = 1 << 20
_TABLE = re.compile(r"""^[ \t]*\[\[?[ \t]*(?:"([^"\n]+)"|'([^'\n]+)'|([\w-]+))""", re.MULTILINE)


def gathered(folders: Sequence[Path]) -> Catalogue:
    """Return the catalogue with the files in `folders`, first things first, before ours.

    Raises ConfigError for a folder that is closed to us.
    """
    return catalogue.with_own([layer for folder in folders for layer in _of(folder)])


def _of(folder: Path) -> list[Layer]:
    with explained(f"Cannot read {folder}", hint="Mend it.", error_class=ConfigError):
        # Not glob, which finds nothing in a folder that is closed to us.
        paths = sorted(folder.iterdir()) if folder.is_dir() else []
    found = (path for path in paths if path.suffix == ".toml" and is_plain(path))
    return _distinct([read(path) for path in found])


def read(path: Path) -> Layer:
    """Return the rows of a file; for one that cannot be read, what names it has, and why."""
    text = ""
    try:
        text = read_text(path, limit=_LARGEST)
        return catalogue.layer(text, source=str(path))
    except ConfigError as error:
        names = {next(filter(None, found.groups())) for found in _TABLE.finditer(text)}
        flaws = dict.fromkeys(sorted(names), error.message)
        return Layer(source=str(path), flaws=flaws, flaw=error.message)


def _distinct(layers: list[Layer]) -> list[Layer]:
    """Return the files of one folder; which of two rows of one name counts nobody can say."""
    homes: dict[str, list[str]] = {}
    for layer in layers:
        for name in layer.rows:
            homes.setdefault(name, []).append(layer.source)
    twice = {
        name: f"{name} is in two files: {' and '.join(sources)}."
        for name, sources in homes.items()
        if len(sources) > 1
    }
    return [
        replace(
            layer,
            rows={name: row for name, row in layer.rows.items() if name not in twice},
            flaws=layer.flaws | {name: twice[name] for name in layer.rows if name in twice},
        )
        for layer in layers
    ]
