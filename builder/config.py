"""Settings, resolved once: option > BUILDER_* variable > builder.toml > default."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec

from builder.errors import BuilderError, ConfigError, suggest
from builder.model.installation import Deadlines, PhaseLimits
from builder.paths.configured import absolute, config_folders, release_folders
from builder.paths.reading import as_path, is_file, read_toml

Minutes = Annotated[float, msgspec.Meta(gt=0, le=100_000)]
_NETWORK = r"none|user|network:[^:/\x00-\x1f\x7f]+|bridge:[A-Za-z0-9_.-]{1,15}"
_NETWORKS = (
    "Give user, none, network:NAME (`virsh net-list --all` shows them) "
    "or bridge:NAME (`ip link show type bridge`)."
)

_NUMBER = "a number of minutes, more than 0 and at most 100000"
_REMEDY = "Mend it, or leave it out: every setting has a default."
_TABLES = ("phases",)  # a variable cannot hold one
BUILDS = "builds"
"""The folder of builds in the state folder."""
SYSTEM = "qemu:///system"
SESSION = "qemu:///session"
"""libvirt of the user who asks."""


Phase = Literal[
    "firmware",
    "boot",
    "stage-2",
    "storage",
    "packages",
    "boot-loader",
    "configuration",
    "scripts",
    "shutdown",
]
"""The names of an installation's phases, as in builder/install/progress.py."""


_PHASES = f"[phases.NAME] has minutes, idle_minutes or both; NAME: {', '.join(get_args(Phase))}."


class PhaseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one phase of an installation may take."""

    minutes: Minutes = 100_000
    idle_minutes: Minutes | None = None
    """None takes what holds for the whole."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything about this host that a build needs to know. Nothing needs a file."""

    uri: str = ""
    """libvirt connection; empty means the system's for root and the session's for a user."""
    iso_pool: str = "iso"
    iso_pool_path: Path = Path()
    store_pool: str = "store"
    store_pool_path: Path = Path()
    artifacts: Path | None = None
    """Folder for people: builds that have ended are linked from there."""
    cache: Path = Path()
    """Downloads and rehearsal media."""
    state: Path = Path()
    """Builds and runs, locks, and logs of daemons that we start; the same wherever one stands."""
    kickstarts: Path | None = None
    """The user's own kickstarts, snippets and profiles, searched before ours."""
    releases: Path | None = None
    """A folder of the user's own releases, searched before the others."""
    release_folders: tuple[Path, ...] = ()
    """All folders of the user's own releases, first things first; no setting by itself."""
    trusted_key: Path | None = None
    """Public key that signatures of templates are verified with."""
    network: str = "user"
    """Where guests are plugged in: user, network:NAME, bridge:NAME or none."""
    install_minutes: Minutes = 90
    """An installation that takes longer has failed, and so has a clone's boot."""
    idle_minutes: Minutes = 15
    """An installation that shows no sign of life for so long has failed."""
    boot_minutes: Minutes = 10
    """A template whose clone shows no sign of life for so long before it is up has failed."""

    phases: dict[Phase, PhaseSettings] = {}
    """Limits of single phases, such as [phases.packages] with minutes and idle_minutes."""

    @property
    def builds(self) -> Path:
        """Where the builds are: NAME/ID below it."""
        return self.state / BUILDS

    @property
    def runs(self) -> Path:
        """Where the records of pipelines' runs are."""
        return self.state / "runs"

    @property
    def deadlines(self) -> Deadlines:
        """What an installation must keep to."""
        limits = {
            name: PhaseLimits(
                phase_seconds=each.minutes * 60,
                idle_seconds=(each.idle_minutes or self.idle_minutes) * 60,
            )
            for name, each in self.phases.items()
        }
        return Deadlines(
            total_seconds=self.install_minutes * 60,
            idle_seconds=self.idle_minutes * 60,
            phases={name.replace("-", " "): each for name, each in limits.items()},
        )

    @property
    def boot_deadlines(self) -> Deadlines:
        """What the boot of a clone must keep to."""
        return Deadlines(
            total_seconds=self.install_minutes * 60, idle_seconds=self.boot_minutes * 60
        )


_KINDS: dict[str, Any] = get_type_hints(Settings, include_extras=True)
del _KINDS["release_folders"]
_FILE = Path("builder.toml")


def load(
    *, file: Path | None = None, environ: Mapping[str, str] = os.environ, **options: object
) -> Settings:
    """Resolve the settings; an option that is None was not given.

    Raises ConfigError for a file that cannot be read and for unknown or ill-typed keys.
    """
    given = _from_file(file or _default_file(environ))
    given |= _from_environment(environ)
    given |= {key: (f"--{key}", value) for key, value in options.items() if value is not None}
    values = {key: _checked(key, value, place) for key, (place, value) in given.items()}
    return _fill_in(Settings(**values), environ)


def _checked(key: str, value: object, place: str) -> Any:  # noqa: ANN401  # as different as the keys
    """Return a setting's value; `place` is where it was set. Raises ConfigError."""
    kind = _KINDS[key]
    try:
        found = msgspec.convert(value, kind, strict=False, dec_hook=as_path)
        if key == "network":
            check_network(found)
    except msgspec.ValidationError as error:
        if key in _TABLES:
            raise ConfigError(f"{place} is wrong: {error}.", hint=_PHASES) from error
        wanted = _NUMBER if kind == Minutes else "a text" if kind is str else "a path"
        raise ConfigError(f"{place} must be {wanted}, not {value!r}.", hint=_REMEDY) from error
    except ConfigError as error:
        raise ConfigError(f"{place}: {error.message}", hint=error.hint) from error
    return found


def check_network(network: str, *, error_class: type[BuilderError] = ConfigError) -> None:
    """Raise `error_class` for a text that does not say where guests are plugged in."""
    if not re.fullmatch(_NETWORK, network):
        raise error_class(f"Guests cannot join the network {network!r}.", hint=_NETWORKS)


def _fill_in(chosen: Settings, environ: Mapping[str, str]) -> Settings:
    root = os.geteuid() == 0
    home = Path(environ.get("HOME", "/root" if root else "/nonexistent"))
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share") / "builder"
    cache = Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "builder"
    state = Path(environ.get("XDG_STATE_HOME") or home / ".local/state") / "builder"
    uri = chosen.uri or (SYSTEM if root else SESSION)
    # The classic layout of a KVM host keeps media and disks on a file system of their own. Whoever
    # asks: the system's pools are where root has them, and its guests cannot come into a home.
    pools = Path("/data_kvm") if root or uri == SYSTEM else data
    folders = {
        "iso_pool_path": pools / "iso",
        "store_pool_path": pools / "store",
        "cache": Path("/var/cache/builder") if root else cache,
        "state": Path("/var/lib/builder") if root else state,
    }
    paths = {
        key: absolute(folder if getattr(chosen, key) == Path() else getattr(chosen, key))
        for key, folder in folders.items()
    }
    artifacts = chosen.artifacts or _artifacts_here()
    links = absolute(artifacts) if artifacts else None
    return msgspec.structs.replace(
        chosen,
        **paths,
        uri=uri,
        artifacts=links,
        release_folders=release_folders(chosen.releases, environ),
    )


def _artifacts_here() -> Path | None:
    """Return ./artifacts where somebody wants it: a checkout has it, / and $HOME do not."""
    here = Path("artifacts")
    with suppress(OSError):  # a folder that we may not look into
        return here if here.is_dir() else None
    return None


def _default_file(environ: Mapping[str, str]) -> Path | None:
    known = [absolute(_FILE), *(folder / _FILE for folder in config_folders(environ))]
    return next((path for path in known if _visible(path)), None)


def _visible(path: Path) -> bool:
    try:
        return is_file(path)
    except ConfigError:  # sudo -E, docker -u: another user's home is no reason to do nothing
        return False


_Given = dict[str, tuple[str, Any]]
"""Values by their keys, each with the place where it was set."""


def _from_file(path: Path | None) -> _Given:
    if path is None:
        return {}
    found = read_toml(path, pipes=True, hint="Check the path given with --config.")
    for key in found:
        if key not in _KINDS:
            raise ConfigError(f"There is no setting {key!r}: {path}.", hint=suggest(key, _KINDS))
    folder = path.parent if _visible(path) else Path()  # a pipe is in no folder of the user's
    return {key: (f"{key} in {path}", _seen(key, found[key], folder)) for key in found}


def _seen(key: str, value: object, folder: Path) -> object:
    """Return a value of a file in `folder`: paths in it are seen from there."""
    if _KINDS[key] not in (Path, Path | None) or not isinstance(value, str) or not value:
        return value
    # What is beyond a link is not what is beside its name, so the file system says where .. leads.
    return Path(os.path.realpath(folder / value)) if ".." in Path(value).parts else folder / value


def _from_environment(environ: Mapping[str, str]) -> _Given:
    names = {key: f"BUILDER_{key.upper()}" for key in _KINDS if key not in _TABLES}
    return {key: (name, environ[name]) for key, name in names.items() if name in environ}
