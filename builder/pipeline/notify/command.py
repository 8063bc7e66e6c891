"""A program of the user's that is told by JSON on standard input."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from builder import process
from builder.pipeline.notify.message import Message

SECONDS = 300.0


def tell(
    command: Sequence[str], message: Message, *, folder: Path, seconds: float = SECONDS
) -> None:
    """Run the command; a path in it is seen from `folder`, as those of a pipeline file are.

    Raises HostError when it is missing, fails, or takes too long: it is ended then.
    """
    program = str(folder / command[0]) if "/" in command[0] else command[0]
    text = msgspec.json.encode(message).decode() + "\n"
    process.run((program, *command[1:]), stdin=text, seconds=seconds, alone=True)
