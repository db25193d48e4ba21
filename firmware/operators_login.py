"""Who logs in at the kiosk, or why nobody does.

A wrong try is on the card before the PIN is looked at, so neither a kill nor a power cut gives one
for free; who turns out to be right gets it back. An unknown or revoked operator is answered like a
wrong PIN, in the same words after the same work, and waits as long.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from greenline.firmware.audit_events import Audit
from greenline.firmware.operators import Operators
from greenline.firmware.operators_events import locked_out, logged_in, refused, unlocked
from greenline.firmware.operators_file import Chosen, Kept, key_of
from greenline.firmware.operators_lockout import ACCOUNT, FREE_TRIES, KIOSK, Tries
from greenline.protocol.audit import Moment
from greenline.protocol.operators import OperatorEntry, Role
from greenline.protocol.pins import DECOY, PinVerifier, why_unfit

_MOST_STRANGERS = 64


class Why(StrEnum):
    """Why somebody was not let in."""

    NO_LIST = "no list"
    EXPIRED = "expired"
    LOCKED = "locked"
    WRONG = "wrong"
    CHOOSE = "choose"
    UNFIT = "unfit"


@dataclass(frozen=True)
class Refused:
    """Nobody was let in. wait_ms: until the next try counts. words: why a new PIN is unfit."""

    why: Why
    wait_ms: int = 0
    words: str = ""


@dataclass(frozen=True)
class Person:
    """Who was let in."""

    operator: str
    role: Role


class Logins:
    """Checks PINs, one at a time. Raises StoreError: then nobody was let in.

    moment: what the clocks say. audit: is told before anybody is let in.
    """

    def __init__(self, operators: Operators, moment: Callable[[], Moment], audit: Audit) -> None:
        self._operators = operators
        self._moment = moment
        self._audit = audit

    def login(self, operator: str, pin: str, new_pin: str = "") -> Person | Refused:
        """Say who logs in, or why nobody does.

        new_pin: in the place of one that was given out; it counts at this kiosk.
        """
        operator = _typed(operator)
        with self._operators.lock:
            wait_ms = self._wait_ms(operator)
            if wait_ms:
                return Refused(Why.LOCKED, wait_ms)
            current = self._operators.current()
            if current is None:
                return Refused(Why.EXPIRED if self._operators.newest else Why.NO_LIST)
            tries = self._count(operator)
            entry = current.find(operator)
            if not self._verifier(entry).matches(pin, operator) or entry is None:
                return self._turned_away(operator, entry, tries)
            return self._let_in(entry, pin, new_pin)

    def unlock(self, operator: str, by: str) -> bool:
        """End an account's wait; False when nobody of this name waits."""
        with self._operators.lock:
            newest, kept = self._operators.newest, self._operators.kept
            entry = newest.find(_typed(operator)) if newest else None
            if entry is None or key_of(entry.id) not in kept.tries:
                return False
            self._audit.note(unlocked(entry.id, by))
            self._operators.keep(_without_tries(kept, key_of(entry.id)))
        return True

    def _let_in(self, entry: OperatorEntry, pin: str, new_pin: str) -> Person | Refused:
        kept = _without_tries(self._operators.kept, key_of(entry.id))
        kept = msgspec.structs.replace(kept, kiosk=Tries())
        if entry.must_change and self._chosen(entry) is None:
            words = why_unfit(new_pin) if new_pin != pin else "The new PIN must be another one."
            if not new_pin or words:
                self._operators.keep(kept)
                return Refused(Why.UNFIT, words=words) if new_pin else Refused(Why.CHOOSE)
            kept = _with_chosen(kept, entry, PinVerifier.of(new_pin, entry.id))
        self._audit.note(logged_in(entry.id, entry.role))
        self._operators.keep(kept)
        return Person(entry.id, entry.role)

    def _turned_away(self, operator: str, entry: OperatorEntry | None, tries: Tries) -> Refused:
        # What a stranger typed stays out of the log: it may have been a PIN.
        who = operator if entry is not None else None
        events = [refused(who)]
        if tries.wrong >= FREE_TRIES:
            events.append(locked_out(who, tries.wrong))
        self._audit.note(*events)
        return Refused(Why.WRONG, self._wait_ms(operator))

    def _count(self, operator: str) -> Tries:
        """Make a wrong try durable."""
        now, key, kept = self._moment(), key_of(operator), self._operators.kept
        tries = kept.tries.get(key, Tries()).one_more(ACCOUNT, now)
        others = self._bounded({k: each for k, each in kept.tries.items() if k != key})
        self._operators.keep(
            msgspec.structs.replace(
                kept, tries={**others, key: tries}, kiosk=kept.kiosk.one_more(KIOSK, now)
            )
        )
        return tries

    def _bounded(self, tries: dict[bytes, Tries]) -> dict[bytes, Tries]:
        """Forget the oldest strangers: they are counted only so that they look like operators."""
        newest = self._operators.newest
        ours = {key_of(entry.id) for entry in newest.entries} if newest else set()
        strangers = [key for key in tries if key not in ours]
        gone = set(strangers[: max(0, len(strangers) - _MOST_STRANGERS + 1)])
        return {key: each for key, each in tries.items() if key not in gone}

    def _wait_ms(self, operator: str) -> int:
        now, kept = self._moment(), self._operators.kept
        account = kept.tries.get(key_of(operator), Tries())
        return max(account.left_ms(ACCOUNT, now), kept.kiosk.left_ms(KIOSK, now))

    def _verifier(self, entry: OperatorEntry | None) -> PinVerifier:
        if entry is None or entry.verifier is None:
            return DECOY
        return self._chosen(entry) or entry.verifier

    def _chosen(self, entry: OperatorEntry) -> PinVerifier | None:
        """Return the PIN that was chosen here in the place of the centre's; None: none was."""
        found = self._operators.kept.chosen.get(key_of(entry.id))
        if found is None or entry.verifier is None or found.replaces != entry.verifier.digest:
            return None
        return found.verifier


def _typed(operator: str) -> str:
    return operator.strip().lower()[:64]


def _without_tries(kept: Kept, key: bytes) -> Kept:
    tries = {each: value for each, value in kept.tries.items() if each != key}
    return msgspec.structs.replace(kept, tries=tries)


def _with_chosen(kept: Kept, entry: OperatorEntry, verifier: PinVerifier) -> Kept:
    replaces = entry.verifier.digest if entry.verifier is not None else b""
    chosen = {**kept.chosen, key_of(entry.id): Chosen(replaces, verifier)}
    return msgspec.structs.replace(kept, chosen=chosen)
