"""%packages held against what a medium has, as Anaconda's yum (EL 7) and dnf will.

A package is found by its name, with architecture, version and release or without, by a pattern, by
what it provides and by its files; a group or environment by its id or its name, whatever the case.
Where one is not there Anaconda asks whether to go on, or ends in cmdline mode: after minutes.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import translate
from pathlib import Path

from builder.errors import nearest
from builder.kickstart.wanted import Asked, Wanted
from builder.media.comps import Group, Module
from builder.media.primary import Nevra
from builder.media.software import Shelf, Software, shelf
from builder.model.kickstart import LintFinding

_GLOB = re.compile(r"[*?\[]")
_LISTED = re.compile(r"/etc/|.*bin/|/usr/lib/sendmail$")
_NEAR = 40
"""Names of thousands that are looked at closely."""


def missing(wanted: Wanted, path: Path | None) -> tuple[LintFinding, ...]:
    """Return what is to be said of `wanted` where the ISO at `path` is what it installs from.

    None is one that is still to come. Errors are what ends the installation or makes it ask; a note
    says why nothing can be said.
    Raises MediaError for an ISO that cannot be read.
    """
    if wanted.source == "image":
        return ()
    if wanted.source == "elsewhere":
        return (_note("the kickstart installs from elsewhere"),)
    if path is None:
        return (_note("the ISO is not there; the build does so when it is"),)
    with shelf(path) as opened:
        software = opened.software()
        if not software.folders:
            return (_note(f"{opened.name} holds no list of them"),)
        found = (*_packages(wanted, software, opened), *_others(wanted, software, opened))
    return tuple(sorted((_finding(*each, wanted=wanted) for each in found), key=_place))


def _note(why: str) -> LintFinding:
    return LintFinding(line=0, severity="note", message=f"packages are not looked for: {why}")


def _finding(asked: Asked, message: str, *, wanted: Wanted) -> LintFinding:
    more = " or ".join(wanted.repositories)
    said, colon, meant = message.partition(": ")
    if wanted.ignores_missing:
        message = f"{said}, and is left out{colon}{meant}"
    elif more:
        message = f"{said}, but {more} may have it{colon}{meant}"
    sure = not (wanted.ignores_missing or more or _unlisted(asked.name))
    return LintFinding(line=asked.line, severity="error" if sure else "warning", message=message)


def _unlisted(name: str) -> bool:
    """Tell whether a name is a file that primary.xml need not have: it has what programs need."""
    return name.startswith("/") and not _LISTED.match(name)


def _place(finding: LintFinding) -> tuple[int, str]:
    return finding.line, finding.message


def _packages(wanted: Wanted, software: Software, medium: Shelf) -> Iterator[tuple[Asked, str]]:
    left = [each for each in wanted.packages if not _there(each.name, software)]
    if not left:
        return
    offered = _provided([each.name for each in left], medium)
    names = [*{each.name for each in software.packages}, *software.base]
    for each in left:
        if each.name not in offered:
            what = "no package provides" if each.name.startswith("/") else "there is no package"
            yield each, f"{what} {each.name} on {medium.name}{_meant(each.name, names)}"


def _there(name: str, software: Software) -> bool:
    if name in software.base:
        return True
    matches = _matcher(name)
    if _GLOB.search(name):
        names = (*software.base, *(each.name for each in software.packages))
        return any(map(matches, names)) or any(map(matches, _forms(software.packages)))
    likely = (each for each in software.packages if each.name in name)
    return any(map(matches, _forms(likely)))


def _forms(packages: Iterable[Nevra]) -> Iterator[str]:
    return (form for each in packages for form in each.forms())


def _matcher(name: str) -> Callable[[str], bool]:
    if not _GLOB.search(name):
        return name.__eq__
    pattern = re.compile(translate(name))
    return lambda text: pattern.match(text) is not None


def _provided(names: list[str], medium: Shelf) -> set[str]:
    """Return those of the names that some package provides, though none is called so."""
    matchers = {name: _matcher(name) for name in names}
    # A pattern finds what has its longest plain part in it.
    words = {max(re.split(r"[*?]|\[.*?\]", name), key=len).encode() for name in names}
    offered = medium.provided(
        lambda text: any(fits(text) for fits in matchers.values()), words=words
    )
    return {name for name, fits in matchers.items() if any(map(fits, offered))}


def _others(wanted: Wanted, software: Software, medium: Shelf) -> Iterator[tuple[Asked, str]]:
    """Yield groups, environments and modules that are not there.

    dnf takes groups for environments and the other way round; one of each name is enough.
    """
    known = (*software.groups, *software.environments)
    ids = [each.id for each in known]
    kinds = [("group", wanted.groups), ("environment", wanted.environments)]
    # A medium without comps.xml, such as a rehearsal's: its installer knows of some.
    for kind, asked in kinds if known else []:
        for each in asked:
            if not _known(each.name, known):
                yield from _unknown(each, kind, ids, medium)
    for each in wanted.modules:
        yield from _unknown(each, "module", [one.name for one in medium.modules], medium)


def _unknown(
    asked: Asked, kind: str, names: list[str], medium: Shelf
) -> Iterator[tuple[Asked, str]]:
    """Yield what is wrong with a name that is no group's: a module may have it."""
    message = _module(asked.name, medium.modules)
    if message is None:
        message = f"there is no {kind} {asked.name} on {medium.name}{_meant(asked.name, names)}"
    if message:
        yield asked, message


def _known(name: str, groups: Iterable[Group]) -> bool:
    matches = _matcher(name.lower())
    return any(matches(text.lower()) for each in groups for text in (each.id, each.name))


def _module(spec: str, modules: tuple[Module, ...]) -> str | None:
    """Return why a module cannot be had, "" where it can; None where the name is none's."""
    name, _, rest = spec.partition("/")[0].partition(":")
    stream, profile = rest.partition(":")[0], spec.partition("/")[2]
    named = [each for each in modules if each.name == name]
    if not named:
        return None
    streams = [each for each in named if stream in ("", each.stream)]
    if not streams:
        known = [each.stream for each in named]
        return f"the module {name} has no stream {stream}{_meant(stream, known, few=True)}"
    profiles = {one for each in streams for one in each.profiles}
    if profile and profile not in profiles:
        return f"the module {name} has no profile {profile}{_meant(profile, profiles, few=True)}"
    return ""


def _meant(word: str, known: Iterable[str], *, few: bool = False) -> str:
    """Return the end of a sentence: the nearest name, or all where there are few."""
    names = sorted(set(known))
    if hint := nearest(word, _alike(word, names)):
        return f": {hint[0].lower()}{hint[1:]}"
    return f": it has {', '.join(names)}" if few and names else ""


def _alike(word: str, names: list[str]) -> list[str]:
    """Return the names that have most pairs of letters with a word: comparing all takes long."""
    pairs = {word[at : at + 2] for at in range(len(word) - 1)}
    shared = {
        name: sum(pair in name for pair in pairs) - abs(len(name) - len(word)) / 2 for name in names
    }
    return sorted(names, key=shared.__getitem__, reverse=True)[:_NEAR]
