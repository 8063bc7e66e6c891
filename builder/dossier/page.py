"""Write a build's dossier.html and its cleaned logs; at any time, as often as one likes."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import jinja2

from builder import files
from builder.dossier.facts import LOGS, Facts, clean, gather
from builder.dossier.verdict import verdict
from builder.errors import HostError
from builder.model.hiding import NOTHING
from builder.model.text import duration, plain
from builder.paths.reading import is_plain

FILE = "dossier.html"
_DATA = Path(__file__).parent / "data"
_PRIVATE = 0o600
"""Logs are their owner's alone, and the page has them inside."""


def write(folder: Path, *, hide: Callable[[str], str] = NOTHING) -> Path:
    """Write the page of the build in `folder`, and a .txt beside each log; return its path.

    What isn't there yet is left out, and so is what `hide` takes out of a text. Raises HostError
    when the folder takes no files.
    """
    with files.writing(folder, what=f"Cannot write {folder / FILE}", hint="Mend its permissions."):
        if folder.stat().st_uid != os.geteuid():
            raise HostError(f"{folder} is another user's.", hint="Let its owner do that.")
        _write_clean(folder, hide)
        page = render(gather(folder, hide=hide), now=datetime.now(UTC), hide=hide)
        return _put(folder / FILE, page)


def render(facts: Facts, *, now: datetime, hide: Callable[[str], str] = NOTHING) -> str:
    """Return the page. Everything that comes from outside is escaped, without what `hide` hides."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_DATA),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,  # guests are hostile
        finalize=lambda value: _printable(value, hide),
    )
    environment.filters |= {"clock": clock, "duration": duration}
    return environment.get_template("dossier.html.j2").render(
        facts=facts, verdict=verdict(facts.build, facts.manifest), now=now
    )


def _printable(value: object, hide: Callable[[str], str]) -> object:
    """Return a text without what does not print; what a template made is safe and stays."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        text = hide(value)
        return plain(text, longest=len(text))
    return value


def clock(seconds: float) -> str:
    """Return a time since the beginning as on a stopwatch: 0:31, 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _write_clean(folder: Path, hide: Callable[[str], str]) -> None:
    for name, _title in LOGS:
        raw = folder / f"{name}.log"
        if is_plain(raw):
            _put(raw.with_suffix(".txt"), hide("".join(f"{line}\n" for line in clean(raw))))


def _put(path: Path, text: str) -> Path:
    with files.replacing(path, mode=_PRIVATE, durable=False) as part:
        part.write_text(text, encoding="utf-8")
    return path
