"""The camera thread: a preview for whoever watches, and no picture when nobody does.

The camera is opened once at the start, to say whether it is there, and from then on only while
somebody watches. Without it the kiosk works on and says so. Pictures are never stored here.
"""

import logging
import threading
import time
from collections.abc import Callable

from greenline.drivers.camera import Camera
from greenline.drivers.errors import DriverError
from greenline.drivers.pictures import to_jpeg
from greenline.drivers.port import Clock
from greenline.firmware.board import Board, DeviceName
from greenline.firmware.reopening import Opening, Reopener

log = logging.getLogger(__name__)

_FRAME_S = 0.1  # ten pictures a second are enough to hold a head still


class CameraThread:
    """Owns the camera; watch() and newest() may be called from any thread."""

    def __init__(
        self, opening: Opening[Camera], board: Board, clock: Clock = time.monotonic
    ) -> None:
        self._board = board
        self._changed = threading.Condition()
        self._stopping = False
        self._watchers: set[Callable[[], None]] = set()
        self._newest: bytes | None = None
        self._known = False  # whether it is there has been said
        self._reopener = Reopener(opening, self._wait, clock)
        self._camera: Camera | None = None
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def start(self) -> None:
        """Begin; the camera is opened on the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Let go of the camera and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout=10)

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call watcher, on the camera's thread, after each picture; returns how to end it."""
        with self._changed:
            self._watchers.add(watcher)
            self._changed.notify_all()
        return lambda: self._forget(watcher)

    def newest(self) -> bytes | None:
        """Return the newest picture as a JPEG file; None when there is none to show now."""
        return self._newest

    def _forget(self, watcher: Callable[[], None]) -> None:
        with self._changed:
            self._watchers.discard(watcher)
            self._changed.notify_all()

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._turn()
            except DriverError as fault:
                self._lose(str(fault))
            except Exception as fault:
                # The last resort of this thread: the fault is named, the thread goes on.
                log.exception("camera failed")
                self._lose(f"a fault in the kiosk itself ({type(fault).__name__})")
        self._close()

    def _turn(self) -> None:
        if self._known and not self._watchers:
            self._rest()
        elif self._camera is None:
            self._camera = self._reopener.next_step()
            if self._camera is not None:
                self._known = True
                self._board.show_device(DeviceName.CAMERA)
        else:
            self._look(self._camera)

    def _rest(self) -> None:
        """Let go of the camera until somebody watches."""
        self._close()
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._watchers)

    def _look(self, camera: Camera) -> None:
        self._tell(to_jpeg(camera.preview()))
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or not self._watchers, _FRAME_S)

    def _tell(self, newest: bytes | None) -> None:
        self._newest = newest
        with self._changed:
            watchers = list(self._watchers)
        for watcher in watchers:
            watcher()

    def _wait(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, seconds)

    def _lose(self, reason: str) -> None:
        log.warning("camera lost", extra={"reason": reason})
        self._known = False  # somebody may plug it in again before anybody watches
        self._close()
        self._reopener.failed()
        self._board.show_device(DeviceName.CAMERA, missing=reason)

    def _close(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
        if self._newest is not None:
            self._tell(None)
