"""Keys and identities, as files and in messages."""

import base64

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.fuzz import samples
from bench.fuzz.target import BrokenError, Prepared, Target, comes_back, reads_back
from greenline.protocol.enrolment import (
    Place,
    Registration,
    decode_place,
    decode_registration,
)
from greenline.protocol.envelope import seal
from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import Earlier, Identity, OpeningKey, SealKey, SigningKey, VerifyKey

JSON = (msgspec.json.decode, msgspec.json.encode)
_FINGERPRINT = bytes(32)
# Object identifiers, in DER: curves, key kinds, hashes, algorithms that the library may not know.
OIDS = tuple(
    bytes.fromhex(text)
    for text in (
        "06082a8648ce3d030107", "06052b81040022", "06052b8104000a", "06092b2403030208010107",
        "06072a8648ce3d0201", "06092a864886f70d010101", "06092a864886f70d01010a", "06032b6570",
        "06032b656e", "06032b6571", "06072a8648ce380401", "06092a864886f70d010301",
        "06082a8648ce3d040302", "06092a864886f70d01010b", "0609608648016503040312",
        "06082a8648ce3d030101", "06052b8104001a", "06042a030405", "3000", "0500", "0201ff",
        "308480000000", "0282ffff", "170d3939", "180f39393939",
    )
)  # fmt: skip


def _public(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined, no-any-return]  # any key


def other_keys() -> tuple[bytes, ...]:
    """Public keys that are well-formed and not what is needed: a corpus of refusals to begin."""
    return tuple(
        _public(ec.derive_private_key(9, curve).public_key())
        for curve in (ec.SECP384R1(), ec.SECP256K1(), ec.BrainpoolP256R1())
    )


def _verify_key() -> Prepared:
    signature = samples.signer().sign(b"message")

    def check(data: bytes, found: VerifyKey) -> None:
        try:
            found.verify(signature, b"message")
        except ProtocolError:
            return
        if _point(data) != _point(samples.signer().public.encoded):
            raise BrokenError("another key verifies the signature")

    return Prepared(VerifyKey, (samples.signer().public.encoded,), check, OIDS + other_keys())


def _point(encoded: bytes) -> bytes:
    key = serialization.load_der_public_key(encoded)
    return key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)  # type: ignore[call-overload, no-any-return]  # P-256


def _signature() -> Prepared:
    key = samples.signer().public
    seed = samples.signer().sign(b"message")

    def decode(data: bytes) -> bytes:
        key.verify(data, b"message")
        return data

    return Prepared(decode, (seed,), None)


def _seals(data: bytes, key: SealKey) -> None:
    if key.encoded != data:
        raise BrokenError("written again, it is other bytes")
    seal(samples.header(), b"body", key, samples.signer())


def _pem() -> Prepared:
    key = samples.signer().key
    forms = (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL)
    seeds = tuple(
        key.private_bytes(Encoding.PEM, form, serialization.NoEncryption()) for form in forms
    )
    return Prepared(
        SigningKey.from_pem,
        seeds,
        None,
        (b"-----BEGIN EC PRIVATE KEY-----\n", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", b"=="),
    )


def _pem_of_der() -> Prepared:
    """The same, changed below its base64."""
    seed = samples.signer().key.private_bytes(
        Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    def decode(data: bytes) -> SigningKey:
        lines = base64.encodebytes(data)
        return SigningKey.from_pem(
            b"-----BEGIN PRIVATE KEY-----\n" + lines + b"-----END PRIVATE KEY-----\n"
        )

    return Prepared(decode, (seed,), None, OIDS)


def _identity() -> Prepared:
    whole = samples.identity()
    older = Identity(
        whole.name, whole.verify, whole.seal, (Earlier(samples.signer(8).public, samples.NOW_MS),)
    )
    return Prepared(
        Identity.from_json,
        (whole.to_json(), older.to_json()),
        reads_back(Identity.to_json, Identity.from_json),
        (b'"earlier":[{"signing_key":""}]', b"\\u0000", b"\\ud800"),
        tree=JSON,
    )


def _registration() -> Prepared:
    made = Registration.make(samples.signer(), samples.opener().public, _FINGERPRINT)

    def decode(data: bytes) -> Identity:
        return decode_registration(data).identity(samples.KIOSK, _FINGERPRINT)

    return Prepared(decode, (msgspec.json.encode(made),), None, (b"\\ud800",), tree=JSON)


def _place() -> Prepared:
    place = Place(
        samples.KIOSK, "broker.example", 8883, samples.identity("matcher-1").to_json(),
        samples.PURPOSE, (samples.LIST,),
    )  # fmt: skip
    return Prepared(
        decode_place,
        (msgspec.json.encode(place),),
        reads_back(msgspec.json.encode, decode_place),
        (b"\\ud800",),
        tree=JSON,
    )


_REFUSALS = (ProtocolError,)

TARGETS = (
    Target("verify-key", _verify_key, _REFUSALS),
    Target("signature", _signature, _REFUSALS, most_bytes=512),
    Target("signing-key-pem", _pem, _REFUSALS),
    Target("signing-key-der", _pem_of_der, _REFUSALS),
    Target(
        "seal-key",
        lambda: Prepared(
            SealKey,
            (samples.opener().public.encoded,),
            _seals,
            (bytes(32), b"\1" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"),
        ),
        _REFUSALS,
    ),
    Target(
        "opening-key",
        lambda: Prepared(
            OpeningKey.from_bytes, (samples.opener().to_bytes(),), comes_back(OpeningKey.to_bytes)
        ),
        _REFUSALS,
        most_bytes=512,
    ),
    Target("identity", _identity, _REFUSALS, most_bytes=8192),
    Target("registration", _registration, _REFUSALS, most_bytes=8192),
    Target("place", _place, _REFUSALS, most_bytes=16384),
)
