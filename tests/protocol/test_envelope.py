"""The envelope: what is sealed comes back, and nothing that was touched does."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.protocol.envelope import (
    MAX_ENVELOPE_BYTES,
    SEAL_OVERHEAD_BYTES,
    Envelope,
    EnvelopeKind,
    Header,
    Lane,
    seal,
)
from greenline.protocol.errors import ForgedError, MalformedError, ProtocolError, WrongKeyError
from greenline.protocol.keys import OpeningKey, SigningKey

HEADER_BYTES = 92
SIGNATURE_BYTES = 64


def test_a_sealed_body_comes_back(header: Header, signer: SigningKey, opener: OpeningKey) -> None:
    sent = seal(header, b"a body", opener.public, signer)

    arrived = Envelope.from_bytes(sent.to_bytes())
    arrived.verify(signer.public)

    assert arrived.open(opener) == b"a body"
    expected = dataclasses.replace(header, signer=signer.public.id, recipient=opener.public.id)
    assert arrived.header == expected


def test_the_overhead_is_what_the_documentation_says(
    header: Header, signer: SigningKey, opener: OpeningKey
) -> None:
    size = len(seal(header, b"x" * 100, opener.public, signer).to_bytes())

    assert size == HEADER_BYTES + 100 + SEAL_OVERHEAD_BYTES + SIGNATURE_BYTES


def test_the_header_lies_where_the_documentation_says(
    header: Header, signer: SigningKey, opener: OpeningKey
) -> None:
    data = seal(header, b"", opener.public, signer).to_bytes()

    assert data[:HEADER_BYTES] == (
        b"GLN1"
        + bytes([EnvelopeKind.REQUEST, Lane.PERSON_WAITING, 0, 0])
        + bytes(range(16))
        + b"kiosk-01".ljust(32, b"\0")
        + (1_000).to_bytes(8)
        + (2_000).to_bytes(8)
        + signer.public.id
        + opener.public.id
        + SEAL_OVERHEAD_BYTES.to_bytes(4)
    )


def test_a_change_of_any_single_byte_is_noticed(
    header: Header, signer: SigningKey, opener: OpeningKey
) -> None:
    data = seal(header, b"a body", opener.public, signer).to_bytes()

    def is_accepted(changed: bytes) -> bool:
        try:
            envelope = Envelope.from_bytes(changed)
            envelope.verify(signer.public)
            envelope.open(opener)
        except ProtocolError:
            return False
        return True

    accepted = [
        place
        for place in range(len(data))
        if is_accepted(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    ]
    assert accepted == []


def test_a_changed_header_breaks_the_seal_even_when_it_is_signed_anew(
    header: Header, signer: SigningKey, opener: OpeningKey
) -> None:
    honest = seal(header, b"a body", opener.public, signer)
    later = dataclasses.replace(header, expires_ms=9_999)
    resigned = seal(later, b"", opener.public, signer)
    grafted = Envelope(resigned.header, honest.sealed, resigned.signature)

    with pytest.raises(ForgedError):
        grafted.open(opener)


def test_another_signer_is_named_as_the_wrong_key(
    header: Header, signer: SigningKey, opener: OpeningKey
) -> None:
    envelope = seal(header, b"a body", opener.public, signer)

    with pytest.raises(WrongKeyError):
        envelope.verify(SigningKey.generate().public)


def test_a_thief_who_claims_the_key_id_cannot_sign(
    header: Header, signer: SigningKey, opener: OpeningKey
) -> None:
    stolen = seal(header, b"a body", opener.public, SigningKey.generate())
    claimed = dataclasses.replace(
        stolen, header=dataclasses.replace(stolen.header, signer=signer.public.id)
    )

    with pytest.raises(ForgedError):
        claimed.verify(signer.public)


def test_another_recipient_cannot_open(
    header: Header, signer: SigningKey, opener: OpeningKey
) -> None:
    envelope = seal(header, b"a body", opener.public, signer)

    with pytest.raises(WrongKeyError):
        envelope.open(OpeningKey.generate())


def test_every_cut_is_malformed(header: Header, signer: SigningKey, opener: OpeningKey) -> None:
    data = seal(header, b"a body", opener.public, signer).to_bytes()

    for length in range(len(data)):
        with pytest.raises(MalformedError):
            Envelope.from_bytes(data[:length])


@given(st.binary(max_size=400))
def test_noise_is_malformed(noise: bytes) -> None:
    with pytest.raises(MalformedError):
        Envelope.from_bytes(noise)


@given(st.binary(min_size=88, max_size=300))
def test_noise_behind_the_right_beginning_stays_in_our_errors(noise: bytes) -> None:
    with pytest.raises(MalformedError):
        Envelope.from_bytes(b"GLN1\x01\x00\x00\x00" + noise)


def test_an_oversized_envelope_is_refused_before_it_is_read() -> None:
    with pytest.raises(MalformedError, match="cannot be an envelope"):
        Envelope.from_bytes(bytes(MAX_ENVELOPE_BYTES + 1))


def test_two_seals_of_one_body_differ(
    header: Header, signer: SigningKey, opener: OpeningKey
) -> None:
    first = seal(header, b"a body", opener.public, signer)
    second = seal(header, b"a body", opener.public, signer)

    assert first.sealed != second.sealed
