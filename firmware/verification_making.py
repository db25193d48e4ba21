"""How a kiosk's leads are put together: desk, file, questions to the centre. Used by kiosk.py."""

import logging
from collections.abc import Callable

from greenline.firmware.audit import AuditLog
from greenline.firmware.board import Board
from greenline.firmware.errors import StoreError
from greenline.firmware.examinations_leaving import ExaminationsLeaving
from greenline.firmware.inbox import Inbox
from greenline.firmware.kiosk_parts import KioskParts
from greenline.firmware.operators_door import Door
from greenline.firmware.purging import Purging
from greenline.firmware.store import Store
from greenline.firmware.taken_file import TakenFile, taken_beside
from greenline.firmware.verification_desk import VerificationDesk
from greenline.firmware.verification_file import LeadsFile, leads_beside
from greenline.firmware.verification_parts import DeskParts

log = logging.getLogger(__name__)


def make_desk(
    parts: KioskParts, store: Store, purging: Purging, audit: AuditLog, board: Board, door: Door
) -> VerificationDesk:
    """Return where leads are verified. Raises StoreError when what is kept of them is damaged."""
    return VerificationDesk(
        DeskParts(
            store,
            LeadsFile(leads_beside(parts.store), store),
            TakenFile(taken_beside(parts.store), parts.device),
            audit,
            parts.rules.usual_purpose,
            parts.matcher.name,
            board.show_leads,
            purging.purge,
            lambda: door.access.required,
            parts.list_age_ms,
        ),
        door.access.reader(),
    )


def make_questions(
    parts: KioskParts, desk: VerificationDesk, inbox: Inbox, board: Board, door: Door
) -> ExaminationsLeaving:
    """Return what asks the centre about leads, and takes verdicts in."""
    return ExaminationsLeaving(
        parts.name,
        parts.signer,
        parts.matcher,
        parts.rules.usual_purpose,
        desk,
        inbox,
        door.who_is,
        parts.clock.now_ms,
        lambda: not parts.clock.trusted(),
        board.show_refused,
    )


def tell(what: str, work: Callable[[], None]) -> None:
    """Do what may fail without harm: it is done again, or told by the audit log."""
    try:
        work()
    except StoreError as fault:
        log.warning(what, extra={"reason": str(fault)})
