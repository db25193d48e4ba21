"""The kiosk process, put together: store, inbox, gate, capture thread and board.

Devices but no network: what leaves goes through the gate's socket to the uplink process.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from greenline.drivers.sensor import Sensor
from greenline.firmware.board import Board
from greenline.firmware.camera import CameraThread
from greenline.firmware.capture import CaptureThread, StartCheck
from greenline.firmware.checks import Checks
from greenline.firmware.dispatch import Dispatcher
from greenline.firmware.gate import Gate
from greenline.firmware.inbox import Inbox
from greenline.firmware.line import Case, Extraction, Line
from greenline.firmware.panel import Panel, panel_threads
from greenline.firmware.reopening import Opening
from greenline.firmware.residue import Glass
from greenline.firmware.store import Store
from greenline.firmware.trigger import Settling
from greenline.models.quality import Quality
from greenline.prints.frame import Frame
from greenline.protocol.keys import Identity, OpeningKey, SigningKey


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class KioskParts:
    """What a kiosk is made of. Times in milliseconds; qualities 0-100.

    early_stop, settling: see Line. rescan_below: see Taking.
    """

    name: str
    sensor: Opening[Sensor]
    panel: Panel
    judge: Callable[[Frame], Quality]
    extraction: Extraction
    signer: SigningKey
    opener: OpeningKey
    matcher: Identity
    store: Path
    socket: Path
    case: Case
    software: str
    minimum_quality: int
    attempts: int
    request_lifetime_ms: int
    answer_lifetime_ms: int
    resend_first_s: float = 15.0
    early_stop: bool = True
    settling: Settling = field(default_factory=Settling)
    rescan_below: int = 0
    now_ms: Callable[[], int] = _now_ms


class Kiosk:
    """A running kiosk. Raises StoreError when its store cannot be used."""

    def __init__(self, parts: KioskParts) -> None:
        self._parts = parts
        self._store = Store(parts.store)
        self.board = Board(parts.name, parts.minimum_quality)
        inbox = Inbox(
            parts.name,
            parts.opener,
            parts.matcher,
            self._store,
            parts.now_ms,
            parts.answer_lifetime_ms,
        )
        self._checks = Checks(self.board, self._store, inbox, parts.now_ms)
        dispatcher = Dispatcher(time.monotonic, resend_first_s=parts.resend_first_s)
        self._gate = Gate(parts.socket, self._store, self._checks, dispatcher, parts.now_ms)
        self._capture = CaptureThread(
            parts.sensor,
            self._line,
            self.board,
            self._checks,
            self._gate,
            parts.attempts,
            parts.rescan_below,
        )
        self.camera = None
        if parts.panel.camera is not None:
            self.camera = CameraThread(parts.panel.camera, self.board)
        self._devices = panel_threads(parts.panel, self, parts.now_ms)
        if self.camera is not None:
            self._devices.append(self.camera)

    def start(self) -> None:
        """Show what is left of an earlier run, then let uplink and officer in."""
        self._checks.restore()
        for device in self._devices:
            device.start()
        self._gate.start()
        self._capture.start()

    def stop(self) -> None:
        """Give back devices, socket and store; everything taken is on the disk already."""
        self._capture.end()
        for device in self._devices:
            device.end()  # all at once, so that they end while the first is waited for
        self._capture.stop()
        for device in self._devices:
            device.stop()
        self._gate.stop()
        self._store.close()

    def start_check(self, finger: int) -> bool:
        """Open a check for one finger (ISO position); False when the kiosk is not ready for it."""
        return self._capture.request(StartCheck(finger, self._parts.case))

    def cancel_check(self) -> None:
        """End the capture that is going on; nothing of it is kept."""
        self._capture.cancel()

    def _line(self, sensor: Sensor) -> Line:
        parts = self._parts
        return Line(
            sensor=sensor,
            judge=parts.judge,
            extraction=parts.extraction,
            minimum_quality=parts.minimum_quality,
            store=self._store,
            kiosk=parts.name,
            signer=parts.signer,
            matcher=parts.matcher,
            lifetime_ms=parts.request_lifetime_ms,
            software=parts.software,
            now_ms=parts.now_ms,
            early_stop=parts.early_stop,
            settling=parts.settling,
            glass=Glass(parts.judge, secrets.randbits(32)),
        )
