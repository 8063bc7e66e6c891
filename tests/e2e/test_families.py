"""A whole build of each family, and what their installers say to kickstarts that are wrong."""

import re
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from attempts import SILENT, carry_out, left, planned, told

from builder.errors import BuilderError
from builder.host.host import Host
from builder.kickstart.library import Library
from builder.model.installation import Deadlines
from builder.model.media import StagedIso
from builder.model.release import Firmware
from builder.model.template import Manifest
from builder.recipes.build import build
from builder.recipes.inputs import rendered, staged
from builder.recipes.order import Request, resolve
from builder.registry.image import measure

_TASKS = r"installation: Task started: Install the payload \(\d+/\d+\)$"
_INSTALLED = r"anaconda:packaging: Installed: \S+\.x86_64 "
SAID = {
    "rehearsal": (r"packaging: Installing \S+ \(\d+/\d+\)$",),
    "rehearsal8": (_TASKS, _INSTALLED, r"anaconda:packaging: Verifying: "),
    "rehearsal9": (_TASKS, _INSTALLED, r"progress: Importing certificates$"),
    "rehearsal10": (r"progress: Installing the software$", _TASKS, _INSTALLED),
}
"""Lines that the log port has, from its begin to its end."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """How a build's machines start, and what its two clones tell of that."""

    firmware: Firmware
    secure: bool = False
    """With Secure Boot and a TPM."""
    clones: tuple[Firmware, Firmware]

    def __str__(self) -> str:
        return f"{self.firmware}-secure" if self.secure else self.firmware


STARTS = (
    Start(firmware="bios", clones=("bios", "bios")),
    Start(firmware="uefi", clones=("uefi", "uefi")),
    Start(firmware="hybrid", clones=("uefi", "bios")),
    Start(firmware="uefi", secure=True, clones=("uefi", "uefi")),
)
ALWAYS = {("rehearsal8", "bios"), ("rehearsal10", "uefi")}
"""The rest takes an hour; test_firmware.py has a hybrid image, with all else, of rehearsal9."""
BUILDS = [
    pytest.param(
        release,
        start,
        id=f"{release}-{start}",
        marks=() if (release, str(start)) in ALWAYS else pytest.mark.matrix,
    )
    for release in SAID
    for start in STARTS
]


@pytest.mark.parametrize(("release", "start"), BUILDS)
def test_each_family_is_published(host: Host, release: str, start: Start) -> None:
    request = Request(
        release=release, firmware=start.firmware, secure_boot=start.secure, tpm=start.secure
    )
    order = resolve(request, Library())

    built = build(order, host=host, monitor=SILENT)

    manifest = Manifest.parse(built.template.manifest.read_bytes())
    assert measure(built.template.path) == manifest.image
    assert {package.kind for package in manifest.packages} == {"deb"}
    assert all(each.passed for each in (*manifest.audit, *manifest.clones))
    assert left(host) == ([], [])
    assert built.folder is not None
    log = (built.folder / "virtio.log").read_text(errors="replace")
    for line in SAID[release]:
        assert re.search(line, log, re.MULTILINE)
    first, second = (told(built, letter) for letter in "ab")
    assert (first["firmware"], second["firmware"]) == start.clones
    assert first["machine-id"] != second["machine-id"]
    if start.secure:
        assert [(each["secure-boot"], each["tpm"]) for each in (first, second)] == [
            ("1", "yes")
        ] * 2


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A kickstart that a family's installer refuses before it writes anything."""

    release: str
    spoil: Callable[[str], str]
    said: str
    """What its screen says."""
    told: str
    """What we make of that."""


REFUSALS = {
    "missing package": Refusal(
        release="rehearsal9",
        spoil=lambda good: good.replace("@core\n", "@core\nnosuchpackage\n"),
        said="failed: Problems in request:\nmissing packages: nosuchpackage\n",
        told="asks for a package that is not on the medium: nosuchpackage.",
    ),
    "no biosboot": Refusal(
        release="rehearsal10",
        spoil=lambda good: re.sub("^part biosboot .*\n", "", good, flags=re.MULTILINE),
        said="please create a 1MiB 'biosboot' type partition on the sda disk.",
        told="a disk with a GPT needs a biosboot partition.",
    ),
    "syntax of another": Refusal(
        release="rehearsal8",
        spoil=lambda good: good.replace("lang ", "timesource --ntp-disable\nlang "),
        said="kickstart file:\n\nUnknown command: timesource\n",
        told="cannot read line 5 of the kickstart: Unknown command: timesource.",
    ),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_family_refuses_what_it_cannot_do(host: Host, refusal: Refusal, tmp_path: Path) -> None:
    order = resolve(Request(release=refusal.release), Library())
    nonce = secrets.token_hex(16)
    good = rendered(order, monitor=SILENT).for_build(nonce)
    bad = refusal.spoil(good)
    assert bad != good
    iso: StagedIso = staged(order, host=host, monitor=SILENT)

    with (
        planned(bad, nonce=nonce, host=host, iso=iso, folder=tmp_path, order=order) as plan,
        pytest.raises(BuilderError) as failure,
    ):
        carry_out(plan, host, deadlines=Deadlines(total_seconds=900, idle_seconds=240))

    assert (failure.value.exit_code, refusal.told in failure.value.message) == (6, True)
    screen = (tmp_path / "console.log").read_text(errors="replace").replace("\r", "")
    assert refusal.said in screen
