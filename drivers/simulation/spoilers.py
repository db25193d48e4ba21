"""The kinds of trouble that a fault campaign meets a module with, each at random places."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from greenline.drivers.simulation.faults import (
    BadChecksum,
    ChangedByte,
    CutOff,
    Fault,
    InsertedBytes,
    LostBytes,
    LostPacket,
    Noise,
    OnPictures,
    Pause,
    Piece,
    Pieces,
    RepeatedPacket,
    Silent,
    Times,
)
from greenline.drivers.zfm_codec import Packet, PacketKind, encode

ANSWER_BYTES = 12  # an acknowledge on the line
FRAME_BYTES = 11  # of a data packet besides its content
_CONTENT_AT = 9

_PAIR_WITHIN = 16  # bytes


@dataclass(frozen=True)
class Shape:
    """What a picture looks like on the line: data bytes a packet, and in all."""

    packet_size: int
    picture_bytes: int

    @property
    def packets(self) -> int:
        """Data packets of a picture."""
        return -(-self.picture_bytes // self.packet_size)

    @property
    def line_bytes(self) -> int:
        """Bytes of the whole answer: acknowledge and data packets."""
        return ANSWER_BYTES + self.picture_bytes + self.packets * FRAME_BYTES

    def start_of(self, packet: int) -> int:
        """Return how many bytes of the answer come before this data packet, 0 the first."""
        return ANSWER_BYTES + packet * (self.packet_size + FRAME_BYTES)


@dataclass(frozen=True)
class Spoilt:
    """What is wrong in one case. restart_at: share of the picture at which the power fails."""

    answers: list[Fault] = field(default_factory=list)
    commands: list[Fault] = field(default_factory=list)
    restart_at: float | None = None


Spoiler = Callable[[Random, Shape, int], Spoilt]
"""Chooses what is wrong, on so many answers."""


@dataclass(frozen=True)
class Exchanged:
    """Two bytes of one packet change places, which its additive sum cannot show. at: the first."""

    at: int
    distance: int

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the answer with the two bytes exchanged."""
        data = bytearray(b"".join(piece.data for piece in answer))
        one, other = self.at, self.at + self.distance
        data[one], data[other] = data[other], data[one]
        cut, pieces = 0, []
        for piece in answer:
            pieces.append(Piece(bytes(data[cut : cut + len(piece.data)]), piece.pause_s))
            cut += len(piece.data)
        return pieces


@dataclass(frozen=True)
class PairOfWrongBits:
    """One bit is wrong in each of two bytes close together, at another place in every picture.

    share: of the pictures, how many are hit.
    """

    random: Random
    shape: Shape
    share: float

    def spoil(self, answer: Pieces) -> Pieces:
        """Return the answer, with a pair of wrong bits if it is hit."""
        if self.random.random() >= self.share:
            return answer
        first = self.random.randrange(self.shape.line_bytes - _PAIR_WITHIN)
        for at in self.random.sample(range(first, first + _PAIR_WITHIN), 2):
            answer = ChangedByte(at, 1 << self.random.randrange(8)).spoil(answer)
        return answer


def _pictures(count: int, *faults: Fault) -> Spoilt:
    return Spoilt([Times(count, OnPictures(fault)) for fault in faults])


def _noise_before(random: Random, _: Shape, count: int) -> Spoilt:
    return Spoilt([Times(count, Noise(random.randbytes(random.randint(1, 64))))])


def _much_noise_before(random: Random, _: Shape, count: int) -> Spoilt:
    return Spoilt([Times(count, Noise(random.randbytes(random.randint(500, 5000))))])


def _noise_within(random: Random, shape: Shape, count: int) -> Spoilt:
    noise = random.randbytes(random.randint(1, 32))
    return _pictures(count, InsertedBytes(random.randrange(shape.line_bytes), noise))


def _false_header(random: Random, shape: Shape, count: int) -> Spoilt:
    kind = random.choice(list(PacketKind))
    false = encode(Packet(kind, random.randbytes(random.randint(1, 256))))[:_CONTENT_AT]
    return _pictures(count, InsertedBytes(random.randrange(shape.line_bytes), false))


def _start_up_bytes(random: Random, _: Shape, count: int) -> Spoilt:
    return Spoilt([Times(count, Noise(random.choice((b"\x55", b"\x00", b"\x00\x55", b"\xef"))))])


def _echo(_random: Random, _: Shape, _count: int) -> Spoilt:
    return Spoilt([Noise(encode(Packet(PacketKind.COMMAND, b"\x0a")))])


def _bad_answer_sum(_random: Random, _: Shape, count: int) -> Spoilt:
    return Spoilt([Times(count, BadChecksum(0))])


def _bad_data_sum(random: Random, shape: Shape, count: int) -> Spoilt:
    return _pictures(count, BadChecksum(1 + random.randrange(shape.packets)))


def _one_wrong_byte(random: Random, shape: Shape, count: int) -> Spoilt:
    return _pictures(count, _wrong_byte(random, random.randrange(shape.line_bytes)))


def _burst(random: Random, shape: Shape, count: int, most: int) -> Spoilt:
    first = random.randrange(shape.line_bytes - 64)
    places = random.sample(range(first, first + 64), random.randint(2, most))
    return _pictures(count, *(_wrong_byte(random, place) for place in places))


def _wrong_byte(random: Random, at: int) -> Fault:
    return ChangedByte(at, random.randint(1, 255))


def _lost_bytes(random: Random, shape: Shape, count: int) -> Spoilt:
    return _pictures(count, LostBytes(random.randrange(shape.line_bytes), random.randint(1, 300)))


def _lost_packet(random: Random, shape: Shape, count: int) -> Spoilt:
    return _pictures(count, LostPacket(1 + random.randrange(shape.packets)))


def _repeated_packet(random: Random, shape: Shape, count: int) -> Spoilt:
    return _pictures(count, RepeatedPacket(1 + random.randrange(shape.packets)))


def _cut(random: Random, shape: Shape, count: int) -> Spoilt:
    return _pictures(count, CutOff(random.randrange(shape.line_bytes)))


def _garbled_length(random: Random, shape: Shape, count: int) -> Spoilt:
    packet = random.randrange(-1, shape.packets)  # -1: the acknowledge
    start = 0 if packet < 0 else shape.start_of(packet)
    return _pictures(count, _wrong_byte(random, start + random.choice((7, 8))))


def _silent(_random: Random, _: Shape, count: int) -> Spoilt:
    return Spoilt([Times(count, Silent())])


def _silent_for_good(random: Random, _: Shape, _count: int) -> Spoilt:
    return Spoilt([OnPictures(Silent()) if random.random() < 0.5 else Silent()])


def _standstill(random: Random, shape: Shape, count: int) -> Spoilt:
    packet = 1 + random.randrange(shape.packets)
    return _pictures(count, Pause(random.uniform(0.05, 5.0), packet))


def _late_answer(random: Random, _: Shape, count: int) -> Spoilt:
    return Spoilt([Times(count, Pause(random.uniform(0.05, 5.0)))])


def _damaged_command(random: Random, _: Shape, count: int) -> Spoilt:
    fault = random.choice((_wrong_byte(random, random.randrange(12)), LostBytes(3, 2), Silent()))
    return Spoilt(commands=[Times(count, fault)])


def _long_command(random: Random, _: Shape, count: int) -> Spoilt:
    """Make the module wait for the rest of a command that is whole, and swallow the next ones."""
    return Spoilt(commands=[Times(count, _wrong_byte(random, random.choice((7, 8))))])


def _power_lost(random: Random, _: Shape, _count: int) -> Spoilt:
    return Spoilt(restart_at=random.uniform(0.0, 0.99))


def _cancelling(random: Random, shape: Shape, count: int) -> Spoilt:
    start = shape.start_of(random.randrange(shape.packets)) + _CONTENT_AT
    distance = random.randint(1, 8)
    at = start + random.randrange(shape.packet_size - distance)
    return _pictures(count, Exchanged(at, distance))


def _several(random: Random, shape: Shape, count: int) -> Spoilt:
    makers = random.sample(_SIMPLE, random.randint(2, 3))
    spoilt = [make(random, shape, count) for make in makers]
    return Spoilt(
        [fault for one in spoilt for fault in one.answers],
        [fault for one in spoilt for fault in one.commands],
    )


_SIMPLE: list[Spoiler] = [
    _noise_before,
    _noise_within,
    _bad_answer_sum,
    _bad_data_sum,
    _one_wrong_byte,
    _lost_bytes,
    _lost_packet,
    _cut,
    _standstill,
    _late_answer,
    _damaged_command,
    _long_command,
]

SPOILERS: dict[str, Spoiler] = {
    "start-up bytes before every answer": _start_up_bytes,
    "noise before the answer, 1-64 bytes": _noise_before,
    "noise before the answer, 500-5000 bytes": _much_noise_before,
    "noise within the picture, 1-32 bytes": _noise_within,
    "false packet header within the picture": _false_header,
    "echo of the command": _echo,
    "bad check sum of an answer": _bad_answer_sum,
    "bad check sum of a data packet": _bad_data_sum,
    "one wrong byte": _one_wrong_byte,
    "lost bytes, 1-300": _lost_bytes,
    "lost packet": _lost_packet,
    "repeated packet": _repeated_packet,
    "cut transfer": _cut,
    "garbled length": _garbled_length,
    "silent for some answers": _silent,
    "silent for good": _silent_for_good,
    "line stands still, 0.05-5 s": _standstill,
    "late answer, 0.05-5 s": _late_answer,
    "command damaged on its way": _damaged_command,
    "command with a garbled length": _long_command,
    "power lost within the picture": _power_lost,
    "two or three of these at once": _several,
    "burst: 2-40 wrong bytes within 64": partial(_burst, most=40),
    "two wrong bytes within 64": partial(_burst, most=2),
    "two bytes of a packet exchanged": _cancelling,
}
"""By name. The last three may defeat the protocol: an additive sum misses changes that cancel."""

BEYOND_THE_SUM = frozenset(list(SPOILERS)[-3:])
