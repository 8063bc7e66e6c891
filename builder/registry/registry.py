"""The templates in a store pool: NAME-VERSION.qcow2, each with its manifest NAME-VERSION.json."""

import re
from pathlib import Path

import msgspec

from builder.errors import TemplateError
from builder.model.ledger import VERSION
from builder.model.template import Manifest, Template
from builder.registry import ledger_file
from builder.registry.ledger import order


def templates(store: Path) -> tuple[Template, ...]:
    """Return every published template, by name, oldest first."""
    found = [template for path in store.glob("*-*.json") if (template := _read(path))]
    return tuple(sorted(found, key=lambda template: (template.name, order(template.version))))


def versions(store: Path, name: str) -> tuple[Template, ...]:
    """Return the templates of that name, oldest first."""
    return tuple(template for template in templates(store) if template.name == name)


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
    """Return the newest template that was made from exactly these inputs and is not revoked.

    Raises ConfigError when the ledger of that name cannot be read.
    """
    revoked = ledger_file.read(store, name).revoked
    served = [each for each in versions(store, name) if each.version not in revoked]
    return next((each for each in reversed(served) if manifest(each).build_key == key), None)


def newest(store: Path, name: str) -> Template | None:
    """Return the newest template of that name."""
    return next(reversed(versions(store, name)), None)


def _read(path: Path) -> Template | None:
    """A file of another kind or name, or a manifest whose image is not there, is no template."""
    try:
        record = Manifest.parse(path.read_bytes())
        image = path.with_suffix(".qcow2")
        size = image.stat().st_size
    except (OSError, msgspec.DecodeError):
        return None
    named = path.stem == f"{record.name}-{record.version}" and re.fullmatch(VERSION, record.version)
    if not named or record.image is None or size != record.image.size:
        return None
    return Template(
        name=record.name,
        version=record.version,
        path=image,
        image=record.image,
        manifest=path,
        created=record.created,
    )
