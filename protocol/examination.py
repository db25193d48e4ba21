"""A second pair of eyes at the centre: a kiosk's question about a lead, and an examiner's verdict.

The question carries the search's result, under an id that follows from the request's. The verdict
is signed by the examiner in person and then by the matcher: who takes over the matcher alone cannot
confirm anybody, nor can an examiner whom the list of operators does not name. Pure.
"""

import hashlib
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.protocol.errors import MalformedError
from greenline.protocol.keys import SIGNATURE_BYTES, Signer, VerifyKey
from greenline.protocol.messages import Label, Milliseconds, Outcome, Result, encode_result
from greenline.protocol.operators import OperatorId
from greenline.protocol.padded import pad, unpad

VERSION = 1
EXAMINATION_BYTES = 4608
"""Every question has this size before sealing: a result, and what goes with it."""
VERDICT_BYTES = 512
"""Every verdict has this size before sealing, whatever it says."""
DIGEST_BYTES = 32

_ID_BYTES = 16
_ID = b"greenline examination 1\0"
_LEAD = b"greenline lead 1\0"
_SIGN = b"greenline verdict 1\0"

RequestId = Annotated[bytes, Meta(min_length=_ID_BYTES, max_length=_ID_BYTES)]
Digest = Annotated[bytes, Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
Index = Annotated[int, Meta(ge=0, le=9)]


class Decision(StrEnum):
    """What an examiner says of a lead."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class FingerQuality(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finger that was taken. finger: ISO position; quality: 0-100."""

    finger: Annotated[int, Meta(ge=0, le=10)]
    quality: Annotated[int, Meta(ge=0, le=100)]


class Examination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Please examine this lead. request_id: of the search; result: what came of it.

    asked_by: the operator who asks, or empty where nobody logs in. captured: what was taken, as far
    as the kiosk still knows. refused_from: examiners whose verdicts did not count at the kiosk;
    there are some only where it asks anew, for somebody else.
    """

    request_id: RequestId
    purpose: Label
    result: Result
    asked_by: Annotated[str, Meta(max_length=24, pattern=r"^[a-z0-9-]*\Z")]
    captured: Annotated[tuple[FingerQuality, ...], Meta(max_length=20)] = ()
    refused_from: Annotated[tuple[OperatorId, ...], Meta(max_length=4)] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    version: Annotated[int, Meta(ge=VERSION, le=VERSION)] = VERSION

    def __post_init__(self) -> None:
        """Refuse a question about nobody."""
        if self.result.outcome is not Outcome.CANDIDATES:
            raise ValueError("only a lead is examined")


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a named examiner says. lead: lead_digest() of what was examined.

    candidate: which of the lead's, from 0; of a rejection it does not matter. reason: a code.
    """

    request_id: RequestId
    kiosk: Label
    lead: Digest
    decision: Decision
    candidate: Index
    examiner: OperatorId
    reason: Label
    decided_ms: Milliseconds
    version: Annotated[int, Meta(ge=VERSION, le=VERSION)] = VERSION


class SignedVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A verdict as its examiner signed it. verdict: its bytes; signature: r || s over them."""

    verdict: Annotated[bytes, Meta(max_length=VERDICT_BYTES - SIGNATURE_BYTES)]
    signature: Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]

    def opened(self) -> Verdict:
        """Return what it says; nothing is checked. Raises MalformedError."""
        try:
            return msgspec.msgpack.decode(self.verdict, type=Verdict)
        except (msgspec.DecodeError, ValueError, RecursionError) as fault:
            raise MalformedError(f"this is not a verdict: {fault}") from fault

    def check(self, key: VerifyKey) -> None:
        """Raise ForgedError unless it was signed with this key."""
        key.verify(self.signature, _SIGN + self.verdict)


def examination_id(request_id: bytes) -> bytes:
    """Return the id under which the lead of a search is examined."""
    return hashlib.sha256(_ID + request_id).digest()[:_ID_BYTES]


def lead_digest(request_id: bytes, result: Result) -> bytes:
    """Return what a verdict names a lead by: another result has another."""
    return hashlib.sha256(_LEAD + request_id + encode_result(result)).digest()


def sign_verdict(verdict: Verdict, signer: Signer) -> SignedVerdict:
    """Sign a verdict with its examiner's own key."""
    packed = msgspec.msgpack.encode(verdict)
    return SignedVerdict(packed, signer.sign(_SIGN + packed))


def encode_examination(examination: Examination) -> bytes:
    """Write a question, padded. Raises MalformedError."""
    return pad(msgspec.msgpack.encode(examination), EXAMINATION_BYTES, "an examination")


def decode_examination(data: bytes) -> Examination:
    """Read a padded question. Raises MalformedError."""
    return unpad(data, EXAMINATION_BYTES, Examination, "an examination")


def encode_verdict(signed: SignedVerdict) -> bytes:
    """Write a signed verdict, padded. Raises MalformedError."""
    return pad(msgspec.msgpack.encode(signed), VERDICT_BYTES, "a verdict")


def decode_verdict(data: bytes) -> SignedVerdict:
    """Read a padded signed verdict. Raises MalformedError."""
    return unpad(data, VERDICT_BYTES, SignedVerdict, "a verdict")
