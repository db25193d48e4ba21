"""A port in virtual time: the simulated module without operating system and without waiting.

For tests and fault campaigns, in which a transfer of seconds takes milliseconds and a deadline is
met to the microsecond. Where the serial layer itself matters, use line.py.
"""

from greenline.drivers.errors import PortLostError
from greenline.drivers.simulation.wire import Wire

_TOUCH_LOOK_S = 0.01


class VirtualClock:
    """A clock that stands still until somebody waits; call it for the time. now: seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time, as time.monotonic does."""
        return self.now


class VirtualPort:
    """One end of a Wire as a Port; waiting moves its clock on. unplug() makes it fail."""

    def __init__(self, wire: Wire, baud: int = 57600) -> None:
        self.baud = baud
        self.wire = wire
        self.clock = VirtualClock()
        self._arrived = b""
        self._lost = False

    def read(self, most: int, deadline: float) -> bytes:
        """Return 1 to `most` bytes as soon as there are any; b"" when the deadline passes."""
        self._demand_plugged()
        self._collect()
        while not self._arrived:
            arrival = self.wire.next_arrival()
            self.clock.now = max(
                self.clock.now, deadline if arrival is None else min(arrival, deadline)
            )
            self._collect()
            if self.clock.now >= deadline:
                break
        data, self._arrived = self._arrived[:most], self._arrived[most:]
        return data

    def write(self, data: bytes, deadline: float) -> None:
        """Send all of data."""
        del deadline  # this line takes everything at once
        self._demand_plugged()
        self.wire.from_host(data, self.baud, self.clock.now)

    def flush_input(self) -> None:
        """Forget what has arrived and was not read."""
        self._demand_plugged()
        self._collect()
        self._arrived = b""

    def set_baud(self, baud: int) -> None:
        """Change the speed from the next byte on."""
        self._demand_plugged()
        self._collect()
        self.baud = baud

    def close(self) -> None:
        """Let go of the line; what is on its way is lost."""
        self._lost = True
        self.wire.hang_up()

    def unplug(self) -> None:
        """Pull the cable: every further call raises PortLostError."""
        self._lost = True

    def _collect(self) -> None:
        self._arrived += self.wire.to_host(self.baud, self.clock.now)

    def _demand_plugged(self) -> None:
        if self._lost:
            raise PortLostError("the simulated port: it has been unplugged")


class VirtualTouch:
    """The touch line of the module behind a virtual port.

    stuck: what a broken one says always; None: it says the truth.
    """

    def __init__(self, port: VirtualPort) -> None:
        self._port = port
        self.stuck: bool | None = None

    @property
    def touched(self) -> bool:
        """Whether a finger lies on the module now."""
        return self._port.wire.module.seen is not None if self.stuck is None else self.stuck

    def wait(self, *, touched: bool, timeout_s: float) -> bool:
        """Wait in virtual time until one lies there (or none does); False: the time ran out."""
        clock = self._port.clock
        deadline = clock.now + timeout_s
        while self.touched is not touched and clock.now < deadline:
            clock.now = min(deadline, clock.now + _TOUCH_LOOK_S)
        return self.touched is touched


class VirtualSupply:
    """The supply switch of the module behind a virtual port.

    on: how it stands. changes: when it was switched, and how.
    """

    def __init__(self, port: VirtualPort) -> None:
        self._port = port
        self.on = True
        self.changes: list[tuple[float, bool]] = []

    def switch(self, *, on: bool) -> None:
        """Switch the module's supply on or off."""
        if on is self.on:
            return
        self.on = on
        self.changes.append((self._port.clock.now, on))
        if on:
            self._port.wire.restart_module(self._port.clock.now)
        else:
            self._port.wire.switch_off()
