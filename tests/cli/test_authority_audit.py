"""Who decided what about a site stands in an audit log beside the authority's database."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from greenline.centre.authority.authority import Authority, opened
from greenline.centre.authority.records import AlarmKind, add_alarm, alarms
from greenline.centre.authority.revocation import Reason, revoke
from greenline.cli.auditing import who
from greenline.matcher.audit_database import read_chains
from greenline.protocol.audit import Entry, Event
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_verify import Walk
from tests.centre.authority.asking import KIOSK, NOW, SERIAL, enrolled
from tests.centre.authority.asking import DeviceKeys as Keys
from tests.cli.conftest import Told

Greenline = Callable[..., Told]
SECOND = "10000000abcd9999"


@pytest.fixture
def folder(greenline: Greenline, tmp_path: Path) -> Path:
    made = tmp_path / "authority"
    told = greenline(
        "authority", "create", "--folder", made, "--site", "Test", "--host", "127.0.0.1",
        "--broker", "broker.example", "--purpose", "check", "--list", "a",
    )  # fmt: skip
    assert (told.code, told.err) == (0, "")
    return made


def noted(folder: Path) -> list[dict[str, object]]:
    """What the log tells, without who: that was checked here."""
    (segments,) = read_chains(folder / "audit.db")
    found: list[Event] = [
        record.link.event
        for name, data in segments.items()
        for record in Walk(None).segment(name, data)
        if isinstance(record.link, Entry)
    ]
    assert {(event.kind, event.who) for event in found} == {(Kind.TRUST, who())}
    return [dict(event.details) for event in found]


def test_each_decision_about_a_site_is_noted_and_the_log_is_whole(
    greenline: Greenline, folder: Path
) -> None:
    device = {"kiosk": KIOSK, "serial": SERIAL}
    assert greenline("authority", "allow", SERIAL, "--kiosk", KIOSK, "--folder", folder).code == 0
    assert greenline("authority", "approve", SERIAL, "--folder", folder).code == 0
    assert greenline("authority", "approve", SECOND, "--folder", folder).code != 0  # unknown
    told = greenline("authority", "revoke", KIOSK, "--reason", "stolen", "--folder", folder)
    assert told.code == 0
    assert greenline("authority", "rotate", "--folder", folder).code == 0
    assert greenline("authority", "retire", "--folder", folder).code == 0

    assert noted(folder) == [
        {"what": "authority created"},
        {"what": "device allowed", **device},
        {"what": "second enrolment approved", **device},
        {"what": "revoked", "kiosk": KIOSK, "reason": "stolen"},
        {"what": "root made", "root": 2},
        {"what": "root retired", "root": 1},
    ]
    verified = greenline(
        "audit", "verify", folder / "audit.db", "--identity", folder / "audit-identity.json"
    )
    assert (verified.code, verified.err) == (0, "")


def test_a_cleared_alarm_is_kept_with_who_cleared_it_and_when(
    greenline: Greenline, folder: Path
) -> None:
    with opened(folder) as authority:
        for serial in (SERIAL, SECOND):
            add_alarm(authority.database, NOW, AlarmKind.LOCKED, serial, "10 wrong codes")

    told = greenline("authority", "alarms", "--folder", folder, "--clear", "1")

    assert (told.code, told.out.count("locked: ")) == (1, 1)
    assert SECOND in told.out
    cleared = greenline("authority", "alarms", "--folder", folder, "--cleared")
    assert cleared.code == 0
    (line,) = cleared.out.splitlines()
    assert line.startswith("1  2026-11-01 12:00 UTC  locked: 10000000abcd1234: 10 wrong codes; ")
    assert line.endswith(f"by {who()}")
    assert noted(folder)[1:] == [{"what": "alarm cleared", "reason": "locked", "subject": SERIAL}]

    # The same again is another alarm, and the one that was cleared stays what it was.
    with opened(folder) as authority:
        add_alarm(authority.database, NOW, AlarmKind.LOCKED, SERIAL, "10 wrong codes")
        assert [alarm.id for alarm in alarms(authority.database)] == [2, 3]
    assert greenline("authority", "alarms", "--folder", folder, "--cleared").out == cleared.out


def test_what_cannot_be_noted_is_not_done(greenline: Greenline, folder: Path) -> None:
    with opened(folder) as authority:
        enrolled(authority, Keys())
    (folder / "audit.db").write_bytes(b"noise" * 1000)

    told = greenline("authority", "revoke", KIOSK, "--reason", "stolen", "--folder", folder)

    assert told.code != 0
    assert "audit.db" in told.err
    with opened(folder) as authority:
        assert _may_still_be_revoked(authority)


def _may_still_be_revoked(authority: Authority) -> bool:
    return len(revoke(authority, KIOSK, Reason.STOLEN, NOW)) == 1


def test_an_authority_of_before_gets_its_log_and_its_alarms_stay(
    greenline: Greenline, folder: Path
) -> None:
    with opened(folder) as authority:
        add_alarm(authority.database, NOW, AlarmKind.LOCKED, SERIAL, "10 wrong codes")
    for name in ("audit.db", "audit.signing.pem", "audit-identity.json"):
        (folder / name).unlink()
    with contextlib.closing(sqlite3.connect(folder / "authority.db", isolation_level=None)) as db:
        db.execute("ALTER TABLE alarm DROP COLUMN cleared")
        db.execute("ALTER TABLE alarm DROP COLUMN cleared_by")
        db.execute("PRAGMA user_version = 1")

    assert greenline("authority", "alarms", "--folder", folder, "--clear", "1").code == 0

    assert noted(folder) == [{"what": "alarm cleared", "reason": "locked", "subject": SERIAL}]
