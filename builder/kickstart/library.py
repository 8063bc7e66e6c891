"""Where kickstarts, snippets, profiles, variables and releases are looked up by their names."""

from pathlib import Path

import msgspec

import builder
from builder.errors import ConfigError, explained
from builder.kickstart import profiles, texts, variables
from builder.model.kickstart import Checks, KickstartSource, Profile, Variable
from builder.model.release import Release
from builder.monitor import Monitor
from builder.releases import catalogue

_PACKAGE = Path(builder.__file__).parent
_SETTING = "`kickstarts` in builder.toml, or BUILDER_KICKSTARTS, names the folder."


class Library(msgspec.Struct, frozen=True):
    """The user's own folder, if there is one, before what comes with us."""

    own: Path | None = None

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where files are searched, first things first."""
        shipped = _PACKAGE / "data" / "kickstarts"
        # A checkout has no builder/data: hatchling makes it when it packs the wheel.
        ours = shipped if shipped.is_dir() else _PACKAGE.parent / "kickstarts"
        return (ours,) if self.own is None else (self.own, ours)

    def release(self, name: str) -> Release:
        """Return the release called `name`. Raises UsageError when there is none."""
        return catalogue.find(name)

    def releases(self) -> tuple[Release, ...]:
        """Return all releases, sorted by name."""
        return tuple(map(catalogue.find, catalogue.names()))

    def profile(self, name: str, release: Release) -> Profile:
        """Return the profile `name`; UsageError when there is none, or none for `release`."""
        families = sorted({each.family for each in self.releases()})
        return profiles.find(self.folders, name, release=release, families=families)

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

    def own_kickstart(self, name: str, text: str) -> KickstartSource:
        """Return the same for a file of the user's: its name and its text. Raises ConfigError."""
        return self._source(name, text)

    def _source(self, name: str, text: str | None = None) -> KickstartSource:
        found, damaged = texts.gather(self.folders, name, text)
        return KickstartSource(
            name=name,
            texts=found,
            damaged=damaged,
            variables=self.variables(),
            own=text is not None,
        )


def library(own: Path | None) -> Library:
    """Return the library with the folder of a setting. Raises ConfigError where that is none."""
    if own is not None:
        with explained(f"Cannot look at {own}", hint=_SETTING, error_class=ConfigError):
            if not own.is_dir():
                raise ConfigError(f"The folder of kickstarts {own} is not there.", hint=_SETTING)
    return Library(own)
