"""Writes the medium's tree as a bootable ISO."""

from pathlib import Path

from builder import process
from builder.rehearsal.layouts.layout import Layout, Medium


def write(layout: Layout, medium: Medium, output: Path) -> None:
    """Write a hybrid ISO, for CDs and disks, with an implanted media check. Raises HostError."""
    process.run(
        ["xorriso", "-as", "mkisofs", "-quiet", "-output", output, "-volid", layout.volume_id,
         "-rational-rock", "-joliet", "-joliet-long", "-full-iso9660-filenames",
         "--set_all_file_dates", f"={layout.timestamp}",
         *layout.boot_options(medium), medium.root],
        env={"SOURCE_DATE_EPOCH": str(layout.timestamp)},
    )  # fmt: skip
    if layout.isohybrid:
        process.run(["isohybrid", "--uefi", output])
    process.run(["implantisomd5", "--force", output])
    process.run(["checkisomd5", output])
