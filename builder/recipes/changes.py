"""Packages of an image that would be others if it were installed again from its repositories."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

import msgspec

from builder.kickstart.wanted import Wanted, wanted
from builder.media.comps import Comps
from builder.media.primary import Nevra
from builder.model.build import BuildOrder
from builder.model.evr import Evr, newest
from builder.model.kickstart import Kickstart
from builder.model.package import PackageChange
from builder.model.template import Manifest
from builder.recipes.newer import NATIVE, Offers, newer
from builder.recipes.repositories import Network


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a look into repositories came to."""

    changes: tuple[PackageChange, ...]
    """What people know comes first."""
    unseen: tuple[str, ...]
    """Installed packages of modules whose streams nobody knows: newer ones would not be seen."""


def changes(
    before: Manifest,
    order: BuildOrder,
    kickstart: Kickstart,
    *,
    changed: Mapping[str, bool],
    network: Network,
) -> Found:
    """Return the packages that a template would have in newer versions, and those that are new.

    `changed` are the addresses of repositories to look into, each with whether its groups are
    others. Raises MediaError for one that cannot be read.
    """
    asked = wanted(kickstart)
    offers = network.offers(order, kickstart, set(changed))
    updates = newer(before.packages, offers, enabled=asked.streams)
    groups = network.groups(order, kickstart, {url for url, other in changed.items() if other})
    installed = {each.name for each in before.packages}
    fresh = _fresh(offers, {*_named(asked, offers), *_grouped(asked, groups)} - installed, asked)
    found = [
        *(
            PackageChange(
                name=each.name, arch=each.arch, before=each.installed, after=each.available
            )
            for each in updates.updates
        ),
        *fresh,
    ]
    return Found(
        changes=tuple(sorted(found, key=lambda each: _rank(each, asked))),
        unseen=updates.streamless,
    )


def told(found: Collection[PackageChange]) -> str:
    """Return the sentence for people; the first package stands for all."""
    first, *others = found
    more = f", and {len(others)} more" if others else ""
    if not first.before:
        return f"{first.name} {first.after} is new in its repositories{more}"
    return f"{first.name} {first.before} → {first.after}{more}"


def _rank(change: PackageChange, asked: Wanted) -> tuple[bool, bool, str, str]:
    """Put first what people know: the kernel, then what the kickstart names."""
    named = any(change.name == each.name for each in asked.packages)
    return change.name != "kernel", not named, change.name, change.arch


def _named(asked: Wanted, offers: Mapping[str, Offers]) -> Iterator[str]:
    """Yield the names of packages that lines of %packages mean."""
    there = {name for each in offers.values() for name in each.packages}
    for each in asked.packages:
        bare = each.name
        for arch in NATIVE:
            bare = bare.removesuffix(f".{arch}")
        if any(mark in bare for mark in "*?["):
            yield from (name for name in there if fnmatchcase(name, bare))
        else:
            yield bare


def _grouped(asked: Wanted, groups: Comps) -> Iterator[str]:
    """Yield the names of packages that the groups of %packages install by themselves."""
    wished = {each.name.lower() for each in asked.groups}
    environments = {each.name.lower() for each in asked.environments}
    for each in groups.environments:
        if {each.id.lower(), each.name.lower()} & environments:
            wished |= {one.lower() for one in each.members}
    unwished = {each.lower() for each in asked.excluded_groups}
    for each in groups.groups:
        names = {each.id.lower(), each.name.lower()}
        if names & wished and not names & unwished:
            yield from each.members


def _fresh(
    offers: Mapping[str, Offers], names: Iterable[str], asked: Wanted
) -> Iterator[PackageChange]:
    """Yield those packages that are there, in their newest versions."""
    for name in names:
        if any(fnmatchcase(name, each) for each in asked.excluded):
            continue
        there = [
            package
            for each in offers.values()
            for package in each.packages.get(name, ())
            if package.arch in NATIVE
        ]
        if there:
            best = newest(map(_evr, there))
            arch = next(each.arch for each in there if _evr(each) == best)
            yield PackageChange(name=name, arch=arch, before="", after=str(best))


def _evr(package: Nevra) -> Evr:
    return Evr(package.epoch, package.version, package.release)
