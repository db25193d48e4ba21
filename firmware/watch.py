"""What technicians may look at of a running kiosk: what waits, and the numbers for Prometheus."""

from collections.abc import Callable
from pathlib import Path

from greenline.firmware.audit_events import Audit
from greenline.firmware.block_device import written_bytes
from greenline.firmware.gate import Gate
from greenline.firmware.inbox import Inbox
from greenline.firmware.metrics import KioskMetrics, KioskReadings
from greenline.firmware.queue_door import QueueDoor, door_beside
from greenline.firmware.queue_view import Queue
from greenline.firmware.store import Store


class Watch:
    """Stands beside a kiosk's parts and reads them.

    path: of the store. matcher: its name. cases: how many have ended, by how.
    """

    def __init__(
        self,
        path: Path,
        store: Store,
        gate: Gate,
        inbox: Inbox,
        audit: Audit,
        matcher: str,
        now_ms: Callable[[], int],
        *,
        cases: Callable[[], dict[str, int]],
    ) -> None:
        self.queue = queue = Queue(gate, store, audit, matcher, now_ms)
        self._salvaged = (0, 0)
        self.leads: Callable[[], dict[str, int]] = dict
        """How many possible matches people have decided, by how; set it once there is a desk."""
        self._door = QueueDoor(door_beside(path), queue)
        self.metrics = KioskMetrics(
            KioskReadings(
                lanes=queue.lanes,
                resends=gate.resends,
                repeated=lambda: sum(inbox.refused.values()) - inbox.forged(),
                refused=inbox.forged,
                salvaged=lambda: self._salvaged,
                room=store.room,
                written_bytes=lambda: written_bytes(path),
                cases=cases,
                leads=self._leads,
            )
        )

    def salvaged(self, kept: int, lost: int) -> None:
        """Count what a damage of the store has cost."""
        before = self._salvaged
        self._salvaged = (before[0] + kept, before[1] + lost)

    def start(self) -> None:
        """Let technicians ask."""
        self._door.start()

    def stop(self) -> None:
        """Let nobody ask any more."""
        self._door.stop()

    def _leads(self) -> dict[str, int]:
        return self.leads()
