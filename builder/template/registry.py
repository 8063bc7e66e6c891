"""The templates in a store pool: NAME-VERSION.qcow2, each with its manifest NAME-VERSION.json."""

import re
from pathlib import Path

import msgspec

from builder.errors import TemplateError, UsageError, suggest
from builder.model.template import Manifest, Template

_VERSION = re.compile(r"\d{8}\.\d+")


def templates(store: Path) -> tuple[Template, ...]:
    """Return every published template, by name, oldest first."""
    found = [template for path in store.glob("*-*.json") if (template := _read(path))]
    return tuple(sorted(found, key=lambda template: (template.name, order(template.version))))


def manifest(template: Template) -> Manifest:
    """Return the record of how it was made. Raises TemplateError when it cannot be read."""
    try:
        return Manifest.parse(template.manifest.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise TemplateError(
            f"The manifest {template.manifest} cannot be read: {error}.",
            hint="Build the template again with --force.",
        ) from error


def unchanged(store: Path, name: str, *, key: str) -> Template | None:
    """Return the newest template that was made from exactly these inputs."""
    versions = [template for template in templates(store) if template.name == name]
    same = (template for template in reversed(versions) if manifest(template).build_key == key)
    return next(same, None)


def newest(store: Path, name: str) -> Template | None:
    """Return the newest template of that name."""
    return next((each for each in reversed(templates(store)) if each.name == name), None)


def find(store: Path, reference: str) -> Template:
    """Return the template NAME@VERSION, or the newest NAME. Raises UsageError if there is none."""
    name, _, version = reference.partition("@")
    known = templates(store)
    alike = [each for each in known if each.name == name and version in ("", each.version)]
    if not alike:
        names = {f"{each.name}@{each.version}" if version else each.name for each in known}
        raise UsageError(f"There is no template {reference}.", hint=suggest(reference, names))
    return alike[-1]


def order(version: str) -> tuple[int, int]:
    """Return what versions sort by: 20261123.10 comes after 20261123.9."""
    day, _, number = version.partition(".")
    return int(day), int(number)


def _read(path: Path) -> Template | None:
    """A file of another kind or name, or a manifest whose image is not there, is no template."""
    try:
        record = Manifest.parse(path.read_bytes())
        image = path.with_suffix(".qcow2")
        size = image.stat().st_size
    except (OSError, msgspec.DecodeError):
        return None
    named = path.stem == f"{record.name}-{record.version}" and _VERSION.fullmatch(record.version)
    if not named or record.image is None or size != record.image.size:
        return None
    return Template(
        name=record.name,
        version=record.version,
        path=image,
        image=record.image,
        manifest=path,
    )
