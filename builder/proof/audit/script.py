"""The kickstart with which an installer reads a disk, instead of installing to one."""

from pathlib import Path

from builder.model.domain import RESULT_PORT

_SCRIPT = Path(__file__).parent / "read.sh"


def reading_kickstart(nonce: str) -> str:
    """Return a kickstart that does everything in its %pre, and never comes to an installation."""
    script = _SCRIPT.read_text().replace("@PORT@", RESULT_PORT).replace("@NONCE@", nonce)
    return f"cmdline\n%pre --erroronfail\n{script}%end\n"
