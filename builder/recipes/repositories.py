"""The package repositories that a kickstart installs from, as they are now."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import msgspec

from builder.errors import MediaError
from builder.kickstart.masking import mask
from builder.kickstart.sources import Source, sources
from builder.media import comps, modules, online, repomd
from builder.media.comps import Comps
from builder.media.online import Online
from builder.media.primary import Nevra
from builder.model.build import BuildOrder
from builder.model.kickstart import Kickstart
from builder.model.release import Release
from builder.model.template import RepositoryState
from builder.monitor import Monitor
from builder.recipes.newer import Offers

T = TypeVar("T")
_WAY_OUT = " What a guest can reach may be closed to this host: --force builds without asking."
_TYPES = (("primary",), repomd.COMPS, ("modules",))
_GROUPS = (repomd.COMPS,)


class Network:
    """Repositories, each asked once, also where that fails: keep one for several images.

    Between runs it goes stale.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], object] = {}
        self._told = set[str]()

    def states(
        self, order: BuildOrder, kickstart: Kickstart, *, needed: Collection[str], monitor: Monitor
    ) -> tuple[RepositoryState, ...]:
        """Return how each repository of a kickstart is; none of one that needs none.

        Raises MediaError for one of the `needed` addresses that cannot be read; of others a warning
        tells, once.
        """

        def state(source: Source) -> RepositoryState:
            try:
                return _state(source, self._look(order, source))
            except MediaError as error:
                if masked(source) in needed:
                    raise
                self._tell(error, monitor)
                return RepositoryState(url=masked(source), digest="")

        return tuple(map(state, sources(kickstart)))

    def offers(
        self, order: BuildOrder, kickstart: Kickstart, changed: set[str]
    ) -> Mapping[str, Offers]:
        """Return what those of the `changed` addresses have, by the repositories' ids."""
        found = [each for each in sources(kickstart) if masked(each) in changed]
        return {each.id: self._offers(order, each) for each in found}

    def groups(self, order: BuildOrder, kickstart: Kickstart, changed: set[str]) -> Comps:
        """Return the groups and environments of those of the `changed` addresses."""
        found = [each for each in sources(kickstart) if masked(each) in changed]
        every = [self._groups(self._look(order, each)) for each in found]
        return Comps(
            groups=tuple(one for each in every for one in each.groups),
            environments=tuple(one for each in every for one in each.environments),
        )

    def _tell(self, error: MediaError, monitor: Monitor) -> None:
        if error.message not in self._told:
            self._told.add(error.message)
            monitor.tell("warning", f"{error.message} Whether anything is new there is not known.")

    def _look(self, order: BuildOrder, source: Source) -> Online:
        address = filled(source.address, order.release)
        look = online.look if source.kind == "baseurl" else online.look_listed
        return self._once((source.kind, address), lambda: look(address))

    def _offers(self, order: BuildOrder, source: Source) -> Offers:
        repository = self._look(order, source)
        packages = self._once(("packages", repository.url), lambda: packages_of(repository))
        return Offers(
            packages={name: each for name, each in packages.items() if source.offers(name)},
            modules=self._once(("modules", repository.url), lambda: modules_of(repository)),
        )

    def _groups(self, repository: Online) -> Comps:
        record = repository.record(*repomd.COMPS)
        if record is None:
            return Comps()
        return self._once(
            ("groups", repository.url), lambda: online.read(repository, record, comps.comps)
        )

    def _once(self, key: tuple[str, ...], do: Callable[[], T]) -> T:
        if key not in self._known:
            try:
                self._known[key] = do()
            except MediaError as error:
                self._known[key] = error
        found = self._known[key]
        if isinstance(found, MediaError):
            hint = found.hint + _WAY_OUT
            raise type(found)(found.message, hint=hint, may_pass=found.may_pass) from found
        value: T = found  # type: ignore[assignment]  # keys are of one kind each
        return value


def filled(address: str, release: Release) -> str:
    """Fill in the variables that Anaconda knows in addresses.

    $releasever is there what the medium calls its version, which is that of the catalogue.
    """
    return address.replace("$releasever", release.version).replace("$basearch", release.arch)


def masked(source: Source) -> str:
    """Return an address as manifests have it."""
    return mask(source.address)


def _state(source: Source, repository: Online) -> RepositoryState:
    return RepositoryState(
        url=masked(source), digest=_digest(repository, _TYPES), groups=_digest(repository, _GROUPS)
    )


def _digest(repository: Online, types: tuple[tuple[str, ...], ...]) -> str:
    """Return the digest of what files hold, not of how or when they were written."""
    found = [repository.record(*each) for each in types]
    if not any(found):
        return ""
    content = [each.content if each else None for each in found]
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def packages_of(repository: Online) -> dict[str, list[Nevra]]:
    """Return its packages by their names."""
    found: dict[str, list[Nevra]] = {}
    for each in online.packages(repository):
        found.setdefault(each.name, []).append(each)
    return found


def modules_of(repository: Online) -> modules.Modules:
    """Return its modules; none where it has none."""
    record = repository.record("modules")
    return online.read(repository, record, modules.modules) if record else modules.Modules()
