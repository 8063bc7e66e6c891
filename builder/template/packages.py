"""Packages, as guests list them: NAME-VERSION-RELEASE.ARCH (rpm), NAME-VERSION.ARCH (dpkg)."""

from collections.abc import Iterable

import msgspec

_RPM = frozenset(
    {"noarch", "x86_64", "i686", "i586", "aarch64", "ppc64le", "ppc64", "s390x", "armv7hl"}
)


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """An installed package."""

    name: str
    version: str
    arch: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A package of which two templates have different versions; of several, all."""

    name: str
    arch: str
    before: str
    """Empty when it was added."""
    after: str
    """Empty when it was removed."""


def parse(text: str) -> Package:
    """Take the name of a package apart.

    rpm's versions have two parts and no other dash. dpkg's have one or two, the first of which
    begins with a digit (Debian Policy 5.6.12), and rarely a dash within the first. So a native
    package whose own name ends in "-DIGITS" is told wrongly.
    """
    full, dot, arch = text.rpartition(".")
    if not dot:
        full, arch = text, ""
    parts = full.split("-")
    two = arch in _RPM or (len(parts) > 2 and parts[-2][:1].isdigit())  # noqa: PLR2004  # and a name
    count = min(2 if two else 1, len(parts) - 1)
    split = len(parts) - count
    return Package(name="-".join(parts[:split]), version="-".join(parts[split:]), arch=arch)


def compare(before: Iterable[str], after: Iterable[str]) -> tuple[Change, ...]:
    """Return what differs between two lists, by name; several versions of one are one change."""
    old, new = _versions(before), _versions(after)
    return tuple(
        Change(name=name, arch=arch, before=was, after=now)
        for name, arch in sorted(old.keys() | new.keys())
        if (was := old.get((name, arch), "")) != (now := new.get((name, arch), ""))
    )


def _versions(texts: Iterable[str]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], list[str]] = {}
    for package in map(parse, texts):
        found.setdefault((package.name, package.arch), []).append(package.version)
    return {key: ", ".join(sorted(versions)) for key, versions in found.items()}
