"""builder template clone."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from builder.cli.context import MOST_GIB, MOST_MIB, Json, context
from builder.cli.output import table, to_json
from builder.cli.template.shared import Reference
from builder.model.release import MOST_VCPUS


def clone(
    ctx: typer.Context,
    reference: Reference,
    name: Annotated[str, typer.Argument(help="What the machine is to be called.")],
    *,
    memory: Annotated[
        int | None, typer.Option(min=64, max=MOST_MIB, help="Memory.", metavar="MIB")
    ] = None,
    vcpus: Annotated[
        int | None, typer.Option(min=1, max=MOST_VCPUS, help="Virtual processors.", metavar="N")
    ] = None,
    network: Annotated[
        str, typer.Option(help="user, network:NAME, bridge:NAME or none.", metavar="NET")
    ] = "",
    firmware: Annotated[
        Literal["bios", "uefi"] | None, typer.Option(help="For a template that boots with both.")
    ] = None,
    secure_boot: Annotated[
        bool | None, typer.Option("--secure-boot/--no-secure-boot", help="Start what is signed.")
    ] = None,
    tpm: Annotated[bool | None, typer.Option("--tpm/--no-tpm", help="Have a TPM 2.0.")] = None,
    disk_gib: Annotated[
        int | None, typer.Option(min=1, max=MOST_GIB, help="A larger disk.", metavar="GIB")
    ] = None,
    ssh_key: Annotated[
        list[Path] | None,
        typer.Option(help="Public key for cloud-init's user; repeatable.", metavar="FILE"),
    ] = None,
    user_data: Annotated[
        Path | None, typer.Option(help="What cloud-init is to do.", metavar="FILE")
    ] = None,
    hostname: Annotated[
        str, typer.Option(help="Host name for cloud-init to set, instead of NAME.", metavar="NAME")
    ] = "",
    start: Annotated[
        bool, typer.Option("--start/--no-start", help="Start it, or only define it.")
    ] = True,
    json: Json = False,
) -> None:
    """Make a machine of a template: its disk is an overlay on the template's image.

    What is not given is as the template has it.
    """
    from builder.host.host import open_host
    from builder.model.clone import CloneOrder
    from builder.recipes.clone import clone
    from builder.registry.registry import Registry

    shared = context(ctx)
    order = CloneOrder(
        name=name,
        memory_mib=memory or 0,
        vcpus=vcpus or 0,
        network=network,
        firmware=firmware or "",
        secure_boot=secure_boot,
        tpm=tpm,
        disk_gib=disk_gib or 0,
        ssh_keys=tuple(ssh_key or ()),
        user_data=user_data,
        hostname=hostname,
        start=start,
    )
    with open_host(shared.settings, shared.monitor, needs=("store_pool",)) as host:
        registry = Registry(host.store_pool.path)
        with registry.locked():  # or a prune might take the template before the overlay names it
            made = clone(host, registry.find(reference), order, monitor=shared.monitor)
    rows = [
        ("template", f"{made.template} {made.version}"),
        ("disk", str(made.disk)),
        ("seed", str(made.seed or "none: it has no cloud-init")),
        ("state", "running" if made.running else "off"),
    ]
    typer.echo(to_json(made) if json else table(("machine", made.name), rows))
