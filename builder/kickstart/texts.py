"""Which texts a kickstart is made of: it, what it includes or extends, and so on."""

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from posixpath import normpath

import jinja2
from jinja2 import meta

from builder.errors import ConfigError
from builder.kickstart.reading import read
from builder.paths.reading import is_file, is_plain

REPORTS = "snippets/reports.ks.j2"
"""What is added to a user's kickstart that does not say how the installation ended."""

_LARGEST = 1 << 20
"""Bytes of a file that a template may name only when it runs: larger ones are no texts for it."""
_DEEPEST = 32
"""Folders in each other; os.walk calls itself for each, and Python allows for a thousand calls."""
_PARSER = jinja2.Environment(autoescape=False, trim_blocks=True, lstrip_blocks=True)  # noqa: S701  # parses only


def gather(
    folders: Sequence[Path], name: str, text: str | None = None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the texts that a kickstart needs, by their names, and the names of what is no text.

    Names of files that are not there are in neither; whoever renders them says so. `text` is that
    of a kickstart which is in none of the folders.
    """
    texts, damaged = ({} if text is None else {name: text}), set[str]()
    waiting = [name] if text is None else [REPORTS, *_named(folders, name, text)]
    while waiting:
        each = normal(waiting.pop())
        path = _find(folders, each)
        if each in texts or each in damaged or path is None:
            continue
        try:
            texts[each] = read(path, named=False)
        except ConfigError:
            damaged.add(each)
            continue
        waiting += _named(folders, each, texts[each], plain=each == name)
    return texts, tuple(sorted(damaged))


def normal(name: str) -> str:
    """Return a template's name as the keys of `gather` are: below a folder, without detours."""
    return normpath(name.lstrip("/"))


def _named(folders: Sequence[Path], name: str, text: str, *, plain: bool = True) -> Iterator[str]:
    """Yield the names of templates that a text names; all there are where it computes one.

    A kickstart of another ending than .j2 is `plain`; what is included is a template in any case.
    """
    if plain and not name.endswith(".j2"):
        return
    for each in _references(text):
        if each is None:
            yield from (each for folder in folders for each in _below(folder))
        else:
            yield each


@lru_cache(maxsize=256)  # a pipeline's builds share their texts, and jinja2 takes 40 ms for one's
def _references(text: str) -> tuple[str | None, ...]:
    """Return the names that a template has for others; None where it computes one."""
    try:
        return tuple(meta.find_referenced_templates(_PARSER.parse(text)))
    except (jinja2.TemplateError, ValueError, RecursionError):  # whoever renders it says so
        return ()


def below(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder, in linked ones as well; nothing hidden, or nested deeply."""
    seen: set[str] = set()
    for here, names, files in os.walk(folder, followlinks=True):
        # A link that leads back to where it is would be followed for ever.
        seen.add(os.path.realpath(here))
        names[:] = [
            each
            for each in names
            if each[0] != "." and os.path.realpath(Path(here, each)) not in seen
        ]
        if len(Path(here).relative_to(folder).parts) == _DEEPEST:
            names.clear()
        yield from (Path(here, each) for each in files if is_plain(Path(here, each)))


def _below(folder: Path) -> Iterator[str]:
    """Yield the names of all files that may be texts."""
    for path in below(folder):
        if str(path).isprintable() and path.stat().st_size <= _LARGEST:
            yield path.relative_to(folder).as_posix()


def _find(folders: Sequence[Path], name: str) -> Path | None:
    if name.startswith("..") or "\0" in name:
        return None
    return next((folder / name for folder in folders if is_file(folder / name)), None)
