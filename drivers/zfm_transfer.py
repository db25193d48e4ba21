"""What a transfer on a serial line has given, and the rest of one that nobody wants any more.

A ZFM module cannot be told to stop (ZFM-20 user manual 2.0: UpImage has no counterpart) and hears
nothing while it sends. So a driver that has seen enough lets the rest go by, in steps, and may say
meanwhile what is to be done better; the next command waits for the line.
"""

from dataclasses import dataclass

from greenline.drivers.port import Clock, Port

SILENCE_S = 1.0  # no byte for so long: the transfer is over, whether it was complete or not

_READ_SIZE = 4096


@dataclass(frozen=True)
class Transfer:
    """The contents of the good data packets in a row.

    ended: the last one said so. clean: nothing else was among them. What was damaged is missing,
    so the number of bytes tells whether all came. stopped: nobody wanted the rest.
    """

    data: bytes
    ended: bool
    clean: bool = True
    stopped: bool = False


NOTHING = Transfer(b"", ended=False)


class Rest:
    """Counts down the bytes that are still to come. Bytes include the packets' frames."""

    def __init__(self, port: Port, clock: Clock) -> None:
        self._port = port
        self._clock = clock
        self._heard_at = 0.0
        self.count = 0

    def expect(self, count: int) -> None:
        """So many bytes are on their way, from now on."""
        self.count = max(0, count)
        self._heard_at = self._clock()

    def forget(self) -> None:
        """The line is known to be silent."""
        self.count = 0

    def read(self, deadline: float) -> bytes:
        """Take off the line what comes first by then; b"" when nothing does."""
        received = self._port.read(_READ_SIZE, deadline)
        if received:
            self._heard_at = self._clock()
            self.count = max(0, self.count - len(received))
        return received

    def take(self, deadline: float) -> bool:
        """Take all of it off the line; False: more is to come when the deadline passes."""
        while self.count:
            silent_at = self._heard_at + SILENCE_S
            if not self.read(min(deadline, silent_at)):
                if self._clock() >= silent_at:  # some of it was lost on the way
                    self.count = 0
                elif self._clock() >= deadline:
                    return False
        return True
