"""What the kiosk remembers of its own audit log besides the log: where it ends and begins.

By this it notices, at its next start, that somebody cut entries off the end or removed old
segments. One small file of two places that are written in turn, so that a power cut spoils one at
most; each under a MAC whose key comes from the kiosk's own secret key. It is written after the log
and not flushed each time: after a power cut it may know less than the log, never more.

Not noticed: that log and memory were both put back to an older state together. The centre notices.
"""

import hashlib
import hmac
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from greenline.firmware.audit_segments import translated
from greenline.protocol.audit_head import End

_PLACE = struct.Struct(">Q16sQ32sQ")
_MAC_BYTES = 32
_APART = 512
"""Bytes between the places: what a power cut spoils is a sector."""


@dataclass(frozen=True)
class Known:
    """chain: its id. end: of the last entry. oldest: running number of the oldest segment."""

    chain: bytes
    end: End
    oldest: int


def memory_key(secret: bytes) -> bytes:
    """Return the key of the memory's MAC, from a secret of the kiosk's."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"greenline audit memory 1").derive(secret)


class Memory:
    """The open file. keys: see memory_key(); the first writes, the others were replaced."""

    def __init__(self, path: Path, *keys: bytes) -> None:
        """Open or make the file. Raises AuditError."""
        self._path = path
        self._key = keys[0]
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            data = os.pread(self._file, 2 * _APART, 0)
        except OSError as fault:
            raise translated(fault, path) from fault
        self._turn, self.known = _newest(data, keys)

    def write(self, known: Known) -> None:
        """Remember this. Raises AuditError."""
        turn = self._turn + 1
        packed = _PLACE.pack(turn, known.chain, known.end.number, known.end.digest, known.oldest)
        try:
            os.pwrite(self._file, packed + _mac(self._key, packed), turn % 2 * _APART)
        except OSError as fault:
            raise translated(fault, self._path) from fault
        self._turn, self.known = turn, known

    def flush(self) -> None:
        """Bring what is remembered to the card. Raises AuditError."""
        try:
            os.fdatasync(self._file)
        except OSError as fault:
            raise translated(fault, self._path) from fault

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read_memory(path: Path, *keys: bytes) -> Known | None:
    """Return what a memory's file says, or None when it says nothing that a key vouches for.

    Raises OSError when it cannot be read.
    """
    return _newest(path.read_bytes(), keys)[1]


def _newest(data: bytes, keys: Sequence[bytes]) -> tuple[int, Known | None]:
    newest: tuple[int, Known | None] = (0, None)
    for place in (0, _APART):
        packed = data[place : place + _PLACE.size]
        mac = data[place + _PLACE.size : place + _PLACE.size + _MAC_BYTES]
        vouched = [hmac.compare_digest(mac, _mac(key, packed)) for key in keys]
        if len(packed) < _PLACE.size or not any(vouched):
            continue
        turn, chain, number, digest, oldest = _PLACE.unpack(packed)
        if turn > newest[0]:
            newest = (turn, Known(chain, End(number, digest), oldest))
    return newest


def _mac(key: bytes, packed: bytes) -> bytes:
    return hmac.new(key, packed, hashlib.sha256).digest()
