"""Kickstarts at hand arrive as they are: only how lines end is put right."""

from pathlib import Path

import pytest

from builder.errors import ConfigError
from builder.kickstart.library import Library
from builder.kickstart.reading import read
from builder.kickstart.render import render
from builder.model.octets import encoded
from tests.orders import ordered


@pytest.mark.parametrize(
    ("data", "arrives"),
    [
        (b"cmdline\r\npoweroff\r\n", b"cmdline\npoweroff\n"),
        (b'sed -i "s/\r$//" x\n', b'sed -i "s/\r$//" x\n'),
        (b"a\rb\r", b"a\rb\r"),
        (b"a\r\r\n", b"a\r\n"),
        (b"\xef\xbb\xbfcmdline\n", b"cmdline\n"),
        (b"a\xef\xbb\xbf\n", b"a\xef\xbb\xbf\n"),
        (b"# caf\xe9 \xff\xfe\n", b"# caf\xe9 \xff\xfe\n"),
        (b"a\fb\x00\x85\n", b"a\fb\x00\x85\n"),
        (b"no end", b"no end"),
        (b"", b""),
    ],
)
def test_bytes(tmp_path: Path, data: bytes, arrives: bytes) -> None:
    (path := tmp_path / "x.ks").write_bytes(data)
    assert encoded(read(path)) == arrives


def test_a_template_keeps_its_carriage_returns(tmp_path: Path) -> None:
    (tmp_path / "part.sh").write_bytes(b"\xef\xbb\xbftr '\r' x\r\n")
    (path := tmp_path / "x.ks.j2").write_bytes(b'sed "s/\r$//"\r\n{% include "part.sh" %}\r\n')
    order = ordered(library=Library(tmp_path), kickstart=path)
    assert render(order).written == "sed \"s/\r$//\"\ntr '\r' x\n"


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("x.ks", "cmdline\n".encode("utf-16"), "is text in UTF-16, which no installer reads."),
        (
            "x.ks",
            "cmdline\n# é\n".encode("utf-16-le"),
            "is text in UTF-16, which no installer reads.",
        ),
        ("x.ks", b"\xfe\xff\0c", "is text in UTF-16, which no installer reads."),
        ("x.ks.j2", b"cmdline\n# caf\xe9\n", ", line 2: it is no text in UTF-8."),
    ],
)
def test_what_cannot_be_carried(tmp_path: Path, name: str, data: bytes, sentence: str) -> None:
    (path := tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert caught.value.message == f"{path}{'' if sentence[0] == ',' else ' '}{sentence}"
    assert caught.value.hint == "Save it as UTF-8."
