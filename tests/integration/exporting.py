"""Templates to hand on: a few MiB that boot to a line."""

import random
from datetime import date
from pathlib import Path

from small_media import call
from tiny_guests import MACHINE, POWER_OFF, write_disk

from builder.model.template import Template
from builder.registry.image import measure
from builder.registry.publish import publish
from tests.values import manifest

WORDS = "the export boots"


def template(
    store: Path,
    *,
    words: str = WORDS,
    then: bytes = POWER_OFF,
    size: int = 64 * 2**20,
    **changes: object,
) -> Template:
    """Publish a template of 64 MiB, of which three cannot be compressed, into the folder.

    The folder is made if it is not there.
    Its guest says the words and does `then`; `changes` are the manifest's.
    """
    store.mkdir(exist_ok=True)
    raw = write_disk(store / "disk.raw", words, then, size=size)
    with raw.open("r+b") as disk:
        disk.seek(5 * 2**20)
        disk.write(random.Random(5).randbytes(3 * 2**20))  # noqa: S311  # the same each time
    candidate = store / ".ID.candidate"
    candidate.touch(mode=0o600)
    options = ("-O", "qcow2", "-c", "-o", "compression_type=zstd")
    call("qemu-img", "convert", *options, raw, candidate)
    raw.unlink()
    record = manifest(**{"name": "tiny", "machine": MACHINE, "packages": (), **changes})
    return publish(candidate, record, measure(candidate), today=date(2026, 11, 23))
