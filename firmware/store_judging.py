"""Which rows of a damaged store are kept, and which are lost. Used by store_salvage.py alone.

A row is kept when its digest is right, or when what it holds proves itself: a request by this
kiosk's signature, an answer by the seal of its case.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from greenline.firmware.clock import Instant
from greenline.firmware.store_finds import Row
from greenline.firmware.store_mending import Mending
from greenline.firmware.store_rows import with_digest
from greenline.firmware.store_soundness import row_is_whole
from greenline.protocol.envelope import Envelope
from greenline.protocol.errors import MalformedError

Columns = tuple[int | bytes, ...]

_LONGEST_MS = 7 * 24 * 3600 * 1000
"""For an answer whose own lifetime cannot be believed."""
_LATEST_MS = 1 << 48


@dataclass(frozen=True)
class Judge:
    """What says that a row without a right digest is right all the same.

    verify: whether an envelope was signed by this kiosk. opens: whether an answer, told the request
    and what is sealed, can be opened. now: when such a row counts as born.
    """

    verify: Callable[[bytes], bool]
    opens: Callable[[bytes, bytes], bool]
    now: Instant
    mending: Mending = field(default_factory=Mending)

    def judged(self, row: Row) -> tuple[Columns, bool] | None:
        """Return the columns to keep, and whether a digest vouches for all; None: it is wrong."""
        for tried in (row, self.mending.mended(row)):
            if tried is None:
                continue
            found = self._request(tried) if tried.table == "request" else self._other(tried)
            if found:
                return found
        return None

    @property
    def _born(self) -> tuple[int, int, int]:
        return self.now.running_ms, self.now.wall_ms, int(self.now.trusted)

    def _request(self, row: Row) -> tuple[Columns, bool] | None:
        envelope = _bytes(row.values[4 if row.version == 1 else 7])
        header = _header(envelope)
        if header is None:
            return None
        if row_is_whole(row.values):
            return (row.values, True) if row.values[:4] == header else None
        if self.verify(envelope):
            return with_digest(*header, *self._born, envelope), False
        return None

    def _other(self, row: Row) -> tuple[Columns, bool] | None:
        if row_is_whole(row.values):
            return row.values, True
        if row.table == "expired":
            # Without a digest only those of an older version, which had none, can be believed.
            believed = row.version != 3 and row.values[2] <= self.now.running_ms  # type: ignore[operator]
            return (with_digest(*row.values[:3]), False) if believed else None
        if row.version == 1:
            header = _header(_bytes(row.values[5]))
            return (row.values, False) if header and header[0] == row.request_id else None
        sealed = _bytes(row.values[8])
        if not self.opens(row.request_id, sealed):
            return None
        return with_digest(row.request_id, *self._times(row), *self._born, sealed), False

    def _times(self, row: Row) -> tuple[int, int, int, int]:
        """Return what is kept of an answer's times, and whether it is final."""
        created_ms, arrived_ms, expires_ms, final = (int(value) for value in row.values[1:5])
        if not 0 <= created_ms <= _LATEST_MS:
            created_ms = self.now.wall_ms
        if not 0 <= arrived_ms <= _LATEST_MS or not arrived_ms < expires_ms <= _LATEST_MS:
            arrived_ms, expires_ms = self.now.wall_ms, self.now.wall_ms + _LONGEST_MS
        return created_ms, arrived_ms, min(expires_ms, arrived_ms + _LONGEST_MS), int(final == 1)


@dataclass
class Kept:
    """Rows by request id, with their digests. older: answers that lie as envelopes (version 1).

    rowids: of what was kept, as the damaged file numbered it.
    """

    requests: dict[bytes, Columns] = field(default_factory=dict)
    answers: dict[bytes, Columns] = field(default_factory=dict)
    expired: dict[bytes, Columns] = field(default_factory=dict)
    older: dict[bytes, Columns] = field(default_factory=dict)
    rowids: set[tuple[str, int]] = field(default_factory=set)
    _unproven: set[bytes] = field(default_factory=set)

    def take(self, rows: Iterable[Row], judge: Judge) -> None:
        """Keep those that are right, the first of each request."""
        for row in rows:
            found = judge.judged(row)
            if found is None:
                continue
            columns, proven = found
            request_id, place = _bytes(columns[0]), self._place(row)
            if request_id not in place:
                place[request_id] = columns
                if row.table == "answer" and not proven:
                    self._unproven.add(request_id)
            self.rowids.add((row.table, row.rowid))

    def settle(self) -> None:
        """Let the requests leave that were answered for good or have expired."""
        for request_id in self._unproven & self.requests.keys() & self.answers.keys():
            # With its request still there it was not final, whatever the column says.
            *columns, _ = self.answers[request_id]
            self.answers[request_id] = with_digest(*columns[:4], 0, *columns[5:])
        for request_id in self.gone:
            self.requests.pop(request_id, None)

    @property
    def gone(self) -> frozenset[bytes]:
        """The requests that have left as they should."""
        answers = (*self.answers.items(), *self.older.items())
        return frozenset(each for each, columns in answers if columns[4]) | self.expired.keys()

    def accounts_for(self, table: str, request_id: bytes, rowid: int) -> bool:
        """Whether a row that was there is kept, or need not be."""
        if (table, rowid) in self.rowids or request_id in self.requests:
            return True
        if table == "request":
            return request_id in self.gone
        return request_id in self.answers or request_id in self.older

    def _place(self, row: Row) -> dict[bytes, Columns]:
        if row.table == "answer" and row.version == 1:
            return self.older
        return {"request": self.requests, "answer": self.answers, "expired": self.expired}[
            row.table
        ]


def _header(envelope: bytes) -> tuple[bytes, int, int, int] | None:
    """Return a request's first columns as its envelope tells them; None: it is no envelope."""
    try:
        header = Envelope.from_bytes(envelope).header
    except MalformedError:
        return None
    return header.request_id, int(header.lane), header.created_ms, header.expires_ms


def _bytes(value: int | bytes) -> bytes:
    return value if isinstance(value, bytes) else b""
