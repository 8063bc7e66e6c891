"""From what a user wants of a remaster to the changes that it means on one medium."""

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath

import msgspec

from builder.errors import ConfigError, MediaError, UsageError, explained
from builder.iso.patch import Draft, Span
from builder.iso.plan import Changes
from builder.iso.survey import Survey
from builder.media import bootloader, inspect, treeinfo
from builder.media.unattended import Unattended
from builder.paths.reading import is_file

KICKSTART = "ks.cfg"
_BLOCK = 1 << 20
_LABEL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._+-")
_LONGEST_LABEL = 32


class Edits(msgspec.Struct, frozen=True, kw_only=True):
    """What shall be different on the remastered ISO."""

    kickstart: str
    append: tuple[str, ...] = ()
    """More kernel arguments for our entry."""
    remove: tuple[str, ...] = ()
    """Keys of arguments that our entry shall do without."""
    add: tuple[tuple[Path, str], ...] = ()
    """Files and folders of the host, each with its place on the ISO."""
    volume_id: str = ""
    """A new volume id; empty keeps it."""
    implant_md5: bool = False
    """Make the installer's media check pass; without it the check's entry goes."""
    usb: bool = False
    """Refuse a result that does not boot as a disk, such as a USB stick."""
    when: datetime | None = None
    """The date of new files; None takes the volume's own."""


def changes(medium: Survey, edits: Edits) -> Changes:
    """Return what the edits change on the medium. Raises UsageError, ConfigError, MediaError."""
    entry = _entry(medium, edits)
    images = Draft(medium.source)
    for system, file in inspect.efi_menus(medium.source, medium):
        edited = bootloader.edit_content(file.path, system.read(file), entry)
        system.replace(file, edited, images)
    files: dict[str, bytes | Span] = {KICKSTART: edits.kickstart.encode()}
    files |= dict(_menus(medium, entry))
    files |= dict(_treeinfo(medium, images))
    for source, destination in edits.add:
        files |= dict(_added(source, _inside(source, destination)))
    return Changes(files=files, images=images, volume_id=entry.label, when=edits.when)


def _entry(medium: Survey, edits: Edits) -> Unattended:
    label = edits.volume_id or medium.volume_id
    possible = set(label) <= _LABEL and len(label) <= _LONGEST_LABEL and label == label.strip()
    if edits.volume_id and not possible:
        raise UsageError(
            f"{label!r} cannot be a volume id.",
            hint="Up to 32 letters, digits, dots, dashes, plus signs, underscores; spaces inside.",
        )
    return Unattended(
        label=label,
        former_label=medium.volume_id,
        kickstart_path=f"/{KICKSTART}",
        extra=edits.append,
        without=edits.remove,
        checkable=edits.implant_md5,
    )


def _menus(medium: Survey, entry: Unattended) -> Iterator[tuple[str, bytes]]:
    paths = inspect.menus(medium)
    if not paths:
        raise MediaError(
            "The ISO has no boot menu that builder knows.",
            hint=f"It looks for {', '.join(bootloader.MENUS)}.",
        )
    for path in paths:
        edited = bootloader.edit_content(path, medium.text(path) or b"", entry)
        if entry.kickstart.encode() not in edited:
            raise MediaError(
                f"{path} in the ISO has no entry that starts an installer.",
                hint="Compare the ISO's sha256 with the publisher's.",
            )
        yield path, edited


def _treeinfo(medium: Survey, images: Draft) -> Iterator[tuple[str, bytes]]:
    """Yield .treeinfo with the sums of the EFI boot images that changed."""
    content = medium.text(".treeinfo")
    if content is None or b"efiboot.img" not in content:
        return
    found = medium.file("images/efiboot.img")
    if found is None:
        return
    digest = hashlib.sha256()
    for at in range(0, found.record.length, _BLOCK):
        digest.update(images.read(found.at + at, min(_BLOCK, found.record.length - at)))
    mended = treeinfo.with_digest(content, "images/efiboot.img", digest.hexdigest())
    if mended != content:
        yield ".treeinfo", mended


def _inside(source: Path, destination: str) -> str:
    parts = PurePosixPath(destination.strip("/")).parts
    if not parts or ".." in parts:
        raise UsageError(
            f"{destination!r} is no place on the ISO.", hint="Give SRC:DEST, such as repo:repo."
        )
    if destination.endswith("/") and is_file(source):
        raise UsageError(
            f"{destination!r} is a folder's name, and {source} is a file.",
            hint=f"Give {source}:{destination}{source.name}.",
        )
    return "/".join(parts)


def _added(source: Path, destination: str) -> Iterator[tuple[str, Span]]:
    """Yield the files that `source` is or holds, by their places on the ISO."""
    if is_file(source):
        yield destination, _span(source)
    elif source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_file():
                yield f"{destination}/{path.relative_to(source).as_posix()}", _span(path)
    else:
        raise ConfigError(
            f"There is nothing to add at {source}.", hint="Give a file or folder of this host."
        )


def _span(path: Path) -> Span:
    """Return the whole of a file. Files of /proc and /sys give no length, or a wrong one."""
    with (
        explained(f"Cannot add {path}", hint="Can you read it?", error_class=ConfigError),
        path.open("rb", buffering=0) as file,
    ):
        length = os.fstat(file.fileno()).st_size
        ends = not length or os.pread(file.fileno(), 1, length - 1)
        if not ends or os.pread(file.fileno(), 1, length):
            raise ConfigError(
                f"{path} is not as long as it says, {length} bytes.",
                hint="Copy it with cat, and add the copy.",
            )
    return Span(path=path, at=0, length=length)
