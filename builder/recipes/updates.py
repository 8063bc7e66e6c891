"""Updates that wait for templates: what their repositories have now, and what vendors say of it."""

from collections.abc import Iterable, Mapping

import msgspec

from builder.errors import ConfigError, MediaError, UsageError
from builder.kickstart.library import Library
from builder.kickstart.wanted import wanted
from builder.media import modules, online, updateinfo
from builder.media.primary import Nevra
from builder.media.updateinfo import Advisory
from builder.model.kickstart import Kickstart
from builder.model.media import shown
from builder.model.release import Release
from builder.model.template import Manifest
from builder.monitor import Monitor
from builder.recipes.newer import Offers, Update, newer
from builder.record.runs import Waiting

_URGENT = ("Critical", "Important")
_ROW = "Name some, such as a mirror's, in a row of your own releases: README has an example."


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A repository that was asked."""

    id: str
    url: str
    advisories: bool
    """Whether it has any."""


class Updates(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a template."""

    name: str
    version: str
    release: str
    repositories: tuple[Source, ...]
    waiting: Waiting
    updates: tuple[Update, ...]
    """The worst first."""
    streamless: tuple[str, ...] = ()
    """Installed packages whose modules' streams nobody knows: newer ones are not seen."""


class Repositories:
    """Package repositories, each read once, also where that fails: keep one for several templates.

    Between runs it goes stale.
    """

    def __init__(self) -> None:
        self._known: dict[str, Offers | MediaError] = {}

    def offers(self, url: str) -> Offers:
        """Return what a repository has. Raises MediaError, the same one each time."""
        if url not in self._known:
            try:
                self._known[url] = _read(url)
            except MediaError as error:
                self._known[url] = error
        found = self._known[url]
        if isinstance(found, MediaError):
            raise found
        return found


def updates(
    manifest: Manifest, library: Library, repositories: Repositories, *, monitor: Monitor
) -> Updates:
    """Compare a template with its repositories as they are now.

    Raises UsageError and ConfigError where it has none that can be asked, MediaError for one that
    does not answer: without it the answer would be wrong.
    """
    _refuse_strange(manifest)
    release = library.release(manifest.release)
    urls = _urls(manifest, release, library)
    offers = {id_: repositories.offers(url) for id_, url in urls.items()}
    streams = any(each.modules.streams for each in offers.values())
    enabled = _enabled(manifest, release) if streams else {}
    found = newer(manifest.packages, offers, enabled=enabled)
    if found.streamless:
        names = ", ".join(found.streamless)
        monitor.tell("warning", f"Not looked for, as nobody names their modules' streams: {names}")
    sources = tuple(
        Source(id=id_, url=shown(url), advisories=offers[id_].advisories is not None)
        for id_, url in urls.items()
    )
    return Updates(
        name=manifest.name,
        version=manifest.version,
        release=manifest.release,
        repositories=sources,
        waiting=counted(found.updates, advisories=any(each.advisories for each in sources)),
        updates=found.updates,
        streamless=found.streamless,
    )


def waiting(
    manifest: Manifest, library: Library, repositories: Repositories, *, monitor: Monitor
) -> Waiting:
    """Return how many updates wait for a template. Raises what `updates` does."""
    return updates(manifest, library, repositories, monitor=monitor).waiting


def counted(found: Iterable[Update], *, advisories: bool) -> Waiting:
    """Count updates."""
    all_of_them = tuple(found)
    return Waiting(
        updates=len(all_of_them),
        security=sum(each.security for each in all_of_them),
        important=sum(each.severity in _URGENT for each in all_of_them),
        advisories=advisories,
    )


def _refuse_strange(manifest: Manifest) -> None:
    """Refuse templates whose packages no repository of rpms could have."""
    label, kinds = f"{manifest.name} {manifest.version}", {each.kind for each in manifest.packages}
    if "rpm" in kinds:
        return
    if "deb" in kinds:
        raise UsageError(
            f"{label} is a rehearsal's: it holds packages of Debian or Ubuntu, "
            "and repositories of rpms have no updates for them."
        )
    raise UsageError(
        f"The manifest of {label} does not say which versions are in it.",
        hint="A template that this builder makes will tell.",
    )


def _urls(manifest: Manifest, release: Release, library: Library) -> Mapping[str, str]:
    """Return where a machine of the template gets its updates from, by the repositories' ids."""
    found = _today(release, library).repositories
    if not found:
        raise ConfigError(
            f"Nobody knows where {manifest.name} {manifest.version} gets updates from: "
            f"{release.title} has no public repositories.",
            hint=_ROW,
        )
    return found


def _today(release: Release, library: Library) -> Release:
    """Return the release that follows a minor version: a machine is updated to that one.

    Repositories of the vault, which an older minor is installed from, never change.
    """
    base = release.name.rpartition(".")[0]
    older = bool(release.followed_by) and base in release.kin
    return library.release(base) if older else release


def _enabled(manifest: Manifest, release: Release) -> Mapping[str, str]:
    """Return the streams of modules that the template's kickstart asks for."""
    text = Kickstart(source=manifest.name, syntax=release.syntax, text=manifest.kickstart)
    asked = wanted(text)
    names = [each.name for each in (*asked.modules, *asked.groups) if ":" in each.name]
    parts = (name.partition("/")[0].split(":")[:2] for name in names)
    return {module: stream for module, stream in parts if stream}


def _read(url: str) -> Offers:
    repository = online.look(url)
    packages: dict[str, list[Nevra]] = {}
    for each in online.packages(repository):
        packages.setdefault(each.name, []).append(each)
    streams = repository.record("modules")
    told = repository.record("updateinfo")
    return Offers(
        packages=packages,
        modules=online.read(repository, streams, modules.modules) if streams else modules.Modules(),
        advisories=online.read(repository, told, _advisories) if told else None,
    )


def _advisories(content: Iterable[bytes]) -> Mapping[str, list[tuple[Nevra, Advisory]]]:
    found: dict[str, list[tuple[Nevra, Advisory]]] = {}
    for advisory, packages in updateinfo.advisories(content):
        for each in packages:
            found.setdefault(each.name, []).append((each, advisory))
    return found
