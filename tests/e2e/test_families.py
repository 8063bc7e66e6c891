"""A whole build of each family, and what their installers say to kickstarts that are wrong."""

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from attempts import SILENT, carry_out, left, planned

from builder.errors import BuilderError
from builder.host.host import Host
from builder.kickstart.library import Library
from builder.model.installation import Deadlines
from builder.model.media import StagedIso
from builder.model.template import Manifest
from builder.recipes.build import build
from builder.recipes.inputs import rendered, staged
from builder.recipes.order import Request, resolve
from builder.registry.image import measure


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A build, and what its installer tells of itself."""

    release: str
    firmware: Literal["bios", "uefi"]
    medium: str = ""
    said: tuple[str, ...]
    """Lines that the log port has, from its begin to its end."""

    def __str__(self) -> str:
        return f"{self.release}-{self.firmware}"


_TASKS = r"installation: Task started: Install the payload \(\d+/\d+\)$"
_INSTALLED = r"anaconda:packaging: Installed: \S+\.x86_64 "
WAYS = [
    Way(
        release="rehearsal8",
        firmware="bios",
        said=(_TASKS, _INSTALLED, r"anaconda:packaging: Verifying: "),
    ),
    Way(
        release="rehearsal9",
        firmware="uefi",
        medium="minimal",
        said=(_TASKS, _INSTALLED, r"progress: Importing certificates$"),
    ),
    Way(
        release="rehearsal10",
        firmware="bios",
        said=(r"progress: Installing the software$", _TASKS, _INSTALLED),
    ),
]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_each_family_is_published(host: Host, way: Way) -> None:
    request = Request(release=way.release, firmware=way.firmware, medium=way.medium)
    order = resolve(request, Library())

    built = build(order, host=host, monitor=SILENT)

    manifest = Manifest.parse(built.template.manifest.read_bytes())
    assert measure(built.template.path) == manifest.image
    assert {package.kind for package in manifest.packages} == {"deb"}
    assert left(host) == ([], [])
    assert built.folder is not None
    log = (built.folder / "virtio.log").read_text(errors="replace")
    for line in way.said:
        assert re.search(line, log, re.MULTILINE)


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
