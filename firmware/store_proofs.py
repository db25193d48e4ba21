"""The two questions that a salvage asks about a row: who signed this, and does it open.

mend() asks them where there is damage.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from greenline.firmware.clock import Instant
from greenline.firmware.errors import ShreddedError, StoreError
from greenline.firmware.store_damage import damage_of
from greenline.firmware.store_salvage import salvage
from greenline.firmware.vault import Vault
from greenline.protocol.envelope import Envelope
from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import VerifyKey

log = logging.getLogger(__name__)


def signed_by(*keys: VerifyKey) -> Callable[[bytes], bool]:
    """Return what says whether an envelope was signed with one of these keys."""

    def verify(envelope: bytes) -> bool:
        try:
            Envelope.from_bytes(envelope).verify(*keys)
        except ProtocolError:
            return False
        return True

    return verify


def not_forged_for(*keys: VerifyKey) -> Callable[[bytes], bool]:
    """Return what says whether an envelope may be as it was: nothing in it contradicts these keys.

    One that names another key was perhaps signed before the kiosk's keys were replaced.
    """
    ours = {key.id for key in keys}
    signed = signed_by(*keys)

    def may_be(envelope: bytes) -> bool:
        try:
            signer = Envelope.from_bytes(envelope).header.signer
        except ProtocolError:
            return False
        return signer not in ours or signed(envelope)

    return may_be


def opened_by(vault: Vault) -> Callable[[bytes, bytes], bool]:
    """Return what says whether an answer, told its request and what is sealed, opens."""

    def opens(request_id: bytes, sealed: bytes) -> bool:
        try:
            vault.open(request_id, sealed)
        except (ShreddedError, StoreError):
            return False
        return True

    return opens


@dataclass(frozen=True)
class Proofs:
    """signed: whether this kiosk has signed an envelope. may_be: see not_forged_for()."""

    signed: Callable[[bytes], bool]
    may_be: Callable[[bytes], bool]


UNPROVEN = Proofs(lambda _: False, lambda _: True)
"""Nobody's keys: a row counts by its digest alone."""


def proofs_of(*keys: VerifyKey) -> Proofs:
    """Return what is asked about a row by the keys of this kiosk."""
    return Proofs(signed_by(*keys), not_forged_for(*keys))


def mend(store: Path, proofs: Proofs, vault: Vault, now: Instant) -> None:
    """Put a damaged store aside and what can be proven of it in its place; a sound one stays.

    Raises StoreError.
    """
    try:
        why = damage_of(store, proofs.may_be)
    except OSError as fault:
        raise StoreError(f"the store {store} cannot be read: {fault.strerror}") from fault
    if why is not None:
        log.warning("store damaged", extra={"reason": why})
        salvage(store, proofs.signed, opened_by(vault), now, why)
