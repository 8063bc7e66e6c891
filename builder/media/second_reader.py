"""A second opinion on an ISO: pycdlib reads all of it, and must see what we see.

pycdlib makes an object of every file, and trusts the numbers of a medium: so it works in a process
of its own, with limits, where it may end in any way: `python -m builder.media.second_reader FILE`.
"""

import io
import resource
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from builder import process
from builder.iso import rockridge, tree
from builder.iso.iso9660 import Record
from builder.iso.partitions import SYSTEM_AREA
from builder.iso.source import Metered, Source
from builder.iso.survey import Survey
from builder.iso.tree import Tree, read_directory

_MEMORY = 2 << 30  # bytes; 20,000 files in two trees take 200 MiB
_SECONDS = 120  # of processor time; as many files take some 5 s
_WAITED = 20  # times as long in all: the host may be busy
_SHOWN = 3
_NAMED = "A second reader, pycdlib,"

File = tuple[str, int, int, str]
"""Path by the identifiers in records, first sector, length, and Rock Ridge's own name."""

Shown = tuple[str, int, int]
"""Path by the names that Linux shows, first sector, length."""


class Reading(msgspec.Struct, frozen=True):
    """What a reader sees of the volume as a CD has it."""

    plain: list[File]
    """Of ISO 9660 itself, with Rock Ridge's names where there are such."""
    joliet: list[File]
    images: list[int]
    """Sectors of what the boot catalogue boots."""


def problems(path: Path, medium: Survey) -> Iterator[str]:
    """Yield where pycdlib's reading of the ISO at `path` differs from ours, in whole sentences."""
    # Not from the current folder: whatever lies there is no module of ours.
    command: list[str | Path] = [
        sys.executable,
        "-P",
        "-m",
        "builder.media.second_reader",
        path.absolute(),
    ]
    done = process.run(command, seconds=_SECONDS * _WAITED, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it did not come to an end"])[-1]
        yield f"{_NAMED} cannot read it: {last.rpartition('pycdlibexception.')[2].rstrip('.')}."
        return
    yield from differences(ours(medium), msgspec.json.decode(done.stdout, type=Reading))
    yield from trees(medium)


def seconds(medium: Survey) -> float:
    """Return about how long pycdlib takes on a processor of 2020, its start included."""
    trees = (tree.walk(medium.source, each) for each in medium.trees)
    files = sum(len(each.listing.records) for each in chain.from_iterable(trees))
    return 0.3 + 50e-6 * files


def differences(one: Reading, other: Reading) -> Iterator[str]:
    """Yield what `other` has otherwise than `one`, in whole sentences."""
    if sorted(one.images) != sorted(other.images):
        yield f"{_NAMED} finds other boot images."
    pairs = ((one.plain, other.plain, "ISO 9660"), (one.joliet, other.joliet, "Joliet"))
    for mine, its, title in pairs:
        paths = sorted({path for path, *_ in _named_as(mine, its) ^ set(its)})
        if paths:
            more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
            yield f"{_NAMED} sees {', '.join(paths[:_SHOWN])}{more} otherwise ({title})."


def trees(medium: Survey) -> Iterator[str]:
    """Yield which files of the medium one tree has elsewhere than the other, in whole sentences."""
    for each in _joliet(medium):
        yield from moved(_shown(medium.source, medium.primary), _shown(medium.source, each))


def moved(plain: Iterable[Shown], joliet: Iterable[Shown]) -> Iterator[str]:
    """Yield what is in both trees under one name, and not the same: a file may have sections."""
    by_plain = set(plain)
    known = {path for path, *_ in by_plain}
    others = [each[0] for each in joliet if each[0] in known and each not in by_plain]
    if others:
        yield f"{min(others)} is another file by ISO 9660 than by Joliet."


def _named_as(mine: list[File], its: list[File]) -> set[File]:
    """Return ours without names where the other reader sees none.

    pycdlib takes no field of a record for Rock Ridge's that has Apple's before it.
    """
    without = {each[:3] for each in its if not each[3]}
    return {(*each[:3], "") if each[:3] in without else each for each in mine}


def ours(medium: Survey) -> Reading:
    """Return what we see."""
    joliet = (_walked(medium.source, each) for each in _joliet(medium))
    return Reading(
        plain=[file for file, _ in _walked(medium.source, medium.primary)],
        joliet=[file for file, _ in chain.from_iterable(joliet)],
        images=[each.sector for each in medium.images],
    )


def _joliet(medium: Survey) -> list[Tree]:
    """Return the first tree of Joliet's, if there is one."""
    return [each for each in medium.readable if each.descriptor.joliet][:1]


def _shown(source: Source, where: Tree) -> Iterator[Shown]:
    for (_, extent, length, _), path in _walked(source, where):
        yield path, extent, length


def _walked(source: Source, where: Tree) -> Iterator[tuple[File, str]]:
    """Yield the files, and the paths by which Linux shows them."""
    source, waiting = Metered(source), [("", "", where.descriptor.root)]
    joliet = where.descriptor.joliet
    while waiting:
        prefix, above, folder = waiting.pop()
        for each in read_directory(source, where, folder).listing.records[2:]:
            name, plain = _name(source, where, each), _plain(each.identifier, joliet=joliet)
            path, shown = f"{prefix}/{plain}", f"{above}/{name or plain}"
            if each.is_directory:
                waiting.append((path, shown, each))
            else:
                yield (path, each.extent if each.length else 0, each.length, name), shown


def _name(source: Source, where: Tree, record: Record) -> str:
    if where.skip is None:
        return ""
    name = rockridge.name(source, where.base, record, where.skip)
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _plain(identifier: bytes, *, joliet: bool) -> str:
    if joliet:
        return identifier.decode("utf-16-be", "backslashreplace")
    return identifier.decode("ascii", "backslashreplace")


class _Volume(io.FileIO):
    """A medium without boot code and partition tables, in which pycdlib knows isohybrid's alone."""

    def read(self, size: int | None = -1, /) -> bytes:
        at = self.tell()
        content = super().read(size)
        blank = max(min(SYSTEM_AREA - at, len(content)), 0)
        return bytes(blank) + content[blank:]


def theirs(path: str) -> Reading:
    """Return what pycdlib sees. Raises whatever that raises on what it does not understand."""
    import pycdlib  # noqa: PLC0415  # a tenth of a second, and only here

    iso = pycdlib.PyCdlib()
    with _Volume(path) as file:
        iso.open_fp(file)
        return _read(iso)


def _read(iso: Any) -> Reading:  # noqa: ANN401  # untyped
    catalogue = iso.eltorito_boot_catalog
    entries = [] if catalogue is None else [catalogue.initial_entry, *catalogue.standalone_entries]
    for section in () if catalogue is None else catalogue.sections:
        entries += section.section_entries
    joliet = iso.joliet_vd
    return Reading(
        plain=list(_children(iso.pvd.root_dir_record, "", joliet=False)),
        joliet=list(_children(joliet.root_dir_record, "", joliet=True)) if joliet else [],
        images=[each.load_rba for each in entries],
    )


def _children(folder: Any, prefix: str, *, joliet: bool) -> Iterator[File]:  # noqa: ANN401  # untyped
    for each in folder.children:
        if each.is_dot() or each.is_dotdot():
            continue
        posix = each.rock_ridge.name() if each.rock_ridge and not joliet else b""
        path = f"{prefix}/{_plain(each.file_identifier(), joliet=joliet)}"
        if each.is_dir():
            yield from _children(each, path, joliet=joliet)
        else:
            name = posix.decode("utf-8", "backslashreplace")
            yield path, each.extent_location() if each.data_length else 0, each.data_length, name


def main() -> None:
    """Read the ISO that is named, and print the Reading."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    sys.stdout.buffer.write(msgspec.json.encode(theirs(sys.argv[1])))


if __name__ == "__main__":
    main()
