"""ISO in, ISO out, with our kickstart and boot entry: it installs by itself, BIOS and UEFI.

The new ISO is the original with a patch: survey, prepare, plan, write, read again.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic

from builder import files
from builder.errors import MediaError, UsageError
from builder.iso import copy as clone
from builder.iso import implant, qcow2, tree
from builder.iso.patch import IsoPatch, Patched, Write, length_of
from builder.iso.plan import Changes, plan
from builder.iso.source import AGAIN, SECTOR, FileSource, Source, opened
from builder.iso.survey import Survey, survey
from builder.iso.tree import Directory, Found, Tree
from builder.media import additions, check, menu_check, second_reader, starting
from builder.media.edits import KICKSTART, Edits, changes, included
from builder.media.routes import routes
from builder.model.media import InstallMedia
from builder.monitor import Monitor, SilentMonitor

_SHOWN = 5
"""Of what is wrong: a damaged folder loses thousands of files."""
_REPORT = "Compare the ISO's sha256 with the publisher's; if it is right, report this."

_BY_HAND = (
    "`builder iso remaster FILE --kickstart KS --oemdrv OUT` makes a small ISO to attach beside "
    "it: whatever entry somebody then chooses reads the kickstart from there."
)
_SILENT = SilentMonitor()
_FIRMWARE = {"bios": "BIOS", "uefi": "UEFI"}


def remaster(
    iso: Path, edits: Edits, *, output: Path, overlay: bool = False, monitor: Monitor
) -> InstallMedia:
    """Write `iso` with the `edits` to `output`: an ISO, or an `overlay` (qcow2) on it.

    The file is for its owner only: a kickstart may hold password hashes. It is read again before
    it gets its name. Raises MediaError for media that cannot be remastered.
    """
    _refuse_sum(edits, overlay=overlay)
    with opened(iso) as source:
        medium = _bootable(source)
        wanted = changes(medium, edits)
        patch = plan(medium, wanted)
        with files.replacing(output, mode=0o600) as part:
            if overlay:
                qcow2.write(source, patch, part)
            else:
                began = monotonic()
                _write(source, patch, part, implant_md5=edits.implant_md5, monitor=monitor)
                _read_twice(part, seconds=monotonic() - began)
            additions.refuse_changed(wanted.files.values())
            with opened(part) as file:
                result: Source = qcow2.Overlay(file, source) if overlay else file
                after = survey(result)
                _verify(after, medium, wanted, usb=edits.usb, monitor=monitor)
                _start(after, edits.firmware, monitor)
    return InstallMedia(
        path=output,
        format="qcow2" if overlay else "raw",
        volume_id=wanted.volume_id,
        kickstart_path=f"/{KICKSTART}",
        includes=included(edits.kickstart),
        size=patch.size,
        added=tally(wanted),
    )


def tally(wanted: Changes) -> tuple[int, int]:
    """Return how many files and folders of the host's are added."""
    return len(wanted.modes) - len(wanted.folders), len(wanted.folders)


def planned(
    iso: Path, edits: Edits, *, overlay: bool = False, monitor: Monitor = _SILENT
) -> IsoPatch:
    """Return the patch that `remaster` would write, and touch nothing.

    Tells what `remaster` would, and raises what it would, also for a result that is wrong.
    """
    _refuse_sum(edits, overlay=overlay)
    with opened(iso) as source:
        medium = _bootable(source)
        wanted = changes(medium, edits)
        patch = plan(medium, wanted)
        after = survey(_foreseen(source, patch, edits))
        _verify(after, medium, wanted, usb=edits.usb, monitor=monitor)
        _start(after, edits.firmware, monitor)
        return patch


def _foreseen(source: Source, patch: IsoPatch, edits: Edits) -> Patched:
    """Return the result that the patch would make; its sum would take a reading of all."""
    field = Write(at=implant.FIELD, content=implant.UNKNOWN, title="media check")
    writes = (*patch.writes, field) if edits.implant_md5 else patch.writes
    return Patched(source, IsoPatch(writes=writes, size=patch.size))


def _refuse_sum(edits: Edits, *, overlay: bool) -> None:
    if overlay and edits.implant_md5:
        raise UsageError(
            "An overlay has no implanted sum.", hint="Write an ISO of its own, with -o OUT."
        )


def _bootable(source: Source) -> Survey:
    """Return the medium. Raises MediaError for one that boots nothing, whatever its menus say."""
    medium = survey(source)
    reason = next(check.boot_problems(medium), None)
    if reason is not None:
        raise MediaError(f"{source.name} would not boot: {reason}", hint=AGAIN)
    return medium


def _write(
    source: FileSource, patch: IsoPatch, part: Path, *, implant_md5: bool, monitor: Monitor
) -> None:
    if not implant_md5:
        clone.write(source, patch, part, monitor=monitor)
        return
    # It brings logging and queues: a twentieth of the time of a remaster that needs none.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    with ThreadPoolExecutor(max_workers=1) as beside:
        field = beside.submit(implant.made, Patched(source, patch))
        clone.write(source, patch, part, monitor=monitor)
        with part.open("r+b") as file:
            os.pwrite(file.fileno(), field.result(), implant.FIELD)


def _read_twice(part: Path, *, seconds: float) -> None:
    """Have the written ISO read by a second reader, if that takes less than the writing did."""
    with opened(part) as source:
        medium = survey(source)
        if seconds > second_reader.seconds(medium):
            _refuse([*second_reader.problems(part, medium)])


def _refuse(wrong: list[str], hint: str = _REPORT) -> None:
    if wrong:
        more = f" And {len(wrong) - _SHOWN} more." if len(wrong) > _SHOWN else ""
        raise MediaError(
            f"The remastered ISO is wrong: {' '.join(wrong[:_SHOWN])}{more}", hint=hint
        )


def _start(after: Survey, firmware: str, monitor: Monitor) -> None:
    """Raise MediaError unless the result starts by itself; tell of a firmware that does not."""
    found = starting.starts(routes(after), after.volume_id)
    wanted = _FIRMWARE.get(firmware)
    silent = [each for each in found if each.reason]
    if wanted and wanted not in {each.firmware for each in found}:
        raise MediaError(f"Nothing on the ISO is for {wanted}: it does not boot.", hint=_BY_HAND)
    needed = [each for each in silent if wanted in {None, each.firmware}]
    if needed and (wanted or len(needed) == len(found)):
        raise MediaError(" ".join(each.sentence for each in needed), hint=_BY_HAND)
    for each in () if wanted else silent:
        monitor.tell("warning", each.sentence)


def _verify(after: Survey, before: Survey, wanted: Changes, *, usb: bool, monitor: Monitor) -> None:
    """Raise MediaError unless the result is what was wanted, and nothing else changed."""
    wrong = [*_wrong_contents(after, wanted), *_lost(before, after, wanted)]
    if after.volume_id != wanted.volume_id:
        wrong.append(f"Its volume id is {after.volume_id!r}.")
    if [each.platform for each in after.images] != [each.platform for each in before.images]:
        wrong.append("It boots other images.")
    found = set(check.problems(after, before))
    known = _inherited(found, after, before)
    wrong += sorted(found - known)
    if usb:
        wrong += check.usb_problems(after)
    _refuse(wrong, menu_check.hint(after) or _REPORT)
    for each in sorted(known):
        monitor.tell("warning", f"It is not right, as the original was not: {each}")


def _inherited(found: set[str], after: Survey, before: Survey) -> set[str]:
    """Return the faults of both, but for those on a kernel's way to what we have written."""
    old = found and found - set(check.tree_problems(after, before))
    return old & set(check.problems(before)) if old else set()


def _wrong_contents(after: Survey, wanted: Changes) -> Iterator[str]:
    lead = after.readable[0]
    leading = after.finder(lead)
    for where in after.trees:
        finder = after.finder(where)
        for path, content in wanted.files.items():
            found = leading.find(path)
            if found is None or found.record.length != length_of(content):
                yield f"{path} did not arrive ({lead.title})."
            elif where is lead:
                there = isinstance(content, bytes)
                if there and after.source.read(found.at, length_of(content)) != content:
                    yield f"{path} arrived damaged ({where.title})."
            elif not _is_same(finder.find(path), found) and not _is_anywhere(after, where, found):
                yield f"{path} did not arrive ({where.title})."
    for path in wanted.folders:
        record = leading.folder(path)
        if record is None:
            yield f"The folder {path} did not arrive ({lead.title})."


def _is_same(one: Found | None, other: Found) -> bool:
    return one is not None and (one.at, one.record.length) == (other.at, other.record.length)


def _is_anywhere(medium: Survey, where: Tree, content: Found) -> bool:
    """Tell whether a tree has a content under another name, cut down for its kind of names."""
    extent, length = content.at // SECTOR - where.base, content.record.length
    return not length or any(
        (each.extent, each.length) == (extent, length)
        for directory in tree.walk(medium.source, where)
        for each in directory.listing.records[2:]
    )


def _lost(before: Survey, after: Survey, wanted: Changes) -> Iterator[str]:
    """Yield what is missing of the files that were not to change."""
    found = [each.find(path) for path in wanted.files for each in before.finders]
    replaced = {(each.at, each.record.length) for each in found if each is not None}
    known = {each.record.identifier for each in found if each is not None}
    for old, new in zip(before.trees, after.trees, strict=True):
        letters = "utf-16-be" if new.descriptor.joliet else "utf-8"
        directories = list(tree.walk(before.source, old)), list(tree.walk(after.source, new))
        lost = check.files(_but(*directories)) - check.files(_but(*reversed(directories)))
        for identifier, extent, length in lost:
            gone = ((old.base + extent) * SECTOR, length) in replaced
            # Other trees may have cut the name down.
            if not gone or (old.skip is not None and identifier not in known):
                yield f"{identifier.decode(letters, 'replace')} is not where it was."


def _but(some: Iterable[Directory], others: Iterable[Directory]) -> Iterator[Directory]:
    """Yield those directories that are not the same among the others: a few of hundreds."""
    known = {each.extent: each.listing for each in others}
    return (each for each in some if known.get(each.extent) != each.listing)
