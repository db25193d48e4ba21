"""What kiosks send beside requests: reports of audit logs, statuses, orders to erase, questions."""

from collections.abc import Callable
from dataclasses import dataclass

from greenline.matcher.answering import Answering
from greenline.matcher.audit_arrivals import AuditArrivals
from greenline.matcher.audit_reports import Reports
from greenline.matcher.erasing import ErasureArrivals
from greenline.matcher.examination_arrivals import ExaminationArrivals
from greenline.matcher.ledger import Ledger
from greenline.matcher.split import Split
from greenline.matcher.status_arrivals import StatusArrivals
from greenline.matcher.tally import Tally
from greenline.matcher.timely import FORGET_AFTER_MS


@dataclass(frozen=True)
class Way:
    """The way out, and the clocks. publish: with a token; send_back: with none that matters.

    forget_receipt: of a request that needs none any more. now_ms: Unix milliseconds; clock:
    monotonic seconds.
    """

    acknowledge: Callable[[int], None]
    publish: Callable[[bytes, str, bytes], None]
    send_back: Callable[[str, bytes], None]
    forget_receipt: Callable[[bytes], None]
    now_ms: Callable[[], int]
    clock: Callable[[], float]


class Beside:
    """Takes all of it. take() on the link's thread; step() and tend() on the search thread."""

    def __init__(
        self,
        answering: Answering,
        ledger: Ledger,
        reports: Reports | None,
        split: Split,
        tally: Tally,
        way: Way,
    ) -> None:
        self._now_ms = way.now_ms
        self._audit = AuditArrivals(reports, split, tally, way.acknowledge, way.send_back)
        self._statuses = StatusArrivals(
            answering.kiosks, answering.generations, split, tally, way.acknowledge, way.now_ms
        )
        self.examinations = ExaminationArrivals(
            None,
            answering.sealing,
            answering.audit,
            tally,
            way.acknowledge,
            way.publish,
            way.now_ms,
            way.clock,
        )
        self._erasing = ErasureArrivals(
            answering.kiosks,
            answering.generations,
            ledger,
            answering.audit,
            reports.log if reports is not None else None,
            split,
            tally,
            way.acknowledge,
            way.send_back,
            way.forget_receipt,
            way.now_ms,
            self.examinations.withdraw,
        )

    def take(self, delivery: int, topic: str, payload: bytes) -> bool:
        """Take what is one of these; False when it is none."""
        arrivals = (self._audit, self._statuses, self._erasing, self.examinations)
        return any(each.take(delivery, topic, payload) for each in arrivals)

    def tend(self) -> None:
        """Do what is due now and then. Raises DatabaseError."""
        self._erasing.withdraw_held()
        self._erasing.forget_old(self._now_ms() - FORGET_AFTER_MS)
        self._audit.tend()
