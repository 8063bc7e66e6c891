"""What was deleted before a template was made is not in it, on whichever logical volume it was."""

import mmap
from pathlib import Path

from builder.host.host import Host
from builder.kickstart.library import Library
from builder.model.media import StagedIso
from builder.monitor import SilentMonitor
from builder.process import run
from builder.proof.audit import freed
from builder.recipes.build import build
from builder.recipes.order import Request, resolve
from builder.registry.registry import manifest

KICKSTART = Path(__file__).with_name("freed.ks")
MARKER = b"MARKER-OF-FREED-DATA"


def test_logical_volumes(host: Host, rehearsal: StagedIso, tmp_path: Path) -> None:
    assert rehearsal.path.is_file()
    order = resolve(Request(release="rehearsal", kickstart=KICKSTART), Library())

    template = build(order, host=host, monitor=SilentMonitor()).template

    [found] = [each for each in manifest(template).audit if each.check == freed.NAME]
    assert (found.passed, found.waived) == (True, False)
    raw = tmp_path / "disk.raw"
    run(["qemu-img", "convert", "-O", "raw", template.path, raw])
    with raw.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as disk:
        assert disk.find(b"lvm2") > 0
        assert disk.find(MARKER) == -1
