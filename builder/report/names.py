"""Names of the report's files: what names an image may be no name for a file."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

INDEX = "index.html"
FEED = "feed.xml"
JUNIT = "junit.xml"
DATA = "report.json"
_FIRST, _LAST = "image-", ".html"
_LONGEST = 120
_KEPT = 90
"""Characters of what is longer, before its digest."""


def slug(text: str) -> str:
    """Return a word that may be a part of a file's name, of an address and of an id in a page.

    Other texts have other ones: what is no letter, digit, dot, dash or underscore becomes its
    bytes, as ~20. An address needs to change nothing of it, as it would of a percent sign.
    """
    word = quote(text.encode("utf-8", "backslashreplace"), safe="")
    word = word.replace("~", "%7E").replace("%", "~")
    if len(word) <= _LONGEST:
        return word
    return f"{word[:_KEPT]}~~{hashlib.sha256(word.encode()).hexdigest()[:16]}"


def page_of(image: str) -> str:
    """Return the name of an image's page."""
    return f"{_FIRST}{slug(image)}{_LAST}"


def anchor(run_id: str) -> str:
    """Return the id of a run's place in a page, which has ids of other kinds as well."""
    return f"run-{slug(run_id)}"


def is_page(name: str) -> bool:
    """Tell whether a file's name may be that of an image's page."""
    word = name.removeprefix(_FIRST).removesuffix(_LAST)
    return name == f"{_FIRST}{word}{_LAST}" and quote(word, safe="") == word


def link(target: str, *, seen_from: Path) -> str:
    """Return the address of a plain file that is there, seen from a folder's pages; else nothing.

    It is a relative one: right for a browser that opens the files, and behind a web server that
    has both folders.
    """
    with suppress(OSError, ValueError):  # ValueError: a NUL in the name
        path = Path(target)
        if path.is_absolute() and path.is_file():
            return quote(os.fsencode(os.path.relpath(path.resolve(), seen_from.resolve())))
    return ""
