"""The envelope: a clear header, a sealed body, a signature over both.

Sealed with HPKE (RFC 9180, one shot, base mode) to the recipient's hybrid key; the header is bound
through HPKE's info, since the one-shot interface has no associated data. Signed by the sender over
header and sealed bytes, so that it can be checked, and salvaged, without being opened.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from greenline.protocol.errors import ForgedError, MalformedError, WrongKeyError
from greenline.protocol.keys import SIGNATURE_BYTES, OpeningKey, SealKey, Signer, VerifyKey
from greenline.protocol.topics import NAME_BYTES, check_name

MAGIC = b"GLN1"
MAX_ENVELOPE_BYTES = 128 * 1024
SEAL_OVERHEAD_BYTES = 1136
"""What HPKE adds: ML-KEM-768 ciphertext 1088, X25519 share 32, AES-GCM tag 16."""

_HEADER = struct.Struct(">4sBBH16s32sQQ8s8sI")
_CLOCK_DOUBTFUL = 1
"""The only flag there is; any other is of a language that we do not speak."""
_SEAL_CONTEXT = b"greenline seal 1\0"
_SIGN_CONTEXT = b"greenline envelope 1\0"
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class EnvelopeKind(IntEnum):
    """What an envelope carries."""

    REQUEST = 1
    RESULT = 2
    AUDIT_REPORT = 3
    AUDIT_RECEIPT = 4
    KIOSK_STATUS = 5
    OPERATORS = 6
    RECEIPT = 7
    ERASE = 8
    ERASED = 9
    EXAMINATION = 10
    VERDICT = 11


class Lane(IntEnum):
    """How urgent a request is: lower goes first."""

    PERSON_WAITING = 0
    NORMAL = 1
    BACKGROUND = 2


def kind_of(data: bytes) -> int:
    """Return the kind that bytes claim to be, 0 when they are too short; nothing is checked."""
    return data[len(MAGIC)] if len(data) > len(MAGIC) else 0


def lane_of(data: bytes) -> int:
    """Return the lane that bytes claim to be in, -1 when they are too short; nothing is checked."""
    return data[len(MAGIC) + 1] if len(data) > len(MAGIC) + 1 else -1


@dataclass(frozen=True)
class Header:
    """What everybody on the way may read. Times: milliseconds since 1970, UTC.

    kiosk: the kiosk that asks, also in its result. signer, recipient: key ids, 8 bytes each.
    clock_doubtful: the sender has no reason to believe its clock; it may be far behind.
    """

    kind: EnvelopeKind
    lane: Lane
    request_id: bytes
    kiosk: str
    created_ms: int
    expires_ms: int
    signer: bytes = bytes(8)
    recipient: bytes = bytes(8)
    clock_doubtful: bool = False

    def pack(self, sealed_length: int) -> bytes:
        """Return the 92 bytes of the header."""
        return _HEADER.pack(
            MAGIC, self.kind, self.lane, self.clock_doubtful * _CLOCK_DOUBTFUL, self.request_id,
            check_name(self.kiosk).encode().ljust(NAME_BYTES, b"\0"),
            self.created_ms, self.expires_ms, self.signer, self.recipient, sealed_length,
        )  # fmt: skip


@dataclass(frozen=True)
class Envelope:
    """An envelope as it travels and lies in the store: header, sealed body, signature."""

    header: Header
    sealed: bytes
    signature: bytes

    def to_bytes(self) -> bytes:
        """Return the envelope's bytes."""
        return self.header.pack(len(self.sealed)) + self.sealed + self.signature

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read an envelope without opening it. Raises MalformedError."""
        if not _HEADER.size + SIGNATURE_BYTES <= len(data) <= MAX_ENVELOPE_BYTES:
            raise MalformedError(f"{len(data)} bytes cannot be an envelope")
        header, length = _read_header(data[: _HEADER.size])
        if _HEADER.size + length + SIGNATURE_BYTES != len(data):
            raise MalformedError("the envelope's length does not fit its header")
        return cls(header, data[_HEADER.size : -SIGNATURE_BYTES], data[-SIGNATURE_BYTES:])

    def verify(self, *keys: VerifyKey) -> None:
        """Check that the one of keys that the header names signed this envelope.

        Raises WrongKeyError when it names none of them, ForgedError.
        """
        key = next((each for each in keys if each.id == self.header.signer), None)
        if key is None:
            raise WrongKeyError("the envelope was signed with another key")
        signed = _SIGN_CONTEXT + self.header.pack(len(self.sealed)) + self.sealed
        key.verify(self.signature, signed)

    def open(self, *keys: OpeningKey) -> bytes:
        """Return the body, by the one of keys that the header names. Verify first.

        Raises WrongKeyError when it names none of them, MalformedError, ForgedError.
        """
        key = next((each for each in keys if each.public.id == self.header.recipient), None)
        if key is None:
            raise WrongKeyError("the envelope was sealed to another key")
        if len(self.sealed) < SEAL_OVERHEAD_BYTES:
            raise MalformedError("the sealed part is too short")
        try:
            return _SUITE.decrypt(
                self.sealed, key.key, info=_seal_info(self.header, len(self.sealed))
            )
        except InvalidTag as fault:
            raise ForgedError("the seal is broken: header or body were changed") from fault


def seal(header: Header, body: bytes, recipient: SealKey, signer: Signer) -> Envelope:
    """Seal body to recipient and sign it; the key ids are entered into the header."""
    full = Header(
        header.kind, header.lane, header.request_id, header.kiosk, header.created_ms,
        header.expires_ms, signer.public.id, recipient.id, header.clock_doubtful,
    )  # fmt: skip
    length = len(body) + SEAL_OVERHEAD_BYTES
    sealed = _SUITE.encrypt(body, recipient.key, info=_seal_info(full, length))
    signature = signer.sign(_SIGN_CONTEXT + full.pack(length) + sealed)
    return Envelope(full, sealed, signature)


def _seal_info(header: Header, sealed_length: int) -> bytes:
    return _SEAL_CONTEXT + header.pack(sealed_length)


def _read_header(data: bytes) -> tuple[Header, int]:
    (
        magic, kind, lane, flags, request_id, name, created, expires, signer, recipient, length,
    ) = _HEADER.unpack(data)  # fmt: skip
    if magic != MAGIC or flags & ~_CLOCK_DOUBTFUL:
        raise MalformedError("this is not an envelope of version 1")
    try:
        kiosk = check_name(name.rstrip(b"\0").decode("ascii"))
        found = Header(
            EnvelopeKind(kind), Lane(lane), request_id, kiosk, created, expires, signer, recipient,
            bool(flags & _CLOCK_DOUBTFUL),
        )  # fmt: skip
    except ValueError as fault:
        raise MalformedError(f"the envelope's header is wrong: {fault}") from fault
    return found, length
