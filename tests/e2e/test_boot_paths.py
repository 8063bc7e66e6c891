"""Every way in which firmware can start a remastered medium, each with a whole installation.

From media that hold more than ours do: as far as the kickstart.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from builder import config, process
from builder.kickstart.library import Library
from builder.media.edits import Edits
from builder.media.remaster import remaster
from builder.model.domain import RESULT_PORT
from builder.monitor import SilentMonitor
from builder.recipes.inputs import rendered
from builder.recipes.order import Request, resolve
from builder.rehearsal.make import make
from tests.booting import FIRMWARES, PLUGS, Firmware, Plug, machine
from tests.booting import Way as Booting
from tests.waiting import PATIENCE

SILENT = SilentMonitor()
NONCE = "b007" * 8
REPORT_AND_STOP = f"""\
cmdline
%pre
echo {NONCE} >/dev/virtio-ports/{RESULT_PORT}
echo o >/proc/sysrq-trigger
sleep 60
%end
"""

Made = Callable[[str], Path]


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A medium of one layout, and how it is plugged in."""

    layout: str
    firmware: Firmware
    plug: Plug

    @property
    def on(self) -> Booting:
        """The way alone."""
        return Booting(firmware=self.firmware, plug=self.plug)

    def __str__(self) -> str:
        return f"{self.layout}-{self.firmware}-{self.plug}"


RELEASES = {"el7": "rehearsal", "el9": "rehearsal9", "el10": "rehearsal10"}
WAYS = [
    Way(layout=layout, firmware=firmware, plug=plug)
    for layout in RELEASES
    for firmware in FIRMWARES
    for plug in PLUGS
]
ALWAYS = {"el7-bios-cd", "el9-bios-usb", "el9-uefi-cd", "el10-uefi-usb"}
"""Each layout, and each firmware from a CD as well as from a stick."""
FULLER = {"el7-uefi-cd", "el10-bios-cd"}
INSTALLED = [
    pytest.param(way, id=str(way), marks=() if str(way) in ALWAYS else pytest.mark.matrix)
    for way in WAYS
]
FILLED = [
    pytest.param(way, id=str(way), marks=() if str(way) in FULLER else pytest.mark.matrix)
    for way in WAYS
    if way.plug == "cd"
]


@pytest.fixture(scope="module")
def made(settings: config.Settings, place: Path) -> Iterator[Made]:
    """Return a function from a layout to its ISO, which is made once."""
    found: dict[str, Path] = {}

    def iso(layout: str) -> Path:
        if layout not in found:
            output = place / f"{layout}.iso"
            cache = settings.cache / "rehearsal"
            found[layout] = make(output, cache=cache, layout=layout, monitor=SILENT)
        return found[layout]

    yield iso
    for path in found.values():
        path.unlink()


@pytest.mark.parametrize("way", INSTALLED)
def test_medium_installs_by_itself(way: Way, made: Made, tmp_path: Path) -> None:
    request = Request(release=RELEASES[way.layout], firmware=way.firmware)
    kickstart = rendered(resolve(request, Library()), monitor=SILENT).for_build(NONCE)
    # Guests of builds have sda; here that may be the stick.
    edits = Edits(kickstart=kickstart.replace("sda", "vda"), usb=True)
    iso = remaster(made(way.layout), edits, output=tmp_path / "unattended.iso", monitor=SILENT)
    said = installed(iso.path, way, tmp_path)
    iso.path.unlink()
    assert f'"nonce":"{NONCE}","result":"success"' in said


@pytest.mark.parametrize("way", FILLED)
def test_fuller_medium_finds_its_kickstart(way: Way, made: Made, tmp_path: Path) -> None:
    fuller = _filled(made(way.layout), tmp_path)
    edits = Edits(kickstart=REPORT_AND_STOP)
    iso = remaster(fuller, edits, output=tmp_path / "unattended.iso", monitor=SILENT)
    said = installed(iso.path, way, tmp_path)
    for path in (fuller, iso.path):
        path.unlink()
    assert NONCE in said


def _filled(iso: Path, folder: Path) -> Path:
    """Return a copy with 4,000 files more, some levels deeper than the others.

    The way of mkksiso: xorriso writes the volume anew, with the boot records as they were.
    """
    tree = folder / "tree"
    (deepest := tree / "Extra/one/two/three/four").mkdir(parents=True)
    for number in range(4000):
        (deepest / f"a-package-with-a-long-name-{number:04}.el7.noarch.rpm").write_bytes(b"x")
    output = folder / "fuller.iso"
    process.run(
        [
            "xorriso", "-indev", iso, "-outdev", output,
            "-boot_image", "any", "replay", "-map", tree, "/",
        ]
    )  # fmt: skip
    shutil.rmtree(tree)
    return output


def installed(iso: Path, way: Way, folder: Path) -> str:
    """Boot the medium with nothing else to boot; return what the installer reported at its end."""
    disk, report = folder / "disk.qcow2", folder / "report"
    process.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "4G"])
    process.run(
        [
            "timeout", f"{PATIENCE}", *machine(iso, way.on, folder), "-m", "1024",
            "-drive", f"file={disk},if=virtio,cache=unsafe", "-serial", f"file:{folder}/console",
            "-device", "virtio-serial", "-chardev", f"file,id=report,path={report}",
            "-device", f"virtserialport,chardev=report,name={RESULT_PORT}",
        ]
    )  # fmt: skip
    disk.unlink()
    return report.read_text()
