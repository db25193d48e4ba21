"""What a segment of the audit log begins with, and how far a chain goes."""

import hashlib
import struct
from dataclasses import dataclass
from typing import Self

from greenline.protocol.errors import MalformedError
from greenline.protocol.topics import NAME_BYTES, check_name

DIGEST_BYTES = 32
CHAIN_BYTES = 16

_MAGIC = b"GLA1"
_HEAD = struct.Struct(">4s32s16sQ32s")
_GENESIS = b"greenline audit 1\0"
HEAD_BYTES = _HEAD.size + DIGEST_BYTES


@dataclass(frozen=True)
class End:
    """How far a chain goes: the number and digest of its last entry."""

    number: int
    digest: bytes


@dataclass(frozen=True)
class Head:
    """What a segment begins with. chain: 16 random bytes. end: what was before its first entry."""

    owner: str
    chain: bytes
    end: End

    @classmethod
    def of_new_chain(cls, owner: str, chain: bytes) -> Self:
        """Return the head of a chain's first segment."""
        return cls(owner, chain, End(0, genesis(owner, chain)))

    def to_bytes(self) -> bytes:
        """Return the 124 bytes of the head."""
        packed = _HEAD.pack(
            _MAGIC, padded(self.owner), self.chain, self.end.number + 1, self.end.digest
        )
        return packed + hashlib.sha256(packed).digest()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the head that a segment begins with. Raises MalformedError."""
        packed, digest = data[: _HEAD.size], data[_HEAD.size : HEAD_BYTES]
        if len(data) < HEAD_BYTES or packed[: len(_MAGIC)] != _MAGIC:
            raise MalformedError("this is no segment of an audit log")
        if hashlib.sha256(packed).digest() != digest:
            raise MalformedError("the segment's head was changed")
        _, name, chain, first, previous = _HEAD.unpack(packed)
        owner = check_name(name.rstrip(b"\0").decode("ascii", "replace"))
        if not 1 <= first <= 2**62:
            raise MalformedError("no segment begins there")
        head = cls(owner, chain, End(first - 1, previous))
        if first == 1 and not head.begins:
            raise MalformedError("the chain does not begin as this one's does")
        return head

    @property
    def begins(self) -> bool:
        """Whether this is the first segment of its chain."""
        return self.end == End(0, genesis(self.owner, self.chain))


def genesis(owner: str, chain: bytes) -> bytes:
    """Return what stands for the digest before the first entry of somebody's chain."""
    return hashlib.sha256(_GENESIS + padded(owner) + chain).digest()


def padded(owner: str) -> bytes:
    """Return the 32 bytes by which a head names whose log it is."""
    return check_name(owner).encode().ljust(NAME_BYTES, b"\0")
