"""builder template sbom, provenance, sign, verify: what is in an image, and where it comes from."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli.context import Context, Replace, context, written
from builder.cli.output import size, to_json
from builder.cli.streams import document
from builder.cli.template.audit import findings
from builder.cli.template.shared import Reference, registry
from builder.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from builder.attest.keys import Keyring
    from builder.model.template import Template

Sign = Annotated[
    Path | None, typer.Option(metavar="KEY", help="Sign the template with this ed25519 key.")
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        parser=written,
        help="Write it there; - is standard output.",
    ),
]


def sbom(
    ctx: typer.Context, reference: Reference, *, output: Output = None, force: Replace = False
) -> None:
    """Print what is in a template, as CycloneDX JSON."""
    from builder.attest.sbom import sbom as bill
    from builder.registry.listing import look_at
    from builder.registry.registry import manifest

    shared, place = context(ctx), _place(output, force=force)
    _give(bill(manifest(look_at(registry(shared), reference, monitor=shared.monitor))), place)


def provenance(
    ctx: typer.Context, reference: Reference, *, output: Output = None, force: Replace = False
) -> None:
    """Print how a template came to be, as an in-toto Statement with SLSA provenance."""
    from builder.attest.provenance import provenance as tell
    from builder.registry.listing import look_at

    shared, place = context(ctx), _place(output, force=force)
    found = tell(look_at(registry(shared), reference, monitor=shared.monitor))
    _give(to_json(found) + "\n", place)


def sign(
    ctx: typer.Context,
    reference: Reference,
    *,
    key: Annotated[Path, typer.Option(metavar="KEY", help="Private ed25519 key: PEM or OpenSSH.")],
) -> None:
    """Sign a template's provenance; BUILDER_SIGN_PASSPHRASE opens a key that is encrypted."""
    from builder.attest import keys, signing

    shared = context(ctx)
    private = keys.private(key, passphrase=lambda: _passphrase(key))
    template = registry(shared).find(reference)
    with shared.monitor.step(f"Signing {template.path.name}"):
        path = signing.sign(
            template, private, builds=shared.settings.builds, monitor=shared.monitor
        )
    shared.monitor.tell("note", f"signed by {keys.identity(private.public_key())}: {path}")


def verify(
    ctx: typer.Context,
    reference: Reference,
    *,
    signature: Annotated[
        bool, typer.Option("--signature", help="Also check who signed it, and what.")
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(metavar="PUB", help="Public key to trust, instead of trusted_key's."),
    ] = None,
    boot: Annotated[
        bool, typer.Option("--boot", help="Also boot two clones, as its build did.")
    ] = False,
) -> None:
    """Check that a template's image is whole, and the one that its manifest tells of."""
    from builder.attest import keys, trust
    from builder.registry.listing import look_at

    shared = context(ctx)
    trusted = keys.public(_trusted(shared, key)) if signature or key else None
    template = look_at(registry(shared), reference, monitor=shared.monitor)
    with shared.monitor.step(f"Reading {template.path.name}"):
        found = trust.check_image(template)
        where = trust.check_signature(template, trusted, sha256=found) if trusted else None
    typer.echo(f"{template.name} {template.version}: the image is whole, its sha256 {found}")
    if trusted:
        typer.echo(f"signed by {keys.identity(trusted)}: {where}")
    if boot:
        _boot(shared, template)


def _boot(shared: Context, template: "Template") -> None:
    from builder.host.host import open_host
    from builder.proof.checks import refuse
    from builder.recipes.audit import boot_template

    with (
        open_host(shared.settings, shared.monitor, needs=("store_pool",)) as host,
        shared.monitor.step(f"Booting two clones of {template.path.name}"),
    ):
        found = boot_template(template, host=host, monitor=shared.monitor)
    typer.echo(findings(found))
    refuse(found)


def keyring(key: Path | None) -> "Keyring":
    """Return a keyring with the key of a file, which is read at once, before anything is done."""
    from builder.attest import keys

    if key is None:
        return keys.EMPTY
    read = keys.private(key, passphrase=lambda: _passphrase(key))
    return keys.Keyring({key.absolute(): read.private_bytes_raw()})


def _passphrase(key: Path) -> str:
    from builder.attest import keys

    if os.environ.get(keys.PASSPHRASE) or not sys.stdin.isatty():
        return keys.from_environment(key)
    try:
        said: str = typer.prompt(f"Passphrase of {key}", hide_input=True, err=True)
    except UnicodeDecodeError as error:
        raise ConfigError(
            "What was typed is no text in UTF-8.",
            hint=f"{keys.PASSPHRASE} may hold any bytes.",
        ) from error
    return said


def _trusted(shared: Context, key: Path | None) -> Path:
    if path := key or shared.settings.trusted_key:
        return path
    raise UsageError(
        "Whose signature is to be verified?",
        hint="Give --key PUB, or set trusted_key in builder.toml.",
    )


def _place(output: Path | None, *, force: bool) -> Path | None:
    """Return the file to write; None for standard output."""
    from builder.paths import targets

    if output is None or str(output) in ("-", "/dev/stdout"):
        return None
    return targets.target(output, force=force)


def _give(text: str, output: Path | None) -> None:
    from builder import files

    if output is None:
        document(text)
        return
    with files.replacing(output, mode=0o644) as part:
        part.write_text(text, encoding="utf-8")
    typer.echo(f"{output}: {size(output.stat().st_size)}")
