"""Reports of kiosks' audit logs, from a delivery of the broker to the receipt that goes back.

Nothing is held: a report that could not be taken is acknowledged to the broker all the same, since
its kiosk offers it until there is a receipt.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from greenline.link.connection import NotConnectedError
from greenline.matcher.audit_reports import Reports
from greenline.matcher.errors import DatabaseError
from greenline.matcher.split import Split
from greenline.matcher.tally import Tally
from greenline.protocol.envelope import EnvelopeKind, kind_of
from greenline.protocol.errors import ProtocolError
from greenline.protocol.topics import kiosk_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AuditArrivals:
    """Used by the link's thread. reports: None where there is no audit log: nothing is taken.

    acknowledge: tell the broker that a delivery is safe. publish: a receipt to a kiosk.
    """

    reports: Reports | None
    split: Split
    tally: Tally
    acknowledge: Callable[[int], None]
    publish: Callable[[str, bytes], None]

    def take(self, delivery: int, topic: str, payload: bytes) -> bool:
        """Take a report; False when it is none, and somebody else's affair."""
        if self.reports is None or kind_of(payload) != EnvelopeKind.AUDIT_REPORT:
            return False
        if self.split.takes(payload):
            self._take(self.reports, topic, payload)
        self.acknowledge(delivery)
        return True

    def tend(self) -> None:
        """Sign what has waited long enough. Raises DatabaseError."""
        if self.reports is not None:
            self.reports.log.tend()

    def _take(self, reports: Reports, topic: str, payload: bytes) -> None:
        self.tally.request("audit reports")
        try:
            kiosk = kiosk_of(topic)
            self.publish(kiosk, reports.take(payload, kiosk))
        except ProtocolError as fault:
            self.tally.refuse(type(fault).__name__)
            log.warning("audit report refused", extra={"source": topic, "reason": str(fault)})
        except DatabaseError as fault:
            log.warning("audit log failed", extra={"reason": str(fault)})
        except NotConnectedError:
            log.info("audit receipt not sent: no link")
