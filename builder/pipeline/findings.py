"""What is wrong with a pipeline file, for people: where, what, and what to do."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from builder.errors import ConfigError
from builder.releases.lines import Path, line_of
from builder.releases.shape import Wrong

_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)")
_SEVERAL = ("build", "matrix")
"""Tables that may be there more than once."""
_TABLES = (*_SEVERAL, "defaults", "limits", "retry", "publish", "notify")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A mistake in a pipeline file."""

    source: str
    line: int
    """0 where it is of no line."""
    table: str = ""
    """As the file has it, with its number where there are several: [[build]] 2."""
    key: str = ""
    text: str
    hint: str = ""


def shown(finding: Finding) -> str:
    """Return a finding as a line: FILE:LINE: [table] key: what is wrong. What to do."""
    place = f"{finding.source}:{finding.line}" if finding.line else finding.source
    return f"{place}: {_where(finding)}{finding.text} {finding.hint}".rstrip()


def error(findings: Sequence[Finding]) -> ConfigError:
    """Return the error of a file that is wrong: its first mistake."""
    first = findings[0]
    line = f", line {first.line}" if first.line else ""
    more = f" `builder pipeline check` shows all {len(findings)} mistakes."
    return ConfigError(
        f"{first.source}{line}: {_where(first)}{first.text}",
        hint=f"{first.hint or 'Mend that line.'}{more if findings[1:] else ''}",
    )


def unreadable(refused: ConfigError, source: str) -> Finding:
    """Return the finding of a file that cannot be read, or is no TOML."""
    where = _AT_LINE.search(refused.message)
    text = _AT_LINE.sub("", refused.message).removeprefix(f"{source}: ")
    text = text.replace(f"{source} ", "This file ", 1)
    return Finding(source=source, line=int(where[1]) if where else 0, text=text, hint=refused.hint)


def located(wrong: Wrong, *, source: str, at: Mapping[Path, int]) -> Finding:
    """Return a mistake with its line and the name of its table."""
    name, rest = table(wrong.path)
    return Finding(
        source=source,
        line=line_of(wrong.path, at),
        table=name,
        key=_key(rest),
        text=wrong.text,
        hint=wrong.hint,
    )


def table(path: Path) -> tuple[str, Path]:
    """Return the table that a path is in, as people call it, and what of the path is left."""
    if not path or (len(path) == 1 and path[0] not in _TABLES):
        return "", path
    if path[0] in _SEVERAL and path[1:] and path[1].isdecimal():
        return f"[[{path[0]}]] {int(path[1]) + 1}", path[2:]
    return f"[{path[0]}]", path[1:]


def _key(path: Path) -> str:
    text = "".join(f" {int(each) + 1}" if each.isdecimal() else f".{each}" for each in path)
    return text.removeprefix(".")


def _where(finding: Finding) -> str:
    words = " ".join(filter(None, (finding.table, finding.key)))
    return f"{words}: " if words else ""
