"""What a script or a comment tells of secrets: in any language, so by the lines alone."""

import re

from builder.kickstart.names import TOLD
from builder.kickstart.words import anonymous
from builder.model.hiding import MARK

_TOKEN = re.compile(r""""(?:\\[\s\S]|[^"\\])*"|'[^']*'|\\[\s\S]|(?<!\S)#(?:.*\\\n)*.*|[][(){}\n]""")
"""What may take a line's end along in a script, or is one; a quotation that never ends is none."""
_IDLE = re.compile(
    r"(?<!\S)['\"]*(?!--lock)--?[a-z][\w-]*(?:=\S*)?|%[a-z]|\\[a-z]|\b(?:echo|printf?)\b|\d?>+\s*\S+"
)
"""What may stand in a script between the name of a secret and it; --lock says that none comes."""
_SAID = re.compile(r"\S(?:.*\S)?")
_ACCOUNT = r"""["']?[\w.${}-]+["']?:["']?"""
_ECHO = r"""\b(?:echo|printf)\s+(?:-\w+\s+)*"""
_PIPED = (
    r"[^|\n]{,300}\|\s*(?:\\\n\s*)?"
    r"(?:sudo\s+(?:-\w+\s+)*|chroot\s+\S+\s+|\w+=\S*\s+)*(?:[\w./-]*/)?"
)
_ALONE = (
    r"(?:passwd\b.*\s--stdin|cryptsetup\b|kinit\b|realm\s+join\b"
    r"|(?:docker|podman|buildah|skopeo)\s+login\b)"
)
"""Programs that read nothing but a password."""
_SALT = r"""(?>"[^"\n]{,300}"|'[^'\n]{,300}'|\$\([^)\n]{,300}\)|`[^`\n]{,300}`|[^\s"'`]\S*)"""
_WORDS = r"\s(?:(?:[^|;&\n]|\\\n){,300}?\s)??"
_HEADER = r"""(?<![\w-])(?:-(?-i:\w{,9}H)|--(?:proxy-)?header)[ \t=]*(?:\\?["'])?"""
_BEFORE = (
    rf"{_ECHO}{_ACCOUNT}(?={_PIPED}(?:chg?passwd|newusers)\b(?!.*\s--?e))",
    rf"""\bprintf\s+["']?%s:%s[^"'|\s]*["']?\s+\S+\s+["']?(?={_PIPED}chg?passwd\b)""",
    rf"""\bprintf\s+["']?[^"'|\s%]*%s[^"'|\s%]*["']?\s+["']?(?={_PIPED}(?:chg?passwd\b|{_ALONE}))""",
    rf"""{_ECHO}["']?(?={_PIPED}{_ALONE})""",
    rf"\bchg?passwd\b[^\n|;&<]{{,100}}<<<\s*\$?{_ACCOUNT}",
    r"""\b(?:passwd|cryptsetup)\b[^\n|;&<]{,100}<<<\s*\$?["']?""",
    rf"""\b(?:adduser|(?:user|group)(?:add|mod)){_WORDS}-[mMrUNo]*p\s*["']?""",
    rf"""\bopenssl\s+passwd(?:\s+-salt\s+{_SALT}|\s+-(?!in\b|salt\b)\w+)*\s+(?![<>])["']?""",
    r"""\bcrypt\.crypt\(\s*["']""",
    rf"""\bcurl{_WORDS}(?:-\w*[uU]|--user|--proxy-user)[=\s]*["']?[\w.@${{}}-]*["']?:["']?""",
    rf"""\bcurl{_WORDS}-x\s*["']?(?=[^\s"'@]*:[^\s"'@]*@)""",
    r"""(?i:\bauthorization["']?:\s*(?:basic|bearer|token)\s+)""",
    rf"""(?i:{_HEADER}[\w-]{{,99}}(?:token|key)["']?:[ \t]*)""",
    rf"""(?i:{_HEADER}(?:proxy-)?authorization:[ \t]*(?>(?:[a-z][\w-]*[ \t]+(?=[^\s\\]))?))""",
    r"""(?<!\S)--(?!no-|disable|show|with)[\w-]*(?:token|secret|(?:api|auth)-?key|bearer|password)\s+["']?(?!/)""",
    r"""(?i:\b(?:access|api|auth|secret)[_-]?key)["']?\s*:\s+["']?""",
    rf"""\b(?:docker|podman|buildah|skopeo|oc)\s+login{_WORDS}-p\s+["']?""",
    rf"""\b(?:ldap\w+|ipa-[\w-]+){_WORDS}-w\s+["']?""",
    r"""\bhtpasswd\s+-\w*b\w*(?:\s+\S+){2}\s+["']?""",
    r"""\.psk\s+["']?""",
    r"""\bmachine\s+\S+\s+login\s+\S+\s+password\s+["']?""",
    r"""(?i:\bidentified\s+by)\s+["']""",
    rf"""\bmysql\w*{_WORDS}-p["']?""",
    r"""\bsshpass\s+-p\s*["']?""",
)
_VALUES = {
    "'": re.compile(r"""[^'\n]*(?:'(?:\\'|"'")'[^'\n]*)*"""),
    '"': re.compile(r'(?:\\.|[^"\\\n])*'),
    "": re.compile(r"""(?:\\.|\$\([^)\n]{,300}\)|[^\n"'`|;)\\])*"""),
}
"""A value, by the quotation that it is in; a quote inside one of single quotes ends it twice."""
_PASSWORDS = 9
"""How many passwords of one command are looked for: what begins with its name finds the first."""
_FIRST = r"""(?!\\\n)(?=[^\s"'$`%*!|;-])"""
IN_CLEAR = re.compile(f"(?:{'|'.join(_BEFORE)}){_FIRST}")
"""Before a password that a script gives to a program; a variable is none, nor is a hash."""

_PEM = re.compile(
    r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)((?:(?!-----)[\s\S]){1,20000})"
    r"(?=-----END [A-Z ]*PRIVATE KEY-----)"
)

_FED = r"(?:chg?passwd|newusers)\b"
_WORD_OF_END = r"""<<-?[ \t]*["'\\]?(?P<word>\w+)["']?"""
_FEEDS = (rf"\b{_FED}[^\n<|]{{,100}}{_WORD_OF_END}.*", rf"{_WORD_OF_END}{_PIPED}{_FED}.*")
_IN_LINES = tuple(
    re.compile(rf"(?m)(?P<head>{each}\n)(?P<body>(?:.*\n){{,999}}?)(?=\s*(?P=word)$)")
    for each in _FEEDS
)
"""Lines for a program, each of an account and its password."""


def cut(text: str) -> str:
    """Hide what comes after the name of a secret: how it is put together, only scripts know."""
    text = _PEM.sub(lambda found: found[1] + hidden(found[2]), text)
    for _ in range(_PASSWORDS):
        before, text = text, _unclear(text)
        if before == text:
            break
    for each in _IN_LINES:
        text = each.sub(_accounts, text)
    parts, at = list[str](), 0
    for found in TOLD.finditer(text):
        if found.end() > at:
            end = _end(text, found)
            parts += text[at : found.end()], hidden(text[found.end() : end])
            at = end
    lines = "".join([*parts, text[at:]]).split("\n")
    return "\n".join(map(anonymous, lines))


def _unclear(text: str) -> str:
    """Return a text without the passwords that it gives to programs."""
    parts, at = list[str](), 0
    for found in IN_CLEAR.finditer(text):
        if found.end() >= at:
            value = _VALUES[_quotation(found[0])].match(text, found.end())
            parts += text[at : found.end()], MARK
            at = value.end() if value else found.end()
    return "".join([*parts, text[at:]])


def _quotation(text: str) -> str:
    """Return with which quote the text's last quotation began that has not ended; else nothing."""
    begun = ""
    for letter in re.findall(r"\\.|[\"']", text):
        if len(letter) == 1:
            begun = "" if letter == begun else begun or letter
    return text[-1] if text[-1] in _VALUES else begun


def _accounts(found: re.Match[str]) -> str:
    body = re.sub(r"(?m)^([^:\n]*:)[^\n]+", rf"\1{MARK}", found["body"])
    return found["head"] + body


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
