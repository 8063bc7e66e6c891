"""Whether a template has to be built again, and why: one rule for builds, nights and plans.

Of a package repository counts what is in the image, or would newly be ("relevant"). A package that
is now older there, or gone, is no reason: mirrors lag behind one another, and an image would go
back and forth with them.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Self

import msgspec

from builder.kickstart.sources import sources
from builder.model.build import BuildOrder
from builder.model.kickstart import Kickstart
from builder.model.package import PackageChange
from builder.model.template import Manifest, RepositoryState, Template
from builder.model.text import moment
from builder.monitor import Monitor
from builder.recipes.changes import changes, told
from builder.recipes.differences import difference
from builder.recipes.repositories import Network
from builder.recipes.work import BuildOptions
from builder.record.checkpoint import Checkpoint
from builder.registry.entry import Entry
from builder.registry.manifest import build_key
from builder.registry.registry import Registry
from builder.registry.registry import manifest as recorded

_BASIS = "basis"


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that goes into an image."""

    order: BuildOrder
    kickstart: Kickstart
    origin_sha256: str
    """Of its ISO."""
    repositories: tuple[RepositoryState, ...]

    def key(self, repositories: tuple[RepositoryState, ...] | None = None) -> str:
        """Return the build key, or the one that it would be with other repositories."""
        states = self.repositories if repositories is None else repositories
        return build_key(
            self.order, self.kickstart, origin_sha256=self.origin_sha256, repositories=states
        )


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done, and why."""

    kept: Template | None = None
    """The template that makes a build needless."""
    reason: str
    """One line for people."""
    changes: tuple[PackageChange, ...] = ()
    """Packages whose new versions are the reason."""


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What a build goes by; kept, so that another process goes on by the same."""

    repositories: tuple[RepositoryState, ...]
    """As they were before the installation."""
    verdict: Verdict

    def keep(self, checkpoint: Checkpoint) -> None:
        """Keep it until the build has ended. Raises HostError when it cannot be written."""
        checkpoint.keep({_BASIS: self})

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Self | None:
        """Return what was kept, if anything was. Raises HostError for another version's."""
        return checkpoint.get(_BASIS, cls)


def decide(
    order: BuildOrder,
    kickstart: Kickstart,
    origin_sha256: str,
    *,
    registry: Registry,
    options: BuildOptions,
    monitor: Monitor,
) -> Basis:
    """Ask the repositories of a kickstart, and judge. Raises what `asked` and `judge` do."""
    network = Network()
    states = asked(
        order, kickstart, registry=registry, options=options, network=network, monitor=monitor
    )
    inputs = Inputs(
        order=order, kickstart=kickstart, origin_sha256=origin_sha256, repositories=states
    )
    verdict = judge(inputs, registry, options=options, network=network)
    return Basis(repositories=states, verdict=verdict)


def asked(
    order: BuildOrder,
    kickstart: Kickstart,
    *,
    registry: Registry,
    options: BuildOptions,
    network: Network,
    monitor: Monitor,
) -> tuple[RepositoryState, ...]:
    """Return how the repositories of a kickstart are.

    Raises MediaError for one that cannot be read, if it could when the newest template was made. Of
    another a warning tells: what is built in any case needs no answer, and a guest may reach what
    is closed to this host.
    """
    if not sources(kickstart):
        return ()  # and no need to read the newest template's manifest
    needed = frozenset[str]()
    if not (options.force or options.rebuild == "always"):
        newest = registry.newest(order.name)
        before = recorded(newest).repositories if newest and not newest.why else ()
        needed = frozenset(each.url for each in before if each.digest)
    return network.states(order, kickstart, needed=needed, monitor=monitor)


def judge(
    inputs: Inputs, registry: Registry | None, *, options: BuildOptions, network: Network
) -> Verdict:
    """Compare what would be built with what is there.

    Raises MediaError where a repository that has changed cannot be read, and what the registry
    raises.
    """
    name = inputs.order.name
    newest = registry.newest(name) if registry else None
    if registry is None or newest is None:
        return Verdict(reason="never built")
    if options.force or options.rebuild == "always":
        return Verdict(reason="built again whatever has changed, as asked")
    if same := registry.unchanged(name, key=inputs.key()):
        return _young(same, f"unchanged since {same.version}{_silent(inputs)}", options)
    if newest.why:
        return Verdict(reason=f"{newest.version} cannot be used: {newest.why}")
    if newest.version in registry.ledger(name).revoked:
        return Verdict(reason=f"{newest.version} is revoked")
    return _compared(inputs, newest, options=options, network=network)


def _compared(inputs: Inputs, newest: Entry, *, options: BuildOptions, network: Network) -> Verdict:
    before = recorded(newest)
    if inputs.key(before.repositories) != before.build_key:
        return Verdict(
            reason=difference(before, inputs.order, inputs.kickstart, inputs.origin_sha256)
        )
    changed = _changed(inputs, before)
    if not changed:  # an older manifest has none of those that do not answer
        reason = f"unchanged since {newest.version}{_silent(inputs)}"
        return _young(newest.template(), reason, options)
    if options.rebuild != "relevant":
        return Verdict(reason=f"changed since {newest.version}: {_named(changed)}")
    if not any(each.kind for each in before.packages):
        unknown = "its manifest does not say which versions are in it"
        return Verdict(reason=f"changed since {newest.version}: {_named(changed)}, and {unknown}")
    found = changes(before, inputs.order, inputs.kickstart, changed=changed, network=network)
    if found.changes:
        return Verdict(reason=told(found.changes), changes=found.changes)
    reason = f"unchanged since {newest.version}: what is new in {_named(changed)} is not in it"
    reason += _silent(inputs)
    if found.unseen:
        reason += f"; not looked for: {', '.join(found.unseen)}, as nobody knows their streams"
    return _young(newest.template(), reason, options)


def _changed(inputs: Inputs, before: Manifest) -> dict[str, bool]:
    """Return the addresses of repositories that are others now, with whether their groups are.

    Of one that does not answer nobody can tell.
    """
    known = {each.url: each for each in before.repositories}
    return {
        each.url: each.groups != (known[each.url].groups if each.url in known else "")
        for each in inputs.repositories
        if each.digest and (each.url not in known or each.digest != known[each.url].digest)
    }


def _silent(inputs: Inputs) -> str:
    """Return what is to be said of repositories that did not answer."""
    silent = [each.url for each in inputs.repositories if not each.digest]
    return f"; {_named(silent)} could not be asked" if silent else ""


def _named(addresses: Iterable[str]) -> str:
    first, *others = addresses
    return f"{first} and {len(others)} more" if others else first


def _young(template: Template, reason: str, options: BuildOptions) -> Verdict:
    """Keep a template, unless it is older than is wanted."""
    if options.max_age_days and template.created:
        days = (datetime.now(UTC) - moment(template.created)).days
        if days >= options.max_age_days:
            wanted = options.max_age_days
            return Verdict(
                reason=f"{template.version} is {days} days old, and {wanted} is the most"
            )
    return Verdict(kept=template, reason=reason)
