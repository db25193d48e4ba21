"""The audit log as bytes: who did what, when and why, as a chain that is signed now and then.

A log is a row of segments. A segment is a head, then records; a record is

    length of the entry (2 bytes, big-endian) | entry (MessagePack) | SHA-256 of the entry (32)

Every entry holds its number and the SHA-256 of the entry before it; the first one's is genesis(),
which binds whose log it is. A checkpoint is an entry that holds a signature over itself, and so
over all before it. Pure: firmware/audit.py and matcher/audit.py write it, audit_verify.py checks
it, docs/audit.md tells it all.
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.protocol.audit_details import Details, Kind, check_details
from greenline.protocol.audit_head import CHAIN_BYTES, DIGEST_BYTES, End, Head, padded
from greenline.protocol.errors import ForgedError, MalformedError, WrongKeyError
from greenline.protocol.keys import KEY_ID_BYTES, SIGNATURE_BYTES, Signer, VerifyKey
from greenline.protocol.messages import Label, Milliseconds

DEVICE = "device"
"""Who did what no person did."""
NOT_LOGGED_IN = "person not logged in"
"""Who acted, as far as anybody can know, on a device on which nobody logs in."""

CHECKPOINT_ENTRIES = 32
CHECKPOINT_MS = 10 * 60 * 1000
"""An entry is under a signature after so many more of them, or so much time, at the latest."""
MAX_ENTRY_BYTES = 1900
_CLOCK_STEP_MS = 2_000
CASE_BYTES = 16

_LENGTH = struct.Struct(">H")
_ENTRY = b"greenline audit entry 1\0"
_SIGN = b"greenline audit checkpoint 1\0"
_CASE = b"greenline audit case 1\0"

Number = Annotated[int, Meta(ge=1, le=2**62)]
Digest = Annotated[bytes, Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
ChainId = Annotated[bytes, Meta(min_length=CHAIN_BYTES, max_length=CHAIN_BYTES)]
_KeyId = Annotated[bytes, Meta(min_length=KEY_ID_BYTES, max_length=KEY_ID_BYTES)]
_Signature = Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


class Moment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When, as the device believed. trusted: whether it had reason to believe its clock.

    wall_ms: Unix milliseconds. boot: the kernel's random id of this boot; monotonic_ms: since it.
    """

    wall_ms: Milliseconds
    trusted: bool
    boot: Annotated[bytes, Meta(min_length=16, max_length=16)]
    monotonic_ms: Milliseconds


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happened. who: an operator's id, DEVICE, NOT_LOGGED_IN. why: purpose or justification.

    case: pseudonym() of the case, or empty. details: what ALLOWED lets this kind tell.
    """

    kind: Kind
    who: Label
    why: Annotated[str, Meta(max_length=64, pattern=r"^[ -~]*\Z")] = ""
    case: Annotated[bytes, Meta(max_length=CASE_BYTES)] = b""
    details: Details = {}

    def __post_init__(self) -> None:
        """Refuse what may not stand in a log."""
        if len(self.case) not in {0, CASE_BYTES}:
            raise MalformedError(f"a case's pseudonym has {CASE_BYTES} bytes")
        check_details(self.kind, self.details)


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="event"):
    """One event in its place. previous: the digest of the entry before it."""

    number: Number
    previous: Digest
    moment: Moment
    event: Event


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="checkpoint"):
    """A signature over everything up to here. signer: the key's id."""

    number: Number
    previous: Digest
    moment: Moment
    signer: _KeyId
    signature: _Signature


Link = Entry | Checkpoint

_decoder: msgspec.msgpack.Decoder[Link] = msgspec.msgpack.Decoder(Link)


@dataclass(frozen=True)
class Record:
    """An entry and its bytes as they lie in a segment."""

    link: Link
    data: bytes
    digest: bytes

    @property
    def end(self) -> End:
        """How far the chain goes with this entry as its last."""
        return End(self.link.number, self.digest)


def pseudonym(request_id: bytes) -> bytes:
    """Return the 16 bytes that stand for a case in audit logs, the same at kiosk and matcher.

    Who knows a request's id can tell which entries are its; nobody can tell the id from an entry.
    """
    return hashlib.sha256(_CASE + request_id).digest()[:CASE_BYTES]


def event_record(end: End, moment: Moment, event: Event) -> Record:
    """Return the record that adds an event to a chain. Raises MalformedError."""
    return _record(Entry(end.number + 1, end.digest, moment, event))


def clock_events(last: Moment | None, now: Moment) -> list[Event]:
    """Return what to tell when the clock was set since the last entry, by what monotonic time says.

    Across a restart of the machine nobody can tell.
    """
    if last is None or last.boot != now.boot:
        return []
    expected_ms = last.wall_ms + now.monotonic_ms - last.monotonic_ms
    if abs(now.wall_ms - expected_ms) < _CLOCK_STEP_MS:
        return []
    details = {"before_ms": max(0, expected_ms), "after_ms": now.wall_ms}
    return [Event(Kind.CLOCK, DEVICE, details=details)]


def checkpoint_record(head: Head, end: End, moment: Moment, signer: Signer) -> Record:
    """Return the record that signs a chain up to its end. head: of any segment of the chain."""
    unsigned = Checkpoint(
        end.number + 1, end.digest, moment, signer.public.id, bytes(SIGNATURE_BYTES)
    )
    return _record(
        msgspec.structs.replace(unsigned, signature=signer.sign(_signed(head, unsigned)))
    )


def check_signature(head: Head, checkpoint: Checkpoint, keys: dict[bytes, VerifyKey]) -> None:
    """Check a checkpoint. keys: those that may have signed, by id.

    Raises WrongKeyError when none of them is named, ForgedError when the signature is wrong.
    """
    key = keys.get(checkpoint.signer)
    if key is None:
        raise WrongKeyError(
            f"signed with the key {checkpoint.signer.hex()}, which was not given as {head.owner}'s"
        )
    key.verify(checkpoint.signature, _signed(head, checkpoint))


def read_record(data: bytes, offset: int) -> Record:
    """Read one record. Raises CutError when data end within it, MalformedError, ForgedError."""
    body_at = offset + _LENGTH.size
    if body_at > len(data):
        raise CutError("the file ends within an entry")
    length = _LENGTH.unpack_from(data, offset)[0]
    if not 0 < length <= MAX_ENTRY_BYTES:
        raise MalformedError("an entry cannot have this length")
    digest_at = body_at + length
    whole = data[offset : digest_at + DIGEST_BYTES]
    if len(whole) < _LENGTH.size + length + DIGEST_BYTES:
        raise CutError("the file ends within an entry")
    body = data[body_at:digest_at]
    if _digest(body) != whole[-DIGEST_BYTES:]:
        raise ForgedError("the entry's bytes do not fit its digest")
    return Record(_decode(body), whole, whole[-DIGEST_BYTES:])


class CutError(MalformedError):
    """A record is not there as a whole."""


def _record(link: Link) -> Record:
    try:
        body = msgspec.msgpack.encode(link)
    except (TypeError, OverflowError) as fault:
        raise MalformedError(f"this cannot be an entry: {fault}") from fault
    if len(body) > MAX_ENTRY_BYTES:
        raise MalformedError(f"an entry of {len(body)} bytes is too long")
    digest = _digest(body)
    # What is written must be what is read: whatever a reader would refuse is refused here.
    return Record(_decode(body), _LENGTH.pack(len(body)) + body + digest, digest)


def _decode(body: bytes) -> Link:
    try:
        link = _decoder.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as fault:
        raise MalformedError(f"this is no entry: {fault}") from fault
    if msgspec.msgpack.encode(link) != body:
        raise MalformedError("the entry is not written as entries are")
    return link


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(_ENTRY + body).digest()


def _signed(head: Head, checkpoint: Checkpoint) -> bytes:
    unsigned = msgspec.structs.replace(checkpoint, signature=bytes(SIGNATURE_BYTES))
    return _SIGN + padded(head.owner) + head.chain + msgspec.msgpack.encode(unsigned)
