"""The one connection to the store's file: lock, transactions, and SQLite's faults as ours."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from greenline.firmware.clock import Instant
from greenline.firmware.errors import StoreError, StoreFullError
from greenline.firmware.store_file import prepare, translated
from greenline.firmware.store_log import empty_log, give_up_reserve, keep_reserve, set_up_log
from greenline.firmware.store_mark import clear_mark


class Connection:
    """An open file. Safe to share between threads: whoever writes has it alone."""

    def __init__(self, path: Path, now: Instant) -> None:
        """Open or create the file. Raises StoreError; an unusable file is left as it is."""
        self.path = path
        self.lock = threading.RLock()
        self.writing = False
        self._committed: list[Callable[[], None]] = []
        with self.faults():
            self.db = sqlite3.connect(
                path, timeout=1, isolation_level=None, check_same_thread=False
            )
            try:
                prepare(self.db, path, now)
            except BaseException:
                self.db.close()
                raise

    def set_up(self) -> None:
        """Give the log its size, and set the reserve aside. Raises StoreError.

        What the log still holds may need room in the database: on a full card, the reserve's.
        """
        try:
            self._set_up_log()
        except StoreFullError:
            if not give_up_reserve(self.path):
                raise
            self._set_up_log()
        keep_reserve(self.path)

    def _set_up_log(self) -> None:
        with self.lock, self.faults():
            set_up_log(self.db, self.path)

    def close(self) -> None:
        """Close the file; everything in it is already safe."""
        with self.lock:
            with contextlib.suppress(OSError):  # then the next start looks at an old mark
                clear_mark(self.path)
            self.db.close()

    def read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a query finds. Raises StoreError."""
        with self.lock, self.faults():
            return self.db.execute(statement, values).fetchall()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Do everything inside, durably, or nothing; inside another write(), with that one.

        Raises StoreError.
        """
        with self.lock, self.faults():
            if self.writing:
                yield self.db
                return
            self.writing = True
            try:
                self.db.execute("BEGIN IMMEDIATE")
                yield self.db
                self.db.execute("COMMIT")
            except BaseException:
                self._committed.clear()
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise
            finally:
                self.writing = False
            committed, self._committed = self._committed, []
            for each in committed:
                each()

    def when_committed(self, note: Callable[[], None]) -> None:
        """Have something noted in memory once what is being written is durable."""
        self._committed.append(note)

    def empty_log(self) -> None:
        """Leave nothing to read in the log. Raises StoreError."""
        with self.lock, self.faults():
            empty_log(self.db, self.path)

    def used_bytes(self) -> int:
        """Return what the rows take, in whole pages. Raises StoreError."""
        pages, free, page_bytes = (
            int(self.read(f"PRAGMA {name}")[0][0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * page_bytes

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turn what SQLite or the card says into StoreError."""
        try:
            yield
        except sqlite3.Error as fault:
            raise translated(fault, self.path) from fault
        except OSError as fault:
            raise StoreError(f"the store {self.path} failed: {fault.strerror}") from fault
