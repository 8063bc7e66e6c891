"""Where kickstarts live: the user's own folder first, then the ones that come with us."""

from pathlib import Path

import builder

_PACKAGE = Path(builder.__file__).parent


def folders(own: Path | None = None) -> tuple[Path, ...]:
    """Return the folders to search for kickstarts, snippets, profiles and variables."""
    shipped = _PACKAGE / "data" / "kickstarts"
    # A checkout has no builder/data: hatchling makes it when it packs the wheel.
    ours = shipped if shipped.is_dir() else _PACKAGE.parent / "kickstarts"
    return (ours,) if own is None else (own, ours)
