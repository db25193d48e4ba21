"""A lead in a real store, and the desk at which it is verified."""

from collections.abc import Callable
from dataclasses import dataclass, field

from greenline.firmware import audit_events
from greenline.firmware.lead_orders import LeadOrder
from greenline.firmware.lead_state import LeadShown
from greenline.firmware.store import Pending, Store
from greenline.firmware.taken_file import TakenFile, taken_beside
from greenline.firmware.verification_desk import VerificationDesk
from greenline.firmware.verification_file import LeadsFile, leads_beside
from greenline.firmware.verification_parts import DeskParts
from greenline.protocol.examination import FingerQuality
from greenline.protocol.messages import (
    Candidate,
    Evidence,
    Outcome,
    Result,
    SearchedList,
    encode_result,
)
from tests.firmware.rolls import Log
from tests.firmware.stores import DEVICE

LEAD = b"l" * 16
OTHER = b"o" * 16
LIFE_MS = 24 * 3_600_000
CAPTURED = (FingerQuality(2, 63),)


def lead_result(score: float = 5.2, **change: object) -> Result:
    told: dict[str, object] = {
        "outcome": Outcome.CANDIDATES,
        "candidates": (
            Candidate("case-2026-0117", "watch", score, 2, fingers=2),
            Candidate("case-2026-0118", "watch", 3.1, 2),
        ),
        "searched": (SearchedList("watch", 300, 1_000),),
        "coverage": 1.0,
        "threshold": 3.0,
        "search_ms": 4.0,
        "answered_ms": 9_000,
        "software": "test",
        "evidence": Evidence(0, 2, bytes(range(100))),
    }
    return Result(**(told | change))  # type: ignore[arg-type]


@dataclass
class LeadPost:
    """A kiosk's desk, which can be switched off and on."""

    store: Store
    audit: Log = field(default_factory=Log)
    shown: tuple[LeadShown, ...] = ()
    gone: list[bytes] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)
    staffed: bool = True
    list_age_ms: int | None = None
    purpose: str = "border-check"

    def __post_init__(self) -> None:
        self.start()

    def start(self, who: str = "") -> None:
        """Begin anew, as after a restart of the process."""
        self.file = LeadsFile(leads_beside(self.store._path), self.store)
        self.taken = TakenFile(taken_beside(self.store._path), DEVICE)
        self.desk = VerificationDesk(
            DeskParts(
                self.store, self.file, self.taken, self.audit, self.purpose, "matcher-01",
                self.show, self.purge, lambda: self.staffed, self.list_age_ms,
            ),
            who,
        )  # fmt: skip
        self.desk.when_asked(self.asked.append)

    def purge(self, request_id: bytes, reason: str, who: str) -> None:
        """As the kiosk does by order, without the matcher."""
        event = audit_events.purged(request_id, reason, who)
        self.store.purge(request_id, lambda _: self.audit.note(event))
        self.gone.append(request_id)
        self.desk.forget(request_id)

    def show(self, leads: tuple[LeadShown, ...]) -> None:
        self.shown = leads

    def answer(
        self, request_id: bytes = LEAD, result: Result | None = None, by: str = "4711"
    ) -> Result:
        """Have an answer come: taken, committed, shown."""
        self.take(request_id, by)
        return self.comes(request_id, result)

    def take(self, request_id: bytes = LEAD, by: str = "4711", purpose: str = "") -> None:
        """Have fingers taken, and their request wait."""
        self.store.add_request(Pending(request_id, 0, 1, 10_000), b"sealed")
        self.desk.taken(request_id, by, CAPTURED, purpose)

    def comes(self, request_id: bytes = LEAD, result: Result | None = None) -> Result:
        """Have an answer committed and shown."""
        found = result or lead_result()
        final = found.outcome is not Outcome.INCOMPLETE
        self.store.add_answer(
            request_id, encode_result(found), final=final, arrived_ms=100, expires_ms=100 + LIFE_MS
        )
        self.desk.arrived(request_id, found)
        return found

    def order(self, who: str, event: str, request_id: bytes = LEAD, **told: object) -> None:
        order = {"event": event, "request_id": request_id.hex(), **told}
        self.desk.order(LeadOrder(**order), who)  # type: ignore[arg-type]

    def log_in(self, who: str, *events: Callable[["LeadPost", str], None]) -> None:
        self.desk.ended()
        self.desk.begun(who)
        for event in events:
            event(self, who)

    @property
    def lead(self) -> LeadShown:
        (found,) = self.shown
        return found


def look(post: LeadPost, who: str) -> None:
    post.order(who, "view", justification="decide")


def confirm(post: LeadPost, who: str) -> None:
    post.order(who, "confirm", source="list-owner", reference="AB-2026/117")


def ask(post: LeadPost, who: str) -> None:
    post.order(who, "examine")


def reject(post: LeadPost, who: str) -> None:
    post.order(who, "reject", reason="other-person")
