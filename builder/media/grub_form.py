"""Bring a GRUB menu into the form that edits know: a command in each line, blocks over several."""

import re
from collections.abc import Iterator, Sequence

from builder.media import grub_shell

_IN_LINE = re.compile(r"[^\n#]*\S[^\n#]*[;\s](?:default|timeout|timeout_style)=")
_OPENING = re.compile(r"\s*(?:if|for|while|until|function)\s")
_CLOSING = re.compile(r"\s*(?:fi|done|\})(?=\s|;|$)")


def lines(text: str) -> list[str]:
    """Return the lines of a script; none for what GRUB does not read either."""
    try:
        whole = grub_shell.joined(text)
        return "".join(_spread(whole)).split("\n")
    except ValueError:
        return []


def _spread(text: str) -> Iterator[str]:
    """Yield the text with a line for each command of a block that is written in one."""
    depth, tokens = 0, list(grub_shell.split(text))
    for number, token in enumerate(tokens):
        if token.lastgroup == "comment" and _behind_brace(tokens, number):
            continue
        before, after = _beside(tokens, number, -1), _beside(tokens, number, 1)
        depth += token[0] == "{"
        if token[0] == "}":
            depth -= 1
            yield "" if before == "\n" else "\n"
        several = depth or _IN_LINE.match(_line(text, token.start()))
        behind = token[0] == ";" and before == "}"
        yield "" if behind else "\n" if token[0] == ";" and several else token[0]
        ended = token[0] in {"{", "}"} or (several and token[0] in {"then", "else", "do"})
        if ended and after not in {"\n", ""}:
            yield "\n"


def _behind_brace(tokens: Sequence[re.Match[str]], at: int) -> bool:
    """Tell whether a comment is in the line of a brace, which ends a line of its own."""
    found = next((each for each in tokens[at - 1 :: -1] if each.lastgroup != "blank"), None)
    return at > 0 and found is not None and found[0] in {"{", "}"}


def _beside(tokens: Sequence[re.Match[str]], at: int, step: int) -> str:
    """Return the token before or after one, blanks and comments left out; "" for none."""
    at += step
    while 0 <= at < len(tokens) and tokens[at].lastgroup in {"blank", "comment"}:
        at += step
    return tokens[at][0] if 0 <= at < len(tokens) else ""


def _line(text: str, at: int) -> str:
    start = text.rfind("\n", 0, at) + 1
    return text[start:].partition("\n")[0]


def depths(menu: Sequence[str]) -> list[int]:
    """Return for each line how many conditions, loops and blocks it is in."""
    found, depth = [], 0
    for line in menu:
        depth -= _CLOSING.match(line) is not None
        found.append(depth)
        one = re.search(r"[;\s](?:fi|done)\s*;?\s*$", line)
        opens = _OPENING.match(line) is not None and not one
        opens = opens or (line.rstrip().endswith("{") and not _OPENING.match(line))
        depth += opens
    return found


def without_comment(line: str) -> str:
    """Return a line of a script without the comment at its end."""
    try:
        kept = [each[0] for each in grub_shell.split(line) if each.lastgroup != "comment"]
    except ValueError:
        return line
    return "".join(kept).rstrip() if "#" in line else line
