"""What a medium has to install: its packages, groups, environments and modules."""

import functools
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.parsers import expat

import msgspec

from builder.iso.source import damaged, opened
from builder.iso.survey import Survey, survey
from builder.media import primary, repomd
from builder.media.comps import Comps, Group, Module, comps, modules
from builder.media.primary import Nevra
from builder.media.repositories import Repository, content, repositories

_BASE = "images/payload.contents"
"""On a rehearsal's medium: what its system has beside what is in repodata/, a name a line."""


class Software(msgspec.Struct, frozen=True, kw_only=True):
    """What is there to be installed."""

    folders: tuple[str, ...]
    """Where the medium's repositories are; none on one for the network."""
    packages: tuple[Nevra, ...]
    base: frozenset[str]
    """Names of packages that are installed in any case."""
    groups: tuple[Group, ...]
    environments: tuple[Group, ...]


class Shelf:
    """An ISO that is open: what it has is read once, and looked through again where need be."""

    def __init__(self, medium: Survey) -> None:
        self._medium = medium
        self._repositories = repositories(medium)
        self.name = medium.source.name

    def software(self) -> Software:
        """Read what there is. Raises MediaError for metadata that is damaged."""
        found = self._repositories
        groups = [self._comps(each) for each in found]
        return Software(
            folders=tuple(each.folder for each in found),
            packages=tuple(one for each in found for one in self._packages(each)),
            base=self._base(),
            groups=tuple(one for each in groups for one in each.groups),
            environments=tuple(one for each in groups for one in each.environments),
        )

    @functools.cached_property
    def modules(self) -> tuple[Module, ...]:
        """What modules there are: of EL 8 a long list, which few kickstarts ask for."""
        return tuple(one for each in self._repositories for one in self._modules(each))

    def provided(self, wanted: Callable[[str], bool], *, words: Collection[bytes]) -> set[str]:
        """Return what packages provide, as `primary.provided` does."""
        found = set[str]()
        for each in self._repositories:
            with self._reading(each, "primary") as text:
                found |= primary.provided(text, wanted, words=words)
        return found

    def _packages(self, repository: Repository) -> tuple[Nevra, ...]:
        with self._reading(repository, "primary") as text:
            return primary.packages(text)

    def _comps(self, repository: Repository) -> Comps:
        with self._reading(repository, *repomd.COMPS) as text:
            return comps(text) if repository.file(*repomd.COMPS) else Comps()

    def _modules(self, repository: Repository) -> tuple[Module, ...]:
        with self._reading(repository, "modules") as text:
            return modules(text)

    def _base(self) -> frozenset[str]:
        lines = (self._medium.text(_BASE) or b"").decode("utf-8", "replace").splitlines()
        return frozenset(line.partition("\t")[0] for line in lines)

    @contextmanager
    def _reading(self, repository: Repository, *types: str) -> Iterator[Iterator[bytes]]:
        """Yield what a file holds; nothing of none."""
        record = repository.file(*types)
        try:
            yield content(self._medium, repository, record) if record else iter(())
        except (expat.ExpatError, ET.ParseError, ValueError) as error:
            path = record.href if record else ""
            raise damaged(self._medium.source, f"its {path} cannot be read: {error}") from error


@contextmanager
def shelf(path: Path) -> Iterator[Shelf]:
    """Open an ISO for the block. Raises MediaError for what is none, or a damaged one."""
    with opened(path) as source:
        yield Shelf(survey(source))
