"""The order to erase what there is of a request, and the matcher's word that it is erased.

A kiosk sends the order under the request's own id when a case must go before its time, as when a
traveller turns out to be a child. It is offered until the matcher's signed word is back. Nothing of
a person is in either; each has one size, so that their length says nothing. docs/protocol.md.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.protocol.messages import Label, Milliseconds
from greenline.protocol.padded import pad, unpad

VERSION = 1
ERASURE_BYTES = 256
"""Every order and every word has this size before sealing."""

REASONS = ("minor", "mistake", "objection", "rejected")
"""Why: a child; taken of the wrong person; the traveller was right to object; people have rejected
the possible match."""

REQUEST = "request"
ANSWER = "answer"
EXAMINATION = "examination"
"""What the examiners were shown of it, and their verdict."""

Digest = Annotated[bytes, Meta(min_length=32, max_length=32)]
Chain = Annotated[bytes, Meta(min_length=16, max_length=16)]


class Erase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Erase what you have of the request of this envelope's id. reason: a code, see REASONS."""

    reason: Label
    version: Annotated[int, Meta(ge=VERSION, le=VERSION)] = VERSION


class Erased(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing of the request is left at the matcher, and it is never searched again.

    what: which of REQUEST, ANSWER and EXAMINATION were there; empty: none was (any more).
    erased_ms: by the matcher's clock. chain, entry, digest: where its audit log tells of it.
    """

    what: Annotated[tuple[Label, ...], Meta(max_length=4)]
    erased_ms: Milliseconds
    chain: Chain
    entry: Annotated[int, Meta(ge=1, le=2**62)]
    digest: Digest
    version: Annotated[int, Meta(ge=VERSION, le=VERSION)] = VERSION


def encode_erase(order: Erase) -> bytes:
    """Write an order, padded with zeros to ERASURE_BYTES."""
    return pad(msgspec.msgpack.encode(order), ERASURE_BYTES, "an order to erase")


def decode_erase(data: bytes) -> Erase:
    """Read a padded order. Raises MalformedError."""
    return unpad(data, ERASURE_BYTES, Erase, "an order to erase")


def encode_erased(word: Erased) -> bytes:
    """Write the matcher's word, padded with zeros to ERASURE_BYTES."""
    return pad(msgspec.msgpack.encode(word), ERASURE_BYTES, "a word of erasure")


def decode_erased(data: bytes) -> Erased:
    """Read the matcher's padded word. Raises MalformedError."""
    return unpad(data, ERASURE_BYTES, Erased, "a word of erasure")
