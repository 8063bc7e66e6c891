"""builder template show."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import Json, context
from builder.cli.output import size, table, to_json
from builder.cli.streams import document
from builder.cli.template.shared import Reference, registry
from builder.errors import UsageError

if TYPE_CHECKING:
    from builder.model.audit import Finding
    from builder.model.template import Manifest
    from builder.registry.listing import Status


def show(
    ctx: typer.Context,
    reference: Reference,
    *,
    packages: Annotated[
        bool, typer.Option("--packages", help="Only its packages, one a line.")
    ] = False,
    kickstart: Annotated[bool, typer.Option("--kickstart", help="Only its kickstart.")] = False,
    json: Json = False,
) -> None:
    """Show what is known of a template, also of one that is revoked or damaged.

    Exit code 9 when it is damaged.
    """
    from builder.registry.listing import described, look_at

    if packages + kickstart + json > 1:
        raise UsageError(
            "--packages, --kickstart and --json exclude each other.", hint="--json has it all."
        )
    shared = context(ctx)
    there = registry(shared)
    status, manifest, history = described(there, reference, monitor=shared.monitor)
    if packages and manifest:
        lines = (f"{each.name} {each.version} {each.arch}".rstrip() for each in manifest.packages)
        typer.echo("".join(f"{line}\n" for line in lines), nl=False)
    elif kickstart and manifest:
        document(manifest.kickstart)
    elif json:
        typer.echo(to_json({"template": status, "history": history, "manifest": manifest}))
    elif not packages and not kickstart:
        rows = [*_facts(status), *(_recorded(manifest) if manifest else ())]
        typer.echo(table(("", ""), [row for row in rows if row[1]]).lstrip("\n"))
    if status.damaged:
        # Which says what to do.
        look_at(there, f"{status.name}@{status.version}", monitor=shared.monitor)


def _dated(moment: str) -> str:
    from builder.registry.listing import age

    old = age(moment)
    return f"{moment} ({old} ago)" if old else moment


def _facts(status: "Status") -> list[tuple[str, str]]:
    image = status.image
    return [
        ("template", f"{status.name} {status.version}"),
        ("unreadable" if status.unreadable else "damaged", status.damaged),
        ("revoked", status.revoked),
        ("channels", " ".join(status.channels)),
        ("build began", _dated(status.created)),
        ("published", _dated(status.finished)),
        ("path", str(status.path)),
        ("manifest", str(status.manifest)),
        ("virtual size", size(image.virtual_size) if image else ""),
        ("real size", size(image.size) if image else ""),
        ("sha256", image.sha256 if image else ""),
    ]


def _recorded(manifest: "Manifest") -> list[tuple[str, str]]:
    from builder.model.text import duration

    machine = manifest.machine
    return [
        ("compression", manifest.compression or "none"),
        ("release", f"{manifest.release}, profile {manifest.profile}, medium {manifest.medium}"),
        ("ISO", manifest.iso),
        ("ISO's sha256", manifest.iso_sha256),
        ("ISO verified", str(manifest.iso_voucher) or "not recorded"),
        (
            "machine",
            f"{machine.memory_mib} MiB, {machine.vcpus} vCPU, {machine.start}, {machine.cpu}",
        ),
        ("boots with", "BIOS and UEFI" if manifest.boots == "hybrid" else manifest.boots.upper()),
        ("build", manifest.build_id),
        ("build key", manifest.build_key),
        ("packages", str(len(manifest.packages))),
        *_findings("audit", manifest.audit),
        *_findings("clones", manifest.clones),
        ("clone's boot", duration(manifest.boot_seconds)),
        *((each.step, duration(each.seconds)) for each in manifest.steps),
    ]


def _findings(title: str, findings: "Iterable[Finding]") -> list[tuple[str, str]]:
    from builder.registry.diff import outcome

    known = tuple(findings)
    passed = sum(each.passed for each in known)
    summary = f"{passed} of {len(known)} checks passed" if known else "not done"
    rest = [("", f"{each.check}: {outcome(each)}") for each in known if not each.passed]
    return [(title, summary), *rest]
