"""The camera thread: a preview for whoever watches, and no picture when nobody does.

The camera is opened once at the start, for one picture that proves it, and from then on only while
somebody watches; otherwise it is only seen to be plugged in. Without it the kiosk works on and says
so. Pictures are never stored here.
"""

import logging
import threading
import time
from collections.abc import Callable

from greenline.drivers.camera import Camera
from greenline.drivers.errors import DriverError, PortLostError
from greenline.drivers.pictures import to_jpeg
from greenline.drivers.port import Clock
from greenline.firmware.board import Board, DeviceName
from greenline.firmware.reopening import Opening, Reopener, close_quietly

log = logging.getLogger(__name__)

_SEEN_S = 5.0
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
        self._told: str | None = None
        self._opening = opening
        self._reopener = Reopener(opening, self._wait, clock)
        self._camera: Camera | None = None
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def start(self) -> None:
        """Begin; the camera is opened on the thread."""
        # Should it hang while it is opened, this is what is left to be read.
        self._say("it does not answer yet")
        self._thread.start()

    def end(self) -> None:
        """Begin to end, without waiting for it."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Let go of the camera and end."""
        self.end()
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
                self._lose(fault, str(fault))
            except Exception as fault:
                # The last resort of this thread: the fault is named, the thread goes on.
                log.exception("camera failed")
                self._lose(fault, f"a fault in the kiosk itself ({type(fault).__name__})")
        self._close()

    def _turn(self) -> None:
        if self._known and not self._watchers:
            self._rest()
        elif self._camera is None:
            self._camera = self._reopener.next_step()
        else:
            self._look(self._camera)

    def _rest(self) -> None:
        """Let go of the camera until somebody watches. Raises PortLostError when it has gone."""
        self._close()
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._watchers, _SEEN_S)
        if not self._opening.seems_there():
            raise PortLostError("the camera is not plugged in any more")

    def _look(self, camera: Camera) -> None:
        picture = to_jpeg(camera.preview())
        self._known = True
        self._say("")
        if self._watchers:
            self._tell(picture)
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or not self._watchers, _FRAME_S)

    def _tell(self, newest: bytes | None) -> None:
        self._newest = newest
        with self._changed:
            watchers = list(self._watchers)
        for watcher in watchers:
            watcher()

    def _say(self, missing: str) -> None:
        """Say whether the camera is there, once for each change."""
        if missing == self._told:
            return
        self._told = missing
        self._board.show_device(DeviceName.CAMERA, missing=missing)
        log.info("device", extra={"device": DeviceName.CAMERA.value, "missing": missing})

    def _wait(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, seconds)

    def _lose(self, fault: Exception, reason: str) -> None:
        self._known = False  # somebody may plug it in again before anybody watches
        self._reopener.failed(fault)
        self._say(reason)
        self._close()

    def _close(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            close_quietly(camera)
        if self._newest is not None:
            self._tell(None)
