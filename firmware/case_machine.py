"""The stages of a case and what leads from one to the next: one table, and nothing else. Pure.

What is not in the table is refused. case_open.py says what else must hold for an event to come;
docs/capture.md shows the same table, and a test compares the two. After BSI TR-03121-3 (the
supervised capture) and the project's data protection rules: no sensor starts before an operator has
opened a case for a purpose, an adult was confirmed and the notice was given.
"""

from enum import StrEnum
from typing import Final

from greenline.firmware.case_state import CaseEnd, CaseStage


class NotNowError(Exception):
    """This cannot happen to the case as it is; the text tells the officer so."""


class CaseEvent(StrEnum):
    """What can happen to a case. The first are an officer's orders, by their names."""

    OPEN = "open"
    ADULT = "adult"
    NOTICE = "notice"
    REFUSE = "refuse"
    PLAN = "plan"
    CAPTURE = "capture"
    MISSING = "missing"
    USE = "use"
    SEND = "send"
    CLOSE = "close"
    STOP = "stop"
    NO_ADULT = "no adult"
    PRESS = "press"
    ALL_DONE = "all done"
    KEPT = "kept"
    NOT_KEPT = "not kept"
    TIMEOUT = "timeout"


ORDERS: Final = frozenset({
    CaseEvent.OPEN, CaseEvent.ADULT, CaseEvent.NOTICE, CaseEvent.REFUSE, CaseEvent.PLAN,
    CaseEvent.CAPTURE, CaseEvent.MISSING, CaseEvent.USE, CaseEvent.SEND, CaseEvent.CLOSE,
    CaseEvent.STOP,
})  # fmt: skip
"""What an officer may ask for; the rest comes from an answer, the sensor and the store."""

TABLE: Final[dict[tuple[CaseStage | None, CaseEvent], CaseStage | CaseEnd]] = {
    (None, CaseEvent.OPEN): CaseStage.ADULT,
    (CaseStage.ADULT, CaseEvent.ADULT): CaseStage.NOTICE,
    (CaseStage.ADULT, CaseEvent.NO_ADULT): CaseEnd.MINOR,
    (CaseStage.ADULT, CaseEvent.REFUSE): CaseEnd.REFUSED,
    (CaseStage.ADULT, CaseEvent.STOP): CaseEnd.STOPPED,
    (CaseStage.ADULT, CaseEvent.TIMEOUT): CaseEnd.TIMEOUT,
    (CaseStage.NOTICE, CaseEvent.NOTICE): CaseStage.PLAN,
    (CaseStage.NOTICE, CaseEvent.NO_ADULT): CaseEnd.MINOR,
    (CaseStage.NOTICE, CaseEvent.REFUSE): CaseEnd.REFUSED,
    (CaseStage.NOTICE, CaseEvent.STOP): CaseEnd.STOPPED,
    (CaseStage.NOTICE, CaseEvent.TIMEOUT): CaseEnd.TIMEOUT,
    (CaseStage.PLAN, CaseEvent.PLAN): CaseStage.CAPTURE,
    (CaseStage.PLAN, CaseEvent.NO_ADULT): CaseEnd.MINOR,
    (CaseStage.PLAN, CaseEvent.REFUSE): CaseEnd.REFUSED,
    (CaseStage.PLAN, CaseEvent.STOP): CaseEnd.STOPPED,
    (CaseStage.PLAN, CaseEvent.TIMEOUT): CaseEnd.TIMEOUT,
    (CaseStage.CAPTURE, CaseEvent.CAPTURE): CaseStage.CAPTURE,
    (CaseStage.CAPTURE, CaseEvent.PRESS): CaseStage.CAPTURE,
    (CaseStage.CAPTURE, CaseEvent.MISSING): CaseStage.CAPTURE,
    (CaseStage.CAPTURE, CaseEvent.USE): CaseStage.CAPTURE,
    (CaseStage.CAPTURE, CaseEvent.ALL_DONE): CaseStage.REVIEW,
    (CaseStage.CAPTURE, CaseEvent.NO_ADULT): CaseEnd.MINOR,
    (CaseStage.CAPTURE, CaseEvent.REFUSE): CaseEnd.REFUSED,
    (CaseStage.CAPTURE, CaseEvent.STOP): CaseEnd.STOPPED,
    (CaseStage.CAPTURE, CaseEvent.TIMEOUT): CaseEnd.TIMEOUT,
    (CaseStage.REVIEW, CaseEvent.CAPTURE): CaseStage.CAPTURE,
    (CaseStage.REVIEW, CaseEvent.MISSING): CaseStage.CAPTURE,
    (CaseStage.REVIEW, CaseEvent.USE): CaseStage.REVIEW,
    (CaseStage.REVIEW, CaseEvent.SEND): CaseStage.SENDING,
    (CaseStage.REVIEW, CaseEvent.NO_ADULT): CaseEnd.MINOR,
    (CaseStage.REVIEW, CaseEvent.REFUSE): CaseEnd.REFUSED,
    (CaseStage.REVIEW, CaseEvent.STOP): CaseEnd.STOPPED,
    (CaseStage.REVIEW, CaseEvent.TIMEOUT): CaseEnd.TIMEOUT,
    (CaseStage.SENDING, CaseEvent.KEPT): CaseStage.SENT,
    (CaseStage.SENDING, CaseEvent.NOT_KEPT): CaseStage.REVIEW,
    (CaseStage.SENT, CaseEvent.CLOSE): CaseEnd.SENT,
    (CaseStage.SENT, CaseEvent.STOP): CaseEnd.SENT,
    (CaseStage.SENT, CaseEvent.TIMEOUT): CaseEnd.SENT,
}
"""Where each event leads. A stage of None: no case is open. While a request is being made safe
nothing else can happen: it is over within seconds, one way or the other."""


def step(stage: CaseStage | None, event: CaseEvent) -> CaseStage | CaseEnd:
    """Return where an event leads. Raises NotNowError when it cannot come now."""
    try:
        return TABLE[stage, event]
    except KeyError:
        words = "A case is open already" if event is CaseEvent.OPEN else _WORDS.get(stage, "")
        raise NotNowError(words or "This is not possible at this point of the case") from None


_WORDS: Final = {
    None: "Open a case first",
    CaseStage.ADULT: "Confirm first that the person is an adult",
    CaseStage.NOTICE: "Give the information notice first",
    CaseStage.PLAN: "Choose the fingers first",
    CaseStage.SENDING: "The request is being kept: wait a moment",
    CaseStage.SENT: "The request is sent: close the case",
}
