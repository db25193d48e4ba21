"""Stores as they lie on a card, and what a fault does to them.

The signature of an envelope here is a digest: what matters is that a changed envelope has none.
"""

import hashlib
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from greenline.firmware.clock import Instant
from greenline.firmware.store_evidence import Evidence
from greenline.firmware.store_file import (
    INSERT_ANSWER,
    INSERT_EXPIRED,
    INSERT_REQUEST,
    make_tables,
)
from greenline.firmware.store_judging import Judge
from greenline.firmware.store_log import log_of
from greenline.firmware.store_mending import Mending
from greenline.firmware.store_pages import Pages
from greenline.firmware.store_rescue import Rescued, rescued
from greenline.firmware.store_rows import with_digest
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, Lane

NOW = Instant(running_ms=50_000, wall_ms=60_000, floor_ms=0, trusted=False)
SEALED_BY_US = b"sealed by us"
PAGE_SIZES = (1024, 4096)
KINDS = [(size, in_log) for size in PAGE_SIZES for in_log in ("nothing", "half", "everything")]
"""Stores as written() makes them: the size of their pages, and what is still in the log."""


def signed(number: int, size: int = 3_000, lane: Lane | None = None) -> Envelope:
    """Return the envelope of a request, always the same for a number."""
    draw = random.Random(number)
    header = Header(
        EnvelopeKind.REQUEST, Lane(number % 3) if lane is None else lane, draw.randbytes(16),
        "kiosk-1", 1_000 + number, 90_000 + number, bytes(8), bytes(8),
    )  # fmt: skip
    sealed = draw.randbytes(size + number % 7 * 311)
    return Envelope(header, sealed, hashlib.blake2b(header.pack(len(sealed)) + sealed).digest())


def verify(data: bytes) -> bool:
    """Whether such an envelope is as it was signed."""
    return hashlib.blake2b(data[:-64]).digest() == data[-64:]


def opens(request_id: bytes, sealed: bytes) -> bool:
    """Whether an answer is as it was sealed."""
    return sealed == sealed_answer(request_id)


def sealed_answer(request_id: bytes) -> bytes:
    """Return the sealed answer to a request."""
    return SEALED_BY_US + random.Random(request_id).randbytes(1_200)


def request_row(number: int, size: int = 3_000) -> tuple[int | bytes, ...]:
    """Return a row of the table request."""
    envelope = signed(number, size)
    head = envelope.header
    first = (head.request_id, int(head.lane), head.created_ms, head.expires_ms)
    return with_digest(*first, 5, 6, 0, envelope.to_bytes())


def answer_row(request_id: bytes, *, final: bool = True) -> tuple[int | bytes, ...]:
    """Return a row of the table answer."""
    times = (1_000, 2_000, 90_000, final)
    return with_digest(request_id, *times, 5, 6, 0, sealed_answer(request_id))


@dataclass
class StoreOnCard:
    """A store that was written and never closed: what lies on the card after a kill."""

    path: Path
    page_bytes: int = 4096
    db: sqlite3.Connection = field(init=False)

    def __post_init__(self) -> None:
        self.db = sqlite3.connect(self.path, isolation_level=None)
        for pragma in (
            "locking_mode = EXCLUSIVE", f"page_size = {self.page_bytes}", "journal_mode = WAL",
            "synchronous = OFF", "secure_delete = ON", "wal_autocheckpoint = 0",
        ):  # fmt: skip
            self.db.execute(f"PRAGMA {pragma}")
        self.db.execute("BEGIN")
        make_tables(self.db)
        self.db.execute("COMMIT")

    def fill(self, numbers: range, size: int = 3_000) -> None:
        """Add requests; every fifth is answered, every eleventh has expired."""
        for number in numbers:
            row = request_row(number, size)
            self.db.execute(INSERT_REQUEST, row)
            if number % 5 == 0:
                self.answer(bytes(row[0]))
            elif number % 11 == 10:
                self.expire(bytes(row[0]))

    def answer(self, request_id: bytes) -> None:
        self.db.execute("BEGIN")
        self.db.execute(INSERT_ANSWER, answer_row(request_id))
        self.db.execute("DELETE FROM request WHERE request_id = ?", (request_id,))
        self.db.execute("COMMIT")

    def expire(self, request_id: bytes) -> None:
        self.db.execute("BEGIN")
        self.db.execute(INSERT_EXPIRED, with_digest(request_id, 1_000, 70))
        self.db.execute("DELETE FROM request WHERE request_id = ?", (request_id,))
        self.db.execute("COMMIT")

    def checkpoint(self) -> None:
        """Bring everything into the database, and begin the log anew."""
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def ids(self) -> frozenset[bytes]:
        """Return what must not be lost: the requests that wait, and those that were answered."""
        rows = self.db.execute("SELECT request_id FROM request UNION SELECT request_id FROM answer")
        return frozenset(bytes(row[0]) for row in rows)

    def evidence(self) -> Evidence:
        """Return what lies on the card now."""
        return Evidence(self.path.read_bytes(), log_of(self.path).read_bytes(), ours=True)

    def leave(self) -> Evidence:
        """End as a killed process does, and return what lies on the card."""
        found = self.evidence()
        self.db.close()
        self.path.write_bytes(found.database)
        log_of(self.path).write_bytes(found.log)
        return found


def written(
    folder: Path, page_bytes: int, in_log: str, rows: int = 30
) -> tuple[Evidence, frozenset[bytes]]:
    """Return a store, and what it holds. in_log: "nothing", "half" or "everything"."""
    store = StoreOnCard(folder / f"{page_bytes}-{in_log}.store", page_bytes)
    store.fill(range(rows // 2))
    if in_log == "half":
        store.checkpoint()
    store.fill(range(rows // 2, rows))
    if in_log == "nothing":
        store.checkpoint()
    ids = store.ids()
    return store.leave(), ids


def flipped(evidence: Evidence, at: int, bit: int) -> Evidence:
    """Return a store of which one bit was turned; at: in the database, and on into the log."""
    both = bytearray(evidence.database + evidence.log)
    both[at] ^= 1 << bit
    size = len(evidence.database)
    return Evidence(bytes(both[:size]), bytes(both[size:]), evidence.ours, evidence.filled)


def zeroed(evidence: Evidence, at: int, size: int) -> Evidence:
    """Return a store of which some bytes were erased."""
    both = bytearray(evidence.database + evidence.log)
    both[at : at + size] = bytes(len(both[at : at + size]))
    edge = len(evidence.database)
    return Evidence(bytes(both[:edge]), bytes(both[edge:]), evidence.ours, evidence.filled)


def sampled(evidence: Evidence, count: int, seed: int = 0) -> Iterator[Evidence]:
    """Yield the store with one bit turned, at places drawn from all of it."""
    draw = random.Random(seed)
    size = len(evidence.database) + len(evidence.log)
    for at in draw.sample(range(size), min(count, size)):
        yield flipped(evidence, at, draw.randrange(8))


def as_sqlite_sees(pages: Pages) -> list[tuple[object, ...]]:
    """Return every row that SQLite reads from these pages."""
    state = bytearray(b"".join(pages.page(number) for number in range(1, pages.count + 1)))
    state[18:20] = b"\1\1"
    with closing(sqlite3.connect(":memory:")) as db:
        db.deserialize(bytes(state))
        tables = ("request", "answer", "expired")
        return [row for name in tables for row in db.execute(f"SELECT * FROM {name} ORDER BY 1")]  # noqa: S608


def rescue(evidence: Evidence, rows_tried: int = 4) -> Rescued:
    """Return what can be kept of a store."""
    return rescued(evidence, Judge(verify, opens, NOW, Mending(rows_tried)))


def kept_ids(found: Rescued) -> frozenset[bytes]:
    """Return the requests of which something was kept."""
    return frozenset(found.kept.requests) | frozenset(found.kept.answers)
