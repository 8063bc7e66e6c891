"""Boot a throw-away clone of a template to its login prompt."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from builder.errors import HostError, TemplateError
from builder.model.domain import Disk, DomainSpec, Machine
from builder.model.installation import Ended, HostTrouble, Output, Signal
from builder.virt import domains, volumes
from builder.virt.connection import Connection
from builder.virt.domain_xml import domain_xml
from builder.virt.listen import listen
from builder.virt.terminal import Lines

_LOGIN = re.compile(r"^(?!Last )\S+ login:")
_TROUBLE = re.compile(
    r"You are in emergency mode|Entering emergency mode|Kernel panic - not syncing"
    r"|dracut:/#|grub rescue>|No bootable device|Give root password for maintenance"
)


def boot_check(
    image: Path,
    machine: Machine,
    *,
    connection: Connection,
    pool: str,
    minutes: float,
    evidence: Path,
) -> float:
    """Return the seconds that a clone of `image` takes from power-on to its login prompt.

    Raises TemplateError when it does not get there in `minutes`.
    """
    name = f"builder-check-{evidence.name}"
    (evidence / "boot.log").unlink(missing_ok=True)  # of a check that was killed
    with _overlay(connection, pool, image, name=f"{name}.qcow2") as disk:
        spec = DomainSpec(
            name=name,
            title=f"Boot check of {image.name}",
            machine=machine,
            disks=(Disk(path=disk, boot_order=1),),
            console_log=evidence / "boot.log",
            reboots=True,  # shim's fallback does, on the first boot of a machine with a TPM
        )
        with domains.paused(connection, domain_xml(spec)) as domain:
            try:
                return _boot(domain, spec.logs, minutes=minutes)
            except TemplateError:
                domains.screenshot(domain, evidence / "boot")
                raise


@contextmanager
def _overlay(connection: Connection, pool: str, image: Path, *, name: str) -> Iterator[Path]:
    # Capacity 0: an overlay is as large as what it covers.
    volume = volumes.create(connection, pool, name, capacity=0, backing=image)
    try:
        yield volume.path
    except BaseException:
        with suppress(HostError):  # the first failure is the one to tell
            volumes.delete(connection, pool, name)
        raise
    volumes.delete(connection, pool, name)


def _boot(domain: domains.Domain, logs: Mapping[str, Path], *, minutes: float) -> float:
    with listen(domain, logs=logs) as signals:
        domains.resume(domain)
        began = time.monotonic()
        _until_login(signals, deadline=began + minutes * 60)
        return time.monotonic() - began


def _until_login(signals: SimpleQueue[Signal], *, deadline: float) -> None:
    lines = Lines()
    while time.monotonic() < deadline:
        try:
            signal = signals.get(timeout=1)
        except Empty:
            continue
        if isinstance(signal, Output):
            for line in [*lines.feed(signal.data), lines.pending()]:
                if _LOGIN.search(line):
                    return
                _refuse_trouble(line)
        else:
            raise _ended(signal)
    raise TemplateError(
        "A clone of the template did not reach its login prompt in time.",
        hint="boot.log and the screenshot in the evidence folder show how far it came.",
    )


def _refuse_trouble(line: str) -> None:
    if _TROUBLE.search(line):
        plain = "".join(filter(str.isprintable, line))  # a terminal must not obey a guest
        raise TemplateError(
            f"A clone of the template does not boot: {plain}",
            hint="boot.log in the evidence folder has the whole boot.",
        )


def _ended(signal: Ended | HostTrouble) -> TemplateError:
    if isinstance(signal, HostTrouble):
        return TemplateError(signal.sentence, hint=signal.hint)
    return TemplateError(
        f"A clone of the template ended before its login prompt ({signal.reason}).",
        hint="boot.log in the evidence folder has its last lines.",
    )
