"""The session: who is logged in at the kiosk, one person at a time.

It is locked when nobody has touched anything for a while, and ends with the shift, when somebody
else logs in, and at once when a newer list says so. What a person sets off asks may(); a browser
proves by its token that it is the one that logged in.
"""

import hashlib
import hmac
import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

from greenline.firmware.audit_events import Audit
from greenline.firmware.errors import StoreError
from greenline.firmware.operators import Operators
from greenline.firmware.operators_events import ended
from greenline.firmware.operators_login import Logins, Person, Refused, Why
from greenline.firmware.operators_roles import MAY, Action
from greenline.firmware.operators_shown import SessionState
from greenline.firmware.operators_wording import words_of

log = logging.getLogger(__name__)

LONGEST_IDLE_S = 120.0


@dataclass
class _Seat:
    """Who sits there. Times: monotonic seconds."""

    person: Person
    token: bytes
    since_s: float
    touched_s: float
    locked: bool = False


class Sessions:
    """One session. Safe to share between threads.

    show: draws it. clock: monotonic seconds. idle_s: until it is locked; shift_s: until it ends.
    """

    required = True

    def __init__(
        self,
        operators: Operators,
        logins: Logins,
        show: Callable[[SessionState], None],
        audit: Audit,
        clock: Callable[[], float],
        idle_s: float,
        shift_s: float,
    ) -> None:
        self._operators = operators
        self._logins = logins
        self._show_state = show
        self._audit = audit
        self._clock = clock
        self._idle_s = min(idle_s, LONGEST_IDLE_S)
        self._shift_s = shift_s
        self._lock = threading.RLock()
        self._seat: _Seat | None = None
        self._shown: SessionState | None = None
        self._begun: Callable[[str], None] = _nobody_reads
        self._ended: Callable[[], None] = _nothing_ends
        operators.when_changed(self._look_again)
        self._show()

    def when(self, *, begun: Callable[[str], None], ended: Callable[[], None]) -> None:
        """Have begun called with each operator who may read results, ended after each session.

        begun raises StoreError when it cannot be noted what is read: then nobody is logged in.
        """
        self._begun, self._ended = begun, ended

    def login(self, operator: str, pin: str, new_pin: str = "") -> str | Refused:
        """Return the new session's token, or why there is none. Raises StoreError."""
        found = self._logins.login(operator, pin, new_pin)
        if isinstance(found, Refused):
            self._show()
            return found
        token = secrets.token_urlsafe(32)
        with self._lock:
            if self._seat is not None and self._seat.person.operator != found.operator:
                self._end("another person logged in")
            now_s = self._clock()
            self._seat = _Seat(found, _digest(token), now_s, now_s)
            # A newer list may have come while the PIN was looked at.
            if self._operators.role_of(found.operator) != found.role:
                self._end("account changed")
                return Refused(Why.WRONG)
            self._begin(found)
            self._show()
        return token

    def logout(self, token: str) -> None:
        """End the session of this token, if it is one."""
        with self._lock:
            if self._seat is not None and self._is(token):
                self._end("logged out")

    def holds(self, token: str) -> bool:
        """Say whether this token is the session's, and that is not locked."""
        with self._lock:
            self.tend()
            return self._seat is not None and not self._seat.locked and self._is(token)

    def touch(self, token: str) -> None:
        """Note that the person is still there."""
        with self._lock:
            if self.holds(token) and self._seat is not None:
                self._seat.touched_s = self._clock()

    def pressed(self) -> None:
        """Note that a finger was pressed for whoever sits there: the person is at work."""
        with self._lock:
            self.tend()
            if self._seat is not None and not self._seat.locked:
                self._seat.touched_s = self._clock()

    def may(self, action: Action) -> bool:
        """Say whether whoever is logged in may do this; the one question before each action."""
        with self._lock:
            self.tend()
            seat = self._seat
            return seat is not None and not seat.locked and action in MAY[seat.person.role]

    def reader(self) -> str:
        """Return who reads results now, for the audit log; empty: nobody does."""
        with self._lock:
            may = self.may(Action.SEE_RESULTS)
            return self._seat.person.operator if may and self._seat is not None else ""

    def unlock(self, operator: str) -> bool:
        """End an account's wait; False when it has none, or whoever asks may not. StoreError."""
        with self._lock:
            if not self.may(Action.UNLOCK) or self._seat is None:
                return False
            return self._logins.unlock(operator, self._seat.person.operator)

    def tend(self) -> float:
        """Lock or end what is due by time; return after how many seconds to look again."""
        with self._lock:
            seat = self._seat
            if seat is None:
                self._show()
                return LONGEST_IDLE_S
            now_s = self._clock()
            if now_s - seat.since_s >= self._shift_s:
                self._end("shift over")
            elif self._operators.role_of(seat.person.operator) != seat.person.role:
                self._end("account or list over")
            elif not seat.locked and now_s - seat.touched_s >= self._idle_s:
                seat.locked = True
                self._note("locked")
                self._show()
            left_s = self._idle_s - (now_s - seat.touched_s)
            return left_s if left_s > 0 else LONGEST_IDLE_S

    def _look_again(self) -> None:
        self.tend()
        self._show()

    def _begin(self, person: Person) -> None:
        if Action.SEE_RESULTS not in MAY[person.role]:
            return
        try:
            self._begun(person.operator)
        except BaseException:  # whatever it was: nobody reads what is not noted
            self._end("log failed")
            raise

    def _end(self, how: str) -> None:
        self._note(how)
        self._seat = None
        self._show()
        self._ended()

    def _note(self, how: str) -> None:
        if self._seat is None:
            return
        try:
            self._audit.note(ended(self._seat.person.operator, how))
        except StoreError as fault:
            # Whoever leaves must not stay logged in because the disk is full.
            log.warning("audit log failed", extra={"reason": str(fault)})

    def _is(self, token: str) -> bool:
        return self._seat is not None and hmac.compare_digest(self._seat.token, _digest(token))

    def _show(self) -> None:
        with self._lock:
            state = self._state()
            if state != self._shown:
                self._shown = state
                self._show_state(state)

    def _state(self) -> SessionState:
        if self._operators.current() is None:
            why = Why.EXPIRED if self._operators.newest else Why.NO_LIST
            return SessionState(required=True, words=words_of(Refused(why)))
        if self._seat is None:
            return SessionState(required=True)
        person, locked = self._seat.person, self._seat.locked
        return SessionState(
            required=True,
            operator=person.operator,
            role=person.role.value,
            locked=locked,
            may=() if locked else tuple(sorted(MAY[person.role])),
        )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _nobody_reads(_: str) -> None:
    """Stand in until there is a screen."""


def _nothing_ends() -> None:
    """Stand in until there is a capture."""
