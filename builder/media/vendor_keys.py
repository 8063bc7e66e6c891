"""The keys of vendors: on the host by their files' names, else from the vendor, and then kept.

Only keys with the wanted fingerprints are taken, whatever else a file holds, so that it does not
matter who wrote it. Of several copies the one counts that has last signed itself by a safe digest:
CentOS has published its key with SHA-1, and years later the same once more with SHA-256.
"""

import glob
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from builder import files
from builder.errors import HostError
from builder.media import network, openpgp
from builder.media.network import Interruption, Refusal
from builder.media.openpgp import Ring
from builder.media.pace import Patience
from builder.model.media import shown
from builder.model.release import Checksums
from builder.monitor import Monitor

HOST = (Path("/etc/pki/rpm-gpg"), Path("/usr/share/distribution-gpg-keys"))
"""Where EL has its own vendors' keys, and the package distribution-gpg-keys everybody's."""
_LIMIT = 4 << 20
"""Bytes; Fedora's file of all its keys has a tenth of it."""


def rings(
    wanted: Checksums, *, cache: Path, patience: Patience, monitor: Monitor
) -> Iterator[Ring]:
    """Yield keyrings with the wanted keys that are found: the host's, those kept, the vendor's.

    A later one may have a key that an earlier one lacks, or a newer state of it. What went wrong
    with the vendor's is told when nothing is found at all: raises Refusal.
    """
    local = (_of(wanted, _on_host(wanted)), _of(wanted, _kept(wanted, cache)))
    seen = dict.fromkeys(filter(None, local))
    yield from tuple(seen)
    failures: list[str] = []
    last: Exception | None = None
    for url in wanted.key_urls:
        try:
            found = _of(wanted, [_fetched(url, patience=patience, monitor=monitor)])
        except (Refusal, Interruption) as error:
            failures.append(f"{shown(url)}: {error}")
            last = error
            continue
        if found and found not in seen:
            _keep(found.content, cache, monitor)
            seen[found] = None
            yield found
        elif not found:
            failures.append(f"{shown(url)} has no key {' or '.join(wanted.keys)}")
    if not seen and failures:
        raise Refusal(f"the vendor's key cannot be had: {'; '.join(failures)}") from last


def _of(wanted: Checksums, sources: list[bytes]) -> Ring | None:
    """Return the wanted keys of files, the best copy of each; None where there are none."""
    found = [openpgp.keys(data) for data in sources]
    best = {
        fingerprint: max(copies, key=openpgp.self_signed)
        for fingerprint in wanted.keys
        if (copies := [each[fingerprint] for each in found if fingerprint in each])
    }
    if not best:
        return None
    return Ring(
        content=b"".join(best.values()),
        weak=frozenset(each for each, key in best.items() if openpgp.is_weak(key)),
        excused=frozenset(wanted.weak_keys),
    )


def _on_host(wanted: Checksums) -> list[bytes]:
    folders = [folder for folder in HOST if folder.is_dir()]
    paths = (
        path
        for folder in folders
        for name in wanted.key_files
        for path in sorted(folder.rglob(glob.escape(Path(name).name)))
    )
    return _read(paths)


def _kept(wanted: Checksums, cache: Path) -> list[bytes]:
    return _read(_file(cache, fingerprint) for fingerprint in wanted.keys)


def _read(paths: Iterator[Path]) -> list[bytes]:
    found = []
    for path in paths:
        with suppress(OSError):  # a key that we may not read is none, and the next may do
            if path.is_file() and path.stat().st_size <= _LIMIT:
                found.append(path.read_bytes())
    return found


def _file(cache: Path, fingerprint: str) -> Path:
    return cache / "keys" / f"{fingerprint}.gpg"


def _fetched(url: str, *, patience: Patience, monitor: Monitor) -> bytes:
    if not url.startswith("https://"):
        raise Refusal("keys are fetched by https alone")
    monitor.tell("note", f"fetching the vendor's key {shown(url)}")
    return network.small(url, limit=_LIMIT, patience=patience)


def _keep(ring: bytes, cache: Path, monitor: Monitor) -> None:
    """Keep keys for the next time, which may be without a network; it goes on without."""
    try:
        for fingerprint, key in openpgp.keys(ring).items():
            path = _file(cache, fingerprint)
            with files.writing(cache):
                path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            with files.replacing(path, mode=0o644) as part:
                part.write_bytes(key)
    except HostError as error:
        monitor.tell("warning", f"The vendor's key is not kept: {error.message}")
