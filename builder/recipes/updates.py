"""Updates that wait for templates: what their repositories have now, and what vendors say of it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import msgspec
from msgspec.structs import replace

from builder.errors import BuilderError, ConfigError, MediaError, UsageError
from builder.kickstart.library import Library
from builder.kickstart.masking import mask
from builder.kickstart.sources import Source, sources
from builder.kickstart.wanted import wanted
from builder.media import online, updateinfo
from builder.media.online import Unreachable
from builder.media.primary import Nevra
from builder.media.updateinfo import Advisory
from builder.model.hiding import MARK
from builder.model.kickstart import Kickstart
from builder.model.media import shown
from builder.model.release import Release
from builder.model.template import Manifest, Template
from builder.monitor import Monitor, SilentMonitor
from builder.recipes.newer import Offers, Update, newer
from builder.recipes.repositories import filled, modules_of, packages_of
from builder.record.runs import Waiting
from builder.registry import registry
from builder.releases.life import notice

_URGENT = ("Critical", "Important")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
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
    repositories: tuple[Asked, ...]
    waiting: Waiting
    updates: tuple[Update, ...]
    """The worst first."""
    streamless: tuple[str, ...] = ()
    """Installed packages whose modules' streams nobody knows: newer ones are not seen."""


class Repositories:
    """Package repositories, each read once, also where that fails: keep one for several templates.

    A server that does not answer is asked for no other: behind a firewall each would take half a
    minute. Between runs it goes stale.
    """

    def __init__(self) -> None:
        self._known: dict[str, Offers | MediaError] = {}
        self._away: dict[str, MediaError] = {}

    def offers(self, source: Source) -> Offers:
        """Return what a repository has. Raises MediaError, the same one each time."""
        server = "/".join(source.address.split("/")[:3])
        if source.address not in self._known:
            try:
                self._known[source.address] = self._away.get(server) or _read(source)
            except MediaError as error:
                self._known[source.address] = error
                if isinstance(error, Unreachable):
                    self._away[server] = error
        found = self._known[source.address]
        if isinstance(found, MediaError):
            raise found
        taken = {name: each for name, each in found.packages.items() if source.offers(name)}
        return replace(found, packages=taken)


def updates(
    manifest: Manifest, library: Library, repositories: Repositories, *, monitor: Monitor
) -> Updates:
    """Compare a template with its repositories as they are now.

    Raises UsageError and ConfigError where it has none that can be asked, MediaError for one that
    does not answer: without it the answer would be wrong.
    """
    _refuse_strange(manifest)
    release = library.release(manifest.release)
    today = _today(release, library)
    if told := notice(today, date.today()):
        monitor.tell("warning", told)
    asked = _own(manifest, release, today)
    if asked:
        names = ", ".join(mask(shown(each.address)) for each in asked)
        monitor.tell("note", f"asking the repositories that its kickstart names: {names}")
    else:
        asked = _vendors(manifest, today)
    offers = {each.id: repositories.offers(each) for each in asked}
    streams = any(each.modules.streams for each in offers.values())
    enabled = wanted(_kickstart(manifest, release)).streams if streams else {}
    found = newer(manifest.packages, offers, enabled=enabled)
    if found.streamless:
        names = ", ".join(found.streamless)
        monitor.tell("warning", f"Not looked for, as nobody names their modules' streams: {names}")
    told_of = {id_ for id_, each in offers.items() if each.advisories is not None}
    return Updates(
        name=manifest.name,
        version=manifest.version,
        release=manifest.release,
        repositories=tuple(
            Asked(id=each.id, url=mask(shown(each.address)), advisories=each.id in told_of)
            for each in asked
        ),
        waiting=counted(found.updates, advisories=bool(told_of)),
        updates=found.updates,
        streamless=found.streamless,
    )


def waiting(
    manifest: Manifest, library: Library, repositories: Repositories, *, monitor: Monitor
) -> Waiting:
    """Return how many updates wait for a template. Raises what `updates` does."""
    return updates(manifest, library, repositories, monitor=monitor).waiting


def all_waiting(
    templates: Iterable[Template | None], library: Library, *, monitor: Monitor
) -> Iterator[Waiting | MediaError | None]:
    """Yield what waits for each template, of which several may have the same repositories.

    None where nothing can be asked, an error where a repository does not answer: a warning tells
    of each once.
    """
    repositories, warned = Repositories(), set[str]()
    for each in templates:
        answer: Waiting | MediaError | None = None
        try:
            if each is not None:
                record = registry.manifest(each)
                answer = waiting(record, library, repositories, monitor=SilentMonitor())
        except MediaError as error:
            answer = error
            if error.message not in warned:
                monitor.tell("warning", error.message)
                warned.add(error.message)
        except BuilderError:  # `updates` tells why
            answer = None
        yield answer


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


def _own(manifest: Manifest, release: Release, today: Release) -> tuple[Source, ...]:
    """Return the repositories of a kickstart that names others than the vendor's, such as mirrors.

    One whose address is masked cannot be asked: its password is in no record.
    """
    known = {each.rstrip("/") for each in release.repositories.values()}
    # A machine updates to the version of today.
    named = [
        replace(each, address=filled(each.address, today))
        for each in sources(_kickstart(manifest, release))
        if MARK not in each.address
    ]
    others = any(each.address.rstrip("/") not in known for each in named)
    return tuple(named) if others else ()


def _vendors(manifest: Manifest, release: Release) -> tuple[Source, ...]:
    if not release.repositories:
        raise ConfigError(
            f"Nobody knows where {manifest.name} {manifest.version} gets updates from: "
            f"{release.title} has no public repositories.",
            hint=f"Name a mirror in a release of your own: [{release.name}], with "
            f'extends = "{release.name}" and repositories.base = "https://..."',
        )
    return tuple(Source(id=id_, address=url) for id_, url in release.repositories.items())


def _today(release: Release, library: Library) -> Release:
    """Return the release that follows a minor version: a machine is updated to that one.

    Repositories of the vault, which an older minor is installed from, never change.
    """
    base = release.name.rpartition(".")[0]
    older = bool(release.followed_by) and base in release.kin
    return library.release(base) if older else release


def _kickstart(manifest: Manifest, release: Release) -> Kickstart:
    return Kickstart(source=manifest.name, syntax=release.syntax, text=manifest.kickstart)


def _read(source: Source) -> Offers:
    look = online.look if source.kind == "baseurl" else online.look_listed
    repository = look(source.address)
    told = repository.record("updateinfo")
    return Offers(
        packages=packages_of(repository),
        modules=modules_of(repository),
        advisories=online.read(repository, told, _advisories) if told else None,
    )


def _advisories(content: Iterable[bytes]) -> Mapping[str, list[tuple[Nevra, Advisory]]]:
    found: dict[str, list[tuple[Nevra, Advisory]]] = {}
    for advisory, packages in updateinfo.advisories(content):
        for each in packages:
            found.setdefault(each.name, []).append((each, advisory))
    return found
