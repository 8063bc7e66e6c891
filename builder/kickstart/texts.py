"""Which texts a kickstart is made of: it, what it includes or extends, and so on."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from posixpath import normpath

import jinja2
from jinja2 import meta

from builder.errors import ConfigError

REPORTS = "snippets/reports.ks.j2"
"""What is added to a user's kickstart that does not say how the installation ended."""

_PARSER = jinja2.Environment(autoescape=False, trim_blocks=True, lstrip_blocks=True)  # noqa: S701  # parses only


def gather(folders: Sequence[Path], name: str, text: str | None = None) -> dict[str, str]:
    """Return the texts that the template `name` needs, by their names; not those that are missing.

    `text` is that of a file which is in none of the folders. Raises ConfigError for one that is
    no text.
    """
    found = {} if text is None else {name: text}
    waiting = [name] if text is None else [REPORTS, *_named(folders, name, text)]
    while waiting:
        each = normal(waiting.pop())
        if each not in found and (here := _read(folders, each)) is not None:
            found[each] = here
            waiting += _named(folders, each, here)
    return found


def normal(name: str) -> str:
    """Return a template's name as the keys of `gather` are: below a folder, without detours."""
    return normpath(name.lstrip("/"))


def _named(folders: Sequence[Path], name: str, text: str) -> Iterator[str]:
    """Yield the names of templates that a text names; all there are where it computes one."""
    try:
        tree = _PARSER.parse(text, name=name)
    except jinja2.TemplateSyntaxError:  # whoever renders it says so
        return
    for each in meta.find_referenced_templates(tree):
        if each is None:
            yield from (
                path.relative_to(folder).as_posix()
                for folder in folders
                for path in folder.rglob("*.j2")
            )
        else:
            yield each


def _read(folders: Sequence[Path], name: str) -> str | None:
    if name.startswith(".."):
        return None
    path = next((folder / name for folder in folders if (folder / name).is_file()), None)
    try:
        return None if path is None else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"Cannot read {path}: {error}.", hint="A kickstart is a text file in UTF-8."
        ) from error
