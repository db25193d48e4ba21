"""The kiosk's operators: takes the centre's lists, and says who is in the one that holds.

A list is taken when it is signed by the pinned key, sealed to this kiosk and newer than any before;
it holds until its time is over by what the clock can prove, not by what it says. Who logs in is
operators_login.py's affair, sessions are operators_session.py's.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from greenline.firmware.audit_events import Audit
from greenline.firmware.clock import Instant
from greenline.firmware.errors import StoreError
from greenline.firmware.operators_events import list_taken
from greenline.firmware.operators_file import Kept, OperatorsFile, key_of
from greenline.firmware.operators_lockout import ACCOUNT, KIOSK
from greenline.protocol.audit import Moment
from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import OpeningKey, VerifyKey
from greenline.protocol.operators import OperatorList, Role, decode_list, encode_list, open_list

log = logging.getLogger(__name__)


class Operators:
    """Everybody who may work here. Safe to share between threads.

    signers: gives the public keys that may sign a list now. instant: the clock's proofs; moment:
    what its parts say. audit: is told before a list is taken. lock: held around what changes kept.
    """

    def __init__(
        self,
        kiosk: str,
        signers: Callable[[], Sequence[VerifyKey]],
        openers: Sequence[OpeningKey],
        file: OperatorsFile,
        instant: Callable[[], Instant],
        moment: Callable[[], Moment],
        audit: Audit,
    ) -> None:
        self._kiosk = kiosk
        self._signers = signers
        self._openers = openers
        self._file = file
        self._instant = instant
        self._audit = audit
        self._changed: Callable[[], None] = _nobody_is_told
        self.lock = threading.RLock()
        self.refused: Counter[str] = Counter()
        self.kept = self._restored(moment())
        self.newest = decode_list(self.kept.body) if self.kept.body else None

    def when_changed(self, tell: Callable[[], None]) -> None:
        """Have this called after each newer list."""
        self._changed = tell

    def receive(self, envelope: bytes) -> bool:
        """Take a newer list; False: it was refused, and counted. Raises StoreError: not taken."""
        try:
            found = open_list(envelope, self._kiosk, self._signers(), self._openers)
        except ProtocolError as fault:
            return self._refuse(type(fault).__name__, str(fault))
        with self.lock:
            now = self._instant()
            if found.number <= self.kept.number:
                return self._refuse("older", f"list {found.number} is not newer than ours")
            if now.floor_ms >= found.expires_ms:
                return self._refuse("expired", f"list {found.number} has expired")
            self._audit.note(list_taken(found.number, self.kept.number))
            self.keep(self._with(found, now))
            self.newest = found
        log.info("operators", extra={"list": found.number, "accounts": len(found.entries)})
        self._changed()
        return True

    def take_incoming(self) -> None:
        """Take the list that a technician brought, if there is one. Raises StoreError."""
        envelope = self._file.incoming()
        if envelope is not None:
            self.receive(envelope)
            self._file.drop_incoming()

    def current(self) -> OperatorList | None:
        """Return the list that holds; None: there is none, or it has expired."""
        # Without the lock: the page asks this all the time, also while a PIN is looked at.
        newest, kept, now = self.newest, self.kept, self._instant()
        if newest is None or now.floor_ms >= newest.expires_ms:
            return None
        born = Instant(kept.running_ms, kept.wall_ms, 0, kept.trusted)
        return newest if now.age_of_ms(born) < kept.left_ms else None

    def role_of(self, operator: str) -> Role | None:
        """Return what an operator is by the list that holds; None: nobody, or nobody any more."""
        current = self.current()
        entry = current.find(operator) if current else None
        return entry.role if entry else None

    def keep(self, kept: Kept) -> None:
        """Make a change durable. Raises StoreError: then nothing has changed."""
        self._file.write(kept)
        self.kept = kept

    def _with(self, found: OperatorList, now: Instant) -> Kept:
        """Return what is kept with a new list; a PIN that was set anew ends the wrong tries."""
        before = {e.id: e.verifier for e in self.newest.entries} if self.newest else {}
        anew = {
            key_of(entry.id)
            for entry in found.entries
            if entry.verifier is not None and entry.verifier != before.get(entry.id)
        }
        stay = {key_of(entry.id) for entry in found.entries} - anew
        return msgspec.structs.replace(
            self.kept,
            number=found.number,
            body=encode_list(found),
            running_ms=now.running_ms,
            wall_ms=now.wall_ms,
            trusted=now.trusted,
            left_ms=found.expires_ms - max(found.issued_ms, now.floor_ms),
            tries={key: tries for key, tries in self.kept.tries.items() if key not in anew},
            chosen={key: chosen for key, chosen in self.kept.chosen.items() if key in stay},
        )

    def _restored(self, now: Moment) -> Kept:
        try:
            kept = self._file.read() or Kept()
            tries = {key: each.of_this_boot(ACCOUNT, now) for key, each in kept.tries.items()}
            anew = msgspec.structs.replace(
                kept, tries=tries, kiosk=kept.kiosk.of_this_boot(KIOSK, now)
            )
            if anew != kept:
                self._file.write(anew)
        except StoreError as fault:
            log.warning("operators unusable", extra={"reason": str(fault)})
            return Kept()
        return anew

    def _refuse(self, kind: str, reason: str) -> bool:
        self.refused[kind] += 1
        log.warning("operators refused", extra={"kind": kind, "reason": reason})
        return False


def _nobody_is_told() -> None:
    """Stand in until there are sessions."""
