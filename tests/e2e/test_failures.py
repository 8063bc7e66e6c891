"""Installations that fail: the right sentence and exit code, soon, and nothing left behind.

Most of them fail in %pre, so that they take no longer than a boot.
"""

import mmap
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from attempts import SILENT, carry_out, planned
from msgspec.structs import replace

from builder.errors import BuilderError
from builder.host.host import Host
from builder.kickstart.library import Library
from builder.media.edits import Edits
from builder.media.remaster import remaster
from builder.model.domain import Cdrom
from builder.model.installation import Deadlines, InstallPlan
from builder.model.media import StagedIso
from builder.recipes.inputs import rendered
from builder.recipes.order import Request, resolve
from builder.virt.domains import names

IDLE = 25
"""Longer than a rehearsal is ever silent before its %pre."""


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """How an installation is spoilt, and what comes of it."""

    spoil: Callable[[str], str] = lambda good: good
    """What happens to the kickstart."""
    medium: tuple[bytes, bytes] | None = None
    """What is written over what, everywhere on the ISO."""
    append: tuple[str, ...] = ()
    """More kernel arguments."""
    machine: Callable[[InstallPlan], InstallPlan] = lambda plan: plan
    """What is different about the machine."""
    sentence: str
    code: int = 7
    stage: str = ""
    """Which section of the kickstart reported it."""
    idle: bool = False
    """Only silence tells."""


def pre(script: str) -> Callable[[str], str]:
    """Let a %pre script run first."""
    return lambda good: good.replace(
        "%packages\n", f"%pre --erroronfail\n{script}\n%end\n%packages\n"
    )


def instead(old: str, new: str) -> Callable[[str], str]:
    return lambda good: good.replace(old, new)


def says(nonce: Callable[[str], str], then: str) -> Callable[[str], str]:
    """Let %pre report success with what `nonce` makes of the build's, and do something."""

    def spoil(good: str) -> str:
        found = re.search(r"^nonce=(\w+)$", good, re.MULTILINE)
        assert found is not None
        line = f'{{"builder":1,"nonce":"{nonce(found[1])}","result":"success"}}'
        port = "/dev/virtio-ports/org.builder.result.0"
        return pre(f"echo '{line}' >{port}\nsleep 1\n{then}\nsleep 60")(good)

    return spoil


def without_disk(plan: InstallPlan) -> InstallPlan:
    return replace(plan, domain=replace(plan.domain, disks=()))


def with_empty_medium(plan: InstallPlan) -> InstallPlan:
    """An ISO that no firmware boots. UEFI says so on the serial line, a PC's BIOS on its screen."""
    assert plan.domain.cdrom is not None
    empty = plan.domain.cdrom.path.with_name(f"{plan.domain.name}.iso")  # `spoilt` removes it
    empty.write_bytes(bytes(1 << 20))
    machine = replace(plan.domain.machine, firmware="uefi")
    return replace(
        plan, domain=replace(plan.domain, machine=machine, cdrom=Cdrom(path=empty), disks=())
    )


PANIC = "echo c >/proc/sysrq-trigger"
# Python's own reading of a file that the medium describes itself with then fails.
CRASH = "echo nonsense >/tmp/x\nmount --bind /tmp/x /run/install/repo/images/payload.contents"
DAMAGE = "echo nonsense >/tmp/x\nmount --bind /tmp/x /run/install/repo/images/payload.tar"
LABEL = rb"Builder\x20Rehearsal\x207"
OTHER = LABEL.replace(b"B", b"G")
# The kernel then kills the largest process, as if it had no memory left. To use all up takes long,
# and a guest may freeze for minutes before it notices.
HUNGRY = "echo f >/proc/sysrq-trigger"
ASK = "printf 'Shall it go on? [y/N]: ' >/dev/console\nread answer </dev/console"
SHELL = "PS1='bash-5.2# ' bash --norc -i </dev/console >/dev/console 2>&1"

FAILURES = {
    "empty medium": Failing(
        machine=with_empty_medium, sentence="found nothing to boot on the installer ISO", code=5
    ),
    "other label": Failing(
        medium=(b"inst.ks=hd:LABEL=" + LABEL, b"inst.ks=hd:LABEL=" + OTHER),
        append=("rd.retry=3",),
        sentence="kickstart on a volume labelled 'Guilder Rehearsal 7', but the label of",
        code=5,
    ),
    "other path": Failing(
        medium=(b":/ks.cfg", b":/no.cfg"),
        sentence="looked for its kickstart at '/no.cfg', but on the ISO",
        code=5,
    ),
    "no stage 2": Failing(
        medium=(b"inst.stage2=hd:LABEL=" + LABEL, b"inst.stage2=hd:LABEL=" + OTHER),
        append=("rd.retry=3",),
        sentence="stage 2 on a volume labelled 'Guilder Rehearsal 7', but the label of",
        code=5,
    ),
    "media check": Failing(
        medium=(b"inst.nosave=all", b"rd.live.check  "),
        append=("inst.nosave=all",),
        sentence="failed its media check",
        code=5,
    ),
    "syntax error": Failing(
        spoil=instead("zerombr", "zerombrr"),
        sentence=r"cannot read line \d+ of the kickstart: Unknown command: zerombrr\.$",
        code=6,
    ),
    "incomplete": Failing(
        spoil=lambda good: re.sub("(?m)^(part|rootpw) .*$", "", good),
        sentence=r"the installer must know: Installation Destination, Root password\.$",
        code=6,
        stage="onerror",
    ),
    "missing package": Failing(
        spoil=instead("%packages\n", "%packages\nnosuchpackage\n"),
        sentence=r"not on the medium: nosuchpackage\.$",
        code=6,
        stage="onerror",
    ),
    "missing group": Failing(
        spoil=instead("@core", "@nosuchgroup"),
        sentence=r"group that is not on the medium: nosuchgroup\.$",
        code=6,
        stage="onerror",
    ),
    "question": Failing(
        spoil=lambda good: pre("")(good).replace("cmdline\n", "text\n").replace("@core", "@none"),
        sentence=r"group that is not on the medium: none\.$",
        code=6,
        stage="onerror",
    ),
    "no network": Failing(
        spoil=instead("cdrom\n", "url --url=http://mirror.example/os\n"),
        sentence="reach a repository of the kickstart: Could not resolve host: mirror.example",
        stage="onerror",
    ),
    "damaged package": Failing(
        spoil=lambda good: pre(DAMAGE)(good).replace("cmdline\n", "text\n"),
        sentence=r"failed while it installed the packages: tar failed with code 2\.$",
        stage="onerror",
    ),
    "small disk": Failing(
        spoil=instead("--size=2048", "--size=20480"),
        sentence="disk is too small",
        stage="onerror",
    ),
    "no disk": Failing(
        machine=without_disk, sentence="found no disk to install to", stage="onerror"
    ),
    "no root": Failing(
        spoil=instead("part / ", "part /srv "),
        sentence="could not partition the disk: no root partition",
        stage="onerror",
    ),
    "%pre": Failing(
        spoil=pre("cd /nowhere"),
        sentence=r"kickstart script at line \d+ failed: .*/nowhere",
    ),
    "crash": Failing(
        spoil=pre(CRASH),
        sentence="The installer crashed: ValueError: invalid literal",
        stage="traceback",
    ),
    "killed": Failing(spoil=pre("kill -9 $PPID"), sentence="ended without a word"),
    "hungry": Failing(spoil=pre(HUNGRY), sentence="ran out of memory"),
    "panic": Failing(spoil=pre(PANIC), sentence="panicked: sysrq triggered crash"),
    "asks": Failing(
        spoil=pre(ASK), sentence=r"waits for an answer: Shall it go on\? \[y/N\]", code=8
    ),
    "shell": Failing(spoil=pre(SHELL), sentence="shows a prompt instead of installing", code=8),
    "still": Failing(
        spoil=pre("sleep 1000"), sentence="stands still in the phase stage 2", code=8, idle=True
    ),
    "halt": Failing(
        spoil=pre("busybox halt -f"), sentence="complete, but the guest does not power off", code=8
    ),
    "no nonce": Failing(
        spoil=pre("busybox poweroff -f"),
        sentence="ended without saying that the installation succeeded",
    ),
    "other nonce": Failing(
        spoil=says(lambda nonce: nonce[::-1], "busybox poweroff -f"),
        sentence="ended without saying that the installation succeeded",
    ),
    "nonce and panic": Failing(spoil=says(str, PANIC), sentence="panicked: sysrq triggered crash"),
    "reboot": Failing(spoil=pre("busybox reboot -f"), sentence="rebooted without saying"),
    # These two install everything first.
    "failing %post": Failing(
        spoil=instead("%packages\n", "%post --erroronfail\nnosuchcommand\n%end\n%packages\n"),
        sentence=r"kickstart script at line \d+ failed: .*nosuchcommand: not found\.$",
        stage="onerror",
    ),
    "no final action": Failing(
        spoil=instead("poweroff\n", ""),
        sentence="complete, but the guest does not power off",
        code=8,
    ),
}


@contextmanager
def spoilt(
    plan: InstallPlan, text: str, failing: Failing, *, host: Host, iso: StagedIso
) -> Iterator[InstallPlan]:
    """Yield the plan with a medium and a machine that are wrong as `failing` wants it."""
    medium = host.iso_pool.path / f"{plan.domain.name}.iso"
    if failing.append or failing.medium:
        edits = Edits(kickstart=text, append=failing.append)
        remaster(iso.path, edits, output=medium, monitor=SILENT)
        plan = replace(plan, domain=replace(plan.domain, cdrom=Cdrom(path=medium)))
    try:
        if failing.medium:
            overwrite(medium, *failing.medium)
        changed = failing.machine(plan)
        yield changed
    finally:
        medium.unlink(missing_ok=True)


def overwrite(file: Path, old: bytes, new: bytes) -> None:
    assert len(old) == len(new)
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as content:
        places = [each.start() for each in re.finditer(re.escape(old), content)]
        assert places
        for place in places:
            content[place : place + len(new)] = new


@pytest.mark.parametrize("failing", FAILURES.values(), ids=FAILURES.keys())
def test_failure_is_named(
    host: Host, rehearsal: StagedIso, tmp_path: Path, failing: Failing
) -> None:
    nonce = secrets.token_hex(16)
    kickstart = rendered(resolve(Request(release="rehearsal"), Library()), monitor=SILENT)
    bad = failing.spoil(kickstart.for_build(nonce))
    deadlines = Deadlines(total_seconds=600, idle_seconds=IDLE if failing.idle else 120)

    with (
        planned(bad, nonce=nonce, host=host, iso=rehearsal, folder=tmp_path) as plan,
        spoilt(plan, bad, failing, host=host, iso=rehearsal) as wrong,
        pytest.raises(BuilderError, match=failing.sentence) as failure,
    ):
        carry_out(wrong, host, deadlines=deadlines)

    assert failure.value.exit_code == failing.code
    assert failure.value.hint
    assert plan.domain.name not in names(host.connection)
    assert (tmp_path / "console.log").stat().st_size > 0
    assert list(tmp_path.glob("screens/*.png"))
    check_report(tmp_path, failing.stage)


def check_report(folder: Path, stage: str) -> None:
    """See that the kickstart's own report of the failure is among the evidence, if it has one."""
    said = (folder / "result.log").read_text()
    stages = re.findall('"result":"failure","stage":"([a-z]+)"', said)
    assert stages == ([stage] if stage else [])
    assert (folder / "installer.log").is_file() == bool(stage)
