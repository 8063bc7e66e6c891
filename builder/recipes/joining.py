"""Whether a build that has not ended can be gone on with."""

from contextlib import suppress

from msgspec.structs import replace

from builder.errors import HostError
from builder.paths.reading import is_there
from builder.recipes import steps
from builder.recipes.work import Ticket
from builder.record.builds import ABANDONED, DETACHED, OPEN, Build
from builder.record.checkpoint import Checkpoint
from builder.virt import ours
from builder.virt.connection import connect

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


def standing(found: tuple[Build, ...], *, uri: str) -> tuple[Build, ...]:
    """Return builds with what becomes of those that nobody is at.

    What stands against going on with one is its error, and one whose guest runs on is detached, as
    far as the libvirt at `uri` says.
    """
    running: set[str] = set()
    found = tuple(_judged(each) if each.state in OPEN else each for each in found)
    if any(each.state == ABANDONED for each in found):
        with suppress(HostError), connect(uri) as connection:
            running = {each.maker.id for each in ours.ours(connection) if each.active}
    return tuple(
        replace(each, state=DETACHED)
        if each.state == ABANDONED and each.record.build_id in running
        else each
        for each in found
    )


def _judged(found: Build) -> Build:
    if why := obstacle(found):
        error = f"{found.record.error} Nobody can go on with it here: {why}.".lstrip()
        hint = "" if found.flaw else "`builder gc --kept` clears what is left."
        return replace(found, record=replace(found.record, error=error, hint=hint))
    return found


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
