"""Lists of mirrors, as people's servers write them."""

import pytest

from builder.media.mirror_list import mirrors


def linked(*rows: tuple[str, str]) -> bytes:
    urls = "".join(f'<url protocol="https" preference="{n}">{url}</url>' for n, url in rows)
    files = f'<files><file name="repomd.xml"><resources>{urls}</resources></file></files>'
    return f'<metalink xmlns="http://www.metalinker.org/">{files}</metalink>'.encode()


END = "/repodata/repomd.xml"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"http://a/os/\r\nhttps://b/os\nhttp://a/os/\n", ("http://a/os/", "https://b/os")),
        (b"# a comment\nftp://c/os\nno mirrors for you\n", ()),
        (b"", ()),
        (linked(("9", f"http://a{END}"), ("100", f"https://b{END}")), ("https://b", "http://a")),
        (linked(("x", f"http://a{END}"), ("99999", f"http://b{END}")), ("http://a", "http://b")),
        (linked(("1", f"rsync://a{END}"), ("2", "http://b/other.xml")), ()),
        (b"<metalink><url>", ()),
        (b"<html><body>Log in</body></html>", ()),
    ],
)
def test_mirrors(text: bytes, expected: tuple[str, ...]) -> None:
    assert mirrors(text) == expected
