"""A timer of what was typed: it means the same wherever, and by whomever's shell, it is started."""

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from builder import config
from builder.attest import keys
from builder.config import Settings
from builder.errors import ConfigError, UsageError
from builder.kickstart.library import Library
from builder.paths.configured import absolute
from builder.paths.reading import is_plain
from builder.pipeline import definition
from builder.pipeline.job import Pipeline
from builder.pipeline.timer import PATH, Timer, name_of

_SECRETS = ("BUILDER_ROOT_PASSWORD", "BUILDER_USER_PASSWORD", keys.PASSPHRASE)
_KEPT = re.compile(r"HOME|XDG_(CONFIG|DATA|CACHE|STATE)_HOME")
"""Where settings, and folders that no setting names, are looked for."""
_NETWORK = re.compile(r"(https?|all|no)_proxy|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE", re.I)
_UNIT = re.compile(r"[A-Za-z0-9:_.@%\\-]+\.(service|target)")
_DELAY = re.compile(r"0|([0-9]{1,6}(s|min|h) ?)+")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed."""

    file: str
    at: str
    delay: str = "15min"
    name: str = ""
    user: bool = False
    environment_file: Path | None = None
    on_failure: str = ""
    config_file: Path | None = None
    uri: str | None = None


def made(
    asked: Asked,
    settings: Settings,
    library: Library,
    *,
    pools: Sequence[Path] = (),
    environ: Mapping[str, str] = os.environ,
) -> Timer:
    """Return the timer. Raises UsageError and ConfigError for what it could not do by itself.

    `pools` are the folders that libvirt has for them.
    """
    _refuse_words(asked)
    _refuse_secrets(asked, environ)
    path = definition.find(asked.file)
    pipeline = definition.load(path, library)
    file = _lasting(asked.config_file or config.default_file(environ))
    secret = _secret(asked.environment_file)
    writable = tuple(dict.fromkeys(_writable(pipeline, settings, pools)))
    return Timer(
        name=name_of(asked.name or path.stem),
        title=pipeline.title,
        pipeline=_pipeline(path),
        at=asked.at,
        delay=asked.delay,
        command=_command(_pipeline(path), file, asked.uri),
        environment=dict(_environment(settings, environ)),
        environment_file=secret,
        writable=writable,
        on_failure=asked.on_failure,
        user=asked.user,
        guests_below=settings.uri.partition("?")[0].endswith("/session"),
        rehearses=any(
            map(
                lambda job: _rehearses(job.request.release, job.request.iso, library), pipeline.jobs
            )
        ),
    )


def _refuse_words(asked: Asked) -> None:
    if not _DELAY.fullmatch(asked.delay):
        hint = "Give 0, or numbers with s, min or h: 45min, 1h 30min."
        raise UsageError(f"A timer cannot be delayed by {asked.delay!r}.", hint=hint)
    if asked.on_failure and not _UNIT.fullmatch(asked.on_failure):
        hint = "Name a service or target of systemd, such as mail@%n.service."
        raise UsageError(f"{asked.on_failure!r} is no unit to start.", hint=hint)
    if asked.name and asked.name != name_of(asked.name):
        hint = f"Letters, digits, dots, dashes and underscores: {name_of(asked.name)}."
        raise UsageError(f"A timer cannot be named {asked.name!r}.", hint=hint)


def _refuse_secrets(asked: Asked, environ: Mapping[str, str]) -> None:
    """Units can be read by everybody, and so can what systemctl shows of them."""
    given = [name for name in _SECRETS if environ.get(name)]
    given += [name for name, value in environ.items() if _NETWORK.fullmatch(name) and "@" in value]
    if given and asked.environment_file is None:
        raise UsageError(
            f"{' and '.join(given)} would not be set at night, for a unit is no place for secrets.",
            hint=f"Unset it, or write it ({given[0]}=…) into a file of mode 0600 and give that "
            "with --environment-file; a pipeline may name a root_password_file.",
        )


def _secret(path: Path | None) -> Path | None:
    if path is None:
        return None
    found = _lasting(path) or path
    about = found.stat()
    if about.st_mode & 0o077 or about.st_uid not in (0, os.geteuid()):
        hint = "`chmod 600` it; its owner is who the timer runs as, or root."
        raise ConfigError(f"{found} can be read by others.", hint=hint)
    return found


def _lasting(path: Path | None) -> Path | None:
    """Return the absolute path of a file that is still there at night."""
    if path is not None and not is_plain(path):
        hint = "Write it to a file: what a shell makes for one command is gone at night."
        raise UsageError(f"{path} is no file.", hint=hint)
    return _whole(path) if path else None


def _whole(path: Path) -> Path:
    """Return an absolute path, the same from whichever folder it was named: units take no .. ."""
    return Path(os.path.realpath(path)) if ".." in path.parts else absolute(path)


def _pipeline(path: Path) -> str:
    # One of ours is another file after an upgrade, and may be in another place.
    return path.stem if path.parent == definition.folder() else str(_whole(path))


def _command(pipeline: str, file: Path | None, uri: str | None) -> tuple[str, ...]:
    # -P: a folder named builder where it is started would be taken for us.
    command = [sys.executable, "-P", "-m", "builder"]
    command += ["--config", str(file)] if file else []
    command += ["--uri", uri] if uri else []
    return (*command, "pipeline", "run", pipeline)


def _environment(settings: Settings, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "PATH", PATH
    for name, value in environ.items():
        proxy = _NETWORK.fullmatch(name) and "@" not in value
        if value and (proxy or _KEPT.fullmatch(name)):
            yield name, value
    for key in Settings.__struct_fields__:
        value = getattr(settings, key)
        here = key == "artifacts" and value == absolute(Path("artifacts"))
        if here or f"BUILDER_{key.upper()}" in environ:
            yield f"BUILDER_{key.upper()}", _text(value)


def _text(value: object) -> str:
    return str(_whole(value)) if isinstance(value, Path) else str(value or "")


def _writable(pipeline: Pipeline, settings: Settings, pools: Sequence[Path]) -> Iterator[Path]:
    known = pools or (settings.iso_pool_path, settings.store_pool_path)
    more = (settings.artifacts, pipeline.publish.export_to)
    yield from (_whole(path) for path in (*known, settings.state, settings.cache, *more) if path)


def _rehearses(release: str, iso: Path | None, library: Library) -> bool:
    return iso is None and library.release(release).made_here
