"""Whether the trees of an ISO name the same files: Linux reads one of them, Windows another.

A tree may hide files of another (mkisofs has options for that), but what both have is in the same
place, with the same length. Files share a place as hard links do, as a whole or not at all.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from builder.iso import tree
from builder.iso.iso9660 import sectors
from builder.iso.source import Source
from builder.iso.tree import Tree

_Place = tuple[int, int]
"""The sector at which a file begins, counted from the image's beginning, and its bytes."""


def problems(source: Source, trees: Iterable[Tree]) -> Iterator[str]:
    """Yield where trees, or files, disagree, in whole sentences."""
    trees = tuple(trees)
    if _end_apart(trees):
        yield "The descriptors of the volume say that it ends in different sectors."
    found = [(each.title, _files(source, each)) for each in trees]
    title, first = found[0]
    for other, files in found[1:]:
        if _differ(first - files, files - first):
            yield f"{title} and {other} have a file in two places, or with two lengths."
    yield from _overlaps(set[_Place]().union(*(files for _, files in found)))


def _end_apart(trees: tuple[Tree, ...]) -> bool:
    """Tell whether views of the volume end in different sectors: xorriso finds none of those.

    The primary descriptor alone has what was appended, and a partition may hold another volume.
    """
    label = trees[0].descriptor.volume_id
    own = [each for each in trees[1:] if not each.base or each.descriptor.volume_id == label]
    return len({each.base + each.descriptor.space for each in own}) > 1


def _files(source: Source, where: Tree) -> set[_Place]:
    return {
        (where.base + each.extent, each.length)
        for directory in tree.walk(source, where)
        for each in directory.listing.records[2:]
        if each.length and not each.is_directory
    }


def _differ(one: set[_Place], other: set[_Place]) -> bool:
    """Tell whether what only one of two trees has looks like what only the other has."""
    starts, lengths = {start for start, _ in one}, {length for _, length in one}
    return any(start in starts or length in lengths for start, length in other)


def _overlaps(places: set[_Place]) -> Iterator[str]:
    spans = sorted((start, start + sectors(length)) for start, length in places)
    for (before, end), (start, _) in pairwise(spans):
        if before < start < end:
            yield f"A file begins at sector {start}, in another one."
