"""What became of each update, one line of JSON each: shown, audited, sent to the centre."""

import contextlib
import os
import time
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from greenline.ota.durable import card_error, sync_folder, write_all
from greenline.ota.reasons import Reason

_MOST_BYTES: Final = 1 << 20


class Entry(msgspec.Struct, frozen=True):
    """One event. at_s: Unix time, as the device believed it. what: such as "confirmed"."""

    at_s: Annotated[int, Meta(ge=0, lt=253_402_300_800)]  # the year 9999
    what: str
    slot: str
    release: str
    reason: Reason | None = None
    detail: str = ""


_DECODER = msgspec.json.Decoder(Entry)


class History:
    """The file. Only appended to; a line that a power cut tore is passed over."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(
        self,
        what: str,
        slot: str,
        release: str,
        reason: Reason | None = None,
        detail: str = "",
    ) -> None:
        """Keep an event. Raises CardError."""
        entry = Entry(int(time.time()), what, slot, release, reason, detail)
        try:
            handle = os.open(
                self._path,
                os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC,
                0o644,
            )
            try:
                # A torn line before it must not swallow this one.
                whole = os.fstat(handle).st_size == 0 or _last_byte(handle) == b"\n"
                write_all(handle, (b"" if whole else b"\n") + msgspec.json.encode(entry) + b"\n")
                os.fsync(handle)
            finally:
                os.close(handle)
            sync_folder(self._path.parent)
        except OSError as fault:
            raise card_error(self._path, fault) from fault

    def entries(self) -> list[Entry]:
        """Return the last events that can be read, the oldest first."""
        try:
            with self._path.open("rb") as file:
                file.seek(max(0, self._path.stat().st_size - _MOST_BYTES))
                lines = file.read(_MOST_BYTES).splitlines()
        except OSError:
            return []
        found: list[Entry] = []
        for line in lines:
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                found.append(_DECODER.decode(line))
        return found


def _last_byte(handle: int) -> bytes:
    return os.pread(handle, 1, os.fstat(handle).st_size - 1)
