"""Settings, resolved once: option > BUILDER_* variable > builder.toml > default."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from builder.errors import BuilderError, ConfigError
from builder.model.installation import Deadlines, PhaseLimits
from builder.paths.reading import as_path, is_file, read_toml

Minutes = Annotated[float, msgspec.Meta(gt=0, le=100_000)]
_NETWORK = r"none|user|network:[^:/\x00-\x1f\x7f]+|bridge:[A-Za-z0-9_.-]{1,15}"
_NETWORKS = (
    "Give user, none, network:NAME (`virsh net-list --all` shows them) "
    "or bridge:NAME (`ip link show type bridge`)."
)

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


def load(
    *, file: Path | None = None, environ: Mapping[str, str] = os.environ, **options: object
) -> Settings:
    """Resolve the settings; an option that is None was not given.

    Raises ConfigError for a file that cannot be read and for unknown or ill-typed keys.
    """
    values: dict[str, Any] = _from_file(file or _default_file(environ))
    values |= _from_environment(environ)
    values |= {key: value for key, value in options.items() if value is not None}
    try:
        chosen = msgspec.convert(values, Settings, strict=False, dec_hook=as_path)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"The configuration is wrong: {error}.",
            hint=f"Known keys: {', '.join(Settings.__struct_fields__)}.",
        ) from error
    check_network(chosen.network)
    return _fill_in(chosen, environ)


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
        key: _absolute(folder if getattr(chosen, key) == Path() else getattr(chosen, key))
        for key, folder in folders.items()
    }
    artifacts = chosen.artifacts or _artifacts_here()
    links = _absolute(artifacts) if artifacts else None
    return msgspec.structs.replace(chosen, **paths, uri=uri, artifacts=links)


def _artifacts_here() -> Path | None:
    """Return ./artifacts where somebody wants it: a checkout has it, / and $HOME do not."""
    here = Path("artifacts")
    with suppress(OSError):  # a folder that we may not look into
        return here if here.is_dir() else None
    return None


def _absolute(path: Path) -> Path:
    try:
        return path.absolute()
    except FileNotFoundError:  # the current folder is gone, which not every command needs
        return path


def _default_file(environ: Mapping[str, str]) -> Path | None:
    config = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/")) / ".config")
    known = (Path("builder.toml"), config / "builder" / "builder.toml")
    return next((path for path in known if _visible(path)), None)


def _visible(path: Path) -> bool:
    try:
        return is_file(path)
    except ConfigError:  # sudo -E, docker -u: another user's home is no reason to do nothing
        return False


def _from_file(path: Path | None) -> dict[str, Any]:
    hint = "Check the path given with --config."
    return {} if path is None else read_toml(path, pipes=True, hint=hint)


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    known = (key for key in Settings.__struct_fields__ if key not in _TABLES)
    named = {key: environ.get(f"BUILDER_{key.upper()}") for key in known}
    return {key: value for key, value in named.items() if value is not None}
