"""What qemu-img and the file system say of an image."""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from builder import files, process
from builder.errors import HostError, TemplateError, explained
from builder.model.template import ImageFacts, Template
from builder.monitor import Progress, SilentMonitor
from builder.virt import backing

_PERCENT = re.compile(r"\((\d+\.\d+)/100%\)")


class _QemuInfo(msgspec.Struct, frozen=True, rename="kebab"):
    virtual_size: int


def measure(path: Path) -> ImageFacts:
    """Check the image's structure and return its sizes and digest.

    Raises HostError when qemu-img finds it damaged.
    """
    process.run(["qemu-img", "check", "-q", path])
    capacity = virtual_size(path)
    digest = files.sha256(path, monitor=SilentMonitor())
    return ImageFacts(virtual_size=capacity, size=path.stat().st_size, sha256=digest)


def refuse_parts(template: Template) -> None:
    """Raise TemplateError when the image needs, or may need, other files.

    Nobody vouches for what they hold. None that a build has published does. Raises HostError when
    it cannot be read.
    """
    with explained(f"Cannot read {template.path}"):
        why = backing.parts(template.path)
    if why:
        raise TemplateError(
            f"{template.path} is no whole image: {why}.",
            hint="Do not use it: take another version, or build it again with --force.",
        )


def virtual_size(path: Path) -> int:
    """Return how large a guest sees the image, in bytes. Raises HostError."""
    text = process.run(["qemu-img", "info", "--output=json", path]).stdout
    try:
        return msgspec.json.decode(text, type=_QemuInfo).virtual_size
    except msgspec.DecodeError as error:
        raise HostError(f"qemu-img says nothing useful about {path}: {error}.") from error


def counting(progress: Progress, total: int) -> Callable[[str], None]:
    """Return what hears qemu-img's "    (12.34/100%)" and counts towards `total`."""
    done = 0

    def count(line: str) -> None:
        nonlocal done
        if found := _PERCENT.search(line):
            now = int(float(found[1]) * total / 100)
            progress.advance(now - done)
            done = now

    return count
