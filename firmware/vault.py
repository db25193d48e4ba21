"""The vault: one key for each case; who deletes the key has deleted what lies under it.

The wrapped keys lie in a small file of their own, one to a place that is overwritten where it lies:
not in the database, whose log and free pages would keep copies. A key is on the card before what
it seals is, and gone from the card before that is deleted. What is sealed is bound to the case,
its purpose and the layout (AES-256-GCM, associated data).
"""

import fcntl
import os
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from greenline.firmware.device_key import WRAP_OVERHEAD_BYTES, DeviceKey
from greenline.firmware.errors import (
    ShreddedError,
    StoreError,
    StoreFullError,
    WrappingError,
)

CASE_BYTES = 16
PLACE_BYTES = 512
"""What a power cut can spoil at most is a sector: a key has one of its own."""

_MAGIC = b"GLK1"
_KEY_BYTES = 32
_PURPOSE_BYTES = 64
_NONCE_BYTES = 12
_CLOSED = -1
_FULL = (28, 122)  # ENOSPC, EDQUOT
_PLACE = struct.Struct(f">4s{CASE_BYTES}s{WRAP_OVERHEAD_BYTES + _KEY_BYTES + _PURPOSE_BYTES}s")
_KEY_CONTEXT = b"greenline case key 1\0"
_BODY_CONTEXT = b"greenline case body 1\0"


@dataclass(frozen=True)
class _CaseKey:
    case: bytes
    purpose: bytes
    key: bytes

    @property
    def context(self) -> bytes:
        return _BODY_CONTEXT + self.case + self.purpose


def keys_beside(store: Path) -> Path:
    """Return where the keys of a store's cases lie."""
    return store.with_name(f"{store.name}-keys")


class Vault:
    """The open file of case keys. Safe to share between threads; not between processes.

    purpose: the code of what cases that begin now are for; it is kept with their keys.
    """

    def __init__(self, path: Path, device: DeviceKey, purpose: str) -> None:
        """Open or make the file. Raises StoreError when it cannot be used or another has it."""
        self._path = path
        self._device = device
        self._purpose = _padded(purpose)
        self._lock = threading.RLock()
        self._later = self._unflushed = False
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as fault:
            raise self._failed(fault) from fault
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._places, self._free = self._survey()
        except BlockingIOError as fault:
            os.close(self._file)
            raise StoreError(
                f"{path} is in use by another process: stop the other kiosk first"
            ) from fault
        except OSError as fault:
            os.close(self._file)
            raise self._failed(fault) from fault

    def close(self) -> None:
        """Close the file; harmless when it is closed already."""
        with self._lock:
            file, self._file = self._file, _CLOSED
            if file != _CLOSED:
                os.close(file)

    def cases(self) -> frozenset[bytes]:
        """Return the cases that have a key."""
        with self._lock:
            return frozenset(self._places)

    def seal(self, case: bytes, body: bytes) -> bytes:
        """Seal something of a case; its key is made, and durable, with the first. case: 16 bytes.

        Raises StoreError: nothing was sealed.
        """
        with self._lock:
            found = self._key(case) if case in self._places else self._make(case)
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(found.key).encrypt(nonce, body, found.context)

    def open(self, case: bytes, sealed: bytes) -> bytes:
        """Return what was sealed. Raises ShreddedError: the key is gone, or is another."""
        with self._lock:
            found = self._key(case)
        try:
            return AESGCM(found.key).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], found.context
            )
        except (InvalidTag, ValueError) as fault:
            raise ShreddedError("sealed under another key, or changed") from fault

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make the keys of everything sealed inside durable at its end, by one flush.

        What was sealed may not be kept before that. Raises StoreError.
        """
        with self._lock:
            self._later = True
            try:
                yield
                if self._unflushed:
                    os.fdatasync(self._file)
            except OSError as fault:
                raise self._failed(fault) from fault
            finally:
                self._later = self._unflushed = False

    def shred(self, cases: Iterable[bytes]) -> None:
        """Delete the keys of cases: overwritten on the card when this returns. Raises StoreError.

        Those without a key are passed over.
        """
        with self._lock:
            places = [self._places[case] for case in set(cases) if case in self._places]
            if not places:
                return
            try:
                for pattern in (os.urandom(PLACE_BYTES - len(_MAGIC)), bytes(PLACE_BYTES)):
                    for place in places:
                        os.pwrite(self._file, pattern.rjust(PLACE_BYTES, b"\0"), place)
                    os.fdatasync(self._file)
            except OSError as fault:
                raise self._failed(fault) from fault
            finally:
                self._places, self._free = self._survey()

    def _key(self, case: bytes) -> _CaseKey:
        place = self._places.get(case)
        if place is None:
            raise ShreddedError("the case's key was deleted")
        try:
            wrapped = _PLACE.unpack(os.pread(self._file, _PLACE.size, place))[2]
            opened = self._device.unwrap(wrapped, _KEY_CONTEXT + case)
        except (OSError, struct.error) as fault:
            raise StoreError(f"the case keys {self._path} cannot be read") from fault
        except WrappingError as fault:
            raise ShreddedError(f"the case's key is unreadable: {fault}") from fault
        return _CaseKey(case, opened[_KEY_BYTES:], opened[:_KEY_BYTES])

    def _make(self, case: bytes) -> _CaseKey:
        made = _CaseKey(case, self._purpose, os.urandom(_KEY_BYTES))
        wrapped = self._device.wrap(made.key + made.purpose, _KEY_CONTEXT + case)
        place = self._free[0] if self._free else len(self._places) * PLACE_BYTES
        data = _PLACE.pack(_MAGIC, case, wrapped).ljust(PLACE_BYTES, b"\0")
        try:
            os.pwrite(self._file, data, place)
            if self._later:
                self._unflushed = True
            else:
                os.fdatasync(self._file)
        except OSError as fault:
            raise self._failed(fault) from fault
        self._free = self._free[1:]
        self._places[case] = place
        return made

    def _survey(self) -> tuple[dict[bytes, int], list[int]]:
        """Return where each case's key lies, and which places are free."""
        size = os.fstat(self._file).st_size
        data = os.pread(self._file, size, 0)
        places: dict[bytes, int] = {}
        free: list[int] = []
        for place in range(0, size, PLACE_BYTES):
            if data[place : place + len(_MAGIC)] == _MAGIC and place + _PLACE.size <= size:
                places[_PLACE.unpack_from(data, place)[1]] = place
            else:
                free.append(place)
        return places, free

    def _failed(self, fault: OSError) -> StoreError:
        if fault.errno in _FULL:
            return StoreFullError(
                "the disk is full: nothing was taken. Free space, then press again."
            )
        return StoreError(f"the case keys {self._path} cannot be used: {fault.strerror}")


def _padded(purpose: str) -> bytes:
    encoded = purpose.encode()
    if len(encoded) > _PURPOSE_BYTES:
        raise StoreError(f"the purpose {purpose!r} is longer than {_PURPOSE_BYTES} bytes")
    return encoded.ljust(_PURPOSE_BYTES, b"\0")
