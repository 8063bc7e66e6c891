"""Rows of a catalogue as they are written, made whole: what they extend, what stands for what."""

import re
from collections.abc import Mapping
from typing import Any

from builder.errors import ConfigError, suggest

Row = dict[str, Any]
_STANDS_FOR = re.compile(r"{(version|major|minor|arch)}")
_FILLED = ("title", "volume_id", "other_volume_ids", "osinfo", "urls", "checksums", "repositories")
"""Keys in which {version} and its kin stand for something; so in the media."""


def whole(name: str, rows: Mapping[str, Row], families: Mapping[str, Row], *, source: str) -> Row:
    """Return the row `name` with all that it extends, itself on top, and the name of its family.

    Tables are joined key by key, anything else is replaced. Raises ConfigError for a row that
    extends none, itself or something that is not there.
    """
    row, seen = rows[name], [name]
    while "family" not in row:
        base = row.get("extends")
        if not isinstance(base, str):
            raise ConfigError(
                f"{source}: {name} does not say what it extends.",
                hint=f'Write extends = "el9" there: {", ".join(sorted(families))}, or a release.',
            )
        if base in seen:
            raise ConfigError(
                f"{source}: {name} extends itself: {' extends '.join([*seen, base])}.",
                hint="One of them must extend a family.",
            )
        seen.append(base)
        row = _joined(_found(base, rows, families, place=f"{source}: {name}"), row)
    return {key: value for key, value in row.items() if key != "extends"} | {"name": name}


def _found(base: str, rows: Mapping[str, Row], families: Mapping[str, Row], *, place: str) -> Row:
    if base in families:
        return families[base] | {"family": base, "extends": base}
    if base in rows:
        return rows[base]
    raise ConfigError(
        f"{place} extends {base!r}, which is neither a family nor a release.",
        hint=suggest(base, [*families, *rows]),
    )


def _joined(below: Row, above: Row) -> Row:
    """Join two rows; what `below` extends is what the result extends."""
    joined = dict(below)
    for key, value in above.items():
        old = joined.get(key)
        if key == "extends":
            continue
        joined[key] = (
            _joined(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return joined


def filled(row: Row) -> Row:
    """Put the version and the architecture where the row has {version}, {minor} and so on."""
    version = str(row.get("version", ""))
    major, _, minor = version.partition(".")
    values = {"version": version, "major": major, "minor": minor, "arch": row.get("arch", "x86_64")}
    keys = (*_FILLED, "media")
    return row | {key: _filled(row[key], values) for key in keys if key in row}


def _filled(value: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401  # as TOML has it
    if isinstance(value, str):
        return _STANDS_FOR.sub(lambda found: str(values[found[1]]), value)
    if isinstance(value, list):
        return [_filled(each, values) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, values) for key, each in value.items()}
    return value
