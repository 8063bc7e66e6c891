"""Remaster damaged ISOs for FUZZ_SECONDS: whatever is wrong, it must be said, and soon.

Exits with 1 and the seed on a failure; `python fuzz_iso.py SEED` does that one alone.
"""

import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import mutations
from remastering import change, problems

from builder.errors import MediaError
from builder.media.edits import Edits
from builder.media.inspect import inspect
from builder.media.remaster import planned

_LONGEST = 5  # seconds of processor time: that is the same on a busy machine
_WISHES = (
    Edits(kickstart="text\n"),
    Edits(kickstart="#" * 1_000_000, append=("nomodeset",)),
    Edits(kickstart="text\n", volume_id="Other Label", add=((Path(__file__), "a/b/c d.py"),)),
    Edits(kickstart="text\n", implant_md5=True),
)


class Hang(BaseException):
    """Raised into what takes too long; no `except Exception` may swallow it."""


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise Hang


def attempt(content: bytes, seed: int, folder: Path) -> Counter[str]:
    """Let everything of ours read a damaged ISO. Raises what is no MediaError, or Hang."""
    signal.signal(signal.SIGPROF, _too_long)
    iso, output = folder / "in.iso", folder / "out.iso"
    iso.write_bytes(content)
    edits, overlay = _WISHES[seed % len(_WISHES)], seed % 8 == 0
    done: Counter[str] = Counter()

    def facts() -> None:
        assert inspect(iso).size == len(content)

    calls: dict[str, Callable[[], object]] = {
        "inspect": facts,
        "problems": lambda: problems(iso),
        "planned": lambda: planned(iso, edits),
        "remaster": lambda: change(iso, edits, output=output, overlay=overlay),
    }
    for name, call in calls.items():
        signal.setitimer(signal.ITIMER_PROF, _LONGEST)
        with suppress(MediaError):
            call()
            done[name] += 1
        signal.setitimer(signal.ITIMER_PROF, 0)
    left = {path.name for path in folder.iterdir()} - {"in.iso"}
    if left != ({"out.iso"} if done["remaster"] else set()):
        raise AssertionError(f"left behind: {left}")
    output.unlink(missing_ok=True)
    return done


def _explained(victims: dict[str, mutations.Victim], seed: int, folder: Path) -> Counter[str]:
    name = list(victims)[seed % len(victims)]
    try:
        return attempt(mutations.damaged(victims[name], seed), seed, folder)
    except (Exception, Hang):
        traceback.print_exc()
        print(f"seed {seed} ({name}) fails: python {__file__} {seed}")  # noqa: T201
        raise SystemExit(1) from None


def main(arguments: list[str]) -> None:
    """Try seeds until the time is over, or the one that was given."""
    end = time.monotonic() + int(os.environ.get("FUZZ_SECONDS", "600"))
    first = int(arguments[0]) if arguments else time.time_ns() // 1_000_000
    done: Counter[str] = Counter()
    with TemporaryDirectory(prefix="fuzz-") as made, TemporaryDirectory(prefix="fuzz-") as folder:
        victims = mutations.victims(Path(made))
        seed = first
        while time.monotonic() < end:
            done += _explained(victims, seed, Path(folder))
            done["ISOs"] += 1
            seed += 1
            if arguments:
                break
    counts = ", ".join(f"{done[each]} {each}" for each in sorted(done))
    print(f"{counts} from seed {first} on; everything else was refused as it should be")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
