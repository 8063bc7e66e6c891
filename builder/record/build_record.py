"""What build.json says of a build, read with patience: older and newer versions wrote it too."""

import msgspec

from builder.model.template import StepTime


class BuildRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a build.json; whatever is not in it is empty."""

    build_id: str
    name: str
    pid: int = 0
    state: str = ""
    """"running", "done", "failed", "interrupted" or "cleared" (by gc, after it was killed)."""
    step: str = ""
    """What a build does now, or did when it failed."""
    error: str = ""
    hint: str = ""
    began: str = ""
    """RFC 3339, UTC, like `ended`."""
    ended: str = ""
    exit_code: int | None = None
    version: str = ""
    """Of the published template."""
    steps: tuple[StepTime, ...] = ()
