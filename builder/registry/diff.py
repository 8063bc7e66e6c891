"""What changed from one template to another."""

import difflib
from collections.abc import Iterable

import msgspec

from builder.model.audit import Finding
from builder.model.package import Package, PackageChange
from builder.model.template import Manifest

_FACTS = ("release", "profile", "medium", "iso", "iso_sha256", "compression")


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Something that two templates both have."""

    what: str
    before: str
    after: str


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, before and after; 0 where it was not."""

    size: tuple[int, int]
    """Of the image file, in bytes."""
    virtual_size: tuple[int, int]
    boot_seconds: tuple[float, float]
    install_seconds: tuple[float, float]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """From one template to another."""

    before: str
    """NAME@VERSION."""
    after: str
    added: tuple[PackageChange, ...]
    removed: tuple[PackageChange, ...]
    updated: tuple[PackageChange, ...]
    numbers: Numbers
    facts: tuple[Pair, ...]
    """Inputs and properties of the machine that differ."""
    findings: tuple[Pair, ...]
    """Checks of the audit and of the clones with another outcome."""
    kickstart: tuple[str, ...]
    """Lines of a unified diff."""


def compare(before: Manifest, after: Manifest) -> Difference:
    """Return what changed between two templates, from their manifests alone."""
    changes = compare_packages(before.packages, after.packages)
    return Difference(
        before=_name(before),
        after=_name(after),
        added=tuple(each for each in changes if not each.before),
        removed=tuple(each for each in changes if not each.after),
        updated=tuple(each for each in changes if each.before and each.after),
        numbers=_numbers(before, after),
        facts=_pairs(_facts(before), _facts(after)),
        findings=_pairs(_outcomes(before), _outcomes(after)),
        kickstart=_kickstart(before, after),
    )


def compare_packages(
    before: Iterable[Package], after: Iterable[Package]
) -> tuple[PackageChange, ...]:
    """Return what differs between two lists, by name; several versions of one are one change."""
    old, new = _versions(before), _versions(after)
    return tuple(
        PackageChange(name=name, arch=arch, before=was, after=now)
        for name, arch in sorted(old.keys() | new.keys())
        if (was := old.get((name, arch), "")) != (now := new.get((name, arch), ""))
    )


def _versions(packages: Iterable[Package]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], list[str]] = {}
    for package in packages:
        # One from an old manifest has no version of its own: it is there, or it isn't.
        found.setdefault((package.name, package.arch), []).append(package.version or "there")
    return {key: ", ".join(sorted(versions)) for key, versions in found.items()}


def _numbers(before: Manifest, after: Manifest) -> Numbers:
    both = (before, after)
    sizes = [(each.image.size, each.image.virtual_size) if each.image else (0, 0) for each in both]
    return Numbers(
        size=(sizes[0][0], sizes[1][0]),
        virtual_size=(sizes[0][1], sizes[1][1]),
        boot_seconds=(round(before.boot_seconds, 1), round(after.boot_seconds, 1)),
        install_seconds=(round(before.install_seconds, 1), round(after.install_seconds, 1)),
    )


def _pairs(old: dict[str, str], new: dict[str, str]) -> tuple[Pair, ...]:
    return tuple(
        Pair(what=what, before=was, after=now)
        for what in dict.fromkeys((*old, *new))
        if (was := old.get(what, "")) != (now := new.get(what, ""))
    )


def _facts(manifest: Manifest) -> dict[str, str]:
    facts = {name: str(getattr(manifest, name)) for name in _FACTS}
    machine = msgspec.structs.asdict(manifest.machine)
    tools = {f"tool {name}": version for name, version in manifest.tools.items()}
    return {
        **facts,
        **{name.replace("_", " "): str(each) for name, each in machine.items()},
        "firmware": manifest.boots,
        **tools,
    }


def _outcomes(manifest: Manifest) -> dict[str, str]:
    return {each.check: outcome(each) for each in (*manifest.audit, *manifest.clones)}


def outcome(finding: Finding) -> str:
    """Return how a check went, in a word, and what it found."""
    if finding.passed:
        return "passed"
    return f"{'waived' if finding.waived else 'failed'}: {'; '.join(finding.details)}"


def _kickstart(before: Manifest, after: Manifest) -> tuple[str, ...]:
    lines: Iterable[str] = difflib.unified_diff(
        before.kickstart.splitlines(),
        after.kickstart.splitlines(),
        fromfile=_name(before),
        tofile=_name(after),
        lineterm="",
    )
    return tuple(lines)


def _name(manifest: Manifest) -> str:
    return f"{manifest.name}@{manifest.version}"
