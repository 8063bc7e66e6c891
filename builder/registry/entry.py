"""A version in a store pool, as a look at its files finds it: whole, or what is wrong with it."""

import shlex
import stat
from pathlib import Path
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from builder.errors import BuilderError, ConfigError, HostError, TemplateError
from builder.model.template import SCHEMAS, ImageFacts, Template, check_times
from builder.registry.reading import Versioned, read


class Header(Versioned, frozen=True, kw_only=True):
    """The head of a manifest, a hundredth of it: what lists and choices of templates need."""

    SCHEMAS: ClassVar[frozenset[int]] = SCHEMAS

    name: str
    version: str = ""
    build_id: str
    build_key: str
    created: str
    finished: str = ""
    image: ImageFacts | None = None

    def __post_init__(self) -> None:
        """Refuse times that are none: msgspec makes its error of this ValueError."""
        check_times(self.created, self.finished)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A version, and what is known of it."""

    name: str
    version: str
    path: Path
    """Of its image."""
    header: Header | None = None
    """None when its manifest is none."""
    why: str = ""
    """What is wrong with which file, without a full stop; empty when it is whole."""
    hint: str = ""
    unreadable: bool = False
    """The system does not let us read its manifest: to somebody else it may be whole."""

    @property
    def manifest(self) -> Path:
        """Where its manifest is."""
        return self.path.with_suffix(".json")

    @property
    def image(self) -> ImageFacts | None:
        """What its manifest says of the image."""
        return self.header.image if self.header else None

    def template(self) -> Template:
        """Return it as what can be used.

        Raises TemplateError when it is damaged, HostError when it cannot be read.
        """
        if self.unreadable:
            raise HostError(f"{self.why}.", hint=self.hint)
        if self.why or self.header is None or self.header.image is None:
            word = f"{self.name}@{self.version}"
            delete = f"`builder template delete {shlex.quote(word)} --force`"
            raise TemplateError(
                f"{self.name} {self.version} is damaged: {self.why}.",
                hint=self.hint or f"Put the file back, or let channels go back: {delete}.",
            )
        return Template(
            name=self.name,
            version=self.version,
            path=self.path,
            image=self.header.image,
            manifest=self.manifest,
            created=self.header.created,
        )


def look(store: Path, name: str, version: str) -> Entry:
    """Return what there is of a version: its manifest's head is read, its image's size compared."""
    path = store / f"{name}-{version}.qcow2"
    try:
        header = _header(path.with_suffix(".json"), (name, version))
    except BuilderError as error:
        why = error.message.removesuffix(".")
        unreadable = isinstance(error.__cause__, PermissionError)
        found = Entry(name=name, version=version, path=path, why=why, hint=error.hint)
        return replace(found, unreadable=unreadable)
    why = _wrong(path, header.image)
    return Entry(name=name, version=version, path=path, header=header, why=why)


def _header(path: Path, stem: tuple[str, str]) -> Header:
    try:
        found = read(path, Header)
    except FileNotFoundError:
        raise ConfigError(f"{path} is not there.") from None
    if (found.name, found.version) != stem:
        raise ConfigError(f"{path} is the manifest of another template.")
    return found


def _wrong(path: Path, image: ImageFacts | None) -> str:
    """Return what a look at an image finds wrong; empty when its size is right."""
    if image is None:
        return f"{path.with_suffix('.json')} tells of no image"
    try:
        state = path.stat()
    except OSError as error:
        return f"{path}: {error.strerror}"
    if not stat.S_ISREG(state.st_mode):
        return f"{path} is no plain file"
    wanted = image.size
    return "" if state.st_size == wanted else f"{path} has {state.st_size} bytes, not {wanted}"
