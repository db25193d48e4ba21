"""What a kiosk and the authority agree on beside EST (RFC 7030): keys, the site, when to renew.

A kiosk gets its transport certificate by plain EST. With it, once after each enrolment by code, it
registers what EST has no word for: its signing and its sealing key. It is told whom to talk to.
"""

import datetime
from typing import Annotated, Self

import msgspec
from msgspec import Meta

from greenline.protocol.errors import KeyFormatError, MalformedError
from greenline.protocol.keys import SIGNATURE_BYTES, Identity, SealKey, Signer, VerifyKey
from greenline.protocol.messages import Label
from greenline.protocol.topics import check_name

REGISTER_PATH = "/greenline/register"
PLACE_PATH = "/greenline/place"
EST_PATH = "/.well-known/est"
CLOCK_SKEW = datetime.timedelta(hours=1)
"""So much earlier than its making a certificate begins to hold: clocks of kiosks run late."""

_CONTEXT = b"greenline registration 1\0"
_FINGERPRINT_BYTES = 32


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kiosk's public keys. proof: signature by the signing key over what proof_of() returns."""

    signing_key: Annotated[bytes, Meta(max_length=200)]
    sealing_key: Annotated[bytes, Meta(max_length=2000)]
    proof: Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]

    @classmethod
    def make(cls, signer: Signer, sealing: SealKey, fingerprint: bytes) -> Self:
        """Prove that this device holds the signing key. fingerprint: of its certificate."""
        proof = signer.sign(proof_of(signer.public, sealing, fingerprint))
        return cls(signer.public.encoded, sealing.encoded, proof)

    def identity(self, name: str, fingerprint: bytes) -> Identity:
        """Return the kiosk's identity, checked. Raises KeyFormatError, ForgedError."""
        found = Identity(name, VerifyKey(self.signing_key), SealKey(self.sealing_key))
        found.verify.verify(self.proof, proof_of(found.verify, found.seal, fingerprint))
        return found


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a kiosk is told of its site. matcher: its public identity, as the JSON file has it."""

    kiosk: str
    broker_host: Annotated[str, Meta(min_length=1, max_length=255)]
    broker_port: Annotated[int, Meta(ge=1, le=65535)]
    matcher: Annotated[bytes, Meta(max_length=8000)]
    purpose: Label
    lists: Annotated[tuple[Label, ...], Meta(min_length=1, max_length=8)]


def proof_of(signing: VerifyKey, sealing: SealKey, fingerprint: bytes) -> bytes:
    """Return the bytes that prove both keys to belong to a certificate (its SHA-256)."""
    if len(fingerprint) != _FINGERPRINT_BYTES:
        raise MalformedError("a certificate's fingerprint has 32 bytes")
    return _CONTEXT + fingerprint + signing.encoded + sealing.encoded


def decode_registration(data: bytes) -> Registration:
    """Read a registration. Raises MalformedError."""
    try:
        return msgspec.json.decode(data, type=Registration)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as fault:
        raise MalformedError(f"this is not a registration: {fault}") from fault


def decode_place(data: bytes) -> Place:
    """Read what the authority says of the site. Raises MalformedError."""
    try:
        found = msgspec.json.decode(data, type=Place)
        Identity.from_json(found.matcher)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, KeyFormatError) as fault:
        raise MalformedError(f"this is not the description of a site: {fault}") from fault
    check_name(found.kiosk)
    return found


def renewable_from(
    not_before: datetime.datetime, not_after: datetime.datetime
) -> datetime.datetime:
    """Return from when on a certificate is renewed: a third of its life, day 30 of 90."""
    made = not_before + CLOCK_SKEW
    return made + (not_after - made) / 3
