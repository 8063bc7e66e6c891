"""What a script or a comment tells of secrets: in any language, so by the lines alone."""

import re

from builder.kickstart.names import TOLD
from builder.kickstart.words import MARK, anonymous

_TOKEN = re.compile(r""""(?:\\[\s\S]|[^"\\])*"|'[^']*'|\\[\s\S]|(?<!\S)#(?:.*\\\n)*.*|[][(){}\n]""")
"""What may take a line's end along in a script, or is one; a quotation that never ends is none."""
_IDLE = re.compile(
    r"(?<!\S)['\"]*(?!--lock)--?[a-z][\w-]*(?:=\S*)?|%[a-z]|\\[a-z]|\b(?:echo|printf?)\b|\d?>+\s*\S+"
)
"""What may stand in a script between the name of a secret and it; --lock says that none comes."""
_SAID = re.compile(r"\S(?:.*\S)?")
IN_CLEAR = re.compile(
    r"""(\b(?:echo|printf)\s+(?:-\w+\s+)*["']?[\w.${}-]+:"""
    r"""(?=[^|\n]{,300}\|\s*(?:sudo\s+)?chpasswd\b(?!.*\s--?e))"""
    r"""|\bchpasswd\s*<<<\s*["']?[\w.${}-]+:"""
    r"""|\becho\s+(?:-\w+\s+)*["']?(?=[^|\n]{,300}\|\s*(?:sudo\s+)?passwd\b.*\s--stdin)"""
    r"""|\bcurl\s(?:[^|;&\n]{,300}\s)?(?:-u|-U|--user|--proxy-user)[=\s]*["']?[\w.@-]+:"""
    r"""|\bmysql\w*\s(?:[^|;&\n]{,300}\s)?-p["']?"""
    r"""|\bsshpass\s+-p\s*["']?)"""
    r"""[^\s"'$`%*!|;-][^\n"'|;]*"""
)
"""A password that a script gives to a program; a variable is none, nor is a hash."""


def cut(text: str) -> str:
    """Hide what comes after the name of a secret: how it is put together, only scripts know."""
    text = IN_CLEAR.sub(rf"\1{MARK}", text)
    parts, at = list[str](), 0
    for found in TOLD.finditer(text):
        if found.end() > at:
            end = _end(text, found)
            parts += text[at : found.end()], hidden(text[found.end() : end])
            at = end
    lines = "".join([*parts, text[at:]]).split("\n")
    return "\n".join(map(anonymous, lines))


def _end(text: str, found: re.Match[str]) -> int:
    """Return where the lines end of which the first has the name that was `found`.

    They go on in a quotation, between brackets, and until there is more than the name.
    """
    depth, said, at = 0, False, found.end()
    for token in _TOKEN.finditer(text, text.rfind("\n", 0, at) + 1):
        depth += (token[0] in tuple("([{")) - (token[0] in tuple(")]}"))
        if token[0] == "\n":
            said = said or bool(re.search(r"\w", _IDLE.sub("", text[at : token.start()])))
            at = token.end()
            if said and depth <= 0:
                return token.start()
    return len(text)


def hidden(text: str) -> str:
    """Return lines with nothing but where they begin and end."""
    return _SAID.sub(MARK, text)
