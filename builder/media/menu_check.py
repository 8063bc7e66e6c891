"""Check the boot menus of an ISO: what they name is there, and our entry is what starts."""

import re
import shlex
from collections.abc import Iterator

from builder.iso import implant
from builder.iso.lead import Lead
from builder.iso.survey import Survey
from builder.media import cmdline, grub_search, grub_shell, menus, starting
from builder.media.routes import routes
from builder.media.starting import Start
from builder.media.unattended import TITLE

_LABEL = re.compile(
    # A label has no quotes: udev escapes them. Those of the shell may end it.
    r"""\b(?P<key>[\w.]+)=(?:hd|cdrom):(?:CD)?LABEL=(?P<label>[^\s:"']+):?(?P<path>[^\s"']*)"""
)


def problems(medium: Survey) -> Iterator[str]:
    """Yield what is wrong with the menus, in whole sentences."""
    ways = routes(medium)
    summed = implant.cleared(medium.source) is not None
    for path, text in menus.texts(medium, ways):
        yield from _label_problems(medium, path, text)
        if not summed and "rd.live.check" in text:
            yield f"{path} offers a media check, and the ISO has no sum to pass it."
    found = starting.starts(ways, medium.volume_id)
    for each in found:
        if each.reason and each.ours:
            yield each.sentence


def silent(medium: Survey) -> tuple[Start, ...]:
    """Return what a medium with our entry boots that does not come to it, and is not to change."""
    ways = routes(medium)
    if not any(TITLE in text for _, text in menus.texts(medium, ways)):
        return ()
    found = starting.starts(ways, medium.volume_id)
    return tuple(each for each in found if each.reason and not each.ours)


def hint(medium: Survey) -> str:
    """Return what helps a medium that was given another label than GRUB's menus search; or ""."""
    found = {each for _, text in menus.texts(medium, routes(medium)) for each in _searched(text)}
    label = min(found - {medium.volume_id}, default="")
    if not label:
        return ""
    return f"Its menus search another volume: --volume-id {shlex.quote(label)} may mend that."


def _label_problems(medium: Survey, path: str, text: str) -> Iterator[str]:
    labels = {found["label"] for found in _LABEL.finditer(text)}
    labels -= {cmdline.escape_label(medium.volume_id)}
    labels |= set(_searched(text)) - {medium.volume_id}
    for label in sorted(labels):
        yield f"{path} names the volume {label!r}; this one is {medium.volume_id!r}."
    for found in _LABEL.finditer(text):
        yield from _kickstart_problems(medium, path, found)


def _searched(text: str) -> Iterator[str]:
    """Yield the labels that a menu of GRUB searches, so far as it names them."""
    try:
        commands = list(grub_shell.every(grub_shell.parse(text)))
    except ValueError:  # starting.py tells of it, where GRUB reads it
        return
    for command in commands:
        words = [each.text for each in command.words]
        if words[0] in grub_search.COMMANDS and None not in words:
            found = grub_search.search(words[0] or "", tuple(each or "" for each in words[1:]))
            if found and found.kind == "label":
                yield found.name


def _kickstart_problems(medium: Survey, path: str, found: re.Match[str]) -> Iterator[str]:
    wanted = found["path"].lstrip("/") or "ks.cfg"
    if found["key"] in {"inst.ks", "ks"}:
        for each in filter(Lead(medium).leads, medium.trees):  # others may cut names down
            if medium.finder(each).find(wanted) is None:
                yield f"{path} names the kickstart /{wanted}, which is not there ({each.title})."
