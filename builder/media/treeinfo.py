""".treeinfo: what an installer tree says of itself, and the sums in it. Pure."""

import configparser
import re


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


def with_digest(content: bytes, path: str, digest: str) -> bytes:
    """Return it with another sha256 of the file at `path`; all else stays as it is."""
    noted = rb"^(%b[ \t]*=[ \t]*sha256:)[0-9a-f]{64}(?=\s*$)" % re.escape(
        path.encode("utf-8", "surrogateescape")
    )
    return re.sub(noted, rb"\g<1>%b" % digest.encode(), content, flags=re.MULTILINE)
