"""Keys: what is written is read back, what is no key is refused with a sentence."""

import base64

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


def identity(name: str = "matcher-01") -> Identity:
    return Identity(name, SigningKey.generate().public, OpeningKey.generate().public)


def test_keys_that_were_replaced_count_until_their_day_and_come_back_from_the_file() -> None:
    first, second, third = identity(), identity(), identity()

    now = third.succeeding(second.succeeding(first, 100), 200)

    assert Identity.from_json(now.to_json()) == now
    assert now.signing_keys(99) == [third.verify, second.verify, first.verify]
    assert now.signing_keys(100) == [third.verify, second.verify]
    assert now.signing_keys(200) == [third.verify]
    assert now.seal == third.seal


def test_an_identity_without_earlier_keys_is_written_as_it_always_was() -> None:
    assert b"earlier" not in identity().to_json()


def test_who_replaces_the_sealing_key_alone_keeps_one_signing_key() -> None:
    first = identity()
    second = Identity(first.name, first.verify, OpeningKey.generate().public)

    assert second.succeeding(first, 100).earlier == ()


def test_keys_of_another_name_or_too_many_are_refused() -> None:
    with pytest.raises(KeyFormatError, match="are none of"):
        identity().succeeding(identity("kiosk-02"), 100)
    now = identity()
    for _ in range(4):
        now = identity().succeeding(now, 100)
    with pytest.raises(KeyFormatError, match="too many earlier keys"):
        identity().succeeding(now, 100)


def of_an_unknown_curve(encoded: bytes) -> bytes:
    """The same key, said to be on a curve that no library knows."""
    return encoded.replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d03017f"))


def test_a_key_on_a_curve_that_nobody_knows_is_refused(
    signer: SigningKey, opener: OpeningKey
) -> None:
    private = serialization.load_pem_private_key(signer.to_pem(), None).private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    lines = base64.encodebytes(of_an_unknown_curve(private))
    pem = b"-----BEGIN PRIVATE KEY-----\n" + lines + b"-----END PRIVATE KEY-----\n"
    public = signer.public.encoded
    whole = Identity("kiosk-01", signer.public, opener.public).to_json()
    strange = whole.replace(base64.b64encode(public), base64.b64encode(of_an_unknown_curve(public)))

    assert strange != whole
    with pytest.raises(KeyFormatError):
        SigningKey.from_pem(pem)
    with pytest.raises(KeyFormatError):
        VerifyKey(of_an_unknown_curve(public))
    with pytest.raises(KeyFormatError):
        Identity.from_json(strange)


@pytest.mark.parametrize("name", [b"\xff", b"\\ud800"])
def test_an_identity_whose_name_is_no_text_is_refused(name: bytes) -> None:
    whole = identity("kiosk-01").to_json()

    with pytest.raises(KeyFormatError):
        Identity.from_json(whole.replace(b"kiosk-01", name))


@pytest.mark.parametrize("share", [bytes(32), b"\1" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"])
def test_a_sealing_key_to_which_nothing_can_be_sealed_is_refused(
    opener: OpeningKey, share: bytes
) -> None:
    with pytest.raises(KeyFormatError):
        SealKey(opener.public.encoded[:-32] + share)
