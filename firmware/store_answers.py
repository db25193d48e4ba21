"""The answers in an open store, and what else lies under their cases' keys. Used by store.py."""

import logging
from collections.abc import Callable

from greenline.firmware.clock import Instant
from greenline.firmware.errors import ShreddedError
from greenline.firmware.store_connection import Connection
from greenline.firmware.store_file import INSERT_ANSWER, has_older_answers
from greenline.firmware.store_rows import Answer, with_digest
from greenline.firmware.vault import Vault

log = logging.getLogger(__name__)

_COLUMNS = "request_id, created_ms, arrived_ms, expires_ms, final, sealed"


class Answers:
    """Reads them. What has no key any more is not there."""

    def __init__(self, file: Connection, vault: Vault) -> None:
        self._file = file
        self._vault = vault

    def newest(self, limit: int) -> list[Answer]:
        """Return the newest first; one whose key is gone is left out."""
        rows = self._file.read(
            f"SELECT {_COLUMNS} FROM answer ORDER BY created_ms DESC LIMIT ?",  # noqa: S608  # ours
            limit,
        )
        opened = (self._opened(row) for row in rows)
        return [each for each in opened if each is not None]

    def answered(self) -> list[bytes]:
        """Return which requests have an answer, the newest first."""
        rows = self._file.read("SELECT request_id FROM answer ORDER BY created_ms DESC")
        return [bytes(row[0]) for row in rows]

    def of(self, request_id: bytes) -> Answer | None:
        """Return the answer to one request; None: there is none, or its key is gone."""
        rows = self._file.read(
            f"SELECT {_COLUMNS} FROM answer WHERE request_id = ?",  # noqa: S608  # ours
            request_id,
        )
        return self._opened(rows[0]) if rows else None

    def seal_beside(self, request_id: bytes, body: bytes) -> bytes:
        """Seal something under the key of a case that has one. Raises ShreddedError, StoreError."""
        with self._file.lock:
            if request_id not in self._vault.cases():
                raise ShreddedError("the case's key was deleted")
            return self._vault.seal(request_id, body)

    def take_over(
        self, read: Callable[[bytes, int], bytes | None], born: Callable[[], Instant]
    ) -> bool:
        """Seal the answers of an older version anew; False: there are none. See Store."""
        with self._file.write() as db:
            if not has_older_answers(db):
                return False
            for row in db.execute("SELECT * FROM older_answer").fetchall():
                request_id, created_ms, arrived_ms, expires_ms, final, envelope = row
                body = read(bytes(envelope), arrived_ms)
                if body is None:
                    continue
                sealed = self._vault.seal(bytes(request_id), body)
                now = born()
                values = (request_id, created_ms, arrived_ms, expires_ms, final)
                times = (now.running_ms, now.wall_ms, now.trusted)
                db.execute(INSERT_ANSWER, with_digest(*values, *times, sealed))
            db.execute("DROP TABLE older_answer")
        return True

    def _opened(self, row: tuple[bytes, int, int, int, int, bytes]) -> Answer | None:
        request_id, created_ms, arrived_ms, expires_ms, final, sealed = row
        try:
            body = self._vault.open(request_id, sealed)
        except ShreddedError as fault:
            told = {"request": request_id.hex(), "reason": str(fault)}
            log.warning("stored answer unreadable", extra=told)
            return None
        return Answer(request_id, created_ms, arrived_ms, expires_ms, bool(final), body)
