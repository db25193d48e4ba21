"""Packets of the ZFM serial family (ZFM-20, R30x, AS608, R503): bytes to packets and back.

Source: ZhianTec ZFM-20 user manual 2.0 and R503 user manual 1.2.1, "data package format":

    EF 01 | address 4 | identifier 1 | length 2 | content | sum 2        all big endian

length counts content and sum. sum adds identifier, length bytes and content, modulo 65536; the
header and the address are not in it, which is why the decoder compares the address itself. Both
manuals limit the length to 256, yet packets of 256 data bytes carry 258: that is the limit here.

An additive sum finds every single wrong byte, but neither two bytes exchanged nor two errors that
cancel out. Sans-IO: no clock, no port, no log.
"""

from dataclasses import dataclass
from enum import IntEnum

from greenline.drivers.errors import BadPacketError

HEADER = b"\xef\x01"
DEFAULT_ADDRESS = 0xFFFFFFFF
MAX_CONTENT = 256

_SUM_SIZE = 2
_PREFIX_SIZE = 9  # header 2, address 4, identifier 1, length 2
_LENGTHS = range(_SUM_SIZE, MAX_CONTENT + _SUM_SIZE + 1)


class PacketKind(IntEnum):
    """The packet identifier."""

    COMMAND = 0x01
    DATA = 0x02  # more packets follow
    ANSWER = 0x07
    LAST_DATA = 0x08


_KINDS = frozenset(PacketKind)


@dataclass(frozen=True)
class Packet:
    """One packet. content: 0 to 256 bytes; an answer's first byte is its confirmation code."""

    kind: PacketKind
    content: bytes
    address: int = DEFAULT_ADDRESS

    def __post_init__(self) -> None:
        if len(self.content) > MAX_CONTENT:
            raise ValueError(f"{len(self.content)} bytes are too many for one packet")


def encode(packet: Packet) -> bytes:
    """Return the packet as it goes over the line."""
    length = (len(packet.content) + _SUM_SIZE).to_bytes(2, "big")
    summed = bytes([packet.kind]) + length + packet.content
    return HEADER + packet.address.to_bytes(4, "big") + summed + _sum(summed)


def _sum(summed: bytes) -> bytes:
    return (sum(summed) & 0xFFFF).to_bytes(_SUM_SIZE, "big")


class Decoder:
    """Finds the packets in bytes cut anywhere, and never loses its place for good.

    What stands before a header (start-up bytes 0x55 and 0x00, noise) is skipped without a word.
    Behind a header that turns out false or damaged the search goes on two bytes further, so a good
    packet inside the bytes of a falsely long one is still found.

    address: packets of any other are refused. skipped: bytes thrown away so far.
    """

    def __init__(self, address: int = DEFAULT_ADDRESS) -> None:
        self.skipped = 0
        self._address = address
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """How many bytes wait for the rest of a packet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take bytes as they came from the line."""
        self._buffer += data

    def next_packet(self) -> Packet | None:
        """Return the next packet; None: feed me more.

        Raises BadPacketError once for each header with no good packet behind it; it is skipped
        then, so call again.
        """
        self._skip_to_header()
        if len(self._buffer) < _PREFIX_SIZE:
            return None
        kind, length = self._buffer[6], int.from_bytes(self._buffer[7:9], "big")
        if kind not in _KINDS:
            self._refuse(f"packet identifier {kind:#04x} is unknown")
        if length not in _LENGTHS:
            self._refuse(f"packet length {length} is not between 2 and 258")
        if len(self._buffer) < _PREFIX_SIZE + length:
            return None
        return self._take(PacketKind(kind), _PREFIX_SIZE + length)

    def give_up_partial(self) -> bool:
        """Drop the header of a packet whose rest is not coming; True when there was one.

        For the caller who knows that the line has fallen silent: good packets behind a falsely
        long one come out of next_packet() then.
        """
        self._skip_to_header()
        if len(self._buffer) < len(HEADER):
            return False
        self._drop(len(HEADER))
        return True

    def clear(self) -> None:
        """Forget every byte not yet decoded."""
        self._drop(len(self._buffer))

    def _take(self, kind: PacketKind, size: int) -> Packet:
        address = int.from_bytes(self._buffer[2:6], "big")
        summed = bytes(self._buffer[6 : size - _SUM_SIZE])
        if _sum(summed) != self._buffer[size - _SUM_SIZE : size]:
            self._refuse("the packet's check sum is wrong")
        if address != self._address:
            self._refuse(f"the packet comes from address {address:#010x}, not from ours")
        del self._buffer[:size]
        return Packet(kind, summed[3:], address)

    def _skip_to_header(self) -> None:
        start = self._buffer.find(HEADER)
        if start < 0:  # the last byte may be the first half of a header
            start = len(self._buffer) - self._buffer.endswith(HEADER[:1])
        self._drop(start)

    def _refuse(self, why: str) -> None:
        self._drop(len(HEADER))
        raise BadPacketError(f"{why}: noise on the line, or the wrong speed")

    def _drop(self, count: int) -> None:
        self.skipped += count
        del self._buffer[:count]
