"""What earlier processes have told of an installation that another one joins."""

from collections.abc import Sequence

from builder.install.progress import FIRMWARE
from builder.model.event import Event
from builder.model.installation import Told


def told(events: Sequence[Event], *, now: float) -> Told:
    """Return what a build's events tell of its newest guest; `now` is in the build's seconds.

    A guest begins with the phase of its firmware: before that there was another, or none.
    """
    begins = [at for at, each in enumerate(events) if (each.kind, each.text) == ("phase", FIRMWARE)]
    ours = events[begins[-1] :] if begins else ()
    counts = [each for each in ours if each.kind == "package"]
    return Told(
        phases={
            each.text: None if each.replayed else max(0.0, now - each.seconds)
            for each in ours
            if each.kind == "phase"
        },
        package=counts[-1].text if counts else "",
        done=counts[-1].done or 0 if counts else 0,
        total=counts[-1].total or 0 if counts else 0,
    )
