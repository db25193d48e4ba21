"""Who may work at a kiosk: the list that the centre signs and seals to that kiosk.

Signed with the operators' key, which is neither the matcher's nor the authority's: the matcher is
on the network all day, and who takes it over must not make officers as well. Sealed, because what
is kept of a short PIN can be guessed by whoever reads it. Pure: no files, no clock.
"""

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, Lane, seal
from greenline.protocol.errors import MalformedError, WrongKeyError
from greenline.protocol.keys import Identity, OpeningKey, Signer, VerifyKey
from greenline.protocol.messages import MAX_MESSAGE_BYTES, Label, Milliseconds
from greenline.protocol.padded import LENGTH_BYTES, pad, unpad
from greenline.protocol.pins import PinVerifier

VERSION = 1
MOST_OPERATORS = 256
LONGEST_LIFE_MS = 92 * 24 * 3600 * 1000
PADDED_BYTES = 4096
"""A list is padded to a multiple of this, so that its length hardly says how many work here."""

_ID_BYTES = 16
_CONTEXT = b"greenline operators 1\0"

OperatorId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{1,23}\Z")]
"""A pseudonym of 2 to 24 characters, never a name; digits alone can be typed on the page's pad."""


class Role(StrEnum):
    """What somebody is at a kiosk. What each may do stands in firmware/operators_roles.py."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    TECHNICIAN = "technician"
    EXAMINER = "examiner"


EXAMINING = frozenset({Role.EXAMINER, Role.SUPERVISOR})
"""Whose signed verdict on a lead counts."""

VerdictKey = Annotated[bytes, Meta(min_length=1, max_length=128)]
"""The public half of an examiner's signing key, SubjectPublicKeyInfo, DER."""


class OperatorEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One account. verifier: of the PIN; None: the account was revoked.

    must_change: somebody else knows the PIN, since it was given out. verdict_key: what signs this
    person's verdicts on leads at the centre; a list without any is the same as before there were.
    """

    id: OperatorId
    role: Role
    verifier: PinVerifier | None
    must_change: bool = False
    verdict_key: VerdictKey | msgspec.UnsetType = msgspec.UNSET

    @property
    def revoked(self) -> bool:
        """Whether this account was ended."""
        return self.verifier is None


class OperatorList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everybody who may work at one kiosk. number: of the list; it never goes back."""

    number: Annotated[int, Meta(ge=1, le=2**62)]
    kiosk: Label
    issued_ms: Milliseconds
    expires_ms: Milliseconds
    entries: Annotated[tuple[OperatorEntry, ...], Meta(max_length=MOST_OPERATORS)]
    version: Annotated[int, Meta(ge=VERSION, le=VERSION)] = VERSION

    def __post_init__(self) -> None:
        """Refuse a list that cannot be meant."""
        if not 0 < self.life_ms <= LONGEST_LIFE_MS:
            raise ValueError("a list of operators holds for 92 days at most")
        if len({entry.id for entry in self.entries}) != len(self.entries):
            raise ValueError("an operator stands in the list twice")

    @property
    def life_ms(self) -> int:
        """How long it holds."""
        return self.expires_ms - self.issued_ms

    def find(self, operator: str) -> OperatorEntry | None:
        """Return an account that was not revoked; None when there is none."""
        found = (entry for entry in self.entries if entry.id == operator and not entry.revoked)
        return next(found, None)


def list_id(kiosk: str, number: int) -> bytes:
    """Return the request id of the envelope that carries a list."""
    return hashlib.sha256(_CONTEXT + f"{kiosk} {number}".encode()).digest()[:_ID_BYTES]


def encode_list(operators: OperatorList) -> bytes:
    """Write a list as MessagePack, padded with zeros. Raises MalformedError if too large."""
    body = msgspec.msgpack.encode(operators)
    whole = LENGTH_BYTES + len(body)
    if whole > MAX_MESSAGE_BYTES:
        raise MalformedError(f"a list of {len(body)} bytes is too large: name fewer operators")
    return pad(body, -(-whole // PADDED_BYTES) * PADDED_BYTES, "a list of operators")


def decode_list(data: bytes) -> OperatorList:
    """Read a padded list. Raises MalformedError."""
    if not data or len(data) > MAX_MESSAGE_BYTES or len(data) % PADDED_BYTES:
        raise MalformedError("a list of operators has a padded size")
    return unpad(data, len(data), OperatorList, "a list of operators")


def seal_list(operators: OperatorList, kiosk: Identity, signer: Signer) -> bytes:
    """Return the envelope that brings a list to its kiosk. Raises MalformedError."""
    if operators.kiosk != kiosk.name:
        raise MalformedError("a list of operators is sealed to the kiosk that it names")
    header = Header(
        EnvelopeKind.OPERATORS,
        Lane.NORMAL,
        list_id(kiosk.name, operators.number),
        kiosk.name,
        operators.issued_ms,
        operators.expires_ms,
    )
    return seal(header, encode_list(operators), kiosk.seal, signer).to_bytes()


def open_list(
    data: bytes, kiosk: str, signers: Sequence[VerifyKey], openers: Sequence[OpeningKey]
) -> OperatorList:
    """Check and open an envelope with a list.

    Raises MalformedError, WrongKeyError (another kiosk's, another signer), ForgedError.
    """
    envelope = Envelope.from_bytes(data)
    header = envelope.header
    if header.kind is not EnvelopeKind.OPERATORS:
        raise MalformedError("this is not a list of operators")
    if header.kiosk != kiosk:
        raise WrongKeyError(f"this list of operators is for the kiosk {header.kiosk}")
    envelope.verify(*signers)
    found = decode_list(envelope.open(*openers))
    told = (header.kiosk, header.created_ms, header.expires_ms, header.request_id)
    if told != (found.kiosk, found.issued_ms, found.expires_ms, list_id(kiosk, found.number)):
        raise MalformedError("the list of operators does not fit its envelope")
    return found
