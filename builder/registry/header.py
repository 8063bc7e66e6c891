"""The head of a manifest: what lists and choices of templates need, and a hundredth of its size."""

import stat
from pathlib import Path

import msgspec

from builder.model.template import ImageFacts

_LARGEST = 64 << 20
"""Bytes. Manifests have a tenth of a megabyte; what is larger than this is none."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """Those fields of a manifest, of any schema, that tell templates apart."""

    name: str
    version: str = ""
    build_id: str
    build_key: str
    created: str
    image: ImageFacts | None = None


class Reader:
    """Reads headers of many manifests, all into the same memory.

    To get new memory for each of them, and to give it back, takes longer than all the rest.
    """

    def __init__(self) -> None:
        self._buffer = bytearray(1 << 18)
        self._decoder = msgspec.json.Decoder(Header)

    def read(self, path: Path) -> Header | None:
        """Return the header of a manifest; None for what is no manifest, whatever else it is."""
        try:
            state = path.stat()
            # To open a pipe would wait for somebody who writes to it.
            if not stat.S_ISREG(state.st_mode) or state.st_size > _LARGEST:
                return None
            self._buffer.extend(bytes(max(state.st_size - len(self._buffer), 0)))
            with path.open("rb", buffering=0) as file:
                size = file.readinto(self._buffer)
            with memoryview(self._buffer)[:size] as content:
                return self._decoder.decode(content)
        except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
            return None
