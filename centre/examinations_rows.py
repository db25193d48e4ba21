"""What the file of examinations holds, as values."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Examiner:
    """Who may decide. key: the public half of the signing key, DER."""

    id: str
    key: bytes


@dataclass(frozen=True)
class Question:
    """A question as it came. question: its id; recipient: the matcher's key it was sealed to.

    Times: Unix milliseconds, the matcher's clock.
    """

    question: bytes
    kiosk: str
    recipient: bytes
    arrived_ms: int
    expires_ms: int
    body: bytes


@dataclass(frozen=True)
class Listed:
    """A row of the list. examiner: who decided.

    state: open, confirmed, rejected, expired, withdrawn (deleted by the kiosk).
    """

    question: bytes
    kiosk: str
    arrived_ms: int
    expires_ms: int
    state: str
    examiner: str
    reason: str
    decided_ms: int


@dataclass(frozen=True)
class Outgoing:
    """A verdict that has to leave for its kiosk. body: padded, not sealed yet."""

    question: bytes
    kiosk: str
    recipient: bytes
    body: bytes
