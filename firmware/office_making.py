"""How the data of the pages for supervisor, auditor and technician are made. Used by kiosk.py."""

import time
from collections.abc import Callable

from greenline.firmware.audit import AuditLog
from greenline.firmware.board import Board
from greenline.firmware.case_counts import CaseCounts, counts_beside
from greenline.firmware.erasures import Order
from greenline.firmware.finger_counts import FingerCounts, finger_counts_beside
from greenline.firmware.kiosk_parts import KioskParts
from greenline.firmware.office import Office, OfficeParts
from greenline.firmware.purging import Purging
from greenline.firmware.queue_view import Queue
from greenline.firmware.store import Store
from greenline.firmware.trial import TrialCapture


def make_office(
    parts: KioskParts,
    board: Board,
    store: Store,
    queue: Queue,
    audit: AuditLog,
    *,
    purging: Purging,
    purge: Callable[[bytes, str], Order],
    trial: TrialCapture,
) -> Office:
    """Return what the three pages read. purge: deletes for whoever is logged in."""
    ended = counts_beside(parts.store)
    about = OfficeParts(
        parts.software,
        parts.extraction.model_id,
        parts.signer.public.id.hex(),
        f"{parts.matcher.name}, key {parts.matcher.verify.id.hex()}",
        parts.certificate,
    )
    return Office(
        about,
        board,
        store,
        queue,
        audit,
        parts.clock,
        _counts(parts, board),
        purging.erasures.orders,
        purge,
        trial,
        lambda: CaseCounts(ended).counts(),
    )


def _counts(parts: KioskParts, board: Board) -> FingerCounts:
    """Return what counts how well fingers are taken."""
    path = finger_counts_beside(parts.store)
    return FingerCounts(path, board, parts.clean_every, time.monotonic, parts.clock.now_ms)
