"""What is known of the versions of a template: its ledger, and what that has not heard of yet."""

from collections.abc import Iterable
from pathlib import Path

from builder.model.ledger import Ledger
from builder.model.template import Template
from builder.registry import ledger, ledger_file


def known(store: Path, templates: Iterable[Template], *, name: str) -> Ledger:
    """Return the ledger of that name, with these versions of it noted.

    A publisher that is killed after its image was visible has not told the ledger. Its version
    is whole, so it counts as published; whoever changes the ledger next writes that down.
    Raises ConfigError when the ledger cannot be read.
    """
    found = ledger_file.read(store, name)
    for template in templates:
        found = ledger.publish(found, template.version, when=template.created)
    return found
