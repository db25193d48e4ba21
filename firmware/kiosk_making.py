"""How the parts of a kiosk are made of what the configuration gives. Used by kiosk.py alone."""

import secrets
import time
from collections.abc import Callable

from greenline.drivers.sensor import Sensor
from greenline.firmware.audit import AuditLog
from greenline.firmware.audit_leaving import AuditLeaving
from greenline.firmware.audit_memory import memory_key
from greenline.firmware.board import Board
from greenline.firmware.case_counts import CaseCounts, counts_beside
from greenline.firmware.case_desk import CaseDesk
from greenline.firmware.case_held import CaseParts
from greenline.firmware.erasures import Erasures, erasures_beside
from greenline.firmware.finger_view import FingerView
from greenline.firmware.health import HealthReport
from greenline.firmware.inbox import Inbox
from greenline.firmware.kiosk_parts import KioskParts
from greenline.firmware.line import Line
from greenline.firmware.purging import MatcherSide, Purging
from greenline.firmware.residue import Glass
from greenline.firmware.retention import Retention
from greenline.firmware.status_leaving import StatusLeaving, status_of
from greenline.firmware.store import Store
from greenline.firmware.updates_told import UpdatesTold
from greenline.protocol.kiosk_status import KioskStatus


def make_inbox(parts: KioskParts, store: Store) -> Inbox:
    """Return what takes answers in."""
    inbox = Inbox(
        parts.name,
        parts.opener,
        parts.matcher,
        store,
        parts.clock.now_ms,
        parts.answer_lifetime_ms,
        earlier=parts.earlier_openers,
        vouched=parts.clock.vouched,
    )
    inbox.retention = Retention(parts.answer_lifetime_ms, parts.no_match_ms)
    return inbox


def make_audit(parts: KioskParts) -> AuditLog:
    """Open the audit log. Raises AuditError."""
    keys = [memory_key(opener.to_bytes()) for opener in parts.openers]
    return AuditLog(parts.audit.folder, parts.name, parts.signer, keys, parts.audit.moment)


def audit_leaving(parts: KioskParts, log: AuditLog) -> AuditLeaving:
    """Return what reports the audit log to the centre."""
    return AuditLeaving(
        log,
        parts.name,
        parts.signer,
        parts.opener,
        parts.matcher,
        parts.audit.keep_ms,
        parts.clock.now_ms,
        earlier=parts.earlier_openers,
        vouched=parts.clock.vouched,
    )


def status_leaving(parts: KioskParts, board: Board) -> StatusLeaving:
    """Return what tells the centre how this kiosk is, as its board shows it."""
    started = time.monotonic()

    def tell() -> KioskStatus:
        return status_of(
            board.state(),
            parts.software,
            time.monotonic() - started,
            parts.clock.now_ms(),
            clock_trusted=parts.clock.trusted(),
        )

    return StatusLeaving(
        parts.name,
        parts.signer,
        parts.matcher,
        tell,
        parts.clock.now_ms,
        lambda: not parts.clock.trusted(),
        time.monotonic,
    )


def make_purging(parts: KioskParts, store: Store, audit: AuditLog, board: Board) -> Purging:
    """Return what deletes cases by order. Raises StoreError."""
    side = MatcherSide(
        parts.name,
        parts.signer,
        parts.openers,
        parts.matcher,
        parts.clock.now_ms,
        lambda: not parts.clock.trusted(),
    )
    erasures = Erasures(erasures_beside(parts.store), parts.device, parts.clock.instant)
    return Purging(
        erasures,
        store,
        audit,
        side,
        notice=lambda words: board.show_notice(words, shown=True),
    )


def make_case_desk(parts: KioskParts, board: Board, audit: AuditLog) -> CaseDesk:
    """Return the desk of the one case. Connect it before use."""
    counts = CaseCounts(counts_beside(parts.store))
    return CaseDesk(CaseParts(parts.rules, board, audit, counts, parts.case, parts.clock.now_ms))


def make_line(
    parts: KioskParts,
    sensor: Sensor,
    store: Store,
    audit: AuditLog,
    committed: Callable[[float], None],
    view: FingerView | None,
) -> Line:
    """Return the capture line of an open sensor. committed, view: see Line."""
    return Line(
        sensor=sensor,
        judge=parts.judge,
        extraction=parts.extraction,
        minimum_quality=parts.minimum_quality,
        store=store,
        kiosk=parts.name,
        signer=parts.signer,
        matcher=parts.matcher,
        lifetime_ms=parts.request_lifetime_ms,
        software=parts.software,
        now_ms=parts.clock.now_ms,
        early_stop=parts.early_stop,
        settling=parts.settling,
        glass=Glass(parts.judge, secrets.randbits(32)),
        audit=audit,
        clock_doubtful=lambda: not parts.clock.trusted(),
        committed=committed,
        attacks=parts.attacks,
        view=view,
    )


def make_health(parts: KioskParts, board: Board) -> HealthReport | None:
    """Return what tells the update how this kiosk is; None: nobody asks."""
    return None if parts.health is None else HealthReport(parts.health, board)


def make_updates(parts: KioskParts, board: Board, audit: AuditLog) -> UpdatesTold | None:
    """Return what tells of updates on the page and in the audit log; None: there are none."""
    if parts.updates is None:
        return None
    return UpdatesTold(parts.updates, board, audit, parts.clock)
