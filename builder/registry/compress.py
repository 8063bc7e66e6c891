"""Make the image small enough to keep and to copy."""

from contextlib import suppress
from pathlib import Path

from builder import files, process
from builder.errors import HostError
from builder.monitor import Monitor
from builder.registry.image import counting

# A fifteenth smaller than with 64k, for 0.05 ms more on each small read of a clone; larger ones
# save little and cost more (`make bench-finish` prints both).
_CLUSTER = "256k"


def compress(disk: Path, target: Path, *, compression: str = "zstd", monitor: Monitor) -> None:
    """Write `disk` as a compressed qcow2 without backing file to `target`, durably.

    `compression` is "zstd", which QEMU reads from 5.1 on, or "zlib": a fifth as fast, and larger.
    Raises HostError when the store pool is full or qemu-img fails; `target` is removed then.
    """
    try:
        _convert(disk, target, compression, monitor)
    except BaseException:
        with suppress(OSError):  # the failure is what has to be told
            target.unlink(missing_ok=True)
        raise


def _convert(disk: Path, target: Path, compression: str, monitor: Monitor) -> None:
    # Out-of-order writes (-W) are what lets qemu-img compress on more than one processor.
    options = ["-p", "-O", "qcow2", "-c", "-W", "-m", "16"]
    options += ["-o", f"compression_type={compression},cluster_size={_CLUSTER}"]
    with files.writing(target.parent, hint="Is the folder of the store pool writable?"):
        # The image holds /etc/shadow; libvirt hands it to its guests whatever the mode.
        files.fresh(target)
        try:
            with monitor.progress("compressed", total=100, unit="%") as progress:
                argv: list[str | Path] = ["qemu-img", "convert", *options, disk, target]
                process.follow(argv, on_line=counting(progress, 100))
        except HostError as error:
            raise _explain(error, target) from error
        files.sync(target)


def _explain(error: HostError, target: Path) -> HostError:
    if "No space left" not in error.message:
        return error
    return HostError(
        f"The disk of {target.parent} is full: the template does not fit.",
        hint="`builder volume list` shows what is in the store pool.",
    )
