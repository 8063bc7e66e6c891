"""Where kickstarts, snippets, profiles, variables and releases are looked up by their names."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

import builder
from builder.errors import ConfigError, explained
from builder.kickstart import profiles, syntaxes, texts, variables
from builder.model.kickstart import Checks, KickstartSource, Profile, Variable
from builder.model.release import Release
from builder.monitor import Monitor, SilentMonitor
from builder.paths.reading import is_plain
from builder.releases.catalogue import Catalogue, shipped
from builder.releases.own import gathered
from builder.releases.rules import Words

_PACKAGE = Path(builder.__file__).parent
_SETTING = "`kickstarts` in builder.toml, or BUILDER_KICKSTARTS, names the folder."
_RELEASES = "`releases` in builder.toml, or BUILDER_RELEASES, names the folder."


class Library(msgspec.Struct, frozen=True):
    """The user's own folder, if there is one, before what comes with us."""

    own: Path | None = None
    rows: Catalogue = msgspec.field(default_factory=shipped)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where files are searched, first things first."""
        shipped = _PACKAGE / "data" / "kickstarts"
        # A checkout has no builder/data: hatchling makes it when it packs the wheel.
        ours = shipped if shipped.is_dir() else _PACKAGE.parent / "kickstarts"
        return (ours,) if self.own is None else (self.own, ours)

    def release(self, name: str) -> Release:
        """Return the release called `name`. Raises UsageError when there is none.

        ConfigError for a row of the user's that is wrong.
        """
        return self.rows.find(name)

    def releases(self, *, monitor: Monitor) -> tuple[Release, ...]:
        """Return all releases, sorted by name; what is wrong with others is told as a warning.

        But for files that cannot be read at all: whoever made the library has told of them.
        """
        told, found = set(self.rows.flaws), []
        for name in self.rows.names():
            try:
                found.append(self.rows.find(name))
            except ConfigError as error:
                if error.message not in told:
                    monitor.tell("warning", error.message)
                    told.add(error.message)
        return tuple(found)

    def profile(self, name: str, release: Release) -> Profile:
        """Return the profile `name`; UsageError when there is none, or none for `release`."""
        return profiles.find(
            self.folders,
            name,
            release=release,
            families=self.rows.families,
            media=self._media,
        )

    def profiles(self, *, monitor: Monitor) -> tuple[Profile, ...]:
        """Return all profiles, sorted by name; what is wrong with others is told as a warning."""
        return profiles.available(self.folders, monitor=monitor)

    def checks(self, profile: Profile) -> Checks:
        """Return the profile's checks, with their files. Raises ConfigError."""
        return profiles.checks(self.folders, profile)

    def variables(self) -> dict[str, Variable]:
        """Return the declarations of all variables. Raises ConfigError."""
        return variables.declared(self.folders)

    def kickstart(self, release: Release) -> KickstartSource:
        """Return what the release's kickstart is rendered from. Raises ConfigError."""
        return self._source(release.kickstart)

    def words(self) -> Words:
        """Return what the row of a release may name. Raises ConfigError."""
        found = (path for folder in self.folders for path in folder.glob("*.j2"))
        return Words(
            kickstarts=frozenset(path.name for path in found if is_plain(path)),
            syntaxes=syntaxes.NAMES,
            variables=frozenset(self.variables()),
        )

    def own_kickstart(self, name: str, text: str) -> KickstartSource:
        """Return the same for a file of the user's: its name and its text. Raises ConfigError."""
        return self._source(name, text)

    def _media(self) -> set[str]:
        """Return the names that releases have for media."""
        return {name for each in self.releases(monitor=SilentMonitor()) for name in each.media}

    def _source(self, name: str, text: str | None = None) -> KickstartSource:
        found, damaged = texts.gather(self.folders, name, text)
        return KickstartSource(
            name=name,
            texts=found,
            damaged=damaged,
            variables=self.variables(),
            own=text is not None,
        )


def library(
    own: Path | None, releases: Sequence[Path] = (), *, folder: Path | None = None
) -> Library:
    """Return the library with the folders of settings: kickstarts, and those of releases.

    `folder` is the one of releases that a setting names. Raises ConfigError where such a one is
    none.
    """
    for path, what, hint in ((own, "kickstarts", _SETTING), (folder, "releases", _RELEASES)):
        if path is not None:
            with explained(f"Cannot look at {path}", hint=hint, error_class=ConfigError):
                if not path.is_dir():
                    raise ConfigError(f"The folder of {what} {path} is not there.", hint=hint)
    return Library(own, gathered(releases))
