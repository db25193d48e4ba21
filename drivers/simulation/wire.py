"""The wire between a host and a simulated module: its speed, its pace, its faults.

Sans-IO: the time (seconds, on any clock) and the host's speed are arguments. The pseudo-terminal
(line.py) and the virtual port (virtual.py) both run on it.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Protocol

from greenline.drivers.simulation.faults import Fault, Piece, Pieces
from greenline.prints.frame import Frame

_BITS_PER_BYTE = 10  # start bit, eight data bits, stop bit
_CHUNK = 16  # bytes that next_arrival() waits for, as a UART's buffer does


class SerialModule(Protocol):
    """A simulated module at the far end of a wire: bytes in, bytes out, no time of its own."""

    @property
    def baud(self) -> int:
        """Bits a second at present; the answer to a change of speed still has the old one."""

    @property
    def deaf_s(self) -> float:
        """How long it hears nothing after power-on."""

    @property
    def seen(self) -> Frame | None:
        """What lies on it now, as it sees it; None without a finger."""

    def receive(self, data: bytes) -> Sequence[Sequence[bytes]]:
        """Take bytes from the host; return the answers they cause, each as its packets."""

    def restart(self) -> Sequence[bytes]:
        """Switch the power off and on; return what it sends unasked."""


@dataclass
class _Sending:
    """Bytes on their way to the host. start: when the first bit leaves. baud: their speed."""

    data: bytes
    start: float
    baud: int


class Wire:
    """Carries bytes both ways, half duplex: the module is deaf while it speaks.

    paced: bytes take the time that they take at the module's speed; False: none. Bytes sent at
    one speed and received at another arrive garbled. faults: of the answers, may be changed at
    any time. command_faults: of what the host sends, as well.
    """

    def __init__(self, module: SerialModule, faults: Sequence[Fault] = (), *, paced: bool) -> None:
        self.module = module
        self.faults: list[Fault] = list(faults)
        self.command_faults: list[Fault] = []
        self._paced = paced
        self._powered = True
        self._hears_from = 0.0
        self._sending: deque[_Sending] = deque()

    def from_host(self, data: bytes, baud: int, now: float) -> None:
        """Take bytes that the host has sent at this speed."""
        if self._sending or not self._powered or now < self._hears_from:
            return
        speed = self.module.baud  # a changed speed holds from the next answer on
        arrives = _spoilt([Piece(data, baud=baud)], self.command_faults)
        heard = b"".join(piece.data for piece in arrives)
        for answer in self.module.receive(heard if baud == speed else _garbled(heard)):
            self._send(answer, speed, now + len(data) * self._byte_s(speed))

    def restart_module(self, now: float) -> None:
        """Switch the module off and on, or only on; what it was saying is lost."""
        self.switch_off()
        self._powered = True
        self._hears_from = now + self.module.deaf_s
        self._send(self.module.restart(), self.module.baud, self._hears_from)

    def switch_off(self) -> None:
        """Take the module's supply away until restart_module()."""
        self._sending.clear()
        self._powered = False

    def to_host(self, baud: int, now: float) -> bytes:
        """Return the bytes that have arrived at a host listening at this speed."""
        arrived = bytearray()
        while self._sending:
            head = self._sending[0]
            data = head.data[: self._count_arrived(head, now)]
            arrived += data if baud == head.baud else _garbled(data)
            head.data = head.data[len(data) :]
            head.start += len(data) * self._byte_s(head.baud)
            if head.data:
                break
            self._sending.popleft()
        return bytes(arrived)

    def next_arrival(self) -> float | None:
        """Return when to ask to_host() again; None: nothing is on its way."""
        if not self._sending:
            return None
        head = self._sending[0]
        return head.start + min(_CHUNK, len(head.data)) * self._byte_s(head.baud)

    def hang_up(self) -> None:
        """Forget what is on its way: nobody listens."""
        self._sending.clear()

    def _send(self, answer: Sequence[bytes], baud: int, start: float) -> None:
        pieces = _spoilt([Piece(packet, baud=baud) for packet in answer], self.faults)
        if self._sending:
            start = max(start, self._end_of(self._sending[-1]))
        for piece in pieces:
            sending = _Sending(piece.data, start + piece.pause_s, baud)
            self._sending.append(sending)
            start = self._end_of(sending)

    def _end_of(self, sending: _Sending) -> float:
        return sending.start + len(sending.data) * self._byte_s(sending.baud)

    def _count_arrived(self, head: _Sending, now: float) -> int:
        byte_s = self._byte_s(head.baud)
        if not byte_s:
            return len(head.data) if head.start <= now else 0
        # The tiny share keeps rounding from holding back a byte at the very time it is due.
        return max(0, min(len(head.data), floor((now - head.start) / byte_s + 1e-6)))

    def _byte_s(self, baud: int) -> float:
        return _BITS_PER_BYTE / baud if self._paced else 0.0


def _spoilt(pieces: Pieces, faults: Sequence[Fault]) -> Pieces:
    for fault in faults:
        pieces = fault.spoil(pieces)
    return pieces


def _garbled(data: bytes) -> bytes:
    """Return what a receiver at the wrong speed makes of the bytes: as many, none of them right."""
    return bytes(byte ^ 0xA5 for byte in data)
