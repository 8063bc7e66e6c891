"""The layouts by name; a new one gets its line here."""

import msgspec

from builder.errors import UsageError, suggest
from builder.rehearsal.layouts.el7 import EL7
from builder.rehearsal.layouts.el8 import EL8, EL9
from builder.rehearsal.layouts.el10 import EL10
from builder.rehearsal.layouts.layout import Layout


def _minimal(layout: Layout) -> Layout:
    """Return the family's small medium: it has Minimal where a DVD has AppStream."""
    return msgspec.structs.replace(
        layout, name=f"{layout.name}-minimal", repositories=("BaseOS", "Minimal")
    )


_ALL = (EL7, EL8, _minimal(EL8), EL9, _minimal(EL9), EL10, _minimal(EL10))
_LAYOUTS = {layout.name: layout for layout in _ALL}


def names() -> tuple[str, ...]:
    """Return the names of all layouts."""
    return tuple(_LAYOUTS)


def find(name: str) -> Layout:
    """Return the layout of that name. Raises UsageError."""
    try:
        return _LAYOUTS[name]
    except KeyError:
        raise UsageError(
            f"There is no rehearsal layout {name}.", hint=suggest(name, _LAYOUTS)
        ) from None
