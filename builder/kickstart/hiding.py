"""What the record of a kickstart hides, hidden as well in all that is said of its installation.

Installers quote the line that they cannot read, scripts print what they do (set -x), kernels their
command line.
"""

import re
from collections.abc import Callable, Iterator

from builder.kickstart.masking import mask, telling
from builder.kickstart.words import MARK

_AROUND = re.compile(r"""[\s"'=;|&<>(){}]+""")


def hiding(kickstart: str) -> Callable[[str], str]:
    """Return what takes out of a text whatever `mask` takes out of the kickstart.

    Single words of that, too, unless they are so plain that they may well mean something else, or
    the record shows them elsewhere.
    """
    record = mask(kickstart)
    lines = zip(kickstart.split("\n"), record.split("\n"), strict=True)
    parts = {part for line, shown in lines for part in _hidden(line, shown)}
    words = {word for part in parts for word in (part, part.strip("'\""), *_AROUND.split(part))}
    secret = sorted((each for each in words if telling(each) and each not in record), key=len)
    pattern = re.compile("|".join(map(re.escape, reversed(secret))) or r"(?!)")
    return lambda said: pattern.sub(MARK, said)


def _hidden(line: str, shown: str) -> Iterator[str]:
    """Yield what of a line is not shown."""
    first, *between = shown.split(MARK)
    at = len(first)
    for number, part in enumerate(between, 1):
        end = len(line) - len(part) if number == len(between) else line.find(part, at)
        yield line[at:end].strip()
        at = end + len(part)
