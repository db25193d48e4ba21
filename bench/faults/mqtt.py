"""MQTT 5 control packets, as far as a port that stands between needs to know them. Sans-IO.

OASIS MQTT 5.0: 2.1 fixed header, 1.5.5 variable byte integers, 3.2-3.4, 3.14.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

_MOST_BYTES = 1 << 20


class Kind(IntEnum):
    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    SUBACK = 9
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


@dataclass(frozen=True)
class Packet:
    """One control packet. body: what follows the remaining length."""

    first: int
    body: bytes

    @property
    def kind(self) -> int:
        return self.first >> 4

    @property
    def qos(self) -> int:
        return self.first >> 1 & 3

    @property
    def identifier(self) -> int:
        """The packet identifier of a PUBLISH (QoS 1) or a PUBACK."""
        at = 2 + int.from_bytes(self.body[:2]) if self.kind == Kind.PUBLISH else 0
        return int.from_bytes(self.body[at : at + 2])

    def to_bytes(self) -> bytes:
        return bytes([self.first]) + variable(len(self.body)) + self.body

    @classmethod
    def puback(cls, identifier: int, reason: int) -> Self:
        return cls(Kind.PUBACK << 4, identifier.to_bytes(2) + bytes([reason, 0]))

    @classmethod
    def disconnect(cls, reason: int) -> Self:
        return cls(Kind.DISCONNECT << 4, bytes([reason, 0]))

    def again(self) -> Self:
        """Return a PUBLISH as it is sent a second time: with its DUP flag."""
        return type(self)(self.first | 8, self.body)

    def with_receive_maximum(self, most: int) -> Self:
        """Return a CONNACK that says no more than this."""
        properties = b"\x21" + most.to_bytes(2)
        return type(self)(self.first, self.body[:2] + variable(len(properties)) + properties)


def variable(number: int) -> bytes:
    """Write a variable byte integer."""
    found = bytearray()
    while True:
        number, low = divmod(number, 128)
        found.append(low | 128 * (number > 0))
        if not number:
            return bytes(found)


class Splitter:
    """Takes bytes cut anywhere and gives whole packets. Raises ValueError: this is no MQTT."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        self._buffer += data
        while (found := self._next()) is not None:
            yield found

    def _next(self) -> Packet | None:
        length, shift = 0, 0
        for at in range(1, 5):
            if at >= len(self._buffer):
                return None
            length |= (self._buffer[at] & 127) << shift
            shift += 7
            if self._buffer[at] < 128:
                break
        else:
            raise ValueError("a remaining length of more than four bytes")
        if length > _MOST_BYTES:
            raise ValueError(f"a packet of {length} bytes")
        end = at + 1 + length
        if len(self._buffer) < end:
            return None
        packet = Packet(self._buffer[0], bytes(self._buffer[at + 1 : end]))
        del self._buffer[:end]
        return packet
