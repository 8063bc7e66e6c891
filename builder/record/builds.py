"""The builds that left a folder under artifacts/: which there are, and how each is doing."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from builder import files
from builder.errors import UsageError, suggest
from builder.model.template import StepTime
from builder.model.text import plain

FILE = "build.json"
RUNNING = "running"
ABANDONED = "abandoned"
"""build.json says that it runs, but nobody is at it: its process was killed."""
STOPPED = "stopped"
"""The host failed, and not the build: somebody can go on with it."""

_NEWEST = 10
"""So many builds are worth a hint."""


class BuildRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a build.json of any version of ours; whatever is not in it is empty."""

    build_id: str
    name: str
    pid: int = 0
    state: str = ""
    """"running", "stopped", "done", "failed", "interrupted" or "cleared" (by gc)."""
    step: str = ""
    """What a build does now, or did when it failed."""
    error: str = ""
    hint: str = ""
    began: str = ""
    """RFC 3339, UTC, like `ended`."""
    ended: str = ""
    exit_code: int | None = None
    version: str = ""
    """Of the published template."""
    steps: tuple[StepTime, ...] = ()
    kept: bool = True
    """Whether what is left of it was meant to stay (--keep); older records do not say."""


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """A build, as its folder tells."""

    folder: Path
    record: BuildRecord
    state: str
    """That of the record, or "abandoned"."""
    began: datetime
    seconds: float
    """Until its end, or until now while it runs; what is known of it if it was abandoned."""

    @property
    def result(self) -> str:
        """What it does, what it came to, or why not: one line."""
        if self.record.error:
            return self.record.error
        return self.record.version if self.state == "done" else self.record.step


def folder(artifacts: Path, name: str, build_id: str) -> Path:
    """Return the folder of a build of the template `name`."""
    return artifacts / name / build_id


def builds(artifacts: Path, name: str = "") -> tuple[Build, ...]:
    """Return all builds, or those of one release, newest first."""
    found = [each for folder in _folders(artifacts, name) if (each := load(folder))]
    return tuple(sorted(found, key=lambda each: (each.began, each.record.build_id), reverse=True))


def load(folder: Path) -> Build | None:
    """Return the build whose folder this is; None for any other folder."""
    path = folder / FILE
    try:
        record = _tame(msgspec.json.decode(path.read_bytes(), type=BuildRecord))
        touched = path.stat().st_mtime
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    state = record.state
    if state == RUNNING and not files.held(folder):
        state = ABANDONED
    began = moment(record.began) or _born(record.build_id) or _at(touched)
    ended = datetime.now(UTC) if state == RUNNING else moment(record.ended) or _at(touched)
    seconds = max(0.0, (ended - began).total_seconds())
    return Build(folder=folder, record=record, state=state, began=began, seconds=seconds)


def find(artifacts: Path, word: str) -> Build:
    """Return the build that `word` means: a folder, an id or the beginning of one, or a release.

    A release stands for its newest build. Raises UsageError when there is none, or more than one.
    """
    here = load(Path(word)) if word else None
    if here is not None:
        return here
    known = builds(artifacts)
    same = [each for each in known if each.record.name == word]
    if same:
        return same[0]
    alike = [each for each in known if word and each.record.build_id.startswith(word)]
    exact = [each for each in alike if each.record.build_id == word]
    if len(exact or alike) == 1:
        return (exact or alike)[0]
    raise _unclear(word, alike) if alike else _unknown(word, known)


def _folders(artifacts: Path, name: str) -> Iterator[Path]:
    with suppress(OSError):  # no artifacts yet: no builds
        for release in sorted(artifacts.iterdir()):
            if name in ("", release.name) and release.is_dir():
                yield from sorted(release.iterdir())


def _tame(record: BuildRecord) -> BuildRecord:
    """Sentences may quote the guest, and end on a terminal."""
    return msgspec.structs.replace(record, error=plain(record.error), hint=plain(record.hint))


def moment(text: str) -> datetime | None:
    """Return a moment of a record; None where there is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _born(build_id: str) -> datetime | None:
    """An id begins with the time, as the journal makes it."""
    try:
        return datetime.strptime(build_id.partition("-")[0], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _at(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)


def _unclear(word: str, alike: list[Build]) -> UsageError:
    ids = ", ".join(sorted(each.record.build_id for each in alike))
    return UsageError(f"{len(alike)} builds begin with {word}.", hint=f"Say more of it: {ids}.")


def _unknown(word: str, known: tuple[Build, ...]) -> UsageError:
    ids = [each.record.build_id for each in known][:_NEWEST]
    words = ids if word[:1].isdigit() else {each.record.name for each in known}
    return UsageError(f"There is no build {word!r}.", hint=suggest(word, words))
