"""What is attested of a template: in-toto Statements with SLSA provenance, in DSSE envelopes.

https://github.com/in-toto/attestation/tree/main/spec/v1, https://slsa.dev/spec/v1.0/provenance,
https://github.com/secure-systems-lab/dsse
"""

import msgspec

STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"


class Resource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something with a digest; in-toto's ResourceDescriptor."""

    name: str = ""
    uri: str = ""
    digest: dict[str, str] = {}
    annotations: dict[str, str] = {}


class BuildDefinition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was to be built."""

    build_type: str
    external_parameters: dict[str, object]
    """What the user decides."""
    internal_parameters: dict[str, object]
    """What follows from the release and the host."""
    resolved_dependencies: tuple[Resource, ...]


class Builder(msgspec.Struct, frozen=True, kw_only=True):
    """Who built it."""

    id: str
    version: dict[str, str]


class Metadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """When it was built; RFC 3339, UTC."""

    invocation_id: str
    started_on: str
    finished_on: str = ""


class RunDetails(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the build."""

    builder: Builder
    metadata: Metadata


class Provenance(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How something came to be."""

    build_definition: BuildDefinition
    run_details: RunDetails


class Statement(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={"predicate_type": "predicateType"},
    tag_field="_type",
    tag=STATEMENT,
):
    """Provenance of one image and its manifest."""

    subject: tuple[Resource, ...]
    predicate_type: str = PROVENANCE
    predicate: Provenance


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature; `keyid` is a help to find the key, and proves nothing."""

    keyid: str = ""
    sig: str


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename={"payload_type": "payloadType"}):
    """A payload and who signed it; binary data in base64."""

    payload_type: str
    payload: str
    signatures: tuple[Signature, ...]
