"""On which lines keys are, against tomllib, which finds the keys without lines."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.releases.catalogue import _HERE
from builder.releases.lines import line_of, lines

TEXT = '''# a comment with = and [brackets]
top = 1
[a]
x = "# no comment [" # one
"q.d" = 'single \\'
list = [
    "one",  # [
    "]", { y = 1 },
]
m = """
[not.a.table]
k = 1
"""
dotted.key.z = 3
inline = { p = 1, q = "}" }
['b c'."d".e]
f = 1979-05-27
[[many]]
g = 1
[many.below]
h = 1
[[many]]
[[many.more]]
g = 1
[[many.more]]
'''
WANTED = {
    ("top",): 2,
    ("a",): 3,
    ("a", "x"): 4,
    ("a", "q.d"): 5,
    ("a", "list"): 6,
    ("a", "m"): 10,
    ("a", "dotted"): 14,
    ("a", "dotted", "key"): 14,
    ("a", "dotted", "key", "z"): 14,
    ("a", "inline"): 15,
    ("b c",): 16,
    ("b c", "d"): 16,
    ("b c", "d", "e"): 16,
    ("b c", "d", "e", "f"): 17,
    ("many",): 18,
    ("many", "0"): 18,
    ("many", "0", "g"): 19,
    ("many", "0", "below"): 20,
    ("many", "0", "below", "h"): 21,
    ("many", "1"): 22,
    ("many", "1", "more"): 23,
    ("many", "1", "more", "0"): 23,
    ("many", "1", "more", "0", "g"): 24,
    ("many", "1", "more", "1"): 25,
}


def test_every_key_has_its_line() -> None:
    assert tomllib.loads(TEXT)["a"]["dotted"] == {"key": {"z": 3}}
    assert lines(TEXT) == WANTED
    assert line_of(("a", "inline", "p"), WANTED) == 15
    assert line_of(("a", "nothing"), WANTED) == 3
    assert line_of(("nothing",), WANTED) == 0


@pytest.mark.parametrize("name", ["releases.toml", "families.toml", "digests.toml"])
def test_every_key_of_ours_is_found(name: str) -> None:
    text = (_HERE / name).read_text()
    found = lines(text)
    rows = text.splitlines()

    def walk(table: dict[str, Any], path: tuple[str, ...]) -> None:
        for key, value in table.items():
            line = line_of((*path, key), found)
            assert key in rows[line - 1]
            if isinstance(value, dict):
                walk(value, (*path, key))

    walk(tomllib.loads(text), ())


WORDS = st.text(alphabet="ab\"'[]{}#=.,\\ \n", max_size=12)


@given(st.lists(WORDS, max_size=6), st.text(alphabet="ab[]=#\n \"'", max_size=20))
def test_values_hide_no_key_behind_them(words: list[str], comment: str) -> None:
    def quoted(text: str) -> str:
        plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{plain}"'

    values = ", ".join(map(quoted, words))
    text = f"[t]\nv = [\n{values}\n] # {comment.partition(chr(10))[0]}\nlast = 1\n"
    assert tomllib.loads(text)["t"]["v"] == words
    assert lines(text) == {("t",): 1, ("t", "v"): 2, ("t", "last"): 5}
