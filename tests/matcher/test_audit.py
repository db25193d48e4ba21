"""The matcher's own audit log: searches and changes are in it before they take effect."""

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from greenline.matcher.answering import Answering
from greenline.matcher.audit import AuditLog
from greenline.matcher.audit_database import open_audit, read_chains
from greenline.matcher.audit_events import gallery_changed
from greenline.matcher.database import Database
from greenline.matcher.errors import DatabaseError
from greenline.matcher.gallery import Gallery
from greenline.protocol.audit import Checkpoint, Entry, Event, pseudonym
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_verify import Walk, walked
from greenline.protocol.keys import SigningKey
from tests.firmware.audit_logs import Clocks
from tests.matcher.asking import (
    LIST,
    NOW_MS,
    PURPOSE,
    Kiosk,
    enrol,
    finger,
    id_of,
    mate,
    request_body,
)

KEY = SigningKey.generate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with contextlib.closing(open_audit(path)) as database:
        yield database


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def log(database: Database, clocks: Clocks) -> AuditLog:
    return AuditLog(database, "matcher-01", KEY, clocks)


def events(path: Path) -> list[Event]:
    (segments,) = read_chains(path)
    walk = Walk([KEY.public])
    links = [r.link for name, data in segments.items() for r in walk.segment(name, data)]
    assert walk.fault is None
    return [link.event for link in links if isinstance(link, Entry)]


def signed(path: Path) -> list[int]:
    (segments,) = read_chains(path)
    records = Walk(None).segment("", segments["own entries"])
    return [record.link.number for record in records if isinstance(record.link, Checkpoint)]


def refuse(*_: object) -> None:
    raise DatabaseError("the audit log cannot be written")


class Refusing:
    def note(self, *events: Event) -> None:
        refuse()


def test_a_search_is_noted_with_its_kiosk_its_purpose_and_no_reference(
    gallery: Gallery, answering: Answering, kiosk: Kiosk, log: AuditLog, path: Path
) -> None:
    enrol(gallery, 1)
    request = kiosk.seal(request_body(mate(finger(1))))
    wrong = kiosk.seal(request_body(finger(1), purpose="curiosity"))
    audited = replace(answering, audit=log)

    audited.answer(request, kiosk.name)
    audited.answer(wrong, kiosk.name)

    known = {"lists": (LIST,), "kiosk": kiosk.name}
    assert events(path) == [
        Event(
            Kind.CONSULT,
            "device",
            PURPOSE,
            pseudonym(id_of(request)),
            {"outcome": "candidates", "candidates": 1, **known},
        ),
        Event(
            Kind.CONSULT,
            "device",
            "curiosity",
            pseudonym(id_of(wrong)),
            {"outcome": "refused", "candidates": 0, **known, "refusal": "purpose"},
        ),
    ]
    assert b"entry-1" not in path.read_bytes()
    assert id_of(request) not in path.read_bytes()


def test_a_request_that_is_over_or_cannot_be_read_is_noted_with_why(
    answering: Answering, kiosk: Kiosk, log: AuditLog, path: Path
) -> None:
    late = kiosk.seal(request_body(finger(1)), expires_ms=NOW_MS)
    noise = kiosk.seal(b"\xc1 no message")
    audited = replace(answering, audit=log)

    audited.answer(late, kiosk.name)
    audited.answer(noise, kiosk.name)

    nothing = {"candidates": 0, "kiosk": kiosk.name}
    assert [(event.why, event.case, event.details) for event in events(path)] == [
        ("", pseudonym(id_of(late)), {"outcome": "expired", **nothing}),
        (
            "",
            pseudonym(id_of(noise)),
            {"outcome": "refused", **nothing, "refusal": "MalformedError"},
        ),
    ]


def test_a_search_that_cannot_be_noted_has_no_answer(answering: Answering, kiosk: Kiosk) -> None:
    audited = replace(answering, audit=Refusing())

    for request in (
        kiosk.seal(request_body(finger(1))),
        kiosk.seal(request_body(finger(1)), expires_ms=NOW_MS),
        kiosk.seal(b"\xc1 no message"),
    ):
        with pytest.raises(DatabaseError):
            audited.answer(request, kiosk.name)


def test_each_change_of_the_gallery_is_noted(
    gallery_path: Path, gallery_key: bytes, log: AuditLog, path: Path
) -> None:
    told = contextlib.closing(
        Gallery(
            gallery_path,
            gallery_key,
            tell=lambda kind, name, count: log.note(gallery_changed(kind, name, count, "clerk")),
        )
    )
    with told as gallery:
        gallery.create_list(LIST, (PURPOSE,))
        enrol(gallery, 1)
        gallery.remove(LIST, "entry-1")
        gallery.remove(LIST, "entry-1")  # nothing left to remove: nothing happens

    def entries(kind: Kind, reason: str) -> Event:
        details = {"what": "entries", "list": LIST, "count": 1, "reason": reason}
        return Event(kind, "clerk", details=details)

    assert events(path) == [
        Event(Kind.ALTER, "clerk", details={"what": "list", "list": LIST}),
        entries(Kind.ALTER, "enrolled"),
        entries(Kind.ERASE, "removed"),
    ]


def test_a_change_that_cannot_be_noted_is_not_made(gallery_path: Path, gallery_key: bytes) -> None:
    with contextlib.closing(Gallery(gallery_path, gallery_key)) as gallery:
        gallery.create_list(LIST, (PURPOSE,))
        enrol(gallery, 1)
    with contextlib.closing(Gallery(gallery_path, gallery_key, tell=refuse)) as gallery:
        for change in (
            lambda: enrol(gallery, 2),
            lambda: gallery.remove(LIST, "entry-1"),
            lambda: gallery.create_list("another", (PURPOSE,)),
        ):
            with pytest.raises(DatabaseError):
                change()
        assert len(gallery.entry_ids()) == 1
        assert list(gallery.lists()) == [LIST]


def test_the_chain_is_signed_after_so_many_entries_so_much_time_and_when_asked(
    log: AuditLog, path: Path, clocks: Clocks
) -> None:
    for _ in range(33):
        log.note(Event(Kind.STOP, "x"))
    assert signed(path) == [33]

    log.tend()
    assert signed(path) == [33]
    clocks.pass_ms(10 * 60 * 1000)
    log.tend()
    log.tend()
    assert signed(path) == [33, 35]

    log.note(Event(Kind.STOP, "x"))
    log.checkpoint()
    log.checkpoint()
    assert signed(path) == [33, 35, 37]
    (segments,) = read_chains(path)
    assert walked(segments, [KEY.public]).fault is None


WRITER = """
import sys
from pathlib import Path
from greenline.matcher.audit import AuditLog
from greenline.matcher.audit_database import open_audit
from greenline.protocol.audit import Event
from greenline.protocol.audit_details import Kind
from greenline.protocol.keys import SigningKey
from tests.firmware.audit_logs import Clocks

key = SigningKey.from_pem(Path(sys.argv[2]).read_bytes())
log = AuditLog(open_audit(Path(sys.argv[1])), "matcher-01", key, Clocks())
for _ in range(40):
    log.note(Event(Kind.STOP, "x"))
"""


def test_several_processes_write_one_chain(path: Path, tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_bytes(KEY.to_pem())
    root = Path(__file__).resolve().parents[2]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, pem], cwd=root) for _ in range(3)
    ]

    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert len(events(path)) == 120
    assert len(signed(path)) == 3


def _keep_something(db: sqlite3.Connection) -> None:
    row = ("kiosk-01", bytes(16), 1, 1, bytes(32), 0, b"segment")
    db.execute(
        "INSERT INTO report (kiosk, chain, first, last, digest, received_ms, segment) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        row,
    )


def test_the_file_refuses_to_be_changed_and_belongs_to_its_owner(log: AuditLog, path: Path) -> None:
    log.note(Event(Kind.STOP, "x"), beside=_keep_something)

    with contextlib.closing(sqlite3.connect(path)) as db:
        for statement in (
            "DELETE FROM entry",
            "UPDATE entry SET number = 7",
            "DELETE FROM own",
            "REPLACE INTO entry VALUES (1, 0, x'00')",
            "INSERT INTO own VALUES ('another', x'00')",
            "REPLACE INTO own (rowid, owner, chain) VALUES (1, 'another', x'00')",
            "UPDATE OR REPLACE report SET kiosk = 'another'",
            "REPLACE INTO report VALUES (1, 'another', x'00', 1, 1, x'00', 0, x'00')",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="only added to"):
                db.execute(statement)
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_somebody_changed_around_the_refusal_is_found(log: AuditLog, path: Path) -> None:
    for _ in range(5):
        log.note(Event(Kind.STOP, "x"))
    log.checkpoint()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DROP TRIGGER keep_entry_DELETE")
        db.execute("DELETE FROM entry WHERE number = 3")

    (segments,) = read_chains(path)
    fault = walked(segments, [KEY.public]).fault

    assert fault is not None
    assert (fault.kind.value, fault.number) == ("dropped", 3)


def test_reading_changes_nothing_and_needs_no_right_to_write(log: AuditLog, path: Path) -> None:
    log.note(Event(Kind.STOP, "x"))
    before = path.read_bytes()
    path.chmod(0o400)

    assert len(read_chains(path)) == 1
    assert path.read_bytes() == before

    other = path.with_name("other.db")
    with contextlib.closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE something (x)")
    with pytest.raises(DatabaseError, match="no audit log"):
        read_chains(other)
