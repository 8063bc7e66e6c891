"""Whether an image is still what its manifest says, and what a key's owner signed."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder import process
from builder.attest import dsse
from builder.attest.keys import identity
from builder.attest.signing import digest, lines
from builder.attest.statement import PAYLOAD_TYPE, PROVENANCE, Envelope, Statement
from builder.errors import TemplateError
from builder.model.template import Template
from builder.registry.image import refuse_parts
from builder.registry.registry import Registry, signatures

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_SHOWN = 80
"""Characters of what nobody vouches for."""
_UNFIT = "Do not use it: publish it again, or fetch it again from where it is kept."


def check_image(template: Template) -> str:
    """Return the image's sha256, after a look at every byte of it and at its structure.

    Raises TemplateError when it is not the manifest's, needs other files or qemu-img finds damage,
    HostError when it cannot be read.
    """
    refuse_parts(template)
    found = digest(template.path)
    if found != template.image.sha256:
        raise TemplateError(
            f"The image {template.path} has the sha256 {found}, its manifest says"
            f" {template.image.sha256}.",
            hint=_UNFIT,
        )
    done = process.run(["qemu-img", "check", "-q", "-f", "qcow2", template.path], check=False)
    if done.returncode:
        raise TemplateError(
            f"The structure of {template.path} is damaged: {process.failure(done).message}",
            hint=_UNFIT,
        )
    return found


def check_signature(template: Template, key: "Ed25519PublicKey", *, sha256: str) -> Path:
    """Return the bundle in which the key vouches for this image, by its real `sha256`, and for its
    manifest. Raises TemplateError that says which of all this is not so.
    """
    path = signatures(template)
    envelopes = _envelopes(path, template)
    vouched = [(each, body) for each in envelopes if (body := dsse.vouched(each, key)) is not None]
    if not vouched:
        raise _nobody(path, envelopes, identity(key))
    payloads = [body for each, body in vouched if each.payload_type == PAYLOAD_TYPE]
    if not payloads:
        raise TemplateError(
            f"The key signed a payload of the type {vouched[0][0].payload_type[:_SHOWN]} in {path},"
            f" not {PAYLOAD_TYPE}.",
            hint=_UNFIT,
        )
    known = [statement for each in payloads if (statement := _statement(each))]
    if not known:
        raise TemplateError(f"What the key signed in {path} is no provenance.", hint=_UNFIT)
    problems = [_mismatch(each, template, sha256) for each in known]
    if all(problems):
        raise TemplateError(problems[0], hint=_UNFIT)
    return path


def _envelopes(path: Path, template: Template) -> list[Envelope]:
    found = lines(path)
    if not found:
        word = f"{template.name}@{template.version}"
        ledger = Registry(path.parent).ledger(template.name)
        raise TemplateError(
            f"{template.name} {template.version} is not signed: there is no {path}.",
            hint="What is revoked gets no signature any more: take another version."
            if template.version in ledger.revoked
            else f"`builder template sign {shlex.quote(word)} --key KEY` signs it.",
        )
    envelopes = [envelope for line in found if (envelope := dsse.parse(line))]
    if not envelopes:
        raise TemplateError(f"{path} holds no whole envelope: it was cut or changed.", hint=_UNFIT)
    return envelopes


def _nobody(path: Path, envelopes: list[Envelope], ours: str) -> TemplateError:
    """A keyid proves nothing, but it tells a change from another signer."""
    named = [
        each.keyid[:_SHOWN] or "a nameless key"
        for envelope in envelopes
        for each in envelope.signatures
    ]
    if ours in named:
        return TemplateError(
            f"The signature in {path} is wrong: it or what it signs was changed.", hint=_UNFIT
        )
    return TemplateError(
        f"{path} is not signed by this key ({ours}), but by {', '.join(named) or 'nobody'}.",
        hint="Is --key the public key of who built the template?",
    )


def _statement(payload: bytes) -> Statement | None:
    try:
        statement = msgspec.json.decode(payload, type=Statement)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return statement if statement.predicate_type == PROVENANCE else None


def _mismatch(statement: Statement, template: Template, sha256: str) -> str:
    signed = {each.name: each.digest.get("sha256", "nothing") for each in statement.subject}
    names = {template.path.name: sha256, template.manifest.name: digest(template.manifest)}
    for name, found in names.items():
        if signed.get(name) != found:
            other = signed.get(name, "another file")
            return f"{name} is not what was signed: it has the sha256 {found}, signed was {other}."
    return ""
