"""A second reader of envelopes, written from docs/protocol.md alone: nothing of ours is imported.

HPKE is done by hand (RFC 9180, 4, 5.1) with X-Wing as its KEM (draft-connolly-cfrg-xwing-kem), over
primitives of `cryptography`: whoever writes a matcher in another language does what stands here.
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_SUITE = b"HPKE" + struct.pack(">HHH", 0x647A, 0x0001, 0x0002)
_XWING = bytes.fromhex("5c2e2f2f5e5c")
_HEADER_BYTES, _SIGNATURE_BYTES, _KEM_BYTES = 92, 64, 1120


@dataclass(frozen=True)
class Read:
    """The fields of a header, by their offsets in the document."""

    kind: int
    lane: int
    flags: int
    request_id: bytes
    kiosk: str
    created_ms: int
    expires_ms: int
    signer: bytes
    recipient: bytes


def read(data: bytes, signing_public: bytes, opening_private: bytes) -> tuple[Read, bytes]:
    """Return header and body of an envelope. Raises ValueError or InvalidSignature/InvalidTag."""
    header, sealed = data[:_HEADER_BYTES], data[_HEADER_BYTES:-_SIGNATURE_BYTES]
    if header[:4] != b"GLN1" or int.from_bytes(header[88:92]) != len(sealed):
        raise ValueError("no envelope")
    if hashlib.sha256(signing_public).digest()[:8] != header[72:80]:
        raise ValueError("signed with another key")
    _verify(signing_public, data[-_SIGNATURE_BYTES:], b"greenline envelope 1\0" + header + sealed)
    found = Read(
        header[4], header[5], int.from_bytes(header[6:8]), header[8:24],
        header[24:56].rstrip(b"\0").decode("ascii"), int.from_bytes(header[56:64]),
        int.from_bytes(header[64:72]), header[72:80], header[80:88],
    )  # fmt: skip
    return found, _open(sealed, opening_private, b"greenline seal 1\0" + header)


def _verify(public: bytes, signature: bytes, message: bytes) -> None:
    key = serialization.load_der_public_key(public)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))


def _open(sealed: bytes, private: bytes, info: bytes) -> bytes:
    shared = _decapsulate(sealed[:_KEM_BYTES], private)
    context = b"\0" + _extract(b"", b"psk_id_hash", b"") + _extract(b"", b"info_hash", info)
    secret = _extract(shared, b"secret", b"")
    key = _expand(secret, b"key", context, 32)
    nonce = _expand(secret, b"base_nonce", context, 12)
    return AESGCM(key).decrypt(nonce, sealed[_KEM_BYTES:], b"")


def _decapsulate(encapsulated: bytes, private: bytes) -> bytes:
    lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(private[:64])
    curve = x25519.X25519PrivateKey.from_private_bytes(private[64:])
    point = encapsulated[1088:]
    return hashlib.sha3_256(
        lattice.decapsulate(encapsulated[:1088])
        + curve.exchange(x25519.X25519PublicKey.from_public_bytes(point))
        + point
        + curve.public_key().public_bytes_raw()
        + _XWING
    ).digest()


def _extract(salt: bytes, label: bytes, material: bytes) -> bytes:
    labelled = b"HPKE-v1" + _SUITE + label + material
    return hmac.digest(salt or bytes(32), labelled, "sha256")


def _expand(secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    labelled = length.to_bytes(2) + b"HPKE-v1" + _SUITE + label + context
    return hmac.digest(secret, labelled + b"\x01", "sha256")[:length]
