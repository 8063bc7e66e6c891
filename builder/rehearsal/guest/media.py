"""Where an installation's things are in this machine."""

from dataclasses import dataclass
from pathlib import Path

from builder.rehearsal.guest.family import FAMILIES, Family


@dataclass(frozen=True, kw_only=True)
class Media:
    """Where things are in this machine."""

    root: Path
    """The mounted ISO."""
    kickstart: Path
    kernel_arguments: str = ""
    product: str = "Builder Rehearsal 7"
    family: Family = FAMILIES["el7"]

    @property
    def keeps(self) -> bool:
        """Whether the kickstart and the logs are to stay in the installed system."""
        return "inst.nosave=all" not in self.kernel_arguments.split()
