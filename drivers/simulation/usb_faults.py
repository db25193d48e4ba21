"""What can go wrong with one transfer on a simulated USB bus.

A fault takes the place of one transfer's result: it returns other bytes, or raises the error
number that Linux would give. Nothing here waits: a time limit passes at once.
"""

import errno
from dataclasses import dataclass
from typing import Protocol


class TransferError(Exception):
    """The transfer ends with this errno."""

    def __init__(self, number: int) -> None:
        super().__init__(errno.errorcode[number])
        self.number = number


class UsbFault(Protocol):
    """Something that happens to one transfer."""

    def spoil(self, data: bytes) -> bytes:
        """Return what arrives instead of data. Raises TransferError."""


@dataclass(frozen=True)
class Fails:
    """The transfer fails: EPIPE stall, ETIMEDOUT silence, EPROTO or EIO noise, ENODEV gone."""

    number: int

    def spoil(self, data: bytes) -> bytes:
        """Fail."""
        del data
        raise TransferError(self.number)


@dataclass(frozen=True)
class Short:
    """The transfer ends after so many bytes."""

    count: int

    def spoil(self, data: bytes) -> bytes:
        """Return the first bytes."""
        return data[: self.count]


@dataclass(frozen=True)
class Changed:
    """One byte arrives as another."""

    at: int
    value: int

    def spoil(self, data: bytes) -> bytes:
        """Return the data with that byte."""
        return (data[: self.at] + bytes([self.value]) + data[self.at + 1 :])[: len(data)]


@dataclass(frozen=True)
class Flipped:
    """One bit of a byte arrives as its opposite. bit: 0-7."""

    at: int
    bit: int

    def spoil(self, data: bytes) -> bytes:
        """Return the data with that bit."""
        spoilt = bytearray(data)
        if self.at < len(spoilt):
            spoilt[self.at] ^= 1 << self.bit
        return bytes(spoilt)


@dataclass(frozen=True)
class Both:
    """Two faults strike the same transfer."""

    first: UsbFault
    second: UsbFault

    def spoil(self, data: bytes) -> bytes:
        """Return what the second leaves of what the first leaves."""
        return self.second.spoil(self.first.spoil(data))


@dataclass(frozen=True)
class Sound:
    """Nothing is wrong: lets a transfer pass before the next fault."""

    def spoil(self, data: bytes) -> bytes:
        """Return the data."""
        return data
