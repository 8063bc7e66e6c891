"""Media as EL 8 and EL 9 have them: isolinux still, the packages in two repositories."""

import msgspec

from builder.rehearsal.layouts import isolinux
from builder.rehearsal.layouts.layout import INSTALL_IMG, PXEBOOT, Layout

EL8 = Layout(
    name="el8",
    family="el8",
    product="Builder Rehearsal 8",
    version="8",
    volume_id="Builder-Rehearsal-8-x86_64",
    timestamp=1716336000,  # May 2024, as EL 8.10
    stage2=INSTALL_IMG,
    repositories=("BaseOS", "AppStream"),
    lay_out=isolinux.lay_out,
    checked=(isolinux.EFI_IMAGE, INSTALL_IMG, f"{PXEBOOT}/initrd.img", f"{PXEBOOT}/vmlinuz"),
    boot_options=isolinux.boot_options,
    isohybrid=True,
)
EL9 = msgspec.structs.replace(
    EL8,
    name="el9",
    family="el9",
    product="Builder Rehearsal 9",
    version="9",
    volume_id="Builder-Rehearsal-9-x86_64",
    timestamp=1747699200,  # May 2025, as EL 9.6
    boot_options=isolinux.hybrid_boot_options,
    isohybrid=False,
)
