"""What a row of the store says, and the digest by which a flipped bit in one is found.

The digest is no proof of origin: that is the signature of an envelope, and the seal of an answer.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

DIGEST_BYTES = 16


@dataclass(frozen=True)
class Pending:
    """A request that has no final answer yet, without its envelope. Times: Unix milliseconds."""

    request_id: bytes
    lane: int
    created_ms: int
    expires_ms: int


@dataclass(frozen=True)
class Answer:
    """An answer, as what was in its envelope. Times: Unix milliseconds."""

    request_id: bytes
    created_ms: int
    arrived_ms: int
    expires_ms: int
    final: bool
    body: bytes


@dataclass(frozen=True)
class Expired:
    """What has left because its time was over. answers: ids of their requests."""

    requests: tuple[Pending, ...]
    answers: tuple[bytes, ...]


def digest_of(values: Sequence[int | bytes]) -> bytes:
    """Return the digest of a row's other columns, in their order: BLAKE2b, 16 bytes.

    A truth value counts as the number that SQLite keeps of it.
    """
    packed = msgspec.msgpack.encode([bytes(v) if isinstance(v, bytes) else int(v) for v in values])
    return hashlib.blake2b(packed, digest_size=DIGEST_BYTES).digest()


def with_digest(*values: int | bytes) -> tuple[int | bytes, ...]:
    """Return a row's columns with their digest as the last."""
    return (*values, digest_of(values))


def is_whole(row: Sequence[int | bytes]) -> bool:
    """Whether a row, its digest last, is as it was written."""
    return len(row) > 1 and row[-1] == digest_of(row[:-1])
