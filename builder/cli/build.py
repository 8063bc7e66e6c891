"""builder build."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import (
    Artifacts,
    Context,
    Events,
    Medium,
    Variables,
    context,
    linked,
)
from builder.cli.output import size, table, to_json
from builder.cli.template.supply import Sign, keyring
from builder.errors import HostError, UsageError
from builder.model.release import MOST_GIB, MOST_MIB, MOST_VCPUS, Firmware
from builder.model.text import unbroken

if TYPE_CHECKING:
    from builder.model.build import BuildOrder
    from builder.model.template import Built
    from builder.recipes.preview import Preview


def build(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Release to install, such as centos7.")],
    *,
    kickstart: Annotated[
        Path | None, typer.Option(help="Kickstart at hand (.j2: a template), not the release's.")
    ] = None,
    profile: Annotated[str, typer.Option(help="Variation of the release.")] = "minimal",
    medium: Medium = "",
    iso: Annotated[Path | None, typer.Option(help="ISO at hand, instead of a download.")] = None,
    allow_unverified: Annotated[
        bool, typer.Option("--allow-unverified", help="Take the ISO of --iso whatever its sha256.")
    ] = False,
    sha256: Annotated[
        str, typer.Option(metavar="HEX", help="The sha256 that the ISO of --iso must have.")
    ] = "",
    firmware: Annotated[
        Firmware | None,
        typer.Option(
            help="How guests boot; hybrid is both.  [default: bios; with --secure-boot uefi]"
        ),
    ] = None,
    secure_boot: Annotated[
        bool, typer.Option("--secure-boot", help="Start only what is signed; by UEFI.")
    ] = False,
    tpm: Annotated[bool, typer.Option("--tpm", help="Give guests a TPM 2.0.")] = False,
    variables: Variables = None,
    root_password_file: Annotated[
        Path | None, typer.Option(help="File with root's password; without one root is locked.")
    ] = None,
    no_seal: Annotated[
        bool, typer.Option("--no-seal", help="Leave identity, logs and caches on the disk.")
    ] = False,
    waive: Annotated[
        list[str], typer.Option(metavar="CHECK", help="Publish although this check fails.")
    ] = [],  # noqa: B006  # typer copies it
    compat: Annotated[
        bool, typer.Option("--compat", help="Compress for QEMU before 5.1: slower, larger.")
    ] = False,
    sign: Sign = None,
    memory_mib: Annotated[int, typer.Option(min=0, max=MOST_MIB, help="Memory of the guest.")] = 0,
    vcpus: Annotated[int, typer.Option(min=0, max=MOST_VCPUS, help="Processors of the guest.")] = 0,
    disk_gib: Annotated[
        int, typer.Option(min=0, max=MOST_GIB, help="Size of the template's disk.")
    ] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Build even when nothing changed.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave a failed guest for a look inside.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan, the kickstart and the domain.")
    ] = False,
    events: Events = None,
    artifacts: Artifacts = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Build a template: install NAME unattended, prove that it boots, publish it.

    Sizes of 0 mean what the release recommends.
    """
    from builder.host.host import open_host
    from builder.recipes.build import build as run
    from builder.recipes.order import Request, pairs, resolve
    from builder.recipes.unused import refuse_unused
    from builder.recipes.work import BuildOptions

    given = pairs(variables or [])
    if no_seal and given.get("seal", "false") != "false":
        raise UsageError("--no-seal and --set seal contradict each other.", hint="Leave one out.")
    order = resolve(
        Request(
            release=name,
            kickstart=kickstart,
            profile=profile,
            medium=medium,
            firmware=firmware,
            secure_boot=secure_boot,
            tpm=tpm,
            iso=iso,
            allow_unverified=allow_unverified,
            sha256=sha256,
            variables=given | ({"seal": "false"} if no_seal else {}),
            root_password_file=root_password_file,
            compression="zlib" if compat else "zstd",
            waive=tuple(waive),
            memory_mib=memory_mib,
            vcpus=vcpus,
            disk_gib=disk_gib,
        ),
        context(ctx).library,
    )
    refuse_unused(order, root_password=root_password_file is not None)
    keys, monitor = keyring(sign), context(ctx).monitor
    if dry_run:
        _preview(order, context(ctx), json=json)
        return
    options = BuildOptions(
        force=force, keep=keep, events=events, sign=sign.absolute() if sign else None
    )
    with open_host(linked(context(ctx), artifacts).settings, monitor) as host:
        built = run(order, host=host, options=options, keyring=keys, monitor=monitor)
    tell(built, json=json)


def _preview(order: "BuildOrder", context: Context, *, json: bool) -> None:
    """Print what a build would do and what speaks against it; raise the first problem."""
    from builder.monitor import SilentMonitor
    from builder.recipes.preview import preview
    from builder.recipes.remarks import refuse

    shown = preview(order, context.settings, monitor=context.monitor)
    typer.echo(to_json(shown) if json else _plan(shown))
    refuse(shown.preflight, monitor=SilentMonitor())  # what else there is was printed


def _plan(shown: "Preview") -> str:
    seen = [
        (each.state, each.subject, unbroken(f"{each.detail} {each.hint}"))
        for each in shown.preflight
    ]
    rows = "\n".join(f"{number}. {step}" for number, step in enumerate(shown.steps, start=1))
    text = f"# preflight\n{table(('', '', ''), seen).lstrip()}"
    if not shown.steps:
        return text
    return (
        f"{text}\n\n# plan\n{rows}\n\n# kickstart\n{shown.kickstart}\n# domain\n{shown.domain_xml}"
    )


def tell(built: "Built", *, json: bool) -> None:
    """Print what a build came to. Where that fails, the error tells that there is a template."""
    try:
        typer.echo(to_json(built) if json else summary(built))
    except HostError as error:
        known = f"{built.template.name}@{built.template.version}"
        raise HostError(
            f"The template {known} is published. {error.message}",
            hint=f"`builder template show {shlex.quote(known)}` tells what is known of it.",
        ) from error


def summary(built: "Built") -> str:
    """Return what a build came to, as lines for people."""
    template = built.template
    verdict = "published" if built.fresh else "kept"
    facts = [
        ("template", f"{template.name} {template.version} ({verdict})"),
        *([("reason", built.reason)] if built.reason else ()),
        ("path", str(template.path)),
        *([("folder", str(built.folder))] if built.folder else ()),
        ("virtual size", size(template.image.virtual_size)),
        ("real size", size(template.image.size)),
        ("sha256", template.image.sha256),
    ]
    times = [(step.step, f"{step.seconds:.1f} s") for step in built.steps]
    if built.fresh:
        times.append(("all steps", f"{sum(step.seconds for step in built.steps):.1f} s"))
    return table(("", ""), [*facts, *times]).lstrip("\n")
