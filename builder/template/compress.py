"""Make the image small enough to keep and to copy."""

from contextlib import suppress
from pathlib import Path

from builder import files, process
from builder.errors import HostError

COMPRESSION = "zstd"
"""Read by QEMU 5.1 and newer; five times as fast as zlib at a smaller size."""


def compress(disk: Path, target: Path) -> None:
    """Write `disk` as a compressed qcow2 without backing file to `target`, durably.

    Raises HostError when the store pool is full or qemu-img fails; `target` is removed then.
    """
    try:
        _convert(disk, target)
    except BaseException:
        with suppress(OSError):  # the failure is what has to be told
            target.unlink(missing_ok=True)
        raise


def _convert(disk: Path, target: Path) -> None:
    # Out-of-order writes (-W) are what lets qemu-img compress on more than one processor.
    options = ["-O", "qcow2", "-c", "-W", "-m", "16", "-o", f"compression_type={COMPRESSION}"]
    try:
        # The image holds /etc/shadow; libvirt hands it to its guests whatever the mode.
        target.touch(mode=0o600)
        process.run(["qemu-img", "convert", *options, disk, target])
        files.sync(target)
    except OSError as error:
        raise HostError(
            f"Cannot write to {target.parent}: {error.strerror}.",
            hint="Is the folder of the store pool writable?",
        ) from error
    except HostError as error:
        raise _explain(error, target) from error


def _explain(error: HostError, target: Path) -> HostError:
    if "No space left" not in error.message:
        return error
    return HostError(
        f"The disk of {target.parent} is full: the template does not fit.",
        hint="`builder volume list` shows what is in the store pool.",
    )
