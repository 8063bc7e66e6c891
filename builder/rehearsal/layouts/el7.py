"""Media as EL 7 has them: one repository, at the root."""

from builder.rehearsal.layouts import isolinux
from builder.rehearsal.layouts.layout import Layout

EL7 = Layout(
    name="el7",
    family="el7",
    product="Builder Rehearsal 7",
    version="7",
    volume_id="Builder Rehearsal 7",
    timestamp=1603729576,  # CentOS 7.9
    stage2="LiveOS/squashfs.img",
    lay_out=isolinux.lay_out,
    boot_options=isolinux.boot_options,
    isohybrid=True,
)
