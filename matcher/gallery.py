"""The gallery: the durable record of who is enrolled on which list.

Templates lie in it as ISO/IEC 19794-2 records under AES-256-GCM, each bound to its list, reference
and finger, so that a swapped or changed row is noticed; they are in the clear in memory only.
"""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from greenline.matcher.database import Database
from greenline.matcher.errors import EnrolmentError, GalleryKeyError
from greenline.prints import fmr
from greenline.prints.errors import RecordError
from greenline.prints.template import FEWEST_MINUTIAE, Template
from greenline.protocol.messages import Label

SCHEMA = 1
APPLICATION_ID = int.from_bytes(b"GLga")
KEY_BYTES = 32

_NONCE_BYTES = 12
_PROOF = b"greenline gallery 1"
_TABLES = """
CREATE TABLE gallery (proof BLOB NOT NULL, revision INTEGER NOT NULL) STRICT;
CREATE TABLE list (
    name TEXT PRIMARY KEY, purposes TEXT NOT NULL, changed_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE entry (
    entry_id INTEGER PRIMARY KEY AUTOINCREMENT, operation BLOB NOT NULL UNIQUE,
    list TEXT NOT NULL REFERENCES list (name), reference TEXT NOT NULL, finger INTEGER NOT NULL,
    model TEXT NOT NULL, enrolled_ms INTEGER NOT NULL, record BLOB NOT NULL
) STRICT;
"""


@dataclass(frozen=True)
class ListInfo:
    """One list. purposes: the codes it may be searched for. changed_ms: Unix milliseconds."""

    name: str
    purposes: tuple[str, ...]
    changed_ms: int


@dataclass(frozen=True)
class Entry:
    """One enrolled finger. template: None when the row cannot be read."""

    entry_id: int
    list_name: str
    reference: str
    finger: int
    template: Template | None


class Gallery:
    """An open gallery. key: 32 bytes. Raises DatabaseError, GalleryKeyError."""

    def __init__(
        self,
        path: Path,
        key: bytes,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        if len(key) != KEY_BYTES:
            raise GalleryKeyError(f"a gallery key has {KEY_BYTES} bytes, this one {len(key)}")
        self._cipher = AESGCM(key)
        self._now_ms = now_ms
        self._db = Database(path, "gallery", APPLICATION_ID, SCHEMA, _TABLES)
        try:
            self._check_key(path)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def create_list(self, name: str, purposes: tuple[str, ...]) -> None:
        """Make a list, or set the purposes that it may be searched for. Raises EnrolmentError."""
        _check_label("list", name)
        for purpose in purposes:
            _check_label("purpose", purpose)
        with self._db.write() as db:
            db.execute(
                "INSERT INTO list VALUES (?, ?, ?) "
                "ON CONFLICT (name) DO UPDATE SET purposes = excluded.purposes",
                (name, "\n".join(purposes), self._now_ms()),
            )
            db.execute("UPDATE gallery SET revision = revision + 1")

    def lists(self) -> dict[str, ListInfo]:
        """Return the lists by name."""
        rows = self._db.read("SELECT name, purposes, changed_ms FROM list")
        return {
            name: ListInfo(name, tuple(purposes.splitlines()), changed)
            for name, purposes, changed in rows
        }

    def enrol(self, list_name: str, reference: str, finger: int, record: bytes, model: str) -> bool:
        """Enrol one finger; False when exactly this was enrolled before. Raises EnrolmentError.

        record: ISO/IEC 19794-2:2005, its first view is taken. finger: ISO position 0-10.
        """
        _check_label("reference", reference)
        _check_label("model", model)
        if not 0 <= finger <= 10:
            raise EnrolmentError(f"finger position {finger} is not one of 0 to 10")
        found = len(_template(record))
        if found < FEWEST_MINUTIAE:
            raise EnrolmentError(
                f"{reference}: {found} minutiae are too few to be found again; "
                f"take a picture with at least {FEWEST_MINUTIAE}"
            )
        operation = _operation(list_name, reference, finger, record)
        now = self._now_ms()
        sealed = self._seal(record, _context(list_name, reference, finger))
        with self._db.write() as db:
            if not db.execute("SELECT 1 FROM list WHERE name = ?", (list_name,)).fetchone():
                raise EnrolmentError(f"there is no list {list_name!r}: create it first")
            added = db.execute(
                "INSERT OR IGNORE INTO entry "
                "(operation, list, reference, finger, model, enrolled_ms, record) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (operation, list_name, reference, finger, model, now, sealed),
            ).rowcount
            if added:
                self._changed(db.execute, list_name, now)
        return bool(added)

    def remove(self, list_name: str, reference: str) -> int:
        """Remove all fingers of a reference from a list; return how many there were."""
        with self._db.write() as db:
            removed = db.execute(
                "DELETE FROM entry WHERE list = ? AND reference = ?", (list_name, reference)
            ).rowcount
            if removed:
                self._changed(db.execute, list_name, self._now_ms())
        return removed

    def revision(self) -> int:
        """Return a number that grows with each change, by whichever process."""
        return int(self._db.read("SELECT revision FROM gallery")[0][0])

    def entry_ids(self) -> set[int]:
        """Return the ids of all entries."""
        return {row[0] for row in self._db.read("SELECT entry_id FROM entry")}

    def entry(self, entry_id: int) -> Entry | None:
        """Return one entry, without a template if it cannot be read; None: it is not there."""
        rows = self._db.read(
            "SELECT list, reference, finger, record FROM entry WHERE entry_id = ?", entry_id
        )
        if not rows:
            return None
        list_name, reference, finger, sealed = rows[0]
        template = self._open(sealed, _context(list_name, reference, finger))
        return Entry(entry_id, list_name, reference, finger, template)

    def _changed(self, execute: Callable[..., object], list_name: str, now: int) -> None:
        execute("UPDATE list SET changed_ms = ? WHERE name = ?", (now, list_name))
        execute("UPDATE gallery SET revision = revision + 1")

    def _check_key(self, path: Path) -> None:
        with self._db.write() as db:
            row = db.execute("SELECT proof FROM gallery").fetchone()
            if row is None:
                db.execute("INSERT INTO gallery VALUES (?, 0)", (self._seal(_PROOF, b"proof"),))
                return
        try:
            self._decrypt(row[0], b"proof")
        except InvalidTag as fault:
            raise GalleryKeyError(
                f"the key does not open the gallery {path}: give the key it was made with"
            ) from fault

    def _seal(self, plain: bytes, context: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def _decrypt(self, sealed: bytes, context: bytes) -> bytes:
        return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)

    def _open(self, sealed: bytes, context: bytes) -> Template | None:
        try:
            return _template(self._decrypt(sealed, context))
        except (InvalidTag, ValueError, EnrolmentError):
            return None  # the engine counts it: a search without it is incomplete


def _template(record: bytes) -> Template:
    try:
        views = fmr.decode(record).views
    except RecordError as fault:
        raise EnrolmentError(f"the record cannot be read: {fault}") from fault
    if not views:
        raise EnrolmentError("the record holds no finger")
    return views[0].template


def _check_label(what: str, value: str) -> None:
    try:
        msgspec.convert(value, Label)
    except msgspec.ValidationError as fault:
        raise EnrolmentError(
            f"{value!r} cannot be a {what}: use 1 to 64 printable ASCII characters"
        ) from fault


def _context(list_name: str, reference: str, finger: int) -> bytes:
    return f"{list_name}\n{reference}\n{finger}".encode()


def _operation(list_name: str, reference: str, finger: int, record: bytes) -> bytes:
    context = _context(list_name, reference, finger)
    return hashlib.sha256(len(context).to_bytes(4) + context + record).digest()[:16]
