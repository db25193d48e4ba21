"""`greenline audit verify` of a centre's file: a report that was kept once must still be there."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenline.matcher.audit import AuditLog
from greenline.matcher.audit_database import open_audit
from greenline.matcher.audit_reports import Reports
from greenline.matcher.generations import Generation
from greenline.protocol.audit_report import Report, encode_report, report_id
from greenline.protocol.envelope import EnvelopeKind
from greenline.protocol.keys import Identity
from tests.cli.conftest import Told
from tests.firmware.audit_logs import COLLECTED, Clocks
from tests.matcher.asking import Clock, Kiosk, MatcherKeys
from tests.protocol.chains import Chain

Greenline = Callable[..., Told]
Verify = Callable[[], Told]


class Centre:
    """The file of a centre that has kept two reports each of two kiosks, and what opens it."""

    def __init__(self, folder: Path) -> None:
        self.path, self.identities = folder / "audit.db", folder / "identities"
        keys = MatcherKeys()
        matcher = Identity("matcher-01", keys.signer.public, keys.opener.public)
        kiosks = [Kiosk(name, matcher) for name in ("kiosk-01", "kiosk-02")]
        self.identities.mkdir()
        for identity in (matcher, *(kiosk.identity for kiosk in kiosks)):
            (self.identities / f"{identity.name}.json").write_bytes(identity.to_json())
        with contextlib.closing(open_audit(self.path)) as database:
            log = AuditLog(database, "matcher-01", keys.signer, Clocks())
            known = {kiosk.name: kiosk.identity for kiosk in kiosks}
            own = [Generation(keys.signer, keys.opener)]
            reports = Reports(database, known, own, log, Clock())
            for kiosk in kiosks:
                for envelope in _reports(kiosk):
                    reports.take(envelope, kiosk.name)
            log.checkpoint()

    def spoil(self, statement: str) -> None:
        """Change the file as somebody does who has it, and no key."""
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            triggers = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in triggers.fetchall():
                db.execute(f"DROP TRIGGER {name}")
            assert db.execute(statement).rowcount > 0


def _reports(kiosk: Kiosk) -> Iterator[bytes]:
    chain = Chain(kiosk.signer)
    chain.head = chain.head.of_new_chain(kiosk.name, kiosk.name.encode().ljust(16))
    for first in (1, 3):
        previous = chain.end.digest
        chain.event(COLLECTED)
        chain.checkpoint()
        data = b"".join(record.data for record in chain.records[first - 1 :])
        report = encode_report(Report(chain.head.chain, first, previous, 1, data))
        name = report_id(kiosk.name, chain.head.chain)
        yield kiosk.seal(report, request_id=name, kind=EnvelopeKind.AUDIT_REPORT)


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return Centre(tmp_path)


@pytest.fixture
def verify(greenline: Greenline, centre: Centre) -> Verify:
    return lambda: greenline("audit", "verify", centre.path, "--identity", centre.identities)


def test_a_file_with_all_its_reports_is_whole(verify: Verify) -> None:
    told = verify()

    assert (told.code, told.err) == (0, "")
    assert [line for line in told.out.splitlines() if "report" in line] == []


@pytest.mark.parametrize(
    ("statement", "gone"),
    [
        ("DELETE FROM report WHERE report_id = 1", [("kiosk-01", "1 to 2")]),
        ("DELETE FROM report WHERE report_id = 4", [("kiosk-02", "3 to 4")]),
        (
            "DELETE FROM report WHERE kiosk = 'kiosk-02'",
            [("kiosk-02", "1 to 2"), ("kiosk-02", "3 to 4")],
        ),
    ],
)
def test_a_report_that_was_removed_is_missed(
    centre: Centre, verify: Verify, statement: str, gone: list[tuple[str, str]]
) -> None:
    centre.spoil(statement)

    told = verify()

    assert told.code == 1
    missed = [line.strip() for line in told.out.splitlines() if "is gone or was changed" in line]
    assert [line.split(", chain ")[0] for line in missed] == [
        f"a report of {kiosk}, entries {entries}" for kiosk, entries in gone
    ]


def test_a_report_that_nothing_tells_of_shows_that_our_own_end_was_cut(
    centre: Centre, verify: Verify
) -> None:
    centre.spoil("DELETE FROM entry WHERE number > 2")

    told = verify()

    assert told.code == 1
    assert "report 3 is noted nowhere in the centre's own chain" in told.out
    assert "report 4 is noted nowhere in the centre's own chain" in told.out


def test_our_own_chain_that_was_emptied_is_missed_by_its_reports(
    centre: Centre, verify: Verify
) -> None:
    centre.spoil("DELETE FROM entry")

    told = verify()

    assert told.code == 1
    assert told.out.count("is noted nowhere") == 4
