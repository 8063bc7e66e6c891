"""Packages of two templates, compared."""

from collections.abc import Iterable

import msgspec

from builder.model.package import Package


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A package of which two templates have different versions; of several, all."""

    name: str
    arch: str
    before: str
    """Empty when it was added."""
    after: str
    """Empty when it was removed."""


def compare(before: Iterable[Package], after: Iterable[Package]) -> tuple[Change, ...]:
    """Return what differs between two lists, by name; several versions of one are one change."""
    old, new = _versions(before), _versions(after)
    return tuple(
        Change(name=name, arch=arch, before=was, after=now)
        for name, arch in sorted(old.keys() | new.keys())
        if (was := old.get((name, arch), "")) != (now := new.get((name, arch), ""))
    )


def _versions(packages: Iterable[Package]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], list[str]] = {}
    for package in packages:
        # One from an old manifest has no version of its own: it is there, or it isn't.
        found.setdefault((package.name, package.arch), []).append(package.version or "there")
    return {key: ", ".join(sorted(versions)) for key, versions in found.items()}
