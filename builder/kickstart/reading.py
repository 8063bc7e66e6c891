"""A kickstart at hand, read as its installer will get it: to the byte, but for how lines end."""

import codecs
from pathlib import Path

from builder.errors import ConfigError
from builder.model.octets import decoded, odd
from builder.paths.reading import is_wide, read_data

_LARGEST = 16 << 20


def read(path: Path, *, named: bool = True) -> str:
    """Return the text of a kickstart; `octets.encoded` gives its bytes.

    Lines that end in CRLF end in LF, for a shell takes the CR for a part of the line; one within a
    line is somebody's (sed's, more often than not). The mark that Windows puts before UTF-8 goes:
    installers take it for a part of the first command. Templates, and what was not `named` but
    found in a folder, are text in UTF-8. Raises ConfigError for a file that cannot be read.
    """
    data = read_data(path, limit=_LARGEST, pipes=named, hint="Give a text file.")
    if is_wide(data):
        raise ConfigError(
            f"{path} is text in UTF-16, which no installer reads.", hint="Save it as UTF-8."
        )
    text = decoded(data.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n"))
    if (path.suffix == ".j2" or not named) and odd(text):
        raise ConfigError(
            f"{path}, line {first_odd(text)}: it is no text in UTF-8.", hint="Save it as UTF-8."
        )
    return text


def first_odd(text: str) -> int:
    """Return the number of the first line with bytes that are no UTF-8; 0 for none."""
    return next((number for number, line in enumerate(text.split("\n"), 1) if odd(line)), 0)
