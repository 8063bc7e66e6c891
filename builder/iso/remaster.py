"""ISO in, ISO out, with our kickstart and boot entry: it installs by itself, BIOS and UEFI."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from builder.errors import MediaError
from builder.iso import bootloader, efi, files, hybrid, image
from builder.iso.inspect import describe
from builder.iso.unattended import Unattended
from builder.model.media import InstallMedia, IsoFacts, StagedIso
from builder.monitor import Monitor

_KICKSTART = "ks.cfg"


def remaster(
    iso: StagedIso,
    kickstart_text: str,
    *,
    output: Path,
    extra_args: tuple[str, ...] = (),
    monitor: Monitor,
) -> InstallMedia:
    """Write `iso` to `output` with the kickstart as /ks.cfg and an unattended default entry.

    The file is for its owner only: a kickstart may hold password hashes. It was read again
    before it gets its name. Raises MediaError for media that cannot be remastered.
    """
    path = f"/{_KICKSTART}"
    entry = Unattended(label=iso.volume_id, kickstart_path=path, extra=extra_args)
    with files.replacing(output, mode=0o600) as part:
        _master(iso.path, part, entry, kickstart_text.encode(), monitor=monitor)
        size = part.stat().st_size
    return InstallMedia(
        path=output,
        volume_id=iso.volume_id,
        kickstart_path=path,
        size=size,
        source_sha256=iso.sha256,
    )


def _master(
    source: Path, output: Path, entry: Unattended, kickstart: bytes, *, monitor: Monitor
) -> None:
    with image.opened(source) as iso:
        before = describe(iso, size=source.stat().st_size)
        _refuse(before, entry)
        volume = iso.pvd.space_size * image.SECTOR
        contents = {_KICKSTART: kickstart, **dict(_edited_menus(iso, before, entry))}
        _change(iso, contents)
        _write(iso, output, monitor)
    after = _facts(output)
    image.keep_date(source, output)
    with image.translated(source):
        hybrid.carry_over(source, output, volume=volume, moved=_moved(before, after))
    for offset in _efi_images(after):
        efi.edit_menus(output, offset, entry)
    _check(output, before, contents, entry)


def _refuse(facts: IsoFacts, entry: Unattended) -> None:
    if facts.volume_id != entry.label:
        raise MediaError(
            f"The volume id is {facts.volume_id!r}, expected {entry.label!r}.",
            hint="The ISO changed after it was staged: stage it again.",
        )
    if not facts.boot_configs:
        raise MediaError(
            "The ISO has no boot menu that builder knows.",
            hint=f"It looks for {', '.join(bootloader.MENUS)}.",
        )
    if any(each.platform == "uefi" and not each.path for each in facts.boot_entries):
        raise MediaError(
            "The EFI system partition of the ISO is appended to it, as on EL 10 media.",
            hint="Such media cannot be remastered yet: use EL 7 to 9.",
        )


def _edited_menus(iso: Any, facts: IsoFacts, entry: Unattended) -> Iterator[tuple[str, bytes]]:  # noqa: ANN401
    for path in facts.boot_configs:
        edited = bootloader.edit_content(path, image.read(iso, path) or b"", entry)
        if entry.kickstart.encode() not in edited:
            raise MediaError(
                f"{path} in the ISO has no entry that starts an installer.",
                hint="Compare the ISO's sha256 with the publisher's.",
            )
        yield path, edited


def _change(iso: Any, contents: Mapping[str, bytes]) -> None:  # noqa: ANN401  # pycdlib is untyped
    for path, content in contents.items():
        found = image.locate(iso, path)
        if found is None:
            image.add(iso, path, content)
        else:
            iso.update_file_contents_fp(io.BytesIO(content), len(content), **found)


def _write(iso: Any, output: Path, monitor: Monitor) -> None:  # noqa: ANN401  # pycdlib is untyped
    with output.open("wb") as file, monitor.progress("Writing") as progress:
        said = 0

        def count(done: int, total: int) -> None:
            nonlocal said
            progress.expect(total)
            progress.advance(done - said)
            said = done

        iso.write_fp(file, blocksize=files.BLOCK, progress_cb=count)


def _facts(path: Path) -> IsoFacts:
    with image.opened(path) as iso:
        return describe(iso, size=path.stat().st_size)


def _moved(before: IsoFacts, after: IsoFacts) -> dict[int, int]:
    pairs = zip(before.boot_entries, after.boot_entries, strict=True)
    return {old.lba: new.lba for old, new in pairs}


def _efi_images(facts: IsoFacts) -> list[int]:
    """Return the byte at which each EFI boot image begins."""
    return [each.lba * image.SECTOR for each in facts.boot_entries if each.platform == "uefi"]


def _check(
    output: Path, before: IsoFacts, contents: Mapping[str, bytes], entry: Unattended
) -> None:
    """Read the result again, and raise MediaError unless everything is where it has to be."""
    with image.opened(output) as iso:
        after = describe(iso, size=output.stat().st_size)
        lost = [path for path, content in contents.items() if not image.holds(iso, path, content)]
    if after.volume_id != before.volume_id:
        lost.append("the volume id")
    if _images(after) != _images(before):
        lost.append("the boot catalogue")
    for offset in _efi_images(after):
        menus = efi.read_menus(output, offset)
        lost += [path for path, found in menus.items() if entry.kickstart.encode() not in found]
    if lost:
        raise MediaError(
            f"The remastered ISO is wrong; these did not arrive: {', '.join(lost)}.",
            hint="Compare the ISO's sha256 with the publisher's; if it is right, report this.",
        )


def _images(facts: IsoFacts) -> list[tuple[str, str]]:
    return [(each.platform, each.path) for each in facts.boot_entries]
