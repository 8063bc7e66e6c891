""".treeinfo: what an installer tree says of itself, and the sums in it. Pure."""

import configparser
import re
from collections.abc import Mapping

_CHECKSUM = re.compile(r"(?P<path>\S+)(?P<middle>\s*=\s*sha256:)[0-9a-f]{64}\s*")


def parse(content: bytes) -> configparser.ConfigParser:
    """Return its sections; none for what cannot be read: it only labels the medium."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(content.decode("utf-8", "replace"))
    except configparser.Error:
        return configparser.ConfigParser()
    return parser


def first(tree: configparser.ConfigParser, *keys: tuple[str, str]) -> str:
    """Return the first value that is there, by section and key; "" for none."""
    found = (tree.get(section, key, fallback="") for section, key in keys)
    return next((value for value in found if value), "")


def with_digests(content: bytes, digests: Mapping[str, str]) -> bytes:
    """Return it with the sha256 of files that changed, by path; other lines stay as they are."""
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    changed = [_with_digest(line, digests) for line in lines]
    return "\n".join(changed).encode("utf-8", "surrogateescape")


def _with_digest(line: str, digests: Mapping[str, str]) -> str:
    found = _CHECKSUM.fullmatch(line)
    if found is None or found["path"] not in digests:
        return line
    return f"{found['path']}{found['middle']}{digests[found['path']]}"
