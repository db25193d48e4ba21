"""What the authority's database holds, as objects, and the queries that read and write them."""

import datetime
import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from cryptography import x509

from greenline.centre.authority.codes import Digest
from greenline.centre.database import Database


class AlarmKind(StrEnum):
    """What an operator has to look at."""

    SECOND_ENROLMENT = "second enrolment"
    SECOND_RENEWAL = "second renewal"
    LOCKED = "locked"
    KEYS_CHANGED = "keys changed"
    REVOKED_USED = "revoked certificate used"


@dataclass(frozen=True)
class Device:
    """A serial of the allow-list. kiosk: the name that it gets.

    digest: of its code, None while it has none; code_used: the fingerprint of the certificate that
    the code was used for. approved: the next enrolment may replace a certificate that still holds.
    keys_open: its signing and sealing keys may be registered. identity: them, as JSON.
    """

    serial: str
    kiosk: str
    digest: Digest | None
    code_until: int
    code_used: bytes | None
    wrong_codes: int
    approved: bool
    keys_open: bool
    identity: bytes | None

    @classmethod
    def of(cls, row: sqlite3.Row) -> Self:
        """Read a row."""
        digest = Digest(row["code_salt"], row["code_digest"]) if row["code_salt"] else None
        return cls(
            row["serial"], row["kiosk"], digest, row["code_until"], row["code_used"],
            row["wrong_codes"], bool(row["approved"]), bool(row["keys_open"]), row["identity"],
        )  # fmt: skip


@dataclass(frozen=True)
class Issued:
    """A certificate that was issued. Times: Unix seconds. revoked: when, None if it was not."""

    fingerprint: bytes
    number: int
    name: str
    generation: int
    public_key: bytes
    der: bytes
    issued: int
    until: int
    revoked: int | None
    reason: str | None

    @classmethod
    def of(cls, row: sqlite3.Row) -> Self:
        """Read a row."""
        return cls(
            row["fingerprint"], int(row["number"], 16), row["name"], row["generation"],
            row["public_key"], row["der"], row["issued"], row["until"], row["revoked"],
            row["reason"],
        )  # fmt: skip

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate itself."""
        return x509.load_der_x509_certificate(self.der)

    def holds(self, now: datetime.datetime) -> bool:
        """Say whether it is neither revoked nor over."""
        return self.revoked is None and now.timestamp() < self.until


@dataclass(frozen=True)
class Alarm:
    """Something that an operator has to look at. at: Unix seconds; subject: a serial or kiosk.

    cleared: when somebody had looked at it, Unix seconds; cleared_by: who.
    """

    id: int
    at: int
    kind: AlarmKind
    subject: str
    words: str
    cleared: int | None = None
    cleared_by: str = ""


def devices(database: Database) -> list[Device]:
    """Return the allow-list."""
    return [Device.of(row) for row in database.read("SELECT * FROM device ORDER BY kiosk")]


def find_device(database: Database, *, serial: str = "", kiosk: str = "") -> Device | None:
    """Return a device by its serial or by its name; None when there is none."""
    rows = database.read("SELECT * FROM device WHERE serial = ? OR kiosk = ?", serial, kiosk)
    return Device.of(rows[0]) if rows else None


def find_certificate(database: Database, fingerprint: bytes) -> Issued | None:
    """Return a certificate that was issued here; None when it was not."""
    rows = database.read("SELECT * FROM certificate WHERE fingerprint = ?", fingerprint)
    return Issued.of(rows[0]) if rows else None


def find_renewal(database: Database, fingerprint: bytes) -> Issued | None:
    """Return the certificate that renewed this one; None when none has yet."""
    rows = database.read("SELECT * FROM certificate WHERE renews = ?", fingerprint)
    return Issued.of(rows[0]) if rows else None


def certificates_of(database: Database, name: str) -> list[Issued]:
    """Return all certificates of a name, the newest first."""
    query = "SELECT * FROM certificate WHERE name = ? ORDER BY issued DESC, until DESC"
    return [Issued.of(row) for row in database.read(query, name)]


def certificates_at(database: Database, now: datetime.datetime) -> list[Issued]:
    """Return all certificates that are not over, revoked ones too."""
    query = "SELECT * FROM certificate WHERE until > ? ORDER BY name, issued"
    return [Issued.of(row) for row in database.read(query, int(now.timestamp()))]


def names_without_standing(database: Database, now: datetime.datetime) -> list[str]:
    """Return the names that have a revoked certificate, however old, and none that holds."""
    query = (
        "SELECT DISTINCT name FROM certificate WHERE revoked IS NOT NULL AND name NOT IN"
        " (SELECT name FROM certificate WHERE revoked IS NULL AND until > ?) ORDER BY name"
    )
    return [row["name"] for row in database.read(query, int(now.timestamp()))]


def add_certificate(database: Database, issued: Issued, renews: bytes | None = None) -> None:
    """Enter a certificate. renews: the fingerprint of the one that it renews."""
    database.change(
        "INSERT INTO certificate VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        issued.fingerprint, f"{issued.number:x}", issued.name, issued.generation,
        issued.public_key, issued.der, issued.issued, issued.until, issued.revoked,
        issued.reason, renews,
    )  # fmt: skip


def add_alarm(
    database: Database, now: datetime.datetime, kind: AlarmKind, subject: str, words: str
) -> None:
    """Enter an alarm, once for each kind, subject and words: a repeated try only moves its time."""
    same = "kind = ? AND subject = ? AND words = ? AND cleared IS NULL"
    database.change(f"DELETE FROM alarm WHERE {same}", kind, subject, words)  # noqa: S608  # no input in it
    database.change(
        "INSERT INTO alarm (at, kind, subject, words) VALUES (?, ?, ?, ?)",
        int(now.timestamp()), kind, subject, words,
    )  # fmt: skip


def alarms(database: Database, after: int = 0, *, cleared: bool = False) -> list[Alarm]:
    """Return the alarms with a larger number than after, the oldest first.

    cleared: those that somebody has looked at, instead of those that wait.
    """
    state = "cleared IS NOT NULL" if cleared else "cleared IS NULL"
    query = f"SELECT * FROM alarm WHERE id > ? AND {state} ORDER BY id"  # noqa: S608  # no input in it
    return [
        Alarm(
            row["id"], row["at"], AlarmKind(row["kind"]), row["subject"], row["words"],
            row["cleared"], row["cleared_by"] or "",
        )
        for row in database.read(query, after)
    ]  # fmt: skip
