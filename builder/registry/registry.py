"""The templates in a store pool: NAME-VERSION.qcow2, each with its manifest NAME-VERSION.json.

NAME.channels.json is the ledger of each name. Who changes anything holds the pool's lock; readers
need none: manifests never change, and ledgers are replaced as a whole.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from builder import files
from builder.errors import (
    BuilderError,
    ConfigError,
    TemplateError,
    UsageError,
    suggest,
)
from builder.model.template import Manifest, Template
from builder.paths import targets
from builder.registry import reference
from builder.registry.entry import Entry, look
from builder.registry.ledger import LATEST, VERSION, Ledger, order
from builder.registry.reading import content, read, within

LOCK = targets.STORE
SIGNATURES = ".intoto.jsonl"
"""By which in-toto names bundles, after the name of what they are about."""
LEDGER = ".channels.json"
_FIRST = "There are none at all: `builder build NAME` makes the first."
_COPY = "Put back a copy of it. If you move it away, channels and revocations are forgotten."
Stem = tuple[str, str]
"""Name and version: a file's name is NAME-VERSION and a suffix."""
_STEM = re.compile(rf"(.+)-({VERSION})")


class Registry(msgspec.Struct, frozen=True):
    """The templates of a store pool, and what is known of them.

    It keeps nothing: all methods read what is there when they are called. All of them raise
    HostError when the pool's folder cannot be read; it may be that of a disk that is not mounted.
    """

    store: Path
    """The pool's folder."""

    def shelves(self) -> dict[str, list[str]]:
        """Return the versions of each name that have manifests; of a mere ledger that is none."""
        found: dict[str, list[str]] = {name: [] for name in self._names(LEDGER)}
        for name, version in self.stems(".json"):
            found.setdefault(name, []).append(version)
        return dict(sorted(found.items()))

    def templates(self) -> tuple[Template, ...]:
        """Return every published template that is whole, by name, oldest first."""
        return self.versions("")

    def versions(self, name: str) -> tuple[Template, ...]:
        """Return the templates of that name that are whole, oldest first."""
        entries = (look(self.store, *stem) for stem in self.stems(".json", name))
        return tuple(each.template() for each in entries if not each.why)

    def entries(self, ledger: Ledger, shelf: Iterable[str] | None = None) -> Iterator[Entry]:
        """Yield the versions of that name, newest first: those that are whole or should be.

        `shelf` is what `shelves` found of it.
        """
        owed = ledger.owed
        there = self._shelf(ledger.name) if shelf is None else shelf
        versions = sorted({*there, *owed}, key=order, reverse=True)
        entries = (look(self.store, ledger.name, version) for version in versions)
        for entry in entries:
            if entry.why and entry.version in owed:
                yield from self._still_owed(entry, *entries)
            elif not entry.why:
                yield entry

    def _still_owed(self, *entries: Entry) -> Iterator[Entry]:
        """Yield those that are whole, or should be: whoever removes one tells the ledger first."""
        owed = self.ledger(entries[0].name).owed
        return (each for each in entries if not each.why or each.version in owed)

    def newest(self, name: str) -> Entry | None:
        """Return the newest version of that name. Raises what `ledger` does."""
        return next(self.entries(self.ledger(name)), None)

    def unchanged(self, name: str, *, key: str) -> Template | None:
        """Return the newest template that was made from exactly these inputs and is not revoked.

        None where a newer one is damaged: it was made to replace that. `key` is a build key. Raises
        ConfigError when the ledger of that name cannot be read.
        """
        ledger = self.ledger(name)
        served = (each for each in self.entries(ledger) if each.version not in ledger.revoked)
        for entry in served:
            if entry.why:
                return None
            if entry.header and entry.header.build_key == key:
                return entry.template()
        return None

    def template(self, name: str, version: str) -> Template | None:
        """Return the template of that version, if it is there and whole."""
        exact = re.fullmatch(VERSION, version)
        entry = look(self.store, name, version) if exact else None
        return entry.template() if entry and not entry.why else None

    def find(self, word: str) -> Template:
        """Return the template that a reference means; a name alone means its newest version.

        Raises UsageError when there is none, TemplateError when it is damaged or revoked, and
        ConfigError when the ledger of that name cannot be read.
        """
        wanted = reference.parse(word)
        ledger = self.known(wanted.name)
        entry = self.meant(wanted, ledger)
        if entry.version not in ledger.revoked:
            return entry.template()
        there = [each.version for each in self.versions(wanted.name)]
        raise reference.revoked(entry.version, ledger, there)

    def meant(self, wanted: reference.Reference, ledger: Ledger) -> Entry:
        """Return the version that is meant, be it damaged or revoked.

        Raises UsageError and TemplateError when there is none.
        """
        if wanted.which == LATEST:
            served = (each for each in self.entries(ledger) if each.version not in ledger.revoked)
            found = next(served, None) or next(self.entries(ledger), None)
        else:
            found = self._exactly(wanted.version(ledger), ledger)
        if found is None and (now := self.known(ledger.name)) != ledger:
            return self.meant(wanted, now)  # the channel has left what somebody removes
        if found is None:
            raise self._nothing(wanted, ledger)
        return found

    def _exactly(self, version: str, ledger: Ledger) -> Entry | None:
        entry = look(self.store, ledger.name, version) if version else None
        return next(self._still_owed(entry), None) if entry and entry.why else entry

    def _nothing(self, wanted: reference.Reference, ledger: Ledger) -> UsageError | TemplateError:
        there = [each.version for each in self.entries(ledger)][::-1]
        return reference.missing(wanted, ledger, there) if there else self.unknown(wanted.name)

    def unknown(self, name: str) -> UsageError:
        """Return what to say of a name of which there is nothing that can be used."""
        names = {name for name, _version in self.stems(".json")}
        damaged = f"Its files are damaged: {self.store}/{name}-*"
        hint = damaged if name in names else suggest(name, names, none=_FIRST)
        return UsageError(f"There is no template {name!r}.", hint=hint)

    def stems(self, suffix: str, only: str = "") -> list[Stem]:
        """Return the stems of all files with that suffix, or of one name; oldest first of each."""
        names = (each for each in self._names(suffix) if each.startswith(only))
        stems = ((match[1], match[2]) for each in names if (match := _STEM.fullmatch(each)))
        found = (stem for stem in stems if only in ("", stem[0]))
        return sorted(found, key=lambda stem: (stem[0], order(stem[1])))

    def _names(self, suffix: str) -> Iterator[str]:
        """Yield what comes before the suffix in names of files, as far as people could type it."""
        hint = "Is its disk mounted, and may you read it?"
        with within(self.store, "look for", hint=hint), os.scandir(self.store) as found:
            names = [each.name for each in found]  # no glob: templates' names may look like one
        visible = (each for each in names if each.isprintable() and not each.startswith("."))
        return (each.removesuffix(suffix) for each in visible if each.endswith(suffix))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one to publish, move channels or remove templates, for the block.

        The lock ends with the process, however that ends. Raises HostError when the pool cannot be
        written to.
        """
        with ExitStack() as undo:
            hint = f"Is the store pool writable, and {LOCK} no link?"
            with within(self.store, "lock the", hint=hint):
                undo.enter_context(files.locked(self.store / LOCK))
            yield

    def ledger(self, name: str) -> Ledger:
        """Return the ledger of that name; an empty one where there is no file.

        Raises ConfigError when it makes no sense: channels and revocations are not forgotten
        silently.
        """
        path = self.store / f"{name}{LEDGER}"
        try:
            ledger = read(path, Ledger)
        except FileNotFoundError:
            return Ledger(name=name)
        except ConfigError as error:
            raise ConfigError(error.message, hint=error.hint or _COPY) from error
        if ledger.name != name:
            raise ConfigError(f"{path} cannot be read: it is that of {ledger.name}.", hint=_COPY)
        return ledger

    def _shelf(self, name: str) -> list[str]:
        return [version for _name, version in self.stems(".json", name)]

    def known(self, name: str, shelf: Iterable[str] | None = None) -> Ledger:
        """Return the ledger of that name, with the versions noted that it has not heard of.

        A publisher that is killed after its image was visible has not told the ledger. Its version
        is whole, so it counts as published; whoever changes the ledger next writes that down.
        Raises ConfigError when the ledger cannot be read.
        """
        ledger = self.ledger(name)
        heard, there = ledger.published, self._shelf(name) if shelf is None else shelf
        unheard = (look(self.store, name, each) for each in there if each not in heard)
        whole = (each for each in unheard if not each.why)
        return ledger.note({each.version: each.template().created for each in whole})

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


def manifest(template: Template | Entry) -> Manifest:
    """Return the record of how it was made. Raises TemplateError when it cannot be read."""
    return parsed(template)[0]


def parsed(template: Template | Entry) -> tuple[Manifest, bytes]:
    """Return the record and its file's bytes. Raises TemplateError when it cannot be read."""
    hint = "Build the template again with --force."
    try:
        data = content(template.manifest)
        return Manifest.parse(data), data
    except (OSError, ValueError, RecursionError) as error:
        raise TemplateError(
            f"The manifest {template.manifest} cannot be read: {error}.", hint=hint
        ) from error
    except BuilderError as error:
        raise TemplateError(error.message, hint=hint) from error
