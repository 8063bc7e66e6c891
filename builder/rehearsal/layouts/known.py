"""The layouts by name; a new one gets its line here."""

from builder.errors import UsageError
from builder.rehearsal.layouts.el7 import EL7
from builder.rehearsal.layouts.el10 import EL10
from builder.rehearsal.layouts.layout import Layout

_LAYOUTS = {layout.name: layout for layout in (EL7, EL10)}


def find(name: str) -> Layout:
    """Return the layout of that name. Raises UsageError."""
    try:
        return _LAYOUTS[name]
    except KeyError:
        raise UsageError(
            f"There is no rehearsal layout {name}.", hint=f"Known: {', '.join(_LAYOUTS)}."
        ) from None
