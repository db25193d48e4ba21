"""A pseudo-terminal with a simulated module at its far end: what a kiosk opens as a serial port.

    with PtyLine(Wire(ZfmModule(R503), paced=True), link=Path("/run/greenline/fingerprint")):
        ...  # the kiosk opens serial:/run/greenline/fingerprint, closes it, opens it again

A pseudo-terminal knows neither time nor speed; both are added here: the wire paces the bytes, and
the speed that the kiosk has set is read back from the terminal, so a wrong one really fails.
"""

import errno
import fcntl
import os
import select
import struct
import threading
import time
import tty
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from greenline.drivers.port import Clock
from greenline.drivers.simulation.wire import Wire

_TCGETS2 = 0x802C542A  # Linux, asm-generic: termios2 has the speed as a number, termios a code
_TERMIOS2_SIZE, _OUTPUT_SPEED_AT = 44, 40
_READ_SIZE = 4096
_CLOSED_LOOK_S = 0.02  # how often to look whether a closed terminal was opened again
_RATHER_LATE_S = 0.002  # bytes are handed over in small heaps, not one by one


class PtyLine:
    """Runs a Wire on a pseudo-terminal, in a thread, from plug_in() to unplug().

    wire: its faults may be changed at any time. link: a symbolic link to keep pointing at the
    terminal, whose own name changes each time.
    """

    def __init__(self, wire: Wire, link: Path | None = None, clock: Clock = time.monotonic) -> None:
        self.wire = wire
        self._link = link
        self._clock = clock
        self._outgoing = b""
        self._lock = threading.Lock()  # the wire is the thread's; restart_module() borrows it
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._master = self._wake = -1
        self._terminal = Path()

    @property
    def path(self) -> Path:
        """What to open: the link if there is one, else the terminal itself."""
        return self._link or self._terminal

    def plug_in(self) -> None:
        """Make the terminal and serve it. Raises OSError when the link cannot be made."""
        self._master, slave = os.openpty()
        try:
            tty.setraw(slave)
            self._terminal = Path(os.ttyname(slave))
            self._point_link()
        except OSError:
            os.close(self._master)
            raise
        finally:
            os.close(slave)
        os.set_blocking(self._master, False)
        self._wake = os.eventfd(0)
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name="simulated line", daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Pull the cable: a program that has the terminal open meets an error."""
        if self._thread is None:
            return
        self._stopping = True
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        self._thread = None
        os.close(self._master)
        os.close(self._wake)
        self._outgoing = b""
        self.wire.hang_up()
        if self._link is not None and self._link.is_symlink():
            self._link.unlink()

    def restart_module(self) -> None:
        """Switch the module's power off and on while the line stays."""
        with self._lock:
            self.wire.restart_module(self._clock())
        if self._thread is not None:
            os.eventfd_write(self._wake, 1)

    def __enter__(self) -> Self:
        self.plug_in()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.unplug()

    def _point_link(self) -> None:
        if self._link is None:
            return
        if self._link.is_symlink():  # left over by a simulator that was killed
            self._link.unlink()
        self._link.symlink_to(self._terminal)

    def _serve(self) -> None:
        """Move bytes both ways until woken; the thread's own function."""
        while True:
            writing = [self._master] if self._outgoing else []
            ready, _, _ = select.select([self._master, self._wake], writing, [], self._nap_s())
            if self._stopping:
                return
            if self._wake in ready:
                os.eventfd_read(self._wake)
            if self._master in ready and not self._listen():
                select.select([self._wake], [], [], _CLOSED_LOOK_S)
            self._speak()

    def _nap_s(self) -> float | None:
        """Return how long nothing needs doing; None: until something happens."""
        with self._lock:
            arrival = None if self._outgoing else self.wire.next_arrival()
        return None if arrival is None else max(_RATHER_LATE_S, arrival - self._clock())

    def _listen(self) -> bool:
        """Take what the kiosk has written; False: it has closed the terminal."""
        try:
            data = os.read(self._master, _READ_SIZE)
        except BlockingIOError:
            return True  # it was closed and is open again by now
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            self._outgoing = b""
            with self._lock:
                self.wire.hang_up()
            return False
        with self._lock:
            self.wire.from_host(data, self._host_baud(), self._clock())
        return True

    def _speak(self) -> None:
        """Hand over what has arrived by now, as much of it as the terminal takes."""
        with self._lock:
            self._outgoing += self.wire.to_host(self._host_baud(), self._clock())
        if self._outgoing:
            # It blocks while the kiosk does not read; select() says when there is room again.
            with suppress(BlockingIOError):
                self._outgoing = self._outgoing[os.write(self._master, self._outgoing) :]

    def _host_baud(self) -> int:
        settings = fcntl.ioctl(self._master, _TCGETS2, bytes(_TERMIOS2_SIZE))
        return int(struct.unpack_from("I", settings, _OUTPUT_SPEED_AT)[0])
