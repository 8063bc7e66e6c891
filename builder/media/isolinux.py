"""isolinux.cfg as text; see `bootloader` for what an edit does."""

from collections.abc import Sequence

from builder.media import cmdline
from builder.media.syslinux_menu import directive, is_module
from builder.media.unattended import TITLE, Unattended, checks_media, plainest

LABEL = "builder"
_BLOCK_STARTS = ("label", "menu begin", "menu end")
# In tenths of a second. 0 would be no time-out at all: a menu that waits for ever.
_TIMEOUT = "timeout 1"


def edit(text: str, entry: Unattended, *, included: bool = False) -> str:
    """Return the menu with our entry first, default and taken at once.

    One that another includes leaves to that which it does not set itself.
    """
    found = _without_ours(text.split("\n"))
    blocks = _blocks(found)
    plain = plainest([_arguments(block) for block in blocks])
    if plain is None:
        return _settled(text, entry, included=included)
    kept = found if entry.checkable else _without_checks(found)
    lines = [
        _edit_line(line, keyword, value, entry)
        for line, (keyword, value) in zip(kept, _directives(kept), strict=True)
        if keyword not in {"menu default", "menu start", "ontimeout"}
    ]
    start = next(n for n, (word, _) in enumerate(_directives(lines)) if word in _BLOCK_STARTS)
    ours = _our_block(blocks[plain], entry)
    missing = [] if included else _missing(lines)
    return "\n".join([*missing, *lines[:start], *ours, *lines[start:]])


def _settled(text: str, entry: Unattended, *, included: bool) -> str:
    """Return a menu whose entries are in a file that it includes, or that includes it."""
    found = text.split("\n")
    words = _directives(found)
    if not included and not any(word in {"include", "menu include"} for word, _ in words):
        return text
    lines = [
        _edit_line(line, keyword, value, entry)
        for line, (keyword, value) in zip(found, words, strict=True)
        if keyword not in {"menu default", "menu start", "ontimeout"}
    ]
    return "\n".join([*([] if included else _missing(lines)), *lines])


def entries(text: str) -> list[tuple[str, ...]]:
    """Return the arguments of each entry, none for one without an initramfs."""
    return [_arguments(block) for block in _blocks(text.split("\n"))]


def _without_checks(lines: list[str]) -> list[str]:
    """Drop the entries that check the medium first, if others start the installer as well."""
    found = [_arguments(block) for block in _blocks(lines)]
    if not any(each and not checks_media(each) for each in found):
        return lines
    checking = {block["label"] for block in _blocks(lines) if checks_media(_arguments(block))}
    kept, dropping = [], False
    for line, (word, value) in zip(lines, _directives(lines), strict=True):
        if word in (*_BLOCK_STARTS, "menu separator"):
            dropping = word == "label" and value in checking
        if not dropping:
            kept.append(line)
    return kept


def _directives(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Return each line's keyword (lower case, "menu X" as one) and value; help text has none."""
    result, in_help = [], False
    for line in lines:
        keyword, value = directive(line)
        in_help = in_help and keyword != "endtext"
        result.append(("", "") if in_help else (keyword, value))
        in_help = in_help or (keyword, value.lower()) == ("text", "help")
    return result


def _edit_line(line: str, keyword: str, value: str, entry: Unattended) -> str:
    match keyword, value:
        case ("timeout", _):
            return _TIMEOUT
        case ("prompt", _):
            return "prompt 0"
        case ("implicit", _):
            return "implicit 1"  # with 0 isolinux starts no module by "default"
        case ("default", value) if not is_module(value):
            return f"default {LABEL}"
        case ("append", value):
            kept = entry.disarmed(value)
            return line if kept == value else f"  append {kept}"
        case _:
            return line


def _missing(lines: Sequence[str]) -> list[str]:
    keywords = {keyword for keyword, _ in _directives(lines)}
    default = [] if keywords & {"default", "ui"} else [f"default {LABEL}"]
    return [*default, *([] if "timeout" in keywords else [_TIMEOUT])]


def _blocks(lines: Sequence[str]) -> list[dict[str, str]]:
    """Return each label's directives, keyword to value."""
    blocks: list[dict[str, str]] = [{}]
    for keyword, value in _directives(lines):
        if keyword in _BLOCK_STARTS:
            blocks.append({})
        blocks[-1].setdefault(keyword, value)
    # What stands before the labels is for those that have no arguments of their own.
    common = {"append": blocks[0]["append"]} if "append" in blocks[0] else {}
    return [common | block for block in blocks if "label" in block]


def _arguments(block: dict[str, str]) -> tuple[str, ...]:
    """Return what the block gives its kernel, or nothing where it starts no installer."""
    arguments = cmdline.split(block.get("append", ""))
    initrd = "initrd" in block or any(cmdline.key(each) == "initrd" for each in arguments)
    return arguments if initrd else ()


def _our_block(plain: dict[str, str], entry: Unattended) -> list[str]:
    kernel = [f"  {word} {plain[word]}" for word in ("kernel", "linux", "initrd") if word in plain]
    arguments = " ".join(entry.arguments(_arguments(plain)))
    menu = [f"label {LABEL}", f"  menu label ^{TITLE}", "  menu default"]
    return [*menu, *kernel, f"  append {arguments}", ""]


def _without_ours(lines: list[str]) -> list[str]:
    """Take out the block that an earlier edit left: it ends at the first empty line."""
    if f"label {LABEL}" not in lines:
        return lines
    start = lines.index(f"label {LABEL}")
    end = next((n for n in range(start, len(lines)) if not lines[n].strip()), len(lines))
    return lines[:start] + lines[end + 1 :]
