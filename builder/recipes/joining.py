"""Whether a build that has not ended can be gone on with."""

from builder.errors import HostError
from builder.paths.reading import is_there
from builder.recipes import steps
from builder.recipes.work import Ticket
from builder.record.builds import Build
from builder.record.checkpoint import Checkpoint

_INSTALLED = steps.STEPS.index(steps.run_installation)


def begun(build: Build, left: tuple[str, ...]) -> bool:
    """Tell whether there is an installation to go on with, by what is `left` on the host.

    Not with one that another version of us began. What was done before it is soon done again.
    """
    checkpoint = Checkpoint.read(build.folder)
    try:
        Ticket.of(checkpoint)
        guest = build.traces.domain(build.record.name) in left
        return any([step.result(checkpoint) for step in steps.STEPS][_INSTALLED:]) or guest
    except HostError:
        return False


def obstacle(build: Build) -> str:
    """Return why nobody can go on with the build, such as a disk that is gone; empty if one can."""
    return build.flaw or lost(Checkpoint.read(build.folder))


def lost(checkpoint: Checkpoint) -> str:
    """Tell of a disk, or the image made of it, that a build needs and that is gone."""
    try:
        image, disk = steps.compress_disk.result(checkpoint), steps.create_disk.result(checkpoint)
        published = steps.boot_clones.result(checkpoint)  # or may be, under another name
    except HostError:  # another version's
        return ""
    made = image or disk
    if made is None or published or is_there(made.path):
        return ""
    return f"its {'image' if image else 'disk'} {made.path} is gone"
