"""From what a user wants of a remaster to the changes that it means on one medium."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from builder.errors import MediaError, UsageError
from builder.iso import views
from builder.iso.patch import Draft, Span
from builder.iso.plan import Changes
from builder.iso.survey import Survey
from builder.media import additions, bootloader, inspect, menus, reserved, treeinfo
from builder.media.routes import Route, routes
from builder.media.unattended import Unattended, is_live, plainest
from builder.model.octets import encoded

KICKSTART = "ks.cfg"
_INCLUDE = re.compile(r"^%(?:include|ksappend)[ \t]+(\S+)", re.MULTILINE)
_EFI_IMAGE = "images/efiboot.img"
_BLOCK = 1 << 20
_LABEL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._+-")
_LONGEST_LABEL = 32


class Edits(msgspec.Struct, frozen=True, kw_only=True):
    """What shall be different on the remastered ISO."""

    kickstart: str
    """Its bytes are `octets.encoded` of it."""
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
    firmware: str = ""
    """Refuse a result that this one ("bios", "uefi") does not start by itself; "" for neither."""
    when: datetime | None = None
    """The date of new files; None takes the volume's own."""


def included(kickstart: str) -> tuple[str, ...]:
    """Return what a kickstart includes, also what one of its scripts only may write."""
    return tuple(dict.fromkeys(_INCLUDE.findall(kickstart)))


def changes(medium: Survey, edits: Edits) -> Changes:
    """Return what the edits change on the medium. Raises UsageError, ConfigError, MediaError."""
    _refuse_foreign(medium)
    _refuse_old(medium)
    entry = _entry(medium, edits)
    ways = routes(medium)
    images = Draft(medium.source)
    for system, file in menus.in_images(ways):
        edited = bootloader.edit_content(file.path, system.read(file), entry)
        system.replace(file, edited, images)
    edited_menus = _menus(medium, ways, entry)
    added = additions.collect(edits.add)
    if added.modes:
        reserved.refuse(medium, added.modes, kickstart=KICKSTART, menus=edited_menus)
    files: dict[str, bytes | Span] = {KICKSTART: encoded(edits.kickstart)}
    files |= edited_menus
    files |= dict(_treeinfo(medium, images, added))
    files |= added.files
    return Changes(
        files=files,
        folders=added.folders,
        modes=added.modes,
        images=images,
        volume_id=entry.label,
        when=edits.when,
    )


def _refuse_foreign(medium: Survey) -> None:
    """Raise MediaError where Linux would mount other names than those that are changed."""
    found = " and ".join(views.foreign(medium))
    if found:
        raise MediaError(
            f"{medium.source.name} holds its files as {found} as well: Linux mounts that, and "
            "would not find what is added.",
            hint="`builder iso remaster FILE --kickstart KS --oemdrv OUT` makes a small ISO to "
            "attach beside it, as it is: its installer reads the kickstart from there.",
        )


def _refuse_old(medium: Survey) -> None:
    found = inspect.too_old(medium)
    if found:
        raise MediaError(
            f"{medium.source.name} installs {found}, whose Anaconda does not know inst.ks: it "
            "would ask for everything.",
            hint="builder serves EL 7 and later: take the medium of such a release.",
        )


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


def refuse_live(medium: Survey, ways: Sequence[Route]) -> None:
    """Raise MediaError for a medium whose menus start a live system alone."""
    texts = menus.texts(medium, ways)
    found = [each for path, text in texts for each in bootloader.entries(path, text)]
    if plainest(found) is None and any(map(is_live, found)):
        raise MediaError(
            f"{medium.source.name} is a live medium: no installer starts there by itself.",
            hint="Take an installer's ISO: boot, netinst, minimal or DVD.",
        )


def _menus(medium: Survey, ways: Sequence[Route], entry: Unattended) -> dict[str, bytes]:
    found = {path: medium.text(path) or b"" for path in menus.in_tree(medium, ways)}
    refuse_live(medium, ways)
    _refuse_without_installer(medium, ways)
    others = menus.included(ways)
    return {
        path: bootloader.edit_content(path, text, entry, included=path in others)
        for path, text in found.items()
    }


def _refuse_without_installer(medium: Survey, ways: Sequence[Route]) -> None:
    """Raise MediaError where no entry of any menu starts an installer."""
    texts = list(menus.texts(medium, ways))
    others = menus.included(ways)
    found = [
        each
        for path, text in texts
        for each in bootloader.entries(path, text, included=path in others)
    ]
    if plainest(found) is not None:
        return
    if not texts:
        raise MediaError(
            "The ISO has no boot menu that builder knows.",
            hint=f"It looks for {', '.join(menus.USUAL)}, and where the loaders on it look.",
        )
    raise MediaError(
        f"{texts[0][0]} in the ISO has no entry that starts an installer.",
        hint="Compare the ISO's sha256 with the publisher's.",
    )


def _treeinfo(
    medium: Survey, images: Draft, added: additions.Additions
) -> Iterator[tuple[str, bytes]]:
    """Yield .treeinfo with the sums of the EFI boot images that changed, and of what is added."""
    content = medium.text(".treeinfo")
    if content is None:
        return
    mended = content
    found = medium.file(_EFI_IMAGE) if _EFI_IMAGE.encode() in content else None
    if found is not None:
        digest = _digest(images, found.at, found.record.length)
        mended = treeinfo.with_digest(mended, _EFI_IMAGE, digest)
    for place, span in added.files.items():
        if place.encode("utf-8", "surrogateescape") in mended:
            mended = treeinfo.with_digest(mended, place, additions.digest(span))
    if mended != content:
        yield ".treeinfo", mended


def _digest(images: Draft, start: int, length: int) -> str:
    digest = hashlib.sha256()
    for at in range(0, length, _BLOCK):
        digest.update(images.read(start + at, min(_BLOCK, length - at)))
    return digest.hexdigest()
