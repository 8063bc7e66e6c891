"""What a run records of its templates and pools beside their names."""

import os
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from builder.config import Settings
from builder.errors import BuilderError, HostError
from builder.host import pools
from builder.model.template import Manifest
from builder.monitor import SilentMonitor
from builder.record.runs import Figures, Outcome, Pool
from builder.registry.diff import compare_packages
from builder.registry.ledger import order
from builder.registry.registry import Registry, manifest

_BLOCK = 512
"""Bytes of what stat calls a block, whatever the file system."""


def described(outcome: Outcome) -> Outcome:
    """Return the outcome with its template's figures and, if that is new, what changed in it."""
    if outcome.result == "failed":
        return outcome
    registry = Registry(Path(outcome.path).parent)
    with suppress(BuilderError):  # what is damaged, or gone already, has no figures
        template = registry.template(outcome.name, outcome.version)
        if template is None:
            return outcome
        now = manifest(template)
        outcome = replace(outcome, figures=figures(now))
        before = _before(registry, outcome) if outcome.result == "published" else None
        if before:
            outcome = replace(outcome, changes=compare_packages(before.packages, now.packages))
    return outcome


def _before(registry: Registry, outcome: Outcome) -> Manifest | None:
    at = order(outcome.version)
    older = [each for each in registry.versions(outcome.name) if order(each.version) < at]
    return manifest(older[-1]) if older else None


def figures(known: Manifest) -> Figures:
    """Return what was measured of a template."""
    findings = (*known.audit, *known.clones)
    return Figures(
        size=known.image.size if known.image else 0,
        virtual_size=known.image.virtual_size if known.image else 0,
        install_seconds=round(known.install_seconds, 1),
        boot_seconds=round(known.boot_seconds, 1),
        packages=len(known.packages),
        checks=len(findings),
        passed=sum(each.passed for each in findings),
    )


def pools_of(settings: Settings) -> tuple[Pool, ...]:
    """Return how full both pools are; without one that cannot be looked at."""
    found = []
    for setting in pools.BOTH:
        with suppress(HostError, OSError):
            path = pools.folder(settings, setting, monitor=SilentMonitor())
            found.append(_pool(getattr(settings, setting), path))
    return tuple(found)


def _pool(name: str, path: Path) -> Pool:
    state = os.statvfs(path)
    return Pool(
        name=name,
        path=str(path),
        size=state.f_blocks * state.f_frsize,
        free=state.f_bavail * state.f_frsize,
        used=sum(each.lstat().st_blocks * _BLOCK for each in path.iterdir()),
    )
