"""Envelopes with a payload and its signatures: https://github.com/secure-systems-lab/dsse."""

import base64
from typing import TYPE_CHECKING

import msgspec

from builder.attest.keys import PrivateKey, identity
from builder.attest.statement import PAYLOAD_TYPE, Envelope, Signature

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PublicKey,
    )


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed: both parts, each after its length, so that none leaks."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def enclose(payload: bytes, key: PrivateKey) -> Envelope:
    """Return an envelope with an in-toto payload and the key's signature."""
    made = key.sign(pae(PAYLOAD_TYPE, payload))
    return Envelope(
        payload_type=PAYLOAD_TYPE,
        payload=base64.b64encode(payload).decode(),
        signatures=(
            Signature(keyid=identity(key.public_key()), sig=base64.b64encode(made).decode()),
        ),
    )


def parse(line: bytes) -> Envelope | None:
    """Return the envelope in a line of a bundle; None for anything else, which is passed over."""
    try:
        return msgspec.json.decode(line, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def vouched(envelope: Envelope, key: "Ed25519PublicKey") -> bytes | None:
    """Return the payload if one of the signatures is the key's; whatever a keyid says."""
    from cryptography.exceptions import InvalidSignature

    try:
        payload = _decode(envelope.payload)
    except ValueError:
        return None
    for signature in envelope.signatures:
        try:
            key.verify(_decode(signature.sig), pae(envelope.payload_type, payload))
        except (InvalidSignature, ValueError):
            continue
        return payload
    return None


def _decode(text: str) -> bytes:
    """Either alphabet of base64 is allowed. Raises ValueError."""
    return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
