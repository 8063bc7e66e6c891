"""Until when releases get updates."""

from datetime import date, timedelta
from typing import Literal

from builder.model.release import Release

_SOON = timedelta(days=90)
State = Literal["", "soon", "past"]


def state(release: Release, today: date) -> State:
    """Tell whether its end of life is past, or within 90 days."""
    end = release.end_of_life
    if end is None:
        return "past" if release.followed_by else ""
    if end - today > _SOON:
        return ""
    return "past" if end < today else "soon"


def notice(release: Release, today: date) -> str:
    """Return a warning of a release that gets no updates any more; "" for one that does."""
    if state(release, today) != "past":
        return ""
    if release.end_of_life is None:
        return (
            f"{release.title} gets no updates now that {release.followed_by} is out, "
            "unless somebody sells them."
        )
    return f"{release.title} has had no updates since {release.end_of_life}: its end of life."
