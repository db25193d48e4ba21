"""Replays a recorded conversation to pyusb: a backend that knows nothing but what was recorded.

Strictly in order, as umockdev does: a transfer is answered only when everything before it in the
recording has happened; one that differs from the recording is never answered and times out.
"""

import errno
import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import usb.core

from greenline.drivers.simulation.usb_conversation import (
    BULK,
    CANCELLED,
    CONTROL,
    INTERRUPT,
    Completed,
    Conversation,
    Submitted,
)
from greenline.drivers.simulation.usb_description import (
    GET_DESCRIPTOR,
    STANDARD_READ,
    STRING,
    DescribedDevice,
    UsbDescription,
    string_descriptor,
)


class _Pending:
    """A transfer that the driver has begun. number: its entry in the recording, once found."""

    def __init__(self, wanted: Submitted) -> None:
        self.wanted = wanted
        self.number: int | None = None
        self.ended: Completed | None = None

    def is_recorded_as(self, entry: Submitted) -> bool:
        wanted = self.wanted
        return self.number is None and (
            (wanted.kind, wanted.address, wanted.length, wanted.data)
            == (entry.kind, entry.address, entry.length, entry.data)
        )


class UsbReplay(DescribedDevice):
    """One recorded device. Its methods may be called from any thread."""

    def __init__(self, description: UsbDescription, conversation: Conversation) -> None:
        super().__init__(description)
        # What the host called off completes by itself here, when the driver stops waiting.
        self._entries = [
            entry
            for entry in conversation
            if not (isinstance(entry, Completed) and entry.status == CANCELLED)
        ]
        self._pending: list[_Pending] = []
        self._changed = threading.Condition()

    @property
    def left(self) -> int:
        """How many entries of the recording have not happened yet."""
        return len(self._entries)

    def open_device(self, device: object) -> object:
        """Open the device."""
        return device

    def close_device(self, handle: object) -> None:
        """Close it."""

    def claim_interface(self, handle: object, interface: int) -> None:
        """Take the interface."""

    def release_interface(self, handle: object, interface: int) -> None:
        """Give the interface back."""

    def ctrl_transfer(
        self,
        handle: object,
        kind: int,
        request: int,
        value: int,
        index: int,
        data: "array[int]",
        timeout_ms: int,
    ) -> int:
        """Carry out a control transfer as recorded."""
        del handle
        if (kind, request, value >> 8) == (STANDARD_READ, GET_DESCRIPTOR, STRING):
            return _fill(data, string_descriptor(self.description, value & 0xFF))
        length = len(data)
        address = bytes([kind, request]) + b"".join(
            number.to_bytes(2, "little") for number in (value, index, length)
        )
        if kind & STANDARD_READ:
            answer = self._happen(CONTROL, address, length, b"", timeout_ms)
            return _fill(data, answer)
        self._happen(CONTROL, address, length, data.tobytes(), timeout_ms)
        return length

    def intr_read(
        self, handle: object, endpoint: int, interface: int, data: "array[int]", timeout_ms: int
    ) -> int:
        """Wait for an interrupt packet as recorded."""
        del handle, interface
        return _fill(data, self._happen(INTERRUPT, bytes([endpoint]), len(data), b"", timeout_ms))

    def bulk_read(
        self, handle: object, endpoint: int, interface: int, data: "array[int]", timeout_ms: int
    ) -> int:
        """Wait for bulk data as recorded."""
        del handle, interface
        return _fill(data, self._happen(BULK, bytes([endpoint]), len(data), b"", timeout_ms))

    def _happen(self, kind: str, address: bytes, length: int, out: bytes, timeout_ms: int) -> bytes:
        """Begin a transfer and wait for its recorded end."""
        with self._changed, self._begun(Submitted(0, kind, address, length, out)) as transfer:
            self._changed.wait_for(lambda: transfer.ended is not None, timeout_ms / 1000)
            if transfer.ended is None:
                raise _error(usb.core.USBTimeoutError, errno.ETIMEDOUT)
            if transfer.ended.status:
                raise _error(usb.core.USBError, -transfer.ended.status)
            return transfer.ended.data

    @contextmanager
    def _begun(self, wanted: Submitted) -> Iterator[_Pending]:
        transfer = _Pending(wanted)
        self._pending.append(transfer)
        self._advance()
        try:
            yield transfer
        finally:
            self._pending.remove(transfer)

    def _advance(self) -> None:
        """Let everything happen that can happen now."""
        while self._entries and self._step(self._entries[0]):
            del self._entries[0]
        self._changed.notify_all()

    def _step(self, entry: Submitted | Completed) -> bool:
        for transfer in self._pending:
            if isinstance(entry, Completed):
                if transfer.number == entry.number and transfer.ended is None:
                    transfer.ended = entry
                    return True
            elif transfer.is_recorded_as(entry):
                transfer.number = entry.number
                return True
        return False


def _fill(buffer: "array[int]", data: bytes) -> int:
    count = min(len(buffer), len(data))
    buffer[:count] = array("B", data[:count])
    return count


def _error(kind: Any, number: int) -> Exception:
    error: Exception = kind(errno.errorcode[number], None, number)
    return error
