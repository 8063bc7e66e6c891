"""A program of the user's that is told by JSON on standard input."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from builder import process
from builder.errors import HostError
from builder.model.text import ended
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
    done = process.run(
        (program, *command[1:]), stdin=text, seconds=seconds, check=False, alone=True
    )
    if done.returncode:
        # Its arguments, which may be secret, are not for logs; and by hand it would get no message.
        said = ended(process.failure(done).message)
        raise HostError(said, hint="It gets JSON on standard input.")
