"""Which packages of a template have newer versions in its repositories, and what those are for.

Not seen: packages that another name has taken the place of (obsoletes), and packages that an update
would bring along.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from builder.media.modules import Modules, artifact, joined
from builder.media.primary import Nevra
from builder.media.updateinfo import SEVERITIES, Advisory, Severity
from builder.model.evr import Evr, newest
from builder.model.package import Package

NATIVE = frozenset({"noarch", "x86_64", "x86_64_v2"})
"""Architectures that a package may change between; one of i686 is there beside another."""


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """What a repository has."""

    packages: Mapping[str, Sequence[Nevra]]
    """By their names."""
    modules: Modules = Modules()
    advisories: Mapping[str, Sequence[tuple[Nevra, Advisory]]] | None = None
    """Each with a package that it is about, by that one's name; None where there are none."""


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """A package that is installed, and its newest version."""

    name: str
    arch: str
    """Of the one that is installed."""
    installed: str
    """[EPOCH:]VERSION-RELEASE; of several, as kernels are kept, the newest."""
    available: str
    repository: str
    """Its id."""
    security: bool
    severity: Severity
    """The worst of its advisories about security."""
    advisories: tuple[Advisory, ...]
    """Of the versions from the installed one on: the worst first, of equal ones the newest."""

    @property
    def cves(self) -> tuple[str, ...]:
        """Return what all its advisories name, each once."""
        return tuple(dict.fromkeys(cve for each in self.advisories for cve in each.cves))


class Newer(msgspec.Struct, frozen=True, kw_only=True):
    """What there is."""

    updates: tuple[Update, ...]
    """The worst first, then by their names."""
    streamless: tuple[str, ...]
    """Packages of modules of which nobody can say the stream: newer ones would not be seen."""


def newer(
    packages: Iterable[Package], offers: Mapping[str, Offers], *, enabled: Mapping[str, str]
) -> Newer:
    """Compare what is installed with repositories, which have ids; `enabled` are modules' streams.

    Of a stream that nobody has enabled the installed packages tell, then the default.
    """
    installed = _installed(packages)
    streams = _Streams(
        joined(each.modules for each in offers.values()),
        {artifact(_nevra(name, arch, each)) for name, arch, each in _each(installed)},
        enabled,
    )
    every = (
        _update(name, arch, newest(versions), offers, streams)
        for (name, arch), versions in installed.items()
    )
    found = sorted(
        filter(None, every),
        key=lambda each: (SEVERITIES.index(each.severity), not each.security, each.name),
    )
    lost = {name for name, _, each in _each(installed) if streams.loses(name, each)}
    return Newer(updates=tuple(found), streamless=tuple(sorted(lost)))


Installed = Mapping[tuple[str, str], Sequence[Evr]]


def _installed(packages: Iterable[Package]) -> Installed:
    found: dict[tuple[str, str], list[Evr]] = {}
    for each in packages:
        if each.kind == "rpm":
            found.setdefault((each.name, each.arch), []).append(Evr.parse(each.version))
    return found


def _each(installed: Installed) -> Iterator[tuple[str, str, Evr]]:
    for (name, arch), versions in installed.items():
        for each in versions:
            yield name, arch, each


def _nevra(name: str, arch: str, version: Evr) -> Nevra:
    return Nevra(name, version.epoch, version.version, version.release, arch)


def _evr(package: Nevra) -> Evr:
    return Evr(package.epoch, package.version, package.release)


def _fits(installed: str, offered: str) -> bool:
    """Tell whether a package of an architecture takes the place of one of another."""
    return installed == offered or {installed, offered} <= NATIVE


def _update(
    name: str, arch: str, here: Evr, offers: Mapping[str, Offers], streams: "_Streams"
) -> Update | None:
    there = [
        (_evr(package), id_)
        for id_, each in offers.items()
        for package in each.packages.get(name, ())
        if _fits(arch, package.arch) and streams.has(package)
    ]
    best, id_ = max(there, key=lambda each: each[0].key, default=(here, ""))
    if not best.is_newer_than(here):
        return None
    told = _told(name, arch, offers, between=(here, best))
    rated = [each.severity for each in told if each.kind == "security"]
    return Update(
        name=name,
        arch=arch,
        installed=str(here),
        available=str(best),
        repository=id_,
        security=bool(rated),
        severity=min(rated, key=SEVERITIES.index, default=""),
        advisories=told,
    )


def _told(
    name: str, arch: str, offers: Mapping[str, Offers], *, between: tuple[Evr, Evr]
) -> tuple[Advisory, ...]:
    """Return the advisories about what is newer than one version, and not than the other."""
    here, best = between
    found = {
        advisory.id: advisory
        for each in offers.values()
        for package, advisory in (each.advisories or {}).get(name, ())
        if _fits(arch, package.arch) and here.key < _evr(package).key <= best.key
    }
    late_first = sorted(found.values(), key=lambda each: (each.issued, each.id), reverse=True)
    return tuple(
        sorted(
            late_first,
            key=lambda each: (each.kind != "security", SEVERITIES.index(each.severity)),
        )
    )


class _Streams:
    """Which packages of modules a system sees: dnf's rule, but for what streams need of others.

    https://dnf.readthedocs.io/en/latest/modularity.html: of a module one stream is active, other
    streams' packages are not there, nor are those of no module that have a name of it.
    """

    def __init__(self, modules: Modules, here: set[str], enabled: Mapping[str, str]) -> None:
        of_module: dict[str, dict[str, frozenset[str]]] = {}
        for (name, stream), packages in modules.streams.items():
            of_module.setdefault(name, {})[stream] = packages
        self._modular = frozenset[str]().union(*modules.streams.values())
        self._active: set[str] = set()
        for name, streams in of_module.items():
            held = {stream: len(here & packages) for stream, packages in streams.items()}
            most = max(held, key=lambda each: held[each])
            by_itself = most if held[most] else modules.defaults.get(name, "")
            self._active |= streams.get(enabled.get(name) or by_itself, frozenset())
        self._names = {each.rsplit("-", 2)[0] for each in self._active}

    def has(self, package: Nevra) -> bool:
        """Tell whether a package of a repository is there for the system."""
        written = artifact(package)
        if written in self._modular:
            return written in self._active
        return package.name not in self._names

    def loses(self, name: str, version: Evr) -> bool:
        """Tell whether an installed package is of a stream that is not known."""
        return ".module" in version.release and bool(self._modular) and name not in self._names
