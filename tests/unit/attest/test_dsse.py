"""Envelopes, with the protocol's own vectors, whose keys are those of RFC 8032, section 7.1."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from builder.attest import dsse
from builder.attest.keys import identity
from builder.attest.statement import PAYLOAD_TYPE, Envelope, Signature

A = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
B = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
)
STATEMENT = b'{"_type":"https://in-toto.io/Statement/v1"}'
PAYLOAD = "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEifQ=="
BY_A = "2WAfaHm5jluo0w+0rk8uVkluELJYWjSmU9x7EUzx+AyteDGJ4/nqyJXfmAUVFIAoQafWm7AxBZNw5M9ixNHiCA=="
BY_B = "c1+67/aT0yqEpwx8PsVY3MLHsj9D0CZ014/Fv/QlG59P+9CobUZ7xECJ/V3USG0Ob9CiE5LjReEZUzNF2l7eBw=="


def envelope(payload: str, *signatures: str, kind: str = PAYLOAD_TYPE) -> Envelope:
    return Envelope(
        payload=payload, payload_type=kind, signatures=tuple(Signature(sig=s) for s in signatures)
    )


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        (
            "http://example.com/HelloWorld",
            b"hello world",
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world",
        ),
        ("exämple", b"", b"DSSEv1 8 ex\xc3\xa4mple 0 "),
        ("", b"x", b"DSSEv1 0  1 x"),
    ],
)
def test_what_is_signed(kind: str, payload: bytes, expected: bytes) -> None:
    assert dsse.pae(kind, payload) == expected


@pytest.mark.parametrize(
    ("held", "payload"),
    [
        (envelope(PAYLOAD, BY_A), STATEMENT),
        (envelope(PAYLOAD, BY_B, "", "no base64!", BY_A), STATEMENT),
        (
            envelope(
                "-_-_Pj8=",
                "P-_KHICeR7tI6S_YyejJTRtrXhcQyQ2LYPaL8h90KjC9qN8HU_svOQ6TuDOT1HIrsGW886DbWNWcCmX5twLrAw==",
            ),
            b"\xfb\xff\xbf>?",
        ),
        (
            envelope(
                PAYLOAD,
                "xmSk/ug66ysT7ayhkCIjhAq42zgZXSsEWuzUaNL7w2eGAdF/NU6/fRXPtmfN+5DNSAs5/i2lUnHjbbjPsu0tAw==",
                kind="application/vnd.exämple+json",
            ),
            STATEMENT,
        ),
        (envelope(PAYLOAD, BY_B), None),
        (envelope(PAYLOAD, BY_A, kind="application/vnd.example.other+json"), None),
        (envelope(PAYLOAD.replace("e", "f"), BY_A), None),
        (envelope(PAYLOAD[:-1], BY_A), None),
        (envelope("no base64!", BY_A), None),
        (envelope(PAYLOAD, BY_A[:-4]), None),
        (envelope(PAYLOAD), None),
    ],
)
def test_whether_a_vouches(held: Envelope, payload: bytes | None) -> None:
    assert dsse.vouched(held, A.public_key()) == payload


def test_what_is_enclosed_is_the_vector() -> None:
    made = dsse.enclose(STATEMENT, A)
    keyid = identity(A.public_key())
    signed = Signature(keyid=keyid, sig=BY_A)
    assert made == Envelope(payload_type=PAYLOAD_TYPE, payload=PAYLOAD, signatures=(signed,))


@given(st.binary())
def test_no_line_of_a_bundle_raises(line: bytes) -> None:
    dsse.parse(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b'{"payload":"","payloadType":""}',
        b'{"payload":"","payloadType":"","signatures":[{}]}',
        b'{"payload":7,"payloadType":"","signatures":[]}',
        b'"\xff"',
        b'{"x":' + b"[" * 60000,
    ],
    ids=lambda line: line[:40],
)
def test_what_is_no_envelope(line: bytes) -> None:
    assert dsse.parse(line) is None
