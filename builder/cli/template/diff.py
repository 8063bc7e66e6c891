"""builder template diff."""

from typing import TYPE_CHECKING

import typer

from builder.cli.context import Json, context
from builder.cli.output import size, table, to_json
from builder.cli.template.shared import Reference, registry

if TYPE_CHECKING:
    from builder.registry.diff import Difference, Numbers


def diff(ctx: typer.Context, before: Reference, after: Reference, *, json: Json = False) -> None:
    """Show what changed from one template to another.

    Packages, sizes, times, inputs, outcomes of checks, and the kickstart.
    """
    from builder.registry.diff import compare
    from builder.registry.listing import look_at
    from builder.registry.registry import manifest

    shared = context(ctx)
    there = registry(shared)
    old, new = (manifest(look_at(there, each, monitor=shared.monitor)) for each in (before, after))
    found = compare(old, new)
    typer.echo(to_json(found) if json else "\n\n".join(_sections(found)))


def _sections(found: "Difference") -> list[str]:
    blocks = [
        table(("", found.before, found.after), _rows(found.numbers)),
        _block("inputs and machine", [_arrow(x.what, x.before, x.after) for x in found.facts]),
        _block("checks", [_arrow(x.what, x.before, x.after) for x in found.findings]),
        _block("packages added", [f"{x.name} {x.after} {x.arch}" for x in found.added]),
        _block("packages removed", [f"{x.name} {x.before} {x.arch}" for x in found.removed]),
        _block("packages updated", [_arrow(x.name, x.before, x.after) for x in found.updated]),
        "\n".join(found.kickstart),
    ]
    return [each for each in blocks if each]


def _rows(numbers: "Numbers") -> list[tuple[str, ...]]:
    return [
        ("real size", *map(size, numbers.size)),
        ("virtual size", *map(size, numbers.virtual_size)),
        ("installation", *(f"{each:.1f} s" if each else "?" for each in numbers.install_seconds)),
        ("clone's boot", *(f"{each:.1f} s" if each else "?" for each in numbers.boot_seconds)),
    ]


def _block(title: str, lines: list[str]) -> str:
    return "\n".join((f"{title}:", *(f"  {line}" for line in lines))) if lines else ""


def _arrow(what: str, before: str, after: str) -> str:
    return f"{what}: {before or 'none'} -> {after or 'none'}"
