"""The machines of tests/booting.py come to a kernel where a medium is right, and only there."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import judge
import programs
import pytest
import small_media
from remastering import change

from builder.iso.source import SECTOR, Memory
from builder.iso.survey import survey
from tests import booting
from tests.booting import WAYS, Way

pytestmark = small_media.NEEDED
_HERE = "/ks.cfg"


@pytest.fixture(scope="module")
def remastered() -> Iterator[dict[str, bytes]]:
    """Return what is remastered of each layout."""
    with TemporaryDirectory(prefix="booting-") as name:
        folder = Path(name)
        made = small_media.mastered(
            judge.MAKERS, folder, files=1, programs=programs.bootable(folder)
        )
        yield {maker: change(iso).path.read_bytes() for maker, iso in made.items()}


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a folder that QEMU may read."""
    with TemporaryDirectory(prefix="booting-", dir="/var/tmp") as name:
        yield Path(name)


@pytest.mark.parametrize("maker", judge.MAKERS)
def test_what_is_promised_comes_up(maker: str, remastered: dict[str, bytes], place: Path) -> None:
    iso = place / "medium.iso"
    iso.write_bytes(remastered[maker])
    ways = list(judge.promised(survey(Memory(remastered[maker]))))
    assert len(ways) == (2 if maker == "no-pad" else 4)
    lines = {way: booting.command_line(iso, way, place) for way in ways}
    for way, line in lines.items():
        assert line.startswith("BOOT_IMAGE="), way
        assert line.split("inst.ks=")[1].split()[0].endswith(_HERE), way


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_is_broken_does_not(way: Way, remastered: dict[str, bytes], place: Path) -> None:
    content = bytearray(remastered["xorriso"])
    for image in survey(Memory(bytes(content))).images:
        start = image.sector * SECTOR
        content[start : start + SECTOR] = bytes(SECTOR)
    iso = place / "medium.iso"
    iso.write_bytes(content)
    assert booting.command_line(iso, way, place) == ""
