"""Who took the fingers of a request, how good they are and what for, until it is answered.

One place of a small file for each request that waits, sealed under the device key, and overwritten
where it lies once the request has left. So the rule of two people, and what weakens a lead, hold
for an answer that comes after a restart too. Used by verification_desk.py alone, under its lock.
"""

import logging
import os
import struct
from collections.abc import Callable
from pathlib import Path

import msgspec

from greenline.firmware.device_key import DeviceKey
from greenline.firmware.errors import StoreError, StoreFullError, WrappingError
from greenline.link.files import sync_folder
from greenline.protocol.examination import FingerQuality

log = logging.getLogger(__name__)

PLACE_BYTES = 512
"""What a power cut can spoil at most is a sector: a request has one of its own."""

_MAGIC = b"GLT1"
_HEAD = struct.Struct(">4s16sH")
_CONTEXT = b"greenline fingers taken 1\0"
_FULL = (28, 122)  # ENOSPC, EDQUOT


class Taken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of a capture. who: operator, empty: not known; purpose: likewise."""

    who: str = ""
    captured: tuple[FingerQuality, ...] = ()
    purpose: str = ""


def taken_beside(store: Path) -> Path:
    """Return where this is kept by a kiosk with this store."""
    return store.with_name(f"{store.name}-taken")


class TakenFile:
    """The file. What does not open any more is not there."""

    def __init__(self, path: Path, device: DeviceKey) -> None:
        """Read what is there. Raises StoreError."""
        self._path = path
        self._device = device
        self._there: dict[bytes, Taken] = {}
        self._places: dict[bytes, int] = {}
        self._free: list[int] = []
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b""
        except OSError as fault:
            raise self._failed(fault) from fault
        self._end = -(-len(data) // PLACE_BYTES) * PLACE_BYTES
        for place in range(0, self._end, PLACE_BYTES):
            self._survey(place, data[place : place + PLACE_BYTES])

    def requests(self) -> tuple[bytes, ...]:
        """Return of which requests something is kept."""
        return tuple(self._there)

    def get(self, request_id: bytes) -> Taken:
        """Return what is known of a request's fingers."""
        return self._there.get(request_id, Taken())

    def put(self, request_id: bytes, taken: Taken) -> None:
        """Keep this; it is on the card when this returns.

        Raises StoreError: then it is known until this process ends.
        """
        self._there[request_id] = taken
        sealed = self._device.wrap(msgspec.msgpack.encode(taken), _CONTEXT + request_id)
        data = _HEAD.pack(_MAGIC, request_id, len(sealed)) + sealed
        if len(data) > PLACE_BYTES:
            raise StoreError("more fingers than a request can have")
        if request_id in self._places:
            self._write(self._places[request_id], data.ljust(PLACE_BYTES, b"\0"))
            return
        place = self._free[-1] if self._free else self._end
        self._write(place, data.ljust(PLACE_BYTES, b"\0"))
        self._free = self._free[:-1]
        self._places[request_id] = place
        self._end = max(self._end, place + PLACE_BYTES)

    def remove(self, request_id: bytes) -> None:
        """Forget a request's fingers, here and on the card. Raises StoreError."""
        self._there.pop(request_id, None)
        place = self._places.get(request_id)
        if place is None:
            return
        self._write(place, bytes(PLACE_BYTES))
        del self._places[request_id]
        self._free.append(place)

    def keep_only(self, is_there: Callable[[bytes], bool]) -> None:
        """Forget those of requests that are not there: the power went between the two."""
        for request_id in self.requests():
            if is_there(request_id):
                continue
            try:
                self.remove(request_id)
            except StoreError as fault:  # done again at the next start
                log.warning("who took the fingers is kept", extra={"reason": str(fault)})

    def _survey(self, place: int, data: bytes) -> None:
        self._free.append(place)
        if not data.startswith(_MAGIC) or len(data) < _HEAD.size:
            return
        _, request_id, length = _HEAD.unpack_from(data)
        sealed = data[_HEAD.size : _HEAD.size + length]
        try:
            body = self._device.unwrap(sealed, _CONTEXT + request_id)
            taken = msgspec.msgpack.decode(body, type=Taken)
        except (WrappingError, msgspec.DecodeError, ValueError) as fault:
            log.warning("fingers taken unreadable", extra={"reason": str(fault)})
            return
        self._free.pop()
        self._there[request_id], self._places[request_id] = taken, place

    def _write(self, place: int, data: bytes) -> None:
        try:
            is_new = not self._path.exists()
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(file, data, place)
                os.fdatasync(file)
            finally:
                os.close(file)
            if is_new:
                sync_folder(self._path.parent)
        except OSError as fault:
            raise self._failed(fault) from fault

    def _failed(self, fault: OSError) -> StoreError:
        if fault.errno in _FULL:
            return StoreFullError("the disk is full: who took the fingers was not kept")
        return StoreError(f"{self._path} cannot be used: {fault.strerror}")
