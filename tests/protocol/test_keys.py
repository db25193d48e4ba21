"""Keys: what is written is read back, what is no key is refused with a sentence."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from greenline.protocol.errors import ForgedError, KeyFormatError, MalformedError
from greenline.protocol.keys import Identity, OpeningKey, SealKey, SigningKey, VerifyKey


def test_a_signing_key_comes_back_from_its_pem(signer: SigningKey) -> None:
    again = SigningKey.from_pem(signer.to_pem())

    signer.public.verify(again.sign(b"message"), b"message")
    assert again.public == signer.public


def test_a_signature_of_something_else_is_forged(signer: SigningKey) -> None:
    with pytest.raises(ForgedError):
        signer.public.verify(signer.sign(b"message"), b"another message")


def test_an_empty_signature_is_forged(signer: SigningKey) -> None:
    with pytest.raises(ForgedError):
        signer.public.verify(bytes(64), b"message")


def test_an_opening_key_comes_back_from_its_bytes(opener: OpeningKey) -> None:
    again = OpeningKey.from_bytes(opener.to_bytes())

    assert again.public == opener.public


@pytest.mark.parametrize("data", [b"", b"x" * 95, b"x" * 97])
def test_a_wrong_length_is_no_opening_key(data: bytes) -> None:
    with pytest.raises(KeyFormatError):
        OpeningKey.from_bytes(data)


def test_another_curve_is_refused() -> None:
    pem = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

    with pytest.raises(KeyFormatError, match="P-256"):
        SigningKey.from_pem(pem)


@pytest.mark.parametrize("data", [b"", b"-----BEGIN PRIVATE KEY-----\n", b"\xff" * 100])
def test_noise_is_no_signing_key(data: bytes) -> None:
    with pytest.raises(KeyFormatError):
        SigningKey.from_pem(data)
    with pytest.raises(KeyFormatError):
        VerifyKey(data)


def test_noise_is_no_public_sealing_key() -> None:
    with pytest.raises(KeyFormatError):
        SealKey(b"\xff" * 1216)


def test_an_identity_comes_back_from_its_file(signer: SigningKey, opener: OpeningKey) -> None:
    identity = Identity("kiosk-01", signer.public, opener.public)

    assert Identity.from_json(identity.to_json()) == identity


def test_an_identity_file_holds_no_secret(signer: SigningKey, opener: OpeningKey) -> None:
    data = Identity("kiosk-01", signer.public, opener.public).to_json()

    assert b"PRIVATE" not in data
    assert opener.to_bytes()[:32].hex().encode() not in data


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"name":"k","more":1}', b"\xff"])
def test_a_broken_identity_file_is_refused(data: bytes) -> None:
    with pytest.raises(KeyFormatError):
        Identity.from_json(data)


def test_a_name_that_could_leave_its_topic_is_refused(
    signer: SigningKey, opener: OpeningKey
) -> None:
    hostile = Identity("kiosk/+/#", signer.public, opener.public).to_json()

    with pytest.raises(MalformedError):
        Identity.from_json(hostile)
