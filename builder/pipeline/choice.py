"""Some images of a pipeline, by globs of their names."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from msgspec.structs import replace

from builder.errors import UsageError, nearest, suggest
from builder.pipeline.job import Pipeline


def chosen(pipeline: Pipeline, only: Sequence[str], without: Sequence[str]) -> Pipeline:
    """Return the pipeline with the images that match one of `only`, or all, and none of `without`.

    Raises UsageError for a glob that no image matches, and where none is left.
    """
    names = [job.name for job in pipeline.jobs]
    for glob in (*only, *without):
        if not _matches(names, glob):
            raise UsageError(
                f"{pipeline.name} has no image {glob}.",
                hint=suggest(glob, names) if len(names) <= _SHOWN else _near(glob, names),
            )
    wanted = {name for glob in only or ("*",) for name in _matches(names, glob)}
    left = wanted.difference(*(_matches(names, glob) for glob in without))
    if not left:
        raise UsageError(
            f"No image of {pipeline.name} is left.", hint="Leave an --except out, or change it."
        )
    jobs = tuple(job for job in pipeline.jobs if job.name in left)
    return replace(pipeline, jobs=jobs, others=tuple(each for each in names if each not in left))


_SHOWN = 12
"""Names that a hint lists."""


def _matches(names: Sequence[str], glob: str) -> list[str]:
    return [name for name in names if fnmatchcase(name, glob)]


def _near(glob: str, names: Sequence[str]) -> str:
    return nearest(glob, names) or "`builder pipeline show` lists them."
