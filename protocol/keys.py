"""The keys of ARCHITECTURE.md's table, as bytes and as objects. No files: cli/ reads and writes.

Signing: ECDSA P-256 with SHA-256 (FIPS 186-5), signatures as the 64 bytes r || s.
Sealing: the hybrid KEM X25519 + ML-KEM-768 (FIPS 203); a key is the two halves side by side.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Annotated, Protocol, Self

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey
from msgspec import Meta

from greenline.protocol.errors import ForgedError, KeyFormatError
from greenline.protocol.topics import check_name

SIGNATURE_BYTES = 64
KEY_ID_BYTES = 8
_MLKEM_PUBLIC_BYTES = 1184
_MLKEM_SEED_BYTES = 64
_X25519_BYTES = 32
_SCALAR_BYTES = 32
MOST_EARLIER = 4
_ANY_X25519 = x25519.X25519PrivateKey.from_private_bytes(bytes(range(_X25519_BYTES)))
"""No secret: it shows of another's public key whether one can agree with it at all."""


def key_id(public: bytes) -> bytes:
    """Return the 8 bytes by which a header names a public key."""
    return hashlib.sha256(public).digest()[:KEY_ID_BYTES]


@dataclass(frozen=True)
class VerifyKey:
    """The public half of a signing key. encoded: SubjectPublicKeyInfo, DER."""

    encoded: bytes

    def __post_init__(self) -> None:
        try:
            key = serialization.load_der_public_key(self.encoded)
        except (ValueError, UnsupportedAlgorithm) as fault:
            raise KeyFormatError("this is not a public signing key") from fault
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise KeyFormatError("a signing key must be on the curve P-256")
        object.__setattr__(self, "_key", key)

    @property
    def id(self) -> bytes:
        """The 8 bytes that name this key in a header."""
        return key_id(self.encoded)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise ForgedError unless signature (r || s) was made over message with this key."""
        key: ec.EllipticCurvePublicKey = self._key  # type: ignore[attr-defined]  # set above
        r, s = (
            int.from_bytes(half) for half in (signature[:_SCALAR_BYTES], signature[_SCALAR_BYTES:])
        )
        try:
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as fault:
            raise ForgedError("the signature does not belong to this message") from fault


class Signer(Protocol):
    """Something that signs with a P-256 key: in memory, or in a TPM."""

    public: VerifyKey

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature r || s over message."""


class SigningKey:
    """A P-256 key that signs, in memory. On a device with a TPM another Signer stands in."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self.public = VerifyKey(
            key.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read an unencrypted PKCS #8 PEM. Raises KeyFormatError."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
            raise KeyFormatError("this is not a private key in PEM form") from fault
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise KeyFormatError("a signing key must be on the curve P-256")
        return cls(key)

    def to_pem(self) -> bytes:
        """Write the key as unencrypted PKCS #8 PEM: keep it in a file that only its owner reads."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature r || s over message."""
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_SCALAR_BYTES) + s.to_bytes(_SCALAR_BYTES)


@dataclass(frozen=True)
class SealKey:
    """The public half of a sealing key. encoded: ML-KEM-768 (1184 bytes) then X25519 (32)."""

    encoded: bytes

    def __post_init__(self) -> None:
        if len(self.encoded) != _MLKEM_PUBLIC_BYTES + _X25519_BYTES:
            raise KeyFormatError("a public sealing key has 1216 bytes")
        try:
            lattice = mlkem.MLKEM768PublicKey.from_public_bytes(self.encoded[:_MLKEM_PUBLIC_BYTES])
        except ValueError as fault:
            raise KeyFormatError("this is not a public sealing key") from fault
        curve = x25519.X25519PublicKey.from_public_bytes(self.encoded[_MLKEM_PUBLIC_BYTES:])
        try:
            _ANY_X25519.exchange(curve)
        except ValueError as fault:  # a point of small order (RFC 7748, 6.1): it seals nothing
            raise KeyFormatError("this is not a public sealing key") from fault
        object.__setattr__(self, "_key", MLKEM768X25519PublicKey(lattice, curve))

    @property
    def id(self) -> bytes:
        """The 8 bytes that name this key in a header."""
        return key_id(self.encoded)

    @property
    def key(self) -> MLKEM768X25519PublicKey:
        """The object that HPKE takes."""
        found: MLKEM768X25519PublicKey = self._key  # type: ignore[attr-defined]  # set above
        return found


class OpeningKey:
    """The private half of a sealing key: opens what was sealed to its public half."""

    def __init__(self, lattice_seed: bytes, curve_private: bytes) -> None:
        try:
            lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(lattice_seed)
            curve = x25519.X25519PrivateKey.from_private_bytes(curve_private)
        except ValueError as fault:
            raise KeyFormatError("this is not a private sealing key") from fault
        self._private = lattice_seed + curve_private
        self.key = MLKEM768X25519PrivateKey(lattice, curve)
        self.public = SealKey(
            lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
        )

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        lattice = mlkem.MLKEM768PrivateKey.generate()
        curve = x25519.X25519PrivateKey.generate()
        return cls(lattice.private_bytes_raw(), curve.private_bytes_raw())

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the 96 bytes that to_bytes() wrote. Raises KeyFormatError."""
        if len(data) != _MLKEM_SEED_BYTES + _X25519_BYTES:
            raise KeyFormatError("a private sealing key has 96 bytes")
        return cls(data[:_MLKEM_SEED_BYTES], data[_MLKEM_SEED_BYTES:])

    def to_bytes(self) -> bytes:
        """Return the ML-KEM seed (64 bytes) and the X25519 key (32): keep them secret."""
        return self._private


@dataclass(frozen=True)
class Earlier:
    """A signing key that was replaced. until_ms: signatures count until then, Unix milliseconds."""

    verify: VerifyKey
    until_ms: int


@dataclass(frozen=True)
class Identity:
    """Whom a kiosk or a matcher is known as: a name and two public keys.

    earlier: the signing keys before, the newest first. Sealed is to the newest key alone.
    """

    name: str
    verify: VerifyKey
    seal: SealKey
    earlier: tuple[Earlier, ...] = ()

    def signing_keys(self, now_ms: int) -> list[VerifyKey]:
        """Return the keys whose signatures count now, Unix milliseconds; the newest first."""
        return [self.verify, *(each.verify for each in self.earlier if now_ms < each.until_ms)]

    def succeeding(self, before: Self, until_ms: int) -> Self:
        """Return this identity with the keys of the one before it, which count until then.

        Raises KeyFormatError when they are not of the same name, or too many.
        """
        if before.name != self.name:
            raise KeyFormatError(f"the keys of {before.name!r} are none of {self.name!r}")
        kept = [(before.verify, until_ms), *((old.verify, old.until_ms) for old in before.earlier)]
        earlier = tuple(Earlier(*old) for old in kept if old[0] != self.verify)
        if len(earlier) > MOST_EARLIER:
            raise KeyFormatError(f"{self.name} has too many earlier keys: retire the oldest")
        return replace(self, earlier=earlier)

    def to_json(self) -> bytes:
        """Write the identity as the JSON file that the other side is given."""
        earlier = tuple(_EarlierFile(old.verify.encoded, old.until_ms) for old in self.earlier)
        file = _IdentityFile(self.name, self.verify.encoded, self.seal.encoded, earlier)
        return msgspec.json.format(msgspec.json.encode(file))

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read what to_json() wrote. Raises KeyFormatError."""
        try:
            found = msgspec.json.decode(data, type=_IdentityFile)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise KeyFormatError(f"this is not an identity file: {fault}") from fault
        check_name(found.name)
        earlier = tuple(Earlier(VerifyKey(old.signing_key), old.until_ms) for old in found.earlier)
        return cls(found.name, VerifyKey(found.signing_key), SealKey(found.sealing_key), earlier)


class _EarlierFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    signing_key: bytes
    until_ms: Annotated[int, Meta(ge=0, le=2**62)]


class _IdentityFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    name: str
    signing_key: bytes
    sealing_key: bytes
    earlier: Annotated[tuple[_EarlierFile, ...], Meta(max_length=MOST_EARLIER)] = ()
