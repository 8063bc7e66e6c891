"""grub.cfg as text; see `bootloader` for what an edit does."""

import re
import textwrap
from collections.abc import Iterator, Sequence

from builder.media import cmdline, grub_form, grub_shell
from builder.media.unattended import TITLE, Unattended, checks_media, plainest

# linuxefi and initrdefi are the Red Hat build's words for UEFI on EL 7 to 9.
_LINUX = re.compile(r"(\s*linux(?:efi|16)?\s+\S+\s*)(.*)")
_INITRD = re.compile(r"\s*initrd(?:efi|16)?\s")
_ENTRY = re.compile(r"""\s*menuentry\s+("[^"]*"|'[^']*'|\S+)(.*\{\s*)""")
_MENU = re.compile(r"\s*(?:menuentry|submenu)\s")
_SETTING = re.compile(r"""(\s*)(?:set\s+)?["']?(default|timeout|timeout_style)=.*""")
_USERS = re.compile(r"""\s--users(?:=|\s+)(?:"[^"]*"|'[^']*'|[^\s{]+)""")
# With 0 GRUB starts before it looks at the keyboard, and nobody could come to the other entries.
_AT_ONCE = {"default": 'set default="0"', "timeout": "set timeout=1"}
_SET = {**_AT_ONCE, "timeout_style": "set timeout_style=menu"}


def edit(text: str, entry: Unattended) -> str:
    """Return the menu with our entry first, default and taken at once."""
    original = _without_ours(grub_form.lines(text))
    blocks = [block for _, block in _blocks(original)]
    plain = plainest([_arguments(block) for block in blocks])
    if plain is None:
        return _settled(text, entry)
    kept = original if entry.checkable else _without_checks(original)
    lines = [_edit_line(line, entry) for line in kept]
    depths = grub_form.depths(lines)
    always = {line.strip() for line, depth in zip(lines, depths, strict=True) if not depth}
    settings = [line for line in _AT_ONCE.values() if line not in always]
    start = next(n for n, line in enumerate(lines) if _MENU.match(line))
    # Not inside of a condition: there it might be left out.
    start = max((n for n, depth in enumerate(depths[: start + 1]) if not depth), default=0)
    ours = _our_block(blocks[plain], entry, guarded=any("superusers" in each for each in lines))
    return "\n".join([*settings, *lines[:start], *ours, *lines[start:]])


def _settled(text: str, entry: Unattended) -> str:
    """Return a file of settings: one that it includes, or that includes it, has the entries."""
    lines = grub_form.lines(text)
    edited = [_edit_line(line, entry) for line in lines]
    return text if edited == lines else "\n".join(edited)


def entries(text: str) -> list[tuple[str, ...]]:
    """Return the arguments of each entry, none for one without an initramfs."""
    return [_arguments(block) for _, block in _blocks(grub_form.lines(text))]


def _edit_line(line: str, entry: Unattended) -> str:
    if setting := _SETTING.fullmatch(line):
        return setting[1] + _SET[setting[2]]
    if linux := _LINUX.fullmatch(grub_form.without_comment(line)):
        return linux[1] + entry.disarmed(linux[2])
    return line


def _without_checks(lines: list[str]) -> list[str]:
    """Drop the entries that check the medium first, if others start the installer as well."""
    installing = {start: _arguments(block) for start, block in _blocks(lines)}
    checking = [start for start, arguments in installing.items() if checks_media(arguments)]
    if not any(each and not checks_media(each) for each in installing.values()):
        return lines
    for start in reversed(checking):
        lines = lines[:start] + lines[start + _length(lines[start:]) :]
    return lines


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield where each menuentry begins, wherever it is nested, and its lines."""
    for start, line in enumerate(lines):
        if _ENTRY.fullmatch(line):
            block = lines[start : start + _length(lines[start:])]
            yield start, textwrap.dedent("\n".join(block)).split("\n")


def _length(lines: Sequence[str]) -> int:
    """Return after how many lines the block that the first one opens is closed."""
    depth = 0
    for count, line in enumerate(lines, start=1):
        depth += line.rstrip().endswith("{")
        depth -= line.strip() == "}"
        if depth == 0:
            return count
    return len(lines)


def _arguments(block: Sequence[str]) -> tuple[str, ...]:
    """Return what the block gives its kernel, or nothing where it starts no installer."""
    plain = map(grub_form.without_comment, block)
    linux = next((found for line in plain if (found := _LINUX.fullmatch(line))), None)
    if linux is None or not any(_INITRD.match(line) for line in block):
        return ()
    return cmdline.split(linux[2])


def _our_block(plain: Sequence[str], entry: Unattended, *, guarded: bool) -> list[str]:
    head = _head(plain[0], guarded=guarded)
    arguments = " ".join(entry.arguments(_arguments(plain)))
    # A function as replacement: plain text would have its \x20 interpreted.
    plain = [*map(grub_form.without_comment, plain)]
    body = [_LINUX.sub(lambda found: found[1] + arguments, line) for line in plain[1:]]
    return [head, *body]


def _head(line: str, *, guarded: bool) -> str:
    """Return the line that opens ours, with what the other has behind its title."""
    words = grub_shell.parse(line + "\n}")[0].words
    options = line[words[1].end :] if words[1].plain[:2] != "--" else " {"
    # Nobody who knows a password is there; where users are named, GRUB asks all the same.
    options = _USERS.sub("", options)
    free = " --unrestricted" if guarded and "--unrestricted" not in options else ""
    return f"menuentry '{TITLE}'{free}{options}"


def _without_ours(lines: list[str]) -> list[str]:
    """Take out the entry that an earlier edit left."""
    for start, block in _blocks(lines):
        head = _ENTRY.fullmatch(block[0])
        if head and head[1] == f"'{TITLE}'":
            return lines[:start] + lines[start + len(block) :]
    return lines
