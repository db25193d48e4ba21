"""Who may do what at this kiosk, put together: list, logins, session, or nobody who logs in."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from greenline.firmware.audit_events import Audit
from greenline.firmware.board import Board
from greenline.firmware.clock import Clock
from greenline.firmware.device_key import DeviceKey
from greenline.firmware.errors import StoreError
from greenline.firmware.operators import Operators
from greenline.firmware.operators_absent import SHOWN, NoLogin
from greenline.firmware.operators_file import OperatorsFile, operators_beside
from greenline.firmware.operators_login import Logins
from greenline.firmware.operators_session import Sessions
from greenline.protocol.keys import OpeningKey, VerifyKey
from greenline.protocol.operators import OperatorEntry

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OperatorsParts:
    """Who logs in here. signers: gives the keys that may sign the list now. Times in seconds."""

    signers: Callable[[], Sequence[VerifyKey]]
    idle_s: float
    shift_s: float


class Door:
    """What the kiosk asks before anything is done. operators: None where nobody logs in."""

    def __init__(self, access: NoLogin | Sessions, operators: Operators | None) -> None:
        self.access = access
        self._operators = operators

    def receive(self, envelope: bytes) -> None:
        """Take or refuse what the centre sent as a list. Raises StoreError: not taken."""
        if self._operators is None:
            log.warning("operators refused", extra={"reason": "nobody logs in on this kiosk"})
            return
        self._operators.receive(envelope)

    def who_is(self, operator: str) -> OperatorEntry | None:
        """Return somebody of the list that holds; None: nobody, or nobody logs in here."""
        current = None if self._operators is None else self._operators.current()
        return None if current is None else current.find(operator)

    def tend(self) -> None:
        """Do what is due by time (called now and then)."""
        try:
            if self._operators is not None:
                self._operators.take_incoming()
        except StoreError as fault:
            log.warning("operators not taken", extra={"reason": str(fault)})
        self.access.tend()


def open_door(
    parts: OperatorsParts | None,
    openers: Sequence[OpeningKey],
    store: Path,
    device: DeviceKey,
    clock: Clock,
    audit: Audit,
    board: Board,
) -> Door:
    """Return the door of a kiosk. store: beside it lies what is kept of the operators."""
    if parts is None:
        board.show_session(SHOWN)
        return Door(NoLogin(), None)
    operators = Operators(
        board.state().kiosk,
        parts.signers,
        openers,
        OperatorsFile(operators_beside(store), device),
        clock.instant,
        clock.moment,
        audit,
    )
    sessions = Sessions(
        operators,
        Logins(operators, clock.moment, audit),
        board.show_session,
        audit,
        time.monotonic,
        parts.idle_s,
        parts.shift_s,
    )
    return Door(sessions, operators)
