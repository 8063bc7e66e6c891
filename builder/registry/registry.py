"""The templates in a store pool: NAME-VERSION.qcow2, each with its manifest NAME-VERSION.json.

NAME.channels.json is the ledger of each name. Who changes anything holds the pool's lock; readers
need none: manifests never change, and ledgers are replaced as a whole.
"""

import re
from collections.abc import Container, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from builder import files, targets
from builder.errors import ConfigError, HostError, TemplateError, UsageError, explained, suggest
from builder.model.template import ImageFacts, Manifest, Template
from builder.registry import reference
from builder.registry.header import Header, Reader
from builder.registry.ledger import LATEST, VERSION, Ledger, order

LOCK = targets.STORE
SIGNATURES = ".intoto.jsonl"
"""By which in-toto names bundles, after the name of what they are about."""
LEDGER = ".channels.json"

Stem = tuple[str, str]
"""Name and version: a file's name is NAME-VERSION and a suffix."""
FILES = re.compile(
    rf"(?P<name>.+)-(?P<version>{VERSION.strip('^$')})"
    rf"(?P<ending>\.qcow2|\.json|\.qcow2{re.escape(SIGNATURES)})"
)
"""What a version's files are called."""
_STEM = re.compile(rf"(.+)-({VERSION.strip('^$')})")


class Registry(msgspec.Struct, frozen=True):
    """The templates of a store pool, and what is known of them.

    It keeps nothing: all methods read what is there when they are called.
    """

    store: Path
    """The pool's folder."""

    def templates(self) -> tuple[Template, ...]:
        """Return every published template, by name, oldest first."""
        return tuple(self._read(self.stems(".json")))

    def versions(self, name: str) -> tuple[Template, ...]:
        """Return the templates of that name, oldest first."""
        return tuple(self._newest_first(name))[::-1]

    def named(self, name: str) -> tuple[Template, ...]:
        """Return the templates of that name, oldest first. Raises UsageError when there is none."""
        found = self.versions(name)
        if not found:
            raise self._unknown(name)
        return found

    def newest(self, name: str) -> Template | None:
        """Return the newest template of that name."""
        return next(self._newest_first(name), None)

    def unchanged(self, name: str, *, key: str) -> Template | None:
        """Return the newest template that was made from exactly these inputs and is not revoked.

        `key` is a build key. Raises ConfigError when the ledger of that name cannot be read.
        """
        return next(self._newest_first(name, without=self.ledger(name).revoked, key=key), None)

    def template(self, name: str, version: str) -> Template | None:
        """Return the template of that version, if it is there."""
        exact = re.fullmatch(VERSION, version)
        return next(self._read([(name, version)]), None) if exact else None

    def find(self, word: str, *, revoked: bool = False) -> Template:
        """Return the template that a reference means; a name alone means its newest version.

        Raises UsageError when there is none, TemplateError when it is revoked, unless `revoked`
        allows that, and ConfigError when the ledger of that name cannot be read.
        """
        wanted = reference.parse(word)
        if self.newest(wanted.name) is None:
            raise self._unknown(wanted.name)
        ledger = self.known(wanted.name)
        template = self._meant(wanted, ledger)
        if template is not None and (revoked or template.version not in ledger.revoked):
            return template
        there = [each.version for each in self.named(wanted.name)]
        if template is None:
            raise reference.missing(wanted, ledger, there)
        raise reference.revoked(template.version, ledger, there)

    def _meant(self, wanted: reference.Reference, ledger: Ledger) -> Template | None:
        if wanted.which != LATEST:
            return self.template(wanted.name, wanted.version(ledger))
        served = self._newest_first(wanted.name, without=ledger.revoked)
        return next(served, None) or self.newest(wanted.name)

    def _unknown(self, name: str) -> UsageError:
        names = {name for name, _version in self.stems(".json")}
        return UsageError(f"There is no template {name!r}.", hint=suggest(name, names))

    def stems(self, suffix: str) -> list[Stem]:
        """Return the stems of all files with that suffix, by name, oldest first."""
        names = (_STEM.fullmatch(path.stem) for path in self.store.glob(f"*-*{suffix}"))
        found = [(match[1], match[2]) for match in names if match]
        return sorted(found, key=lambda stem: (stem[0], order(stem[1])))

    def headers(self, stems: Iterable[Stem]) -> Iterator[Header]:
        """Yield the headers of manifests, as far as they are some; their images may be missing."""
        reader = Reader()
        for name, version in stems:
            header = reader.read(self.store / f"{name}-{version}.json")
            if header is not None and (header.name, header.version) == (name, version):
                yield header

    def place(self, record: Header | Manifest, image: ImageFacts) -> Template:
        """Return the template that a record tells of, with its image."""
        path = self.store / f"{record.name}-{record.version}.qcow2"
        return Template(
            name=record.name,
            version=record.version,
            path=path,
            image=image,
            manifest=path.with_suffix(".json"),
            created=record.created,
        )

    def _newest_first(
        self, name: str, *, without: Container[str] = (), key: str = ""
    ) -> Iterator[Template]:
        stems = [each for each in self.stems(".json") if each[0] == name and each[1] not in without]
        return self._read(reversed(stems), key=key)

    def _read(self, stems: Iterable[Stem], *, key: str = "") -> Iterator[Template]:
        """Yield the templates, of any build key or of one, as far as they are whole."""
        for header in self.headers(stems):
            if header.image is None or (key and header.build_key != key):
                continue
            template = self.place(header, header.image)
            if _size(template.path) == template.image.size:
                yield template

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one to publish, move channels or remove templates, for the block.

        The lock ends with the process, however that ends. Raises HostError when the pool cannot be
        written to.
        """
        with ExitStack() as undo:
            what = f"Cannot lock the templates in {self.store}"
            with explained(what, hint="Is the store pool writable?"):
                undo.enter_context(files.locked(self.store / LOCK))
            yield

    def ledger(self, name: str) -> Ledger:
        """Return the ledger of that name; an empty one where there is no file.

        Raises ConfigError when it makes no sense: channels and revocations are not forgotten
        silently.
        """
        path = self.store / f"{name}{LEDGER}"
        try:
            ledger = msgspec.json.decode(path.read_bytes(), type=Ledger)
            if ledger.name != name:
                raise ValueError(f"it is that of {ledger.name}")
        except FileNotFoundError:
            return Ledger(name=name)
        except OSError as error:
            raise HostError(
                f"Cannot read {path}: {error.strerror}.", hint="Are you who keeps the templates?"
            ) from error
        except (ValueError, RecursionError) as error:
            raise ConfigError(
                f"The ledger {path} cannot be read: {error}.",
                hint="Put back a copy of it. "
                "If you move it away, channels and revocations are forgotten.",
            ) from error
        return ledger

    def known(self, name: str) -> Ledger:
        """Return the ledger of that name, with the versions noted that it has not heard of.

        A publisher that is killed after its image was visible has not told the ledger. Its version
        is whole, so it counts as published; whoever changes the ledger next writes that down.
        Raises ConfigError when the ledger cannot be read.
        """
        ledger = self.ledger(name)
        unheard = tuple(self._newest_first(name, without=ledger.published))
        for template in reversed(unheard):
            ledger = ledger.publish(template.version, when=template.created)
        return ledger

    def write(self, ledger: Ledger) -> None:
        """Replace a ledger, durably, unless that is what it says; hold the lock.

        Raises HostError.
        """
        if self.ledger(ledger.name) == ledger:
            return
        with files.replacing(self.store / f"{ledger.name}{LEDGER}", mode=0o644) as part:
            part.write_bytes(msgspec.json.format(msgspec.json.encode(ledger), indent=2) + b"\n")


def signatures(template: Template) -> Path:
    """Return where the signatures of a template are, an envelope a line."""
    return template.path.with_name(template.path.name + SIGNATURES)


def manifest(template: Template) -> Manifest:
    """Return the record of how it was made. Raises TemplateError when it cannot be read."""
    try:
        return Manifest.parse(template.manifest.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise TemplateError(
            f"The manifest {template.manifest} cannot be read: {error}.",
            hint="Build the template again with --force.",
        ) from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
