"""Words and commands as GRUB's shell has them."""

import pytest

from builder.media import grub_shell
from builder.media.grub_shell import Command


def _texts(commands: tuple[Command, ...]) -> list[object]:
    return [
        [[each.text for each in command.words], *([_texts(command.body)] if command.body else [])]
        for command in commands
    ]


_WORDS = [
    pytest.param("a b\tc", ["a", "b", "c"], id="blanks"),
    pytest.param("a \\\n  b", ["a", "b"], id="a continued line"),
    pytest.param("a \\\r\n  b", ["a", "b"], id="a continued line of DOS"),
    pytest.param("ab\\\ncd", ["abcd"], id="a word that goes on in the next line"),
    pytest.param("'a b'\"c d\"e", ["a bc de"], id="quotes within a word"),
    pytest.param("'a\\\nb'", ["a\\\nb"], id="single quotes keep everything"),
    pytest.param('"a\\"b\\\\c\\d"', ['a"b\\c\\d'], id="escapes in double quotes"),
    pytest.param('"a\\\nb"', ["ab"], id="double quotes go on as well"),
    pytest.param(r"a\ b\'", ["a b'"], id="escapes"),
    pytest.param(r"LABEL=CentOS\x207\x20x86_64", [r"LABEL=CentOS\x207\x20x86_64"], id="a label"),
    pytest.param("a $b c${d}e 'f$g'", ["a", None, None, "f$g"], id="variables"),
    pytest.param("a # b", ["a"], id="a comment"),
    pytest.param("a#b", ["a#b"], id="no comment"),
    pytest.param("a ''", ["a", ""], id="an empty word"),
    pytest.param("a\r", ["a"], id="a carriage return"),
]


@pytest.mark.parametrize(("text", "words"), _WORDS)
def test_words(text: str, words: list[str | None]) -> None:
    assert _texts(grub_shell.parse(text)) == [[words]]


_COMMANDS = [
    pytest.param("a;b\nc", [[["a"]], [["b"]], [["c"]]], id="ends"),
    pytest.param("m 'x' {\n a\n}\nb", [[["m", "x"], [[["a"]]]], [["b"]]], id="a block"),
    pytest.param("m x{ a; n{ b }; }", [[["m", "x"], [[["a"]], [["n"], [[["b"]]]]]]], id="one line"),
    pytest.param("# {\nm {\n# }\na '}'\n}", [[["m"], [[["a", "}"]]]]], id="no braces"),
    pytest.param("", [], id="nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "commands"), _COMMANDS)
def test_commands(text: str, commands: list[object]) -> None:
    assert _texts(grub_shell.parse(text)) == commands


@pytest.mark.parametrize("text", ["a 'b", 'a "b', "m x {\n a\n", "}", "a\n}\nb"])
def test_what_grub_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"brace|quotation"):
        grub_shell.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a \\\n  b\nc", "a    b\nc"),
        ("a 'b\\\nc' \\\r\nd", "a 'b\\\nc'  d"),
        ("# a \\\nb", "# a \\\nb"),
        ('a "b\\\nc"d\\\ne', 'a "bc"de'),
        ("a\\\\\nb", "a\\\\\nb"),
    ],
)
def test_lines_are_joined(text: str, expected: str) -> None:
    assert grub_shell.joined(text) == expected
    assert _texts(grub_shell.parse(text)) == _texts(grub_shell.parse(expected))
