"""Reads the store of a kiosk that does not run, and changes neither the database nor its log.

For the technician's command. As long as it is open no kiosk can start with this store. What is in
an envelope nobody here can read.
"""

import contextlib
import sqlite3
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

from greenline.firmware.dispatch import Stage
from greenline.firmware.errors import StoreError
from greenline.firmware.queue_messages import Item, Sealed
from greenline.firmware.queue_view import item_of
from greenline.firmware.store_file import SCHEMA
from greenline.firmware.store_rows import Pending

_COLUMNS = "request_id, lane, created_ms, expires_ms"
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class StoreBusyError(StoreError):
    """A kiosk has it open."""


class StoreReading:
    """An open store. Use reading()."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self._path = path
        self._db = db

    def items(self, now_ms: int) -> list[Item]:
        """Return what waits, as Queue.items() does. now_ms: Unix milliseconds. StoreError."""
        with _faults(self._path):
            rows = self._db.execute(
                f"SELECT {_COLUMNS}, length(envelope) FROM request ORDER BY lane, created_ms"  # noqa: S608  # a constant
            ).fetchall()
        # A kiosk that starts offers everything anew.
        return [
            item_of(Pending(*row[:4]), now_ms, row[4], state=Stage.QUEUED.value) for row in rows
        ]

    def count(self) -> int:
        """Return how many requests wait. Raises StoreError."""
        with _faults(self._path):
            return int(self._db.execute("SELECT count(*) FROM request").fetchone()[0])

    def sealed(self) -> Iterator[Sealed]:
        """Yield every request as it lies there. Raises StoreError."""
        with _faults(self._path):
            for row in self._db.execute(
                f"SELECT {_COLUMNS}, envelope FROM request ORDER BY lane, created_ms"  # noqa: S608  # a constant
            ):
                yield Sealed(*row)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[StoreReading]:
    """Open a store for reading. Raises StoreBusyError, StoreError."""
    if not path.exists():
        raise StoreError(f"there is no store at {path}: no kiosk has run with this configuration")
    uri = f"file:{urllib.parse.quote(str(path))}?mode=ro"
    with (
        _faults(path),
        contextlib.closing(sqlite3.connect(uri, uri=True, timeout=0.5, isolation_level=None)) as db,
    ):
        db.execute("BEGIN")  # with the first read it keeps the kiosk's exclusive lock out
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            raise StoreError(
                f"{path} was written by a newer version of Greenline (store version {version}, "
                f"this one knows {SCHEMA}): install the newer version"
            )
        yield StoreReading(path, db)


@contextlib.contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as fault:
        if getattr(fault, "sqlite_errorcode", 0) & 0xFF in _BUSY:
            raise StoreBusyError(f"{path} is in use by a kiosk") from fault
        raise StoreError(
            f"{path} cannot be read ({fault}): it may be damaged. Start the kiosk: it keeps what "
            "can be kept, and says what is lost"
        ) from fault
