"""How people name a template: NAME, NAME@VERSION, NAME@CHANNEL, NAME@latest."""

import re
from pathlib import Path

import msgspec

from builder.errors import TemplateError, UsageError, suggest
from builder.model.ledger import LATEST, VERSION, Ledger
from builder.model.template import Template
from builder.registry import registry
from builder.registry.known import known


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """A reference, taken apart."""

    name: str
    which: str = LATEST
    """A version, a channel, or "latest"."""


def parse(word: str) -> Reference:
    """Take a reference apart. Raises UsageError when it cannot be one."""
    name, separator, which = word.partition("@")
    if not name or (separator and not which) or "@" in which:
        raise UsageError(
            f"{word!r} names no template.",
            hint="NAME, NAME@VERSION, NAME@CHANNEL or NAME@latest, such as centos7@stable.",
        )
    return Reference(name=name, which=which or LATEST)


def find(store: Path, reference: str, *, revoked: bool = False) -> Template:
    """Return the template that is meant; a name alone means its newest version.

    Raises UsageError when there is none, TemplateError when it is revoked, unless `revoked` allows
    that, and ConfigError when the ledger of that name cannot be read.
    """
    wanted = parse(reference)
    there = named(store, wanted.name)
    ledger = known(store, there, name=wanted.name)
    version = _version(wanted, ledger, there)
    template = next((each for each in there if each.version == version), None)
    if template is None:
        raise _missing(wanted, version, ledger, there)
    if version in ledger.revoked and not revoked:
        raise TemplateError(
            f"{wanted.name} {version} is revoked: {ledger.revoked[version]}.",
            hint=_instead(ledger, there),
        )
    return template


def named(store: Path, name: str) -> tuple[Template, ...]:
    """Return the versions of that name, oldest first. Raises UsageError when there is none."""
    every = registry.templates(store)
    found = tuple(each for each in every if each.name == name)
    if not found:
        names = {each.name for each in every}
        raise UsageError(f"There is no template {name!r}.", hint=suggest(name, names))
    return found


def _version(wanted: Reference, ledger: Ledger, there: tuple[Template, ...]) -> str:
    if re.fullmatch(VERSION, wanted.which):
        return wanted.which
    if wanted.which != LATEST:
        return ledger.channels.get(wanted.which, "")
    served = [each.version for each in there if each.version not in ledger.revoked]
    return served[-1] if served else there[-1].version


def _missing(
    wanted: Reference, version: str, ledger: Ledger, there: tuple[Template, ...]
) -> UsageError | TemplateError:
    name, which = wanted.name, wanted.which
    if not version:
        words = {*ledger.channels, LATEST, *(each.version for each in there)}
        return UsageError(f"{name} has no channel {which!r}.", hint=suggest(which, words))
    if version != which:
        return TemplateError(
            f"{name}@{which} is {version}, whose files are not in the store pool.",
            hint=f"`builder template rollback {name} --channel {which}` goes back to another.",
        )
    versions = [each.version for each in there]
    was = " any more" if version in ledger.published else ""
    return UsageError(f"{name} has no version {version}{was}.", hint=suggest(version, versions))


def _instead(ledger: Ledger, there: tuple[Template, ...]) -> str:
    served = [each.version for each in there if each.version not in ledger.revoked]
    if served:
        return f"The newest that is not is {ledger.name}@{served[-1]}."
    return "There is no other version: build it again."
