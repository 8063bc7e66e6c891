"""A machine from a template: an overlay, a seed for cloud-init, a domain; all of them or none."""

import os
import re
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from builder.config import check_network
from builder.errors import HostError, UsageError
from builder.host.host import Host
from builder.install.plan import adapted, refuse_processors, started
from builder.media import nocloud
from builder.model.clone import Clone, CloneOrder, Seed
from builder.model.domain import Accelerator, CloneSpec, Machine, TemplateVersion
from builder.model.template import Manifest, Template
from builder.monitor import Monitor
from builder.recipes.volumes import check_name, refuse_others
from builder.registry.image import refuse_parts
from builder.registry.registry import manifest
from builder.releases.own import gathered
from builder.virt import domains, networks, pools, volumes
from builder.virt.domain_xml import clone_xml

_CLOUD_INIT = re.compile(r"cloud-init(-\d.*)?$")
_GIB = 2**30
_REFUSED = "What libvirt does not have here, ask for less of: --vcpus, --memory, --network."


def clone(host: Host, template: Template, order: CloneOrder, *, monitor: Monitor) -> Clone:
    """Make a machine of the template, and start it unless told otherwise.

    Raises UsageError for a name that is taken and for what the template cannot do, ConfigError
    for a wrong file, TemplateError for an image that needs others, HostError when libvirt refuses.
    Nothing is left of it then.
    """
    refuse_parts(template)
    record = manifest(template)
    least = gathered(host.settings.release_folders).least_cpu(record.release)
    machine = hardware(record, host.accelerator, order, emulated_cpu=least)
    capacity = _capacity(template, order)
    seed = seed_for(record, order)
    _refuse_taken(host, order.name)
    # libvirt looks when a guest starts, which may be when nobody is there to read of it.
    networks.require(host.connection, machine.network, f"{order.name} could not run")
    host = host.with_store()
    source = TemplateVersion(name=template.name, version=template.version)
    with (
        monitor.step(f"Cloning {template.name} {template.version} as {order.name}"),
        ExitStack() as undo,
    ):
        disk = _overlay(host, template, order.name, capacity=capacity, undo=undo)
        medium = _medium(host, seed, order.name, undo=undo) if seed else None
        spec = CloneSpec(name=order.name, machine=machine, template=source, disk=disk, seed=medium)
        domain = domains.define(host.connection, clone_xml(spec), hint=_REFUSED)
        undo.callback(_try, domains.remove, domain)
        if order.start:
            domains.boot(domain)
        undo.pop_all()
    return Clone(
        name=order.name,
        template=template.name,
        version=template.version,
        disk=disk,
        seed=medium,
        running=order.start,
    )


def hardware(
    record: Manifest, accelerator: Accelerator, order: CloneOrder, *, emulated_cpu: str
) -> Machine:
    """Return the machine: as the template's was, on what this host has, but for what is asked.

    Raises UsageError for a network that is none, too many processors, and firmware that the
    template does not boot with; HostError for what the host lacks of UEFI, Secure Boot and TPM.
    """
    refuse_processors(order.vcpus, accelerator)
    known = adapted(_wanted(record, accelerator, order), accelerator, emulated_cpu=emulated_cpu)
    check_network(order.network or known.network, error_class=UsageError)
    return replace(
        known,
        memory_mib=order.memory_mib or known.memory_mib,
        vcpus=order.vcpus or known.vcpus,
        network=order.network or known.network,
    )


def _wanted(record: Manifest, accelerator: Accelerator, order: CloneOrder) -> Machine:
    """Return the template's machine with the firmware, Secure Boot and TPM that are asked for.

    What boots with both gets UEFI where this host has it.
    """
    machine = record.machine
    if record.boots == "hybrid":
        secure = machine.secure_boot if order.secure_boot is None else order.secure_boot
        lacks = not (accelerator.uefi or secure)
        machine = started(machine, order.firmware or ("bios" if lacks else "uefi"))
    elif order.firmware not in {"", machine.firmware}:
        raise UsageError(
            f"{record.name} {record.version} does not boot with {order.firmware}.",
            hint=f"It is made for {machine.firmware}: leave --firmware out, or build a template "
            "with `--firmware hybrid`, which boots with both.",
        )
    if order.secure_boot and machine.firmware == "bios":
        raise UsageError("Only UEFI has Secure Boot.", hint="Leave --secure-boot out.")
    asked = {"secure_boot": order.secure_boot, "tpm": order.tpm}
    return replace(machine, **{name: each for name, each in asked.items() if each is not None})


def seed_for(record: Manifest, order: CloneOrder) -> Seed | None:
    """Return what cloud-init is to be told; None for a template that has none.

    Raises UsageError when such a template's clone is to be told something all the same.
    """
    if any(_CLOUD_INIT.match(package.name) for package in record.packages):
        # A name that libvirt knows may have what a host's name may not.
        hostname = order.hostname or order.name.replace("_", "-")
        return nocloud.read(hostname, ssh_keys=order.ssh_keys, user_data=order.user_data)
    if order.ssh_keys or order.user_data or order.hostname:
        raise UsageError(
            f"{record.name} {record.version} has no cloud-init, which would take in ssh keys, "
            "user-data and a host name.",
            hint="Build one with a profile that has it (`builder kickstart list`), or do without.",
        )
    return None


def _capacity(template: Template, order: CloneOrder) -> int:
    """Return the overlay's size in bytes; 0 for that of the template."""
    wanted = order.disk_gib * _GIB
    if wanted and wanted < template.image.virtual_size:
        least = -(-template.image.virtual_size // _GIB)
        raise UsageError(
            f"A disk of {order.disk_gib} GiB is smaller than the template's.",
            hint=f"--disk-gib {least} is the least.",
        )
    return wanted


def _refuse_taken(host: Host, name: str) -> None:
    check_name(name, "machine")
    refuse_others(_disk(name), f"The disk of a machine {name}")
    place = host.store_pool.path
    files = [each for each in (_disk(name), _cidata(name)) if os.path.lexists(place / each)]
    taken = [f"volume {each}" for each in files]
    if name in domains.names(host.connection):
        taken.insert(0, f"domain {name}")
    if taken:
        raise UsageError(f"There is a {taken[0]} already.", hint="Choose another name.")


def _disk(name: str) -> str:
    return f"{name}.qcow2"


def _cidata(name: str) -> str:
    return f"{name}-cidata.iso"


def _overlay(host: Host, template: Template, name: str, *, capacity: int, undo: ExitStack) -> Path:
    """Create the disk; `undo` deletes it."""
    line, pool = host.connection, host.store_pool.name
    volume = volumes.create(line, pool, _disk(name), capacity=capacity, backing=template.path)
    undo.callback(_try, volumes.delete, line, pool, volume.name)
    return volume.path


def _medium(host: Host, seed: Seed, name: str, *, undo: ExitStack) -> Path:
    """Write the seed into the store pool; `undo` removes it."""
    line, pool = host.connection, host.store_pool
    path = pool.path / _cidata(name)
    nocloud.make(seed, path, instance=name, when=datetime.now(UTC))
    undo.callback(_try, pools.notice, line, pool.name)
    undo.callback(path.unlink, missing_ok=True)
    pools.notice(line, pool.name)
    return path


def _try(deed: Callable[..., object], *args: object) -> None:
    with suppress(HostError):  # the first failure is the one to tell
        deed(*args)
