"""Lists of mirrors: yum's, an address a line, and metalinks (RFC 5854's forerunner, version 3)."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from builder.media.repomd import PATH

_WEB = ("http://", "https://")
_END = f"/{PATH}"


def mirrors(text: bytes) -> tuple[str, ...]:
    """Return the addresses of the repository's folder, best first; none where there are none."""
    if text.lstrip().startswith(b"<"):
        return tuple(dict.fromkeys(_linked(text)))
    lines = (each.strip() for each in text.decode("utf-8", "replace").splitlines())
    return tuple(dict.fromkeys(each for each in lines if each.startswith(_WEB)))


def _linked(text: bytes) -> Iterator[str]:
    """Yield what a metalink prefers, by its numbers from 100 down."""
    try:
        root = ET.fromstring(text)  # noqa: S314  # libexpat bounds its entities
    except ET.ParseError:
        return
    urls = [each for each in root.iter() if each.tag.rpartition("}")[2] == "url"]
    for each in sorted(urls, key=lambda each: -_number(each.get("preference", ""))):
        address = (each.text or "").strip()
        if address.startswith(_WEB) and address.endswith(_END):
            yield address.removesuffix(_END)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else 0  # noqa: PLR2004
