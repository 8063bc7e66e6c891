"""Metadata that say what they are written in: Python knows none of these, or expat does not."""

from collections.abc import Callable, Iterable

import pytest

from builder.media import comps, mirror_list, primary, repomd, updateinfo

_READERS: dict[str, Callable[[Iterable[bytes]], object]] = {
    "updateinfo": lambda content: list(updateinfo.advisories(content)),
    "primary": primary.packages,
    "comps": comps.comps,
    "repomd": lambda content: repomd.parse(b"".join(content)),
    "mirrors": lambda content: mirror_list.mirrors(b"".join(content)),
}


@pytest.mark.parametrize("encoding", ["nonsense", "utf-7", "utf-16", "big5", "UTF-8"])
@pytest.mark.parametrize("reader", _READERS)
def test_all_are_read_as_what_all_are(reader: str, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><x>ü</x>'
    assert not getattr(_READERS[reader]([text.encode()]), "groups", ())
