"""What the families' installers say and do when they cannot go on."""

import io
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import msgspec
import pytest

from builder.rehearsal import comps, repodata
from builder.rehearsal.guest import disks, failing, install
from builder.rehearsal.guest.console import Console
from builder.rehearsal.guest.family import FAMILIES
from builder.rehearsal.guest.kickstart import SyntaxFailure
from builder.rehearsal.guest.layout import Disk, Firmware
from builder.rehearsal.guest.media import Media
from builder.rehearsal.guest.planning import Machine
from builder.rehearsal.guest.programs import Runner

TERMINATED = "The exact error message is:\n\n{}\n\nThe installer will now terminate.\n"
SPOKES = "The following mandatory spokes are not completed:\n{}"
GOOD = """\
{mode}
lang en_US.UTF-8
rootpw --lock
zerombr
clearpart --all --initlabel{label}
part / --size={size}
{more}
poweroff
%packages
@core
{package}
%end
"""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A kickstart that cannot be carried out, and what the screen says in the end."""

    family: str
    mode: str = "cmdline"
    label: str = ""
    size: int = 100
    package: str = ""
    more: str = ""
    screen: str
    scripts: tuple[str, ...]
    """Which of %onerror and %traceback have run by then."""


BOTH = ("onerror", "traceback")
YUM = (
    "You have specified that the package 'nosuch' should be installed.  This package does not "
    "exist."
)
DNF = "Problems in request:\nmissing packages: nosuch"
BIOSBOOT = "please create a 1MiB 'biosboot' type partition on the sda disk."
REFUSALS = {
    "package, EL 7": Refusal(
        family="el7", package="nosuch", screen=TERMINATED.format(YUM), scripts=("onerror",)
    ),
    **{
        f"package, {family}": Refusal(
            family=family,
            package="nosuch",
            screen=TERMINATED.format(f"Non interactive installation failed: {DNF}"),
            scripts=BOTH,
        )
        for family in ("el8", "el9", "el10")
    },
    # A person is asked first: the scripts run after the answer, which is here "no".
    "package, asked": Refusal(
        family="el9",
        mode="text",
        package="nosuch",
        screen=f"Question\n\n{DNF}\n\nWould you like to ignore this and continue with "
        "installation?\nPlease respond 'yes' or 'no': ",
        scripts=BOTH,
    ),
    "group": Refusal(
        family="el9",
        package="@nosuch",
        screen="Problems in request:\nmissing groups or modules: nosuch\n",
        scripts=BOTH,
    ),
    "no room": Refusal(
        family="el9",
        size=99999,
        screen=TERMINATED.format(SPOKES.format("Installation Destination")),
        scripts=BOTH,
    ),
    "no room, and why": Refusal(
        family="el9",
        size=99999,
        screen="Failed to save storage configuration\nUnable to allocate requested partition "
        "scheme.\n",
        scripts=BOTH,
    ),
    "no biosboot, asked for a GPT": Refusal(
        family="el8", label=" --disklabel=gpt", screen=BIOSBOOT, scripts=BOTH
    ),
    "no biosboot, got a GPT": Refusal(family="el10", screen=BIOSBOOT, scripts=BOTH),
    "no source": Refusal(
        family="el9",
        more="url --url=http://nowhere.example/",
        screen=TERMINATED.format(SPOKES.format("Installation source\nSoftware selection")),
        scripts=BOTH,
    ),
}


def medium(root: Path) -> Path:
    """Make a repository with one package of the base, and the payload's list of it."""
    package = repodata.Package(
        name="bash",
        version="1",
        arch="amd64",
        summary="",
        location=PurePosixPath("Packages/bash.deb"),
        size=1,
        sha256="0" * 64,
    )
    groups = comps.comps([comps.Group(id="core", name="Core", mandatory=("bash",))], [])
    primary = repodata.primary([package])
    for name, content in (
        ("repodata/primary.xml.gz", primary),
        ("repodata/comps.xml", groups),
        ("repodata/repomd.xml", repodata.repomd(primary, groups, timestamp=1)),
        ("images/payload.contents", b"bash\t512\n"),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have one disk, no patience, and somebody who answers "no"."""
    disk = Disk(name="sda", size=4096)
    found = Machine(disks=(disk,), firmware=Firmware.BIOS, memory=1024)
    monkeypatch.setattr(disks, "probe", lambda: found)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))


class Programs(Runner):
    """Nothing is run: scripts are noted by their kinds, in the order of their turns."""

    def __init__(self) -> None:
        super().__init__(Console())
        self.scripts: list[str] = []

    def run(self, *_argv: str | Path, stdin: str = "", check: bool = True) -> str:  # noqa: ARG002
        return ""

    def script(self, argv: Sequence[str], *, log: Path) -> int:  # noqa: ARG002
        self.scripts.append(argv[-1].split("-")[2])
        return 0


def media(folder: Path, text: str, *, family: str, arguments: str = "") -> Media:
    file = folder / "ks.cfg"
    file.write_text(text)
    root = medium(folder / "medium")
    return Media(root=root, kickstart=file, kernel_arguments=arguments, family=FAMILIES[family])


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal(refusal: Refusal, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GOOD.format(
        mode=refusal.mode,
        label=refusal.label,
        size=refusal.size,
        more=refusal.more,
        package=refusal.package,
    )
    for name in BOTH:
        text += f"%{name}\n:\n%end\n"
    source = media(tmp_path, text, family=refusal.family)
    runner = Programs()

    assert failing.guarded(install.read(source, runner), source, runner) == 1

    assert refusal.screen in capsys.readouterr().out
    assert tuple(runner.scripts) == refusal.scripts


@pytest.mark.parametrize(
    ("arguments", "told"), [("", False), ("quiet inst.ksstrict", True)], ids=["usual", "strict"]
)
def test_warnings_are_errors_where_asked(
    tmp_path: Path, arguments: str, told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    source = media(tmp_path, "%traceback\n:\n%end\n", family="el9", arguments=arguments)
    runner = Programs()
    order = install.read(source, runner)
    if told:
        with pytest.raises(SyntaxFailure, match="deprecated"):
            failing.warn(order, source, runner.console)
        return
    failing.warn(order, source, runner.console)
    start = "Some warnings occurred during reading the kickstart file:\nThe %traceback section"
    assert re.search(start, capsys.readouterr().out)
