"""What is compared: each row is one command that makes a remastered ISO of a medium."""

import shlex
import sys
from pathlib import Path

import msgspec
from small_media import BIOS, LABEL, UEFI

from tests.bench.remaster.media import Edits
from tests.bench.remaster.places import Place

CP = "cp"
DISK = "dd, past the cache"
REPLAY = "xorriso replay"
MKKSISO = "mkksiso's flow"
EXTRACT = "extract, genisoimage"
EXTRACT_MD5 = "extract, genisoimage, md5"
PYCDLIB = "pycdlib"
OURS = "builder -o"
OURS_MD5 = "builder -o --implant-md5"
OVERLAY = "builder --overlay"
START = "Python and typer alone"

_PYCDLIB = """
import sys, pycdlib
source, output, *edits = sys.argv[1:]
iso = pycdlib.PyCdlib()
iso.open(source)
for edit in edits:
    path, _, local = edit.partition("=")
    place, name = "/" + path.upper() + ";1", path.rpartition("/")[2]
    if path != "ks.cfg":
        iso.rm_file(place)
    iso.add_file(local, iso_path=place, rr_name=name, joliet_path="/" + path)
iso.write(output)
iso.close()
"""


class Row(msgspec.Struct, frozen=True):
    """A way to remaster."""

    name: str
    argv: list[str]
    against: str = ""
    """The row that it is compared with."""
    copies: int = 1
    """How often it writes the medium's content."""


def rows(edits: Edits, source: Path, place: Place) -> list[Row]:
    """Return the rows for one medium and place; what they write goes into the place's `out`."""
    out = place.folder / "out"
    iso = out / "new.iso"
    replay, implant = _replay(edits, source, iso), ["implantisomd5", "--force", str(iso)]
    copy = [CP, "--reflink=always" if place.reflinks else "--reflink=never"]
    copies = 0 if place.reflinks else 1
    found = [
        Row(CP, [*copy, str(source), str(iso)], copies=copies),
        Row(REPLAY, replay, CP),
        Row(OURS, _ours(edits, source, "-o", iso), REPLAY, copies),
        Row(OVERLAY, _ours(edits, source, "--overlay", out / "new.qcow2"), REPLAY, 0),
        # What no remaster of ours can be faster than: the processor's speed shows.
        Row(START, [sys.executable, "-c", "import typer"], OVERLAY, 0),
    ]
    if place.reflinks:
        return found
    remade = _extract(edits, source, out / "tree", iso)
    direct = ["dd", f"if={source}", f"of={iso}", "bs=4M", "oflag=direct", "status=none"]
    return [
        *found,
        Row(DISK, direct, CP),  # what the disk takes for as many bytes, in order
        Row(OURS_MD5, [*_ours(edits, source, "-o", iso), "--implant-md5"], MKKSISO),
        Row(MKKSISO, _shell(replay, implant), CP),
        Row(EXTRACT, _shell(*remade), CP, copies=2),
        Row(EXTRACT_MD5, _shell(*remade, implant), CP, copies=2),
        Row(PYCDLIB, _pycdlib(edits, source, iso), CP),
    ]


def _ours(edits: Edits, source: Path, option: str, output: Path) -> list[str]:
    program = Path(sys.executable).with_name("builder")
    words = ("iso", "remaster", source, "--kickstart", edits.kickstart, option, output, "--force")
    return [str(program), *map(str, words)]


def _replay(edits: Edits, source: Path, output: Path) -> list[str]:
    """Return mkksiso's call, which lets Joliet through as well, and changes the EFI image too."""
    joliet = ("-joliet", "on", "-compliance", "joliet_long_names")
    maps = (word for path, file in edits.files.items() for word in ("-map", file, f"/{path}"))
    words = ("-indev", source, "-outdev", output, "-boot_image", "any", "replay", *joliet, *maps)
    return ["xorriso", *map(str, words), "-commit", "-end"]


def _extract(edits: Edits, source: Path, tree: Path, output: Path) -> list[list[str]]:
    names = ("-quiet", "-V", LABEL, "-R", "-J", "-joliet-long", "-T")
    copies = [["cp", "-f", str(file), str(tree / path)] for path, file in edits.files.items()]
    return [
        ["xorriso", "-osirrox", "on", "-indev", str(source), "-extract", "/", str(tree)],
        ["chmod", "-R", "u+w", str(tree)],
        *copies,
        ["genisoimage", *names, *BIOS, *UEFI, "-o", str(output), str(tree)],
        ["isohybrid", "--uefi", str(output)],
    ]


def _pycdlib(edits: Edits, source: Path, output: Path) -> list[str]:
    """Leave the EFI boot image out: pycdlib cannot replace what El Torito names."""
    files = {path: file for path, file in edits.files.items() if path != "images/efiboot.img"}
    pairs = (f"{path}={file}" for path, file in files.items())
    return [sys.executable, "-c", _PYCDLIB, str(source), str(output), *pairs]


def _shell(*steps: list[str]) -> list[str]:
    return ["sh", "-ec", "\n".join(map(shlex.join, steps))]
