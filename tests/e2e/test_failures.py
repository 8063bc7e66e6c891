"""Installations that fail: the right sentence, and nothing left behind."""

import secrets
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from builder.build import rendered
from builder.errors import InstallError
from builder.hypervisor import Hypervisor
from builder.install.plan import install_plan, machine
from builder.install.run import install
from builder.iso.remaster import remaster
from builder.model.installation import Installation
from builder.model.media import StagedIso
from builder.monitor import SilentMonitor
from builder.orders import Request, resolve
from builder.virt import volumes
from builder.virt.domains import names


def attempt(text: str, *, nonce: str, on: Hypervisor, iso: StagedIso, folder: Path) -> Installation:
    """Install with exactly this kickstart, past the linter that would stop a bad one."""
    order = resolve(Request(release="rehearsal"))
    monitor = SilentMonitor()
    name = f"attempt-{nonce[:8]}"
    with ExitStack() as undo:
        media = remaster(
            iso, Wishes(kickstart=text), output=on.iso_pool.path / f"{name}.iso", monitor=monitor
        )
        undo.callback(media.path.unlink)
        pool = on.store_pool.name
        disk = volumes.create(on.connection, pool, f"{name}.qcow2", capacity=order.capacity)
        undo.callback(volumes.delete, on.connection, pool, disk.name)
        plan = install_plan(
            f"builder-{name}",
            machine(order, on.accelerator, network="user"),
            nonce=nonce,
            disk=disk.path,
            cdrom=media.path,
            evidence=folder,
        )
        return install(plan, on.connection, deadlines=on.settings.deadlines, monitor=monitor)


Spoil = Callable[[str], str]

FAILURES = [
    pytest.param(
        lambda text: text.replace("zerombr", "zerombrr"),
        r"The installer cannot read line \d+ of the kickstart",
        True,
        id="syntax error",
    ),
    pytest.param(
        lambda text: text.replace("%packages\n", "%packages\nnosuchpackage\n"),
        "not on the medium: nosuchpackage",
        True,
        id="missing package",
    ),
    pytest.param(
        lambda text: text.replace("%packages\n", "%post --erroronfail\nfalse\n%end\n%packages\n"),
        r"The kickstart script at line \d+ failed|reported a failure",
        False,
        id="failing %post",
    ),
    pytest.param(
        lambda text: text.replace('"result":"success"', '"result":"nothing"'),
        "ended without saying that the installation succeeded",
        False,
        id="no word of success",
    ),
]


@pytest.mark.parametrize(("spoil", "sentence", "waits"), FAILURES)
def test_failure_is_named(
    hypervisor: Hypervisor,
    rehearsal: StagedIso,
    tmp_path: Path,
    *,
    spoil: Spoil,
    sentence: str,
    waits: bool,
) -> None:
    nonce = secrets.token_hex(16)
    good = rendered(resolve(Request(release="rehearsal")), nonce=nonce).text
    bad = spoil(good)
    assert bad != good

    with pytest.raises(InstallError, match=sentence):
        attempt(bad, nonce=nonce, on=hypervisor, iso=rehearsal, folder=tmp_path)

    assert not [name for name in names(hypervisor.connection) if name.startswith("builder-")]
    assert (tmp_path / "console.log").stat().st_size > 0
    # A guest that has powered off shows nothing any more.
    assert bool(list(tmp_path.glob("screenshot.*"))) == waits
