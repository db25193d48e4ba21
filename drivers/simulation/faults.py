"""What can happen to an answer on its way: small faults that combine by standing in a row.

A fault takes one answer and returns what arrives instead; the wire passes every answer through
all of its faults in turn. A fault that ends by itself is a Times around another one; one that
leaves short answers alone is an OnPictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol


@dataclass(frozen=True)
class Piece:
    """Bytes of an answer in one go; at first one packet.

    pause_s: silence before them, seconds. baud: at what speed they are sent, 0 if nobody said.
    """

    data: bytes
    pause_s: float = 0.0
    baud: int = 0


Pieces = Sequence[Piece]


class Fault(Protocol):
    """Something that is wrong with the line."""

    def spoil(self, answer: Pieces) -> Pieces:
        """Return what arrives instead of this answer."""


@dataclass(frozen=True)
class Silent:
    """Nothing arrives."""

    def spoil(self, answer: Pieces) -> Pieces:
        """Return nothing."""
        return answer[:0]


@dataclass(frozen=True)
class Instead:
    """Something else arrives."""

    data: bytes

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the other bytes."""
        del answer
        return [Piece(self.data)]


@dataclass(frozen=True)
class Noise:
    """These bytes arrive before the answer."""

    noise: bytes

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the answer with the noise as part of its first piece."""
        if not answer:
            return [Piece(self.noise)]
        return [replace(answer[0], data=self.noise + answer[0].data), *answer[1:]]


@dataclass(frozen=True)
class Pause:
    """The line stands still for some seconds. packet: before which piece, 0 the first."""

    seconds: float
    packet: int = 0

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the answer, later from that piece on."""
        return [
            replace(piece, pause_s=self.seconds) if place == self.packet else piece
            for place, piece in enumerate(answer)
        ]


@dataclass(frozen=True)
class BadChecksum:
    """The check sum of one packet is wrong. packet: its place in the answer, 0 the first."""

    packet: int = 0

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the answer with one bit changed in that packet's last byte."""
        before = sum(len(piece.data) for piece in answer[: self.packet + 1])
        return ChangedByte(before - 1, 1).spoil(answer) if self.packet < len(answer) else answer


@dataclass(frozen=True)
class ChangedByte:
    """One byte is wrong. at: how many come before it. flip: which of its bits, 1-255."""

    at: int
    flip: int

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the answer with that byte changed."""
        left = self.at
        for place, piece in enumerate(answer):
            if left < len(piece.data):
                data = bytearray(piece.data)
                data[left] ^= self.flip
                changed = replace(piece, data=bytes(data))
                return [*answer[:place], changed, *answer[place + 1 :]]
            left -= len(piece.data)
        return answer


@dataclass(frozen=True)
class CutOff:
    """Only the first bytes arrive. after: how many."""

    after: int

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the beginning of the answer."""
        return _split(answer, self.after)[0]


@dataclass(frozen=True)
class LostBytes:
    """Some bytes in the middle are missing. at: how many come before them. count: how many."""

    at: int
    count: int

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the answer with the gap in it."""
        before, after = _split(answer, self.at)
        return [*before, *_split(after, self.count)[1]]


@dataclass(frozen=True)
class LostPacket:
    """One packet is missing. packet: its place in the answer, 0 the first."""

    packet: int

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the answer without that packet."""
        return [piece for place, piece in enumerate(answer) if place != self.packet]


@dataclass(frozen=True)
class InsertedBytes:
    """Bytes arrive that nobody sent. at: how many of the answer's come before them."""

    at: int
    data: bytes

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the answer with the other bytes in it."""
        before, after = _split(answer, self.at)
        return [*before, *Noise(self.data).spoil(after)]


@dataclass(frozen=True)
class RepeatedPacket:
    """One packet arrives twice. packet: its place in the answer, 0 the first."""

    packet: int

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the answer with that packet twice."""
        return [*answer[: self.packet + 1], *answer[self.packet :]]


@dataclass(frozen=True)
class AboveSpeed:
    """A fault that shows only when the line runs faster than the limit, bits a second."""

    limit: int
    fault: Fault

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the answer, spoilt if it is sent too fast."""
        return self.fault.spoil(answer) if answer and answer[0].baud > self.limit else answer


@dataclass(frozen=True)
class OnPictures:
    """A fault that leaves every answer alone but pictures (an answer of several packets)."""

    fault: Fault

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the answer, spoilt if it carries a picture."""
        return self.fault.spoil(answer) if len(answer) > 1 else answer


@dataclass
class Times:
    """A fault that goes away. count: how many answers it will still change."""

    count: int
    fault: Fault

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the answer, spoilt while the count lasts."""
        if self.count <= 0:
            return answer
        spoilt = self.fault.spoil(answer)
        self.count -= list(spoilt) != list(answer)
        return spoilt


def _split(answer: Pieces, at: int) -> tuple[Pieces, Pieces]:
    """Return the first `at` bytes and the rest, as pieces none of which is empty."""
    before: list[Piece] = []
    for place, piece in enumerate(answer):
        if at < len(piece.data):
            head = [replace(piece, data=piece.data[:at])] if at else []
            tail = replace(piece, data=piece.data[at:], pause_s=0.0) if at else piece
            return before + head, [tail, *answer[place + 1 :]]
        before.append(piece)
        at -= len(piece.data)
    return before, []
