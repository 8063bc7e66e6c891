"""How a template came to be, from its manifest alone: an in-toto Statement, SLSA provenance v1."""

import hashlib

from builder.attest.statement import (
    BuildDefinition,
    Builder,
    Metadata,
    Provenance,
    Resource,
    RunDetails,
    Statement,
)
from builder.model.media import Voucher
from builder.model.template import Manifest, Template
from builder.registry.registry import parsed

BUILD_TYPE = "urn:builder:template:v1"
"""What the parameters mean: those of `builder build`, as HACKING.md has them."""
_BUILDER = "urn:builder"


def provenance(template: Template) -> Statement:
    """Return the provenance of the template, whose subjects are its image and its manifest.

    The image's digest is the manifest's: whoever signs the statement has to check it.
    Raises TemplateError when the manifest cannot be read.
    """
    manifest, data = parsed(template)
    return statement(manifest, image=template.image.sha256, manifest_sha256=_sha256(data))


def statement(manifest: Manifest, *, image: str, manifest_sha256: str) -> Statement:
    """Return what the manifest says, in the words of SLSA; digests are sha256 in hex."""
    stem = f"{manifest.name}-{manifest.version}"
    return Statement(
        subject=(
            Resource(name=f"{stem}.qcow2", digest={"sha256": image}),
            # With it everything is signed that is known of the image: packages, audit, times.
            Resource(name=f"{stem}.json", digest={"sha256": manifest_sha256}),
        ),
        predicate=Provenance(build_definition=_definition(manifest), run_details=_run(manifest)),
    )


def _definition(manifest: Manifest) -> BuildDefinition:
    machine = manifest.machine
    return BuildDefinition(
        build_type=BUILD_TYPE,
        external_parameters={
            "release": manifest.release,
            "profile": manifest.profile,
            "medium": manifest.medium,
            "firmware": manifest.boots,
            "secureBoot": machine.secure_boot,
            "tpm": machine.tpm,
            "memoryMib": machine.memory_mib,
            "vcpus": machine.vcpus,
            "diskBytes": manifest.image.virtual_size if manifest.image else 0,
            "variables": manifest.variables,
        },
        internal_parameters={
            "buildKey": manifest.build_key,
            "osinfo": machine.osinfo,
            "virtType": machine.virt_type,
            "cpu": machine.cpu,
            "network": machine.network,
            "compression": manifest.compression,
        },
        resolved_dependencies=(
            Resource(
                name=manifest.iso,
                uri=manifest.iso_url,
                digest={"sha256": manifest.iso_sha256},
                annotations=_vouched(manifest.iso_voucher),
            ),
            # As it is in the manifest and in the build's folder: with its passwords masked.
            Resource(name="kickstart.ks", digest={"sha256": _sha256(manifest.kickstart.encode())}),
        ),
    )


def _vouched(voucher: Voucher) -> dict[str, str]:
    """Return how the ISO was verified, and what proves it."""
    told = {
        "verification": voucher.state,
        "checksums": voucher.source,
        "signedBy": voucher.key,
    }
    return {key: text for key, text in told.items() if text}


def _run(manifest: Manifest) -> RunDetails:
    return RunDetails(
        builder=Builder(id=_BUILDER, version=manifest.tools),
        metadata=Metadata(
            invocation_id=manifest.build_id,
            started_on=manifest.created,
            finished_on=manifest.finished,
        ),
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
